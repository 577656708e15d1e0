"""DINOv2 of two narrow layers, at 56 px."""

from __future__ import annotations

from pathlib import Path


def build_dinov2(folder: Path) -> None:
    """A CLS token of 32 numbers."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    config = t.Dinov2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=56,
        patch_size=14,
    )
    t.Dinov2Model(config).save_pretrained(folder)
    t.BitImageProcessor(
        size={"shortest_edge": 64}, crop_size={"height": 56, "width": 56}
    ).save_pretrained(folder)
