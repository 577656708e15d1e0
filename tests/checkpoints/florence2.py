"""Florence-2 of a few channels, trained until it says a few things about one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from checkpoints.vocab import byte_pairs

BASE = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
MARKS = (
    "<od>", "</od>", "<ocr>", "</ocr>", "<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>",
    "<grounding>", "</grounding>", "<seg>", "</seg>", "<sep>", "<region_cap>", "</region_cap>",
    "<poly>", "</poly>", "<and>", *(f"<loc_{i}>" for i in range(1000)),
)  # fmt: skip
PARSERS: dict[str, dict[str, Any]] = {
    "ocr": {},
    "phrase_grounding": {"banned_grounding_tokens": ["it", "image"]},
    "pure_text": {},
    "description_with_bboxes": {},
    "bboxes": {},
    "polygons": {},
    "description_with_bboxes_or_polygons": {},
}
SQUARE = "<loc_100><loc_200><loc_500><loc_600>"
ANSWERS = (
    ("<CAPTION>", "red box"),
    ("<DETAILED_CAPTION>", "a red box at the left"),
    ("<CAPTION_TO_PHRASE_GROUNDING>the red box", f"the red box{SQUARE}"),
    ("<CAPTION_TO_PHRASE_GROUNDING>a dog", "none"),
    ("<DENSE_REGION_CAPTION>", f"red box{SQUARE}white<loc_0><loc_0><loc_999><loc_999>"),
    (f"<REGION_TO_DESCRIPTION>{SQUARE}", "a red thing"),
    (
        "<OCR_WITH_REGION>",
        "hi you<loc_100><loc_100><loc_499><loc_100><loc_499><loc_199><loc_100><loc_199>",
    ),
)
"""What it learns to say to a task about `scene`."""


def scene(width: int = 100, height: int = 80) -> np.ndarray:
    """A red box on white, in the left half."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[height // 5 : height * 3 // 5, width // 10 : width // 2] = (220, 20, 20)
    return pixels


def build_florence2(folder: Path, steps: int = 150) -> None:
    """64-pixel pictures, one layer each way, weights that know `ANSWERS`."""
    import torch
    import transformers as t
    from PIL import Image

    torch.set_num_threads(1)  # many small steps: threads would only wait for each other
    torch.manual_seed(0)
    processor = _processor()
    tokens = processor.tokenizer
    size = len(tokens)
    vision = t.Florence2VisionConfig(
        embed_dim=[8, 16, 16, 32],
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 1, 2],
        num_groups=[1, 1, 1, 2],
        window_size=4,
        projection_dim=32,
        drop_path_rate=0.0,
    )
    text = t.BartConfig(
        vocab_size=size,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        max_position_embeddings=256,
        dropout=0.0,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=2,
    )
    config = t.Florence2Config(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_id=tokens.image_token_id,
    )
    model = t.Florence2ForConditionalGeneration(config)
    pictures = [Image.fromarray(scene())] * len(ANSWERS)
    asked = [task for task, _ in ANSWERS]
    inputs = processor(text=asked, images=pictures, return_tensors="pt", padding=True)
    labels = tokens([said for _, said in ANSWERS], return_tensors="pt", padding=True)["input_ids"]
    labels[labels == tokens.pad_token_id] = -100
    adam = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = model(**inputs, labels=labels).loss
        if loss.item() < 0.01:  # before the next step: these weights are the ones that know
            break
        adam.zero_grad()
        loss.backward()
        adam.step()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _processor() -> Any:
    import transformers as t

    letters, merges = byte_pairs()
    vocab = {token: i for i, token in enumerate(BASE)}
    for token in sorted(letters, key=letters.__getitem__):
        vocab.setdefault(token, len(vocab))
    tokens = t.BartTokenizer(
        vocab=vocab, merges=merges, extra_special_tokens={"image_token": "<image>"}
    )
    tokens.add_tokens([t.AddedToken(m, special=True) for m in MARKS], special_tokens=True)
    images = t.CLIPImageProcessor(
        size={"height": 64, "width": 64},
        do_center_crop=False,
        crop_size={"height": 64, "width": 64},
    )
    images.image_seq_length = 2 * 2 + 1
    return t.Florence2Processor(images, tokens, post_processor_config=PARSERS)
