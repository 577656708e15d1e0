"""Random checkpoints of networks that read or write words: Qwen-VL, Florence-2, an inpainter.

Knows nothing of hub caches, nor of what is measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.bench.random_weights import BYTES, Size, born, ends, letters, saved
from tools.device import here

MARKS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant{% endif %}"
)
"""It ends in a letter: random weights repeat what they read last, and line ends are no answer."""
FLORENCE_MARKS = (
    "<od>", "</od>", "<ocr>", "</ocr>", "<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>",
    "<grounding>", "</grounding>", "<seg>", "</seg>", "<sep>", "<region_cap>", "</region_cap>",
    "<poly>", "</poly>", "<and>", *(f"<loc_{i}>" for i in range(1000)),
)  # fmt: skip


QWEN = {
    "2b": {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16},
    "4b": {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32},
}  # fmt: skip


def qwen(which: str, size: Size, folder: Path) -> None:
    """Qwen3-VL, or two layers of 32, or of 256."""
    import transformers as t

    count = 151_936 if size == "full" else 600
    tokens = t.Qwen2Tokenizer(vocab=letters(count - len(MARKS)), merges=[])
    marks = [t.AddedToken(mark, special=True, normalized=False) for mark in MARKS]
    tokens.add_tokens(marks, special_tokens=True)
    tokens.eos_token, tokens.pad_token, number = MARKS[2], MARKS[0], tokens.convert_tokens_to_ids
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_interleaved": True}
    text: dict[str, Any] = {
        **QWEN[which], "num_key_value_heads": 8, "head_dim": 128, "vocab_size": count,
        "rope_parameters": rope | {"mrope_section": [24, 20, 20]},
    }  # fmt: skip
    vision: dict[str, Any] = {
        "hidden_size": 1024, "depth": 24, "intermediate_size": 4096, "num_heads": 16,
        "out_hidden_size": text["hidden_size"], "deepstack_visual_indexes": [5, 11, 17],
    }  # fmt: skip
    if size != "full":
        wide = 32 if size == "tiny" else 256
        small = {"hidden_size": wide, "intermediate_size": 48 if size == "tiny" else 4 * wide}
        rope["mrope_section"] = [2, 1, 1] if size == "tiny" else [12, 10, 10]
        text |= {**small, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": wide // 4}
        text |= {"num_key_value_heads": 2, "rope_parameters": rope}
        vision |= {**small, "depth": 2, "num_heads": 2, "out_hidden_size": wide}
        vision |= {"num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
    config = t.Qwen3VLConfig(
        text_config=text, vision_config=vision, tie_word_embeddings=True,
        image_token_id=number("<|image_pad|>"), video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )  # fmt: skip
    model = born(t.Qwen3VLForConditionalGeneration, config)
    ends(model, tokens.eos_token_id, tokens.pad_token_id)
    saved(model, folder, half=size == "full")
    area = {"shortest_edge": 64**2, "longest_edge": 1024**2 if size == "full" else 256**2}
    images = t.Qwen2VLImageProcessor(patch_size=16, size=area)
    films = t.Qwen3VLVideoProcessor(size=area)
    t.Qwen3VLProcessor(images, tokens, films, chat_template=CHAT).save_pretrained(folder)


def florence(size: Size, folder: Path) -> None:
    """Florence-2 large, or one layer each way."""
    import transformers as t

    begin = {word: i for i, word in enumerate(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))}
    own = letters(50_265 - len(begin) if size == "full" else BYTES)
    vocab = begin | {word: len(begin) + i for word, i in own.items()}
    tokens = t.BartTokenizer(
        vocab=vocab, merges=[], extra_special_tokens={"image_token": "<image>"}
    )
    marks = [t.AddedToken(mark, special=True) for mark in FLORENCE_MARKS]
    tokens.add_tokens(marks, special_tokens=True)
    vision, layers, side = t.Florence2VisionConfig(), 12, 768
    text = {"d_model": 1024, "encoder_ffn_dim": 4096, "encoder_attention_heads": 16}
    if size != "full":
        wide = 32 if size == "tiny" else 256
        vision = t.Florence2VisionConfig(
            embed_dim=[8, 16, 16, 32], depths=[1] * 4, num_heads=[1, 1, 1, 2],
            num_groups=[1, 1, 1, 2], window_size=4, projection_dim=wide,
        )  # fmt: skip
        text, layers, side = (
            {"d_model": wide, "encoder_ffn_dim": wide, "encoder_attention_heads": 2},
            1 if size == "tiny" else 4,
            64,
        )
    decoder = {name.replace("encoder", "decoder"): n for name, n in text.items()}
    bart = t.BartConfig(
        vocab_size=len(tokens), max_position_embeddings=4096 if size == "full" else 256,
        encoder_layers=layers, decoder_layers=layers, pad_token_id=1, bos_token_id=0,
        eos_token_id=2, decoder_start_token_id=2, **(text | decoder),
    )  # fmt: skip
    config = t.Florence2Config(
        vision_config=vision.to_dict(), text_config=bart.to_dict(),
        image_token_id=tokens.image_token_id,
    )  # fmt: skip
    model = born(t.Florence2ForConditionalGeneration, config)
    ends(model, 2, 1)
    model.generation_config.decoder_start_token_id = 2
    saved(model, folder, half=size == "full")
    square = {"height": side, "width": side}
    images = t.CLIPImageProcessor(size=square, do_center_crop=False, crop_size=square)
    images.image_seq_length = (side // 32) ** 2 + 1
    parsers: dict[str, dict[str, Any]] = {kind: {} for kind in (
        "ocr", "pure_text", "description_with_bboxes", "bboxes", "polygons",
        "description_with_bboxes_or_polygons",
    )}  # fmt: skip
    parsers["phrase_grounding"] = {"banned_grounding_tokens": ["it"]}
    t.Florence2Processor(images, tokens, post_processor_config=parsers).save_pretrained(folder)


def inpainter(size: Size, folder: Path) -> None:
    """SD 1.5 for holes, or the same with a few channels at 32 px."""
    import diffusers as d
    import torch
    import transformers as t

    full = size == "full"
    wide, layers = (768, 12) if full else (32, 2)
    own = letters(48_896 if full else BYTES)
    words = [*own, *(f"{word}</w>" for word in list(own)[:BYTES])]
    words += [f"!{i}" for i in range(49_408 - 2 - len(words))] if full else []
    vocab = {w: i for i, w in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    end = "<|endoftext|>"
    tokens = t.CLIPTokenizer(
        vocab=vocab, merges=[], pad_token=end, unk_token=end, model_max_length=77
    )
    text = t.CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=wide, intermediate_size=4 * wide,
        num_hidden_layers=layers, num_attention_heads=wide // 64 or 2,
        bos_token_id=len(tokens) - 2, eos_token_id=len(tokens) - 1, pad_token_id=len(tokens) - 1,
    )  # fmt: skip
    blocks = {
        "block_out_channels": (8, 16), "norm_num_groups": 4, "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "attention_head_dim": 4,
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "sample_size": 16,
    }  # fmt: skip
    shape = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "sample_size": 512}
    if not full:
        shape = {"block_out_channels": (8, 16), "norm_num_groups": 4, "sample_size": 32}
    stages = len(shape["block_out_channels"])  # type: ignore[arg-type]
    torch.manual_seed(0)
    with torch.device(here().name):
        net = d.UNet2DConditionModel(
            in_channels=9, cross_attention_dim=wide, **({"sample_size": 64} if full else blocks)
        )
        coder = d.AutoencoderKL(
            down_block_types=["DownEncoderBlock2D"] * stages,
            up_block_types=["UpDecoderBlock2D"] * stages, latent_channels=4, **shape,
        )  # fmt: skip
    noise = d.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1,
    )  # fmt: skip
    made = d.StableDiffusionInpaintPipeline(
        vae=coder, text_encoder=born(t.CLIPTextModel, text), tokenizer=tokens, unet=net,
        scheduler=noise, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    saved_as = torch.float16 if full else torch.float32
    made.to(dtype=saved_as).save_pretrained(folder)
