"""BLIP and BLIP-2 of one layer a part, with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.vocab import byte_pairs, wordpiece

SIDE = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}


def build_caption(folder: Path) -> None:
    """The captioner, pictures of 64 px."""
    import transformers as t

    _blip(folder, t.BlipForConditionalGeneration)


def build_vqa(folder: Path) -> None:
    """The answerer, pictures of 64 px."""
    import transformers as t

    _blip(folder, t.BlipForQuestionAnswering)


def _blip(folder: Path, kind: Any) -> None:
    import torch
    import transformers as t

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokens = t.BertTokenizer(vocab=wordpiece(), do_lower_case=True, model_max_length=256)
    tokens.add_special_tokens({"bos_token": "[DEC]"})
    text = {
        **SIDE,
        "vocab_size": len(tokens),
        "encoder_hidden_size": 32,
        "projection_dim": 16,
        "max_position_embeddings": 64,
        "bos_token_id": len(tokens) - 1,
        "eos_token_id": 102,
        "pad_token_id": 0,
        "sep_token_id": 102,
        "initializer_range": 0.5,
    }
    config = t.BlipConfig(
        text_config=text,
        vision_config={**SIDE, "projection_dim": 16, "image_size": 64, "patch_size": 16},
        projection_dim=16,
        image_text_hidden_size=16,
    )
    kind(config).save_pretrained(folder)
    images = t.BlipImageProcessor(size={"height": 64, "width": 64})
    t.BlipProcessor(images, tokens).save_pretrained(folder)


def build_blip2_opt(folder: Path) -> None:
    """BLIP-2 before a decoder alone."""
    _blip2(
        folder,
        {
            "model_type": "opt",
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "ffn_dim": 32,
            "num_attention_heads": 2,
            "max_position_embeddings": 128,
            "word_embed_proj_dim": 32,
            "init_std": 0.5,
        },
    )


def build_blip2_t5(folder: Path) -> None:
    """BLIP-2 before an encoder with a decoder."""
    _blip2(
        folder,
        {
            "model_type": "t5",
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 32,
            "num_layers": 1,
            "num_heads": 2,
            "decoder_start_token_id": 1,
            "initializer_factor": 3.0,
        },
    )


def _blip2(folder: Path, text: dict[str, Any]) -> None:
    import torch
    import transformers as t

    torch.set_num_threads(1)
    torch.manual_seed(0)
    letters, merges = byte_pairs()
    vocab = {token: i for i, token in enumerate(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))}
    for token in sorted(letters, key=letters.__getitem__):
        vocab.setdefault(token, len(vocab))
    tokens = t.BartTokenizer(vocab=vocab, merges=merges)
    tokens.add_tokens([t.AddedToken("<image>", special=True)], special_tokens=True)
    config = t.Blip2Config(
        vision_config={**SIDE, "image_size": 56, "patch_size": 14},
        qformer_config={
            **SIDE,
            "vocab_size": 50,
            "num_hidden_layers": 2,
            "encoder_hidden_size": 32,
        },
        text_config={
            **text,
            "vocab_size": len(tokens),
            "bos_token_id": 0,
            "eos_token_id": 2,
            "pad_token_id": 1,
        },
        num_query_tokens=4,
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
    )
    t.Blip2ForConditionalGeneration(config).save_pretrained(folder)
    images = t.BlipImageProcessor(size={"height": 56, "width": 56})
    t.Blip2Processor(images, tokens, num_query_tokens=4).save_pretrained(folder)
