"""Random checkpoints of networks that find, outline and measure: detectors, SAM 2, depth.

Knows nothing of hub caches, nor of what is measured.
"""

from __future__ import annotations

import string
from pathlib import Path

from evals.bench.random_weights import Size, born, saved


def dfine(size: Size, folder: Path) -> None:
    """D-FINE with its largest published backbone, or one of a few channels."""
    import transformers as t

    config = t.DFineConfig(num_labels=80)
    if size != "full":
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
    if size != "full":
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
    sides = {"shortest_edge": 160, "longest_edge": 256} if size != "full" else None
    t.GroundingDinoProcessor(
        t.GroundingDinoImageProcessor(size=sides),
        t.BertTokenizer(vocab=whole, do_lower_case=True, model_max_length=256),
    ).save_pretrained(folder)


def sam2(size: Size, folder: Path) -> None:
    """SAM 2.1 large, or with an encoder of a few channels; the decoder of ``mid`` is whole."""
    import transformers as t

    wide, blocks = (144, [2, 6, 36, 4]) if size == "full" else (8, [1, 1, 2, 1])
    side = 128 if size == "tiny" else 1024
    widths = [wide * 2**n for n in range(4)]
    trunk = t.Sam2HieraDetConfig(
        hidden_size=wide, image_size=[side, side], blocks_per_stage=blocks,
        num_attention_heads=2 if size == "full" else 1, embed_dim_per_stage=widths,
        num_attention_heads_per_stage=[2, 4, 8, 16] if size == "full" else [1] * 4,
        window_size_per_stage=[8, 4, 16 if size == "full" else 8, 8 if size == "full" else 4],
        global_attention_blocks=[23, 33, 43] if size == "full" else [3],
    )  # fmt: skip
    width = 32 if size == "tiny" else 256
    levels = [[side // n, side // n] for n in (4, 8, 16)]
    vision = t.Sam2VisionConfig(
        backbone_config=trunk, backbone_channel_list=widths[::-1], backbone_feature_sizes=levels,
        fpn_hidden_size=width,
    )  # fmt: skip
    prompts = {"hidden_size": width, "image_size": side}
    decoder = {"hidden_size": width} if size != "tiny" else {
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
    if size != "full":
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
    side = 518 if size == "full" else 56
    t.DPTImageProcessor(
        size={"height": side, "width": side}, keep_aspect_ratio=True, ensure_multiple_of=14,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)  # fmt: skip
