"""Grounding DINO and MM-Grounding-DINO with a Swin and a BERT of one layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.vocab import wordpiece


def build_grounding_dino(folder: Path) -> None:
    """Thirty queries, pictures of 160 px."""
    import transformers as t

    _save(folder, t.GroundingDinoConfig, t.GroundingDinoForObjectDetection)


def build_mm_grounding_dino(folder: Path) -> None:
    """The same shape, in the class that LLMDet has."""
    import transformers as t

    _save(folder, t.MMGroundingDinoConfig, t.MMGroundingDinoForObjectDetection)


def _save(folder: Path, config: Any, model: Any) -> None:
    import torch
    import transformers as t

    torch.manual_seed(0)
    image = t.SwinConfig(
        image_size=64,
        patch_size=4,
        embed_dim=16,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_indices=[2, 3, 4],
    )
    text = t.BertConfig(
        vocab_size=1100,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=256,
    )
    made = config(
        backbone_config=image,
        text_config=text,
        num_queries=30,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=4,
        decoder_layers=2,
        decoder_ffn_dim=32,
        decoder_attention_heads=4,
        d_model=32,
    )
    model(made).save_pretrained(folder)
    t.GroundingDinoProcessor(
        t.GroundingDinoImageProcessor(size={"shortest_edge": 160, "longest_edge": 256}),
        t.BertTokenizer(vocab=wordpiece(), do_lower_case=True, model_max_length=256),
    ).save_pretrained(folder)
