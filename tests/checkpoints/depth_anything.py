"""Depth Anything V2 on a DINOv2 of four narrow layers, at 56 px."""

from __future__ import annotations

from pathlib import Path


def build_depth_anything(folder: Path) -> None:
    """Patches of 14 px; the aspect ratio of the picture is kept."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    trunk = t.Dinov2Config(
        image_size=56,
        patch_size=14,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = t.DepthAnythingConfig(
        backbone_config=trunk,
        reassemble_hidden_size=32,
        patch_size=14,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=16,
        head_hidden_size=8,
    )
    t.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    t.DPTImageProcessor(
        size={"height": 56, "width": 56}, keep_aspect_ratio=True, ensure_multiple_of=14
    ).save_pretrained(folder)
