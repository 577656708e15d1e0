"""Kosmos-2 of one layer a part, with random weights."""

from __future__ import annotations

import string
from pathlib import Path

BASE = ("<s>", "<pad>", "</s>", "<unk>")
WORDS = ("▁the", "▁red", "▁box", "▁a", "▁It", "▁is", "▁An", "▁image", "▁of", "▁", "▁dog")


def build_kosmos2(folder: Path) -> None:
    """Pictures of 56 px that become four tokens."""
    import torch
    import transformers as t

    torch.set_num_threads(1)
    torch.manual_seed(0)
    pieces = [*BASE, *WORDS, *string.ascii_letters, *".,:?"]
    tokens = t.XLMRobertaTokenizer(vocab=[(piece, -float(i)) for i, piece in enumerate(pieces)])
    images = t.CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    processor = t.Kosmos2Processor(images, tokens)
    config = t.Kosmos2Config(
        text_config={
            "vocab_size": len(processor.tokenizer),
            "max_position_embeddings": 256,
            "embed_dim": 32,
            "layers": 1,
            "ffn_dim": 32,
            "attention_heads": 2,
            "dropout": 0.0,
            "init_std": 0.5,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
        },
        latent_query_num=4,
    )
    t.Kosmos2ForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
