"""OWLv2 with a text and a picture encoder of one layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

MERGES = ("b u", "bu s</w>", "t h", "th e</w>", "p e", "pe r", "per s", "pers o", "perso n</w>")


def build_owlv2(folder: Path) -> None:
    """Pictures of 96 px in 36 patches."""
    import torch
    import transformers as t

    torch.manual_seed(0)
    tokenizer, size = _clip_tokenizer()
    layer: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    text = {
        "vocab_size": size,
        "max_position_embeddings": 16,
        "bos_token_id": size - 2,
        "eos_token_id": size - 1,
        "pad_token_id": 0,
    }
    picture = {"image_size": 96, "patch_size": 16}
    config = t.Owlv2Config(
        text_config=layer | text, vision_config=layer | picture, projection_dim=32
    )
    model = t.Owlv2ForObjectDetection(config)
    with torch.no_grad():  # else every box is as far as it can be from its patch
        model.box_head.dense2.weight.mul_(0.02)
    model.save_pretrained(folder)
    processor = t.Owlv2ImageProcessor(size={"height": 96, "width": 96})
    t.Owlv2Processor(processor, tokenizer).save_pretrained(folder)


def _clip_tokenizer() -> tuple[Any, int]:
    """A tokenizer of single bytes and a few words; its padding is "!", its end the last number."""
    import transformers as t
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [tuple(merge.split()) for merge in MERGES]
    words = ["!", *letters, *(f"{c}</w>" for c in letters), *("".join(m) for m in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {word: i for i, word in enumerate(dict.fromkeys(words))}
    made = t.CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=16, pad_token="!")
    return made, len(vocab)
