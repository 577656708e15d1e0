"""D-FINE with a backbone of a few channels."""

from __future__ import annotations

from pathlib import Path


def build_dfine(folder: Path) -> None:
    """Thirty queries, eighty labels, pictures of 160 px."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    backbone = t.HGNetV2Config(
        stage_in_channels=[16, 16, 32, 64],
        stage_mid_channels=[8, 8, 16, 16],
        stage_out_channels=[16, 32, 64, 128],
        stage_num_blocks=[1, 1, 1, 1],
        stage_downsample=[False, True, True, True],
        stage_light_block=[False, False, True, True],
        stage_kernel_size=[3, 3, 3, 3],
        stage_numb_of_layers=[2, 2, 2, 2],
        stem_channels=[3, 8, 16],
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 32, 64, 128],
        embedding_size=16,
        out_indices=[2, 3, 4],
        out_features=["stage2", "stage3", "stage4"],
    )
    config = t.DFineConfig(
        backbone_config=backbone,
        encoder_hidden_dim=32,
        encoder_in_channels=[32, 64, 128],
        feat_strides=[8, 16, 32],
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        d_model=32,
        num_queries=30,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=16,
        num_feature_levels=3,
        decoder_n_points=[3, 6, 3],
        decoder_layers=2,
        decoder_attention_heads=2,
        num_denoising=0,
        num_labels=80,
        hidden_expansion=0.5,
    )
    t.DFineForObjectDetection(config).save_pretrained(folder)
    t.RTDetrImageProcessor(size={"height": 160, "width": 160}).save_pretrained(folder)
