"""InternVL with tiles of 56 px and its box tags as special tokens."""

from __future__ import annotations

from pathlib import Path

from checkpoints.qwen_vl import TEMPLATE, ends, text_config, tokenizer

NAMED = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
SEQUENCE = 4
"""Tokens of a tile."""


def build_intern_vl(folder: Path) -> None:
    """Two layers of vision, two of language; a picture becomes up to four tiles."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokens = tokenizer((*NAMED.values(), "<ref>", "</ref>", "<box>", "</box>"), NAMED)
    config = t.InternVLConfig(
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 48,
            "image_size": [56, 56],
            "patch_size": [14, 14],
        },
        text_config={"model_type": "qwen2", **text_config(tokens), "tie_word_embeddings": False},
        tie_word_embeddings=False,
        image_token_id=tokens.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=SEQUENCE,
    )
    model = t.InternVLForConditionalGeneration(config)
    ends(model, tokens)
    with torch.no_grad():  # so that random weights say words, not markup
        model.lm_head.weight[min(tokens.added_tokens_decoder) :] = 0
    model.save_pretrained(folder)
    size = {"height": 56, "width": 56}
    template = TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<IMG_CONTEXT>\n")
    t.InternVLProcessor(
        t.GotOcr2ImageProcessor(size=size, max_patches=4, min_patches=1, crop_to_patches=True),
        tokens,
        t.InternVLVideoProcessor(size=size),
        image_seq_length=SEQUENCE,
        chat_template=template,
    ).save_pretrained(folder)
