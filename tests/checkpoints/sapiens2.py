"""Sapiens2 for poses with three narrow layers, at 64 × 48 px and with five points."""

from __future__ import annotations

from pathlib import Path

POINTS = {0: "nose", 1: "left_eye", 2: "right_eye", 3: "Left_Thumb_Tip", 4: "LABEL_4"}


def build_sapiens2(folder: Path) -> None:
    """Four of the points have names."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    config = t.Sapiens2Config(
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_attention_heads=1,
        num_first_full_attention_layers=1,
        num_last_full_attention_layers=1,
        intermediate_size=48,
        image_size=[64, 48],
        patch_size=16,
        head_config={"upsample_out_channels": [16, 16], "conv_out_channels": [16]},
        id2label=POINTS,
        label2id={name: number for number, name in POINTS.items()},
    )
    t.Sapiens2ForPoseEstimation(config).save_pretrained(folder)
    t.Sapiens2ImageProcessor(size={"height": 64, "width": 48}).save_pretrained(folder)
