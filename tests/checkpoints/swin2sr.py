"""Swin2SR with windows of four pixels."""

from __future__ import annotations

from pathlib import Path


def build_swin2sr(folder: Path, factor: int = 2) -> None:
    """One block of one layer."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    config = t.Swin2SRConfig(
        image_size=16,
        embed_dim=16,
        depths=[1],
        num_heads=[2],
        window_size=4,
        mlp_ratio=2.0,
        upscale=factor,
        upsampler="pixelshuffle",
    )
    t.Swin2SRForImageSuperResolution(config).save_pretrained(folder)
    t.Swin2SRImageProcessor().save_pretrained(folder)


def build_swin2sr_four(folder: Path) -> None:
    """Four times."""
    build_swin2sr(folder, 4)
