"""RF-DETR on a DINOv2 of four layers."""

from __future__ import annotations

from pathlib import Path


def build_rf_detr(folder: Path) -> None:
    """Thirty queries, COCO's numbers as labels, pictures of 112 px."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    backbone = {
        "model_type": "rf_detr_dinov2",
        "hidden_size": 32,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "image_size": 112,
        "patch_size": 14,
        "out_indices": [1, 2, 3, 4],
        "num_windows": 1,
    }
    config = t.RfDetrConfig(
        backbone_config=backbone,
        d_model=32,
        encoder_hidden_dim=32,
        decoder_layers=1,
        decoder_ffn_dim=32,
        decoder_self_attention_heads=2,
        decoder_cross_attention_heads=2,
        num_queries=30,
        num_labels=91,
    )
    t.RfDetrForObjectDetection(config).save_pretrained(folder)
    t.RfDetrImageProcessor(size={"height": 112, "width": 112}).save_pretrained(folder)
