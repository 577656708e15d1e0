"""Checkpoints of random weights in a hub cache, so that the production ids load with no download.

``full`` has the published sizes, which is what memory and speed depend on; ``tiny`` runs on any
processor in seconds. What such models say means nothing. Knows nothing of what is measured.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tools.catalog import Catalog, discover
from tools.device import here
from tools.diffusion import quiet

Size = Literal["tiny", "full"]
COMMIT = "0" * 40
REPLY_TOKENS = 32
"""After so many the forged language models end: they would never stop by themselves."""
BYTES = 256
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


def pool() -> Catalog:
    """The models that are forged, from the catalogue, with no tools."""
    every = discover().models
    return Catalog({}, {name: every[name] for name in MAKERS})


@contextmanager
def forged(cache: Path, size: Size) -> Iterator[Catalog]:
    """The forged models, seen by this process while the context lasts; made where not yet there."""
    quiet()
    catalog = pool()
    for name, make in MAKERS.items():
        (repo,) = catalog.models[name].repos
        place(cache, repo, partial(make, size))
    names = ("HF_HUB_CACHE", "HF_HUB_OFFLINE", "OCELLI_WEIGHTS")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ |= {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    try:
        yield catalog
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def place(cache: Path, repo: str, make: Callable[[Path], None]) -> Path:
    """Let `make` fill the snapshot folder of a hub id, unless it is there."""
    base = cache / f"models--{repo.replace('/', '--')}"
    snapshot, ref = base / "snapshots" / COMMIT, base / "refs" / "main"
    if not ref.is_file():
        snapshot.mkdir(parents=True, exist_ok=True)
        make(snapshot)
        ref.parent.mkdir(exist_ok=True)
        ref.write_text(COMMIT)
    return snapshot


def born(kind: Any, config: Any) -> Any:
    """A model of random weights, made where that is fastest."""
    import torch

    torch.manual_seed(0)
    device = here()
    with torch.device(device.name):
        return kind(config)


def saved(model: Any, folder: Path, half: bool) -> None:
    """Its weights as safetensors, as large as those that are published."""
    import torch

    (model.to(torch.bfloat16) if half else model).save_pretrained(folder)


# --- detectors, segmentation, depth ------------------------------------------------------------


def dfine(size: Size, folder: Path) -> None:
    """D-FINE with its largest published backbone, or one of a few channels."""
    import transformers as t

    config = t.DFineConfig(num_labels=80)
    if size == "tiny":
        backbone = t.HGNetV2Config(
            stage_in_channels=[16, 16, 32, 64], stage_mid_channels=[8, 8, 16, 16],
            stage_out_channels=[16, 32, 64, 128], stage_num_blocks=[1, 1, 1, 1],
            stage_numb_of_layers=[2, 2, 2, 2], stem_channels=[3, 8, 16], depths=[1, 1, 1, 1],
            hidden_sizes=[16, 32, 64, 128], embedding_size=16, out_indices=[2, 3, 4],
        )  # fmt: skip
        config = t.DFineConfig(
            backbone_config=backbone, num_labels=80, num_queries=30, num_denoising=0,
            encoder_hidden_dim=32, encoder_in_channels=[32, 64, 128], encoder_ffn_dim=32,
            encoder_attention_heads=2, d_model=32, decoder_in_channels=[32, 32, 32],
            decoder_ffn_dim=16, decoder_layers=2, decoder_attention_heads=2, hidden_expansion=0.5,
        )  # fmt: skip
    saved(born(t.DFineForObjectDetection, config), folder, half=False)
    side = 160 if size == "tiny" else 640
    t.RTDetrImageProcessor(size={"height": side, "width": side}).save_pretrained(folder)


def grounding_dino(size: Size, folder: Path) -> None:
    """Grounding DINO with Swin-T and BERT, or with one layer of each."""
    import transformers as t

    config = t.GroundingDinoConfig()
    if size == "tiny":
        image = t.SwinConfig(
            image_size=64, embed_dim=16, depths=[1] * 4, num_heads=[1, 1, 2, 2], window_size=4,
            out_indices=[2, 3, 4],
        )  # fmt: skip
        text = t.BertConfig(
            hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48
        )
        config = t.GroundingDinoConfig(
            backbone_config=image, text_config=text, num_queries=30, d_model=32, encoder_layers=1,
            encoder_ffn_dim=32, encoder_attention_heads=4, decoder_layers=2, decoder_ffn_dim=32,
            decoder_attention_heads=4,
        )  # fmt: skip
    saved(born(t.GroundingDinoForObjectDetection, config), folder, half=False)
    letters = [*string.ascii_lowercase, *(f"##{x}" for x in string.ascii_lowercase)]
    vocab = {word: 200 + i for i, word in enumerate(letters)}
    vocab |= {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
    vocab |= {".": 1012, "?": 1029}
    names = {number: word for word, number in vocab.items()}
    whole = {names.get(i, f"[fill{i}]"): i for i in range(30522)}
    sides = {"shortest_edge": 160, "longest_edge": 256} if size == "tiny" else None
    t.GroundingDinoProcessor(
        t.GroundingDinoImageProcessor(size=sides),
        t.BertTokenizer(vocab=whole, do_lower_case=True, model_max_length=256),
    ).save_pretrained(folder)


def sam2(size: Size, folder: Path) -> None:
    """SAM 2.1 large, or with an encoder of a few channels."""
    import transformers as t

    wide, blocks, side = (144, [2, 6, 36, 4], 1024) if size == "full" else (8, [1, 1, 2, 1], 128)
    widths = [wide * 2**n for n in range(4)]
    trunk = t.Sam2HieraDetConfig(
        hidden_size=wide, image_size=[side, side], blocks_per_stage=blocks,
        num_attention_heads=2 if size == "full" else 1, embed_dim_per_stage=widths,
        num_attention_heads_per_stage=[2, 4, 8, 16] if size == "full" else [1] * 4,
        window_size_per_stage=[8, 4, 16 if size == "full" else 8, 8 if size == "full" else 4],
        global_attention_blocks=[23, 33, 43] if size == "full" else [3],
    )  # fmt: skip
    width = 256 if size == "full" else 32
    levels = [[side // n, side // n] for n in (4, 8, 16)]
    vision = t.Sam2VisionConfig(
        backbone_config=trunk, backbone_channel_list=widths[::-1], backbone_feature_sizes=levels,
        fpn_hidden_size=width,
    )  # fmt: skip
    prompts = {"hidden_size": width, "image_size": side}
    decoder = {"hidden_size": width} if size == "full" else {
        "hidden_size": width, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32,
    }  # fmt: skip
    config = t.Sam2Config(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
    )
    saved(born(t.Sam2Model, config), folder, half=False)
    sizes = {"height": side, "width": side}, {"height": side // 4, "width": side // 4}
    images = t.Sam2ImageProcessor(size=sizes[0], mask_size=sizes[1])
    t.Sam2Processor(images).save_pretrained(folder)


def depth(size: Size, folder: Path) -> None:
    """Depth Anything V2 small, or of one layer a level."""
    import transformers as t

    config = t.DepthAnythingConfig()
    if size == "tiny":
        stages = [f"stage{n}" for n in range(1, 5)]
        backbone = t.Dinov2Config(
            hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=56,
            out_features=stages, reshape_hidden_states=False, apply_layernorm=True,
        )  # fmt: skip
        config = t.DepthAnythingConfig(
            backbone_config=backbone, reassemble_hidden_size=16, fusion_hidden_size=8,
            neck_hidden_sizes=[8, 8, 16, 16], head_hidden_size=8,
        )  # fmt: skip
    saved(born(t.DepthAnythingForDepthEstimation, config), folder, half=False)
    side = 56 if size == "tiny" else 518
    t.DPTImageProcessor(
        size={"height": side, "width": side}, keep_aspect_ratio=True, ensure_multiple_of=14,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)  # fmt: skip


# --- models that speak -------------------------------------------------------------------------


def letters(count: int) -> dict[str, int]:
    """A vocabulary of the single bytes, and of what nobody writes up to `count`."""
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return {word: i for i, word in enumerate([*alphabet, *(f"~{i}" for i in range(count - BYTES))])}


def ends(model: Any, eos: int, pad: int) -> None:
    """Where its generation ends."""
    settings = model.generation_config
    settings.eos_token_id, settings.pad_token_id = eos, pad
    settings.exponential_decay_length_penalty = (REPLY_TOKENS, 100.0)


QWEN = {
    "2b": {"hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16},
    "4b": {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36, "num_attention_heads": 32},
}  # fmt: skip


def qwen(which: str, size: Size, folder: Path) -> None:
    """Qwen3-VL, or two layers of 32."""
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
    if size == "tiny":
        small = {"hidden_size": 32, "intermediate_size": 48}
        rope["mrope_section"] = [2, 1, 1]
        text |= {**small, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": 8}
        text |= {"num_key_value_heads": 2, "rope_parameters": rope}
        vision |= {**small, "depth": 2, "num_heads": 2, "out_hidden_size": 32}
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
    area = {"shortest_edge": 64**2, "longest_edge": 256**2 if size == "tiny" else 1024**2}
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
    if size == "tiny":
        vision = t.Florence2VisionConfig(
            embed_dim=[8, 16, 16, 32], depths=[1] * 4, num_heads=[1, 1, 1, 2],
            num_groups=[1, 1, 1, 2], window_size=4, projection_dim=32,
        )  # fmt: skip
        text, layers, side = (
            {"d_model": 32, "encoder_ffn_dim": 32, "encoder_attention_heads": 2},
            1,
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


# --- diffusion ---------------------------------------------------------------------------------


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


MAKERS: dict[str, Callable[[Size, Path], None]] = {
    "dfine-large": dfine,
    "grounding-dino-tiny": grounding_dino,
    "sam2-large": sam2,
    "depth-anything-small": depth,
    "florence2-large-ft": florence,
    "qwen3-vl-2b": partial(qwen, "2b"),
    "qwen3-vl-4b": partial(qwen, "4b"),
    "sd15-inpaint": inpainter,
}
"""Names in the catalogue, and what makes their weights."""
