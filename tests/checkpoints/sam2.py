"""SAM 2 for pictures and for films, with encoders of a few channels, at 128 px."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _vision(width: int) -> Any:
    import transformers as t

    trunk = t.Sam2HieraDetConfig(
        hidden_size=8,
        num_attention_heads=1,
        image_size=[128, 128],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 1, 1],
        window_size_per_stage=[8, 4, 8, 4],
        global_attention_blocks=[3],
        num_query_pool_stages=3,
        query_stride=[2, 2],
        patch_kernel_size=[7, 7],
        patch_stride=[4, 4],
        patch_padding=[3, 3],
    )
    return t.Sam2VisionConfig(
        backbone_config=trunk,
        backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
        fpn_hidden_size=width,
        fpn_top_down_levels=[2, 3],
        num_feature_levels=3,
    )


def _prompts(width: int) -> dict[str, int]:
    return {"hidden_size": width, "image_size": 128, "patch_size": 16, "mask_input_channels": 4}


def _images() -> Any:
    import transformers as t

    return t.Sam2ImageProcessor(
        size={"height": 128, "width": 128}, mask_size={"height": 32, "width": 32}
    )


DECODER = {
    "mlp_dim": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "iou_head_hidden_dim": 32,
}


def build_sam2(folder: Path) -> None:
    """For single pictures."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    config = t.Sam2Config(
        vision_config=_vision(32),
        prompt_encoder_config=_prompts(32),
        mask_decoder_config={"hidden_size": 32, **DECODER},
    )
    model = t.Sam2Model(config)
    _spread(model)
    model.save_pretrained(folder)
    t.Sam2Processor(_images()).save_pretrained(folder)


def build_sam2_video(folder: Path) -> None:
    """With the memory that follows a thing from frame to frame."""
    import torch
    import transformers as t
    from transformers.models.sam2_video.configuration_sam2_video import (
        Sam2VideoMaskDecoderConfig,
        Sam2VideoPromptEncoderConfig,
    )

    torch.manual_seed(0)
    config = t.Sam2VideoConfig(
        vision_config=_vision(128),
        prompt_encoder_config=Sam2VideoPromptEncoderConfig(**_prompts(128)),
        mask_decoder_config=Sam2VideoMaskDecoderConfig(hidden_size=128, **DECODER),
        image_size=128,
        memory_attention_hidden_size=128,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=128,
        memory_attention_rope_feat_sizes=[8, 8],
        memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=32,
        memory_fuser_num_layers=1,
    )
    model = t.Sam2VideoModel(config)
    _spread(model)
    model.save_pretrained(folder)
    t.Sam2VideoProcessor(
        _images(), t.Sam2VideoVideoProcessor(size={"height": 128, "width": 128})
    ).save_pretrained(folder)


def _spread(model: Any) -> None:
    """Larger weights in the mask head, so that different prompts give different masks."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and ("mask_decoder" in name or "prompt_encoder" in name):
                weight.mul_(8)


def build_sam2_full(folder: Path) -> None:
    """The smallest published size, with random weights: Meta's package knows only those sizes."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    model = t.Sam2Model(t.Sam2Config())
    _spread(model)
    trained = model.prompt_encoder.shared_embedding.positional_embedding
    model.shared_image_embedding.positional_embedding.data.copy_(trained)  # as once published
    model.save_pretrained(folder)
    t.Sam2Processor(t.Sam2ImageProcessor()).save_pretrained(folder)
