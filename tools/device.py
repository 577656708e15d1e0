"""Where neural models run here, in which number format, and how many bytes they take.

The first CUDA device, Apple's, else the processor; ``OCELLI_DEVICE`` says otherwise. Knows nothing
of which models there are.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@dataclass
class Taken:
    """What a piece of work took of the card's memory; None where it was not the only one."""

    peak: int | None = None
    """Bytes beyond what was there before, at the worst moment."""
    kept: int | None = None
    """Bytes that are still there afterwards."""


class Gauge:
    """Measures what work takes by the allocator's own statistics. Thread-safe.

    The statistics are those of the whole card, so only what runs alone is known.
    """

    def __init__(self, card: Any = None) -> None:
        """`card` has the statistics, as ``torch.cuda`` does, which it is where none is given."""
        self._card = card
        self._lock = threading.Lock()
        self._running = 0
        self._mixed = False

    @contextmanager
    def watching(self) -> Iterator[Taken]:
        """Fills in what the block took, once it is left."""
        taken = Taken()
        card = self._card or _card()
        with self._lock:
            self._running += 1
            self._mixed = self._running > 1
            before = None
            if card is not None and not self._mixed:
                card.reset_peak_memory_stats()
                before = card.memory_allocated()
        try:
            yield taken
        finally:
            with self._lock:
                self._running -= 1
                if before is not None and not self._mixed:
                    taken.peak = max(0, card.max_memory_allocated() - before)
                    taken.kept = card.memory_allocated() - before
                self._mixed = self._mixed and self._running > 0


def cap(mb: float) -> None:
    """Let this process take no more than `mb` of its card: beyond that an allocation fails.

    Does nothing where no card is in use.
    """
    card = _card()
    if card is not None:
        whole = card.get_device_properties(card.current_device()).total_memory
        card.set_per_process_memory_fraction(min(1.0, mb * 1e6 / whole))


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


def give_back(*, collect: bool = True) -> None:
    """Return freed memory of a card to its driver. Does nothing where no card is in use.

    Args:
        collect: look first for what only hangs in cycles; takes a tenth of a second and more.
    """
    card = _card()
    if card is not None:
        if collect:
            gc.collect()
        card.empty_cache()


def _card() -> Any:
    """``torch.cuda`` where a card is in use, else None. Imports nothing.

    From then on the card of this process is the one that this thread means where none is named.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized() or not here().is_gpu:
        return None
    wanted = torch.device(here().name).index or 0
    if torch.cuda.current_device() != wanted:
        torch.cuda.set_device(wanted)
    return torch.cuda
