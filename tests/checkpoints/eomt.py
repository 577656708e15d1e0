"""EoMT of four narrow layers, at 64 px."""

from __future__ import annotations

from pathlib import Path


def build_eomt(folder: Path) -> None:
    """Twelve queries, 133 classes, and weights that make some of them sure of themselves."""
    import torch
    import transformers as t

    torch.manual_seed(1)
    names = {i: f"kind {i}" for i in range(133)} | {0: "person", 90: "sky-other-merged"}
    config = t.EomtConfig(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=64,
        patch_size=16,
        num_blocks=2,
        num_queries=12,
        num_upscale_blocks=2,
        id2label=names,
        label2id={name: i for i, name in names.items()},
    )
    model = t.EomtForUniversalSegmentation(config)
    with torch.no_grad():
        model.query.weight.mul_(50)
        model.class_predictor.weight.mul_(60)
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "mask_head" in name:
                weight.mul_(1.5)
            elif weight.ndim > 1 and "upscale" in name:
                weight.mul_(3)
    model.save_pretrained(folder)
    t.EomtImageProcessor(
        size={"shortest_edge": 64, "longest_edge": 64}, do_pad=True, do_split_image=False
    ).save_pretrained(folder)
