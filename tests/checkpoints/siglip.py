"""CLIP, SigLIP and SigLIP 2 of one layer a side; the CLIP knows three colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from checkpoints.vocab import SENTENCES, byte_pairs

COLORS = {"red": (220, 30, 30), "green": (20, 160, 60), "blue": (30, 60, 220)}


def plain(color: str, size: int = 64) -> np.ndarray:
    """A picture of one colour with a little grain."""
    grain = np.random.default_rng(len(color)).integers(-8, 8, (size, size, 3))
    return np.clip(np.array(COLORS[color]) + grain, 0, 255).astype(np.uint8)


def build_clip(folder: Path, steps: int = 80) -> None:
    """64-pixel pictures; trained to tell the words of `COLORS` apart."""
    import torch
    import transformers as t
    from PIL import Image

    torch.set_num_threads(1)
    torch.manual_seed(0)
    letters, merges = byte_pairs()
    vocab = {token: i for i, token in enumerate(letters)}
    for token in [f"{letter}</w>" for letter in letters]:
        vocab.setdefault(token, len(vocab))
    vocab |= {"<|startoftext|>": len(vocab), "<|endoftext|>": len(vocab) + 1}
    tokens = t.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)
    size = len(vocab)
    side = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "projection_dim": 16,
    }
    text = {
        "vocab_size": size,
        "max_position_embeddings": 77,
        "bos_token_id": size - 2,
        "eos_token_id": size - 1,
        "pad_token_id": size - 1,
    }
    vision = {"image_size": 64, "patch_size": 16}
    config = t.CLIPConfig(
        text_config={**side, **text}, vision_config={**side, **vision}, projection_dim=16
    )
    model = t.CLIPModel(config)
    processor = t.CLIPProcessor(
        t.CLIPImageProcessor(size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64}),
        tokens,
    )
    inputs = processor(
        text=[f"This is a photo of {color}." for color in COLORS],
        images=[Image.fromarray(plain(color)) for color in COLORS],
        return_tensors="pt",
        padding=True,
    )
    adam = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        loss = model(**inputs, return_loss=True).loss
        adam.zero_grad()
        loss.backward()
        adam.step()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def build_siglip(folder: Path) -> None:
    """As SigLIP 1: a sentencepiece vocabulary."""
    import io

    import sentencepiece
    import transformers as t

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3),
        model_writer=made,
        vocab_size=60,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    path = folder / "spiece.model"
    path.write_bytes(made.getvalue())
    _save(folder, t.SiglipTokenizer(vocab_file=str(path), model_max_length=64))


def build_siglip2(folder: Path) -> None:
    """As SigLIP 2 at a fixed size: the same network, Gemma's tokens."""
    import transformers as t

    vocab = {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "<mask>": 4}
    for piece in ("▁", *map(chr, range(33, 127)), *(f"<0x{byte:02X}>" for byte in range(256))):
        vocab.setdefault(piece, len(vocab))
    _save(folder, t.GemmaTokenizer(vocab=vocab, merges=[], model_max_length=64))


def _save(folder: Path, tokens: Any) -> None:
    import torch
    import transformers as t

    torch.set_num_threads(1)
    torch.manual_seed(0)
    side = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    text = {"vocab_size": len(tokens), "max_position_embeddings": 64, "projection_size": 32}
    config = t.SiglipConfig(
        text_config={**side, **text}, vision_config={**side, "image_size": 64, "patch_size": 16}
    )
    t.SiglipModel(config).save_pretrained(folder)
    images = t.SiglipImageProcessor(size={"height": 64, "width": 64})
    t.SiglipProcessor(images, tokens).save_pretrained(folder)


def build_classes(folder: Path) -> None:
    """A ViT that tells ten classes apart, some of them with several names."""
    import torch
    import transformers as t

    torch.set_num_threads(1)
    torch.manual_seed(0)
    names = ["tench, Tinca tinca", "goldfish", *(f"thing {i}" for i in range(8))]
    config = t.ViTConfig(
        image_size=64,
        patch_size=16,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)},
        initializer_range=0.5,
    )
    t.ViTForImageClassification(config).save_pretrained(folder)
    t.ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
