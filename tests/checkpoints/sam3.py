"""SAM 3 with an encoder of two narrow layers, at 112 px, and ten queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.vocab import byte_pairs

SMALL: dict[str, Any] = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 32}


def build_sam3(folder: Path) -> None:
    """Words of CLIP's kind; scores and masks spread out, so that phrases differ."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = _tokens()
    size = len(tokens)
    trunk = t.Sam3ViTConfig(
        **SMALL,
        num_hidden_layers=2,
        image_size=112,
        patch_size=14,
        window_size=4,
        global_attn_indexes=[1],
        pretrain_image_size=56,
    )
    vision = t.Sam3VisionConfig(
        backbone_config=trunk,
        fpn_hidden_size=32,
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
        scale_factors=[4.0, 2.0, 1.0, 0.5],
    )
    text = t.CLIPTextConfig(
        **SMALL,
        vocab_size=size,
        num_hidden_layers=1,
        max_position_embeddings=32,
        bos_token_id=size - 2,
        eos_token_id=size - 1,
        projection_dim=16,
    )
    config = t.Sam3Config(
        vision_config=vision,
        text_config=text,
        geometry_encoder_config={**SMALL, "num_layers": 1},
        detr_encoder_config={**SMALL, "num_layers": 1},
        detr_decoder_config={**SMALL, "num_layers": 1, "num_queries": 10},
        mask_decoder_config={
            "hidden_size": 32, "num_attention_heads": 2, "num_upsampling_stages": 3,
        },
    )  # fmt: skip
    model = t.Sam3Model(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and not name.startswith("vision_encoder"):
                weight.mul_(6)
    model.save_pretrained(folder)
    images = t.Sam3ImageProcessor(
        size={"height": 112, "width": 112}, mask_size={"height": 32, "width": 32}
    )
    t.Sam3Processor(images, tokens).save_pretrained(folder)


def _tokens() -> Any:
    import transformers as t

    letters, _ = byte_pairs()
    vocab = {token: i for i, token in enumerate(letters)}
    for token in [f"{letter}</w>" for letter in letters]:
        vocab.setdefault(token, len(vocab))
    vocab |= {"<|startoftext|>": len(vocab), "<|endoftext|>": len(vocab) + 1}
    return t.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=32)
