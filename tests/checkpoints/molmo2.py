"""Molmo 2 with crops of 56 px."""

from __future__ import annotations

from pathlib import Path

from checkpoints.qwen_vl import TEMPLATE, ends, tokenizer

TOKENS = (
    "<|image|>", "<|video|>", "<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>",
    "<frame_start>", "<im_end>", "<frame_end>", "<im_low>",
)  # fmt: skip


def build_molmo2(folder: Path) -> None:
    """Two layers of vision, two of language; up to two crops."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = tokenizer(TOKENS)
    tokens.bos_token = "<|im_end|>"
    number = tokens.convert_tokens_to_ids
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
    size = {"hidden_size": 32, "intermediate_size": 48}
    config = t.Molmo2Config(
        vision_config={
            **size, **heads, "num_hidden_layers": 2, "image_size": [56, 56], "patch_size": 14,
            "num_position_embeddings": 16,
        },
        adapter_config={**size, **heads, "vision_feature_layer": [-1, -2], "text_hidden_size": 32},
        text_config={
            **size, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
            "vocab_size": len(tokens), "additional_vocab_size": 16, "num_hidden_layers": 2,
            "max_position_embeddings": 4096,
        },
        image_start_token_id=number("<im_start>"),
        low_res_image_start_token_id=number("<low_res_im_start>"),
        image_end_token_id=number("<im_end>"),
        image_patch_id=number("<im_patch>"),
        frame_start_token_id=number("<frame_start>"),
        frame_end_token_id=number("<frame_end>"),
    )  # fmt: skip
    model = t.Molmo2ForConditionalGeneration(config)
    ends(model, tokens)
    model.save_pretrained(folder)
    side = {"height": 56, "width": 56}
    images = t.Molmo2ImageProcessor(
        size=side, max_crops=2, overlap_margins=[1, 1], patch_size=14, pooling_size=[2, 2]
    )
    template = TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<|image|>")
    t.Molmo2Processor(
        images, t.Molmo2VideoProcessor(size=side), tokens, chat_template=template
    ).save_pretrained(folder)
