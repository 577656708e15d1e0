"""ViTPose of two narrow layers, at 64 × 48 px, with one expert or with several."""

from __future__ import annotations

from pathlib import Path


def build_vitpose(folder: Path) -> None:
    """The plain model."""
    _build(folder, experts=1)


def build_vitpose_plus(folder: Path) -> None:
    """ViTPose++, one expert for each set of data it was trained on."""
    _build(folder, experts=6)


def _build(folder: Path, experts: int) -> None:
    import torch
    import transformers as t

    torch.manual_seed(0)
    trunk = t.VitPoseBackboneConfig(
        image_size=(64, 48),
        patch_size=(16, 16),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        num_experts=experts,
        part_features=8,
        out_indices=[2],
    )
    config = t.VitPoseConfig(
        backbone_config=trunk, num_labels=17, scale_factor=4, use_simple_decoder=True
    )
    t.VitPoseForPoseEstimation(config).save_pretrained(folder)
    t.VitPoseImageProcessor(size={"height": 64, "width": 48}).save_pretrained(folder)
