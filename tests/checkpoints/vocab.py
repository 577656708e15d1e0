"""Vocabularies small enough for tiny checkpoints, trained on the spot."""

from __future__ import annotations

import json
import string

SENTENCES = (
    "a photo of a bus on the street . a person . a wheel . a window .",
    "what is in the image? describe the picture . how many are there?",
    "the quick brown fox jumps over the lazy dog 0123456789",
    "locate the red square and the blue circle <loc_0> user assistant system",
)


def wordpiece(size: int = 1100) -> dict[str, int]:
    """A WordPiece vocabulary with BERT's special tokens where Grounding DINO has them hard-coded:
    [CLS] 101, [SEP] 102, "." 1012, "?" 1029."""
    words = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = string.ascii_lowercase + string.digits
    words += [*letters, *(f"##{letter}" for letter in letters)]
    said = " ".join(SENTENCES).replace("?", "").replace(".", "")
    words += [w for w in dict.fromkeys(said.split()) if w.isalpha() and len(w) > 1]
    vocab = {word: i for i, word in enumerate(words)}
    for token, at in ((".", 1012), ("?", 1029), (",", 1030)):
        vocab |= {f"[fill{i}]": i for i in range(len(vocab), at)} | {token: at}
    return vocab | {f"[fill{i}]": i for i in range(len(vocab), size)}


def byte_pairs(size: int = 400) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A byte-level BPE vocabulary and its merges; every text can be encoded."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    made = json.loads(tokenizer.to_str())["model"]
    pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in made["merges"]]
    return made["vocab"], pairs
