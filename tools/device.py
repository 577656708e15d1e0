"""Where neural models run here, in which number format, and how many bytes they take.

The first CUDA device, Apple's, else the processor; ``OCELLI_DEVICE`` says otherwise. Knows nothing
of which models there are.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tools.errors import ConfigError

WANTED = "OCELLI_DEVICE"
"""Environment variable: ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""


@dataclass(frozen=True)
class Device:
    """One place to compute."""

    name: str
    """As torch names it."""
    dtype: Any
    """``torch.dtype`` of weights and activations: bfloat16 where the card has it, else float16;
    float32 on a processor."""

    @property
    def is_gpu(self) -> bool:
        """Whether it is a card with memory of its own."""
        return self.name.startswith("cuda")


def here() -> Device:
    """The device of this process.

    Raises:
        ConfigError: ``OCELLI_DEVICE`` names one that is not here.
    """
    return _named(os.environ.get(WANTED, ""))


@cache
def _named(wanted: str) -> Device:
    import torch

    mps = torch.backends.mps.is_available()
    name = wanted or ("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        place = torch.device(name)
        there = place.type != "cuda" or (place.index or 0) < torch.cuda.device_count()
    except RuntimeError:
        place, there = torch.device("cpu"), False
    if not there:
        raise ConfigError(f"{WANTED}={name!r} is no device of this machine", hint="Try: cpu, cuda")
    if place.type == "cuda":
        index = place.index or 0
        fast = torch.cuda.get_device_capability(index) >= (8, 0)
        return Device(f"cuda:{index}", torch.bfloat16 if fast else torch.float16)
    return Device(name, torch.float16 if place.type == "mps" else torch.float32)


def nbytes(*modules: Any) -> int:
    """Bytes of the parameters and buffers of torch modules, shared ones counted once."""
    seen: dict[int, int] = {}
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            storage = tensor.untyped_storage()
            seen[storage.data_ptr()] = storage.nbytes()
    return sum(seen.values())


def networks(model: Any) -> Iterator[Any]:
    """The torch modules and pipelines that a loaded model keeps as attributes."""
    for part in vars(model).values() if hasattr(model, "__dict__") else ():
        if callable(getattr(part, "to", None)) and (
            hasattr(part, "parameters") or hasattr(part, "components")
        ):
            yield part


def move(model: Any, name: str) -> bool:
    """Move the networks of a loaded model to a device; False where it has none."""
    parts = list(networks(model))
    for part in parts:
        part.to(name)
    give_back()
    return bool(parts)


def give_back() -> None:
    """Return freed memory of a card to its driver. Does nothing where no card is in use."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return
    gc.collect()
    torch.cuda.empty_cache()
