"""Networks of random weights: how one is made and written, its byte vocabulary, where it ends.

``full`` has the published sizes, which is what memory and speed depend on; ``tiny`` runs on any
processor in seconds; ``mid`` is as tiny, but for the networks that many callers share: a call on
them takes a processor as long as one of full size takes a card. Knows nothing of particular
networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from tools.device import here

Size = Literal["tiny", "mid", "full"]
REPLY_TOKENS = 32
"""After so many the forged language models end: they would never stop by themselves."""
BYTES = 256


def born(kind: Any, config: Any) -> Any:
    """A model of random weights, made where that is fastest."""
    import torch

    torch.manual_seed(0)
    device = here()
    with torch.device(device.name):
        return kind(config)


def saved(model: Any, folder: Path, half: bool) -> None:
    """Its weights as safetensors, as large as those that are published."""
    import torch

    (model.to(torch.bfloat16) if half else model).save_pretrained(folder)


def letters(count: int) -> dict[str, int]:
    """A vocabulary of the single bytes, and of what nobody writes up to `count`."""
    from tokenizers import pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return {word: i for i, word in enumerate([*alphabet, *(f"~{i}" for i in range(count - BYTES))])}


def ends(model: Any, eos: int, pad: int) -> None:
    """Where its generation ends."""
    settings = model.generation_config
    settings.eos_token_id, settings.pad_token_id = eos, pad
    settings.exponential_decay_length_penalty = (REPLY_TOKENS, 100.0)
