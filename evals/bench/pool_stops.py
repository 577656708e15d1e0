"""Stopping a model in the middle of its work: how soon it stops, and whether the memory is free.

Knows nothing of how the weights were made.
"""

from __future__ import annotations

import gc
import threading
import time

from evals.bench.pool_mix import NO_CARD, ORDER, ask, pictures
from evals.bench.table import Measured
from tools.catalog import Catalog
from tools.context import CancelToken
from tools.device import here
from tools.errors import Cancelled
from tools.host import Host
from tools.profiles import Profile
from tools.types import Image

MOST_LEFT_MB = 1.0
"""More than before the call."""
MOST_LOOKS = 2
"""Times that a model may look after it was told to stop: once a step or token."""
BEFORE = 6
"""Looks until it is told: by then it is in the middle."""
PATIENCE = 60.0


class StopAfter(CancelToken):
    """Set once the model, on its own thread, has looked so many times; counts the looks after."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks
        self.after = 0

    @property
    def cancelled(self) -> bool:
        """Whether it has looked often enough."""
        if threading.current_thread().name.startswith("model "):
            self._looks -= 1
            self.after += self._looks < -1
            if self._looks < 0:
                self.cancel()
        return super().cancelled


def measure(catalog: Catalog, side: int) -> list[Measured]:
    """The rows of the table: a diffusion and a generation."""
    rows: list[Measured] = []
    for name, what in (("sd15-inpaint", "diffusion"), ("qwen3-vl-2b", "generation")):
        spec = catalog.models[name]
        profile = Profile("bench", 4 * spec.memory_mb, ORDER)
        with Host(catalog, profile) as host:
            (image,) = pictures(1, side)
            ask(host, name, image)  # all that a first call leaves behind is there
            before = _held()
            looks = _stopped(host, name, image)
            rows.append(Measured(f"looks of a stopped {what}", looks, limit=MOST_LOOKS))
            left = None if before is None else (_held() or 0.0) - before
            note = NO_CARD if left is None else ""
            rows.append(
                Measured(f"left behind by a stopped {what}", left, "MB", MOST_LEFT_MB, note=note)
            )
    return rows


def _stopped(host: Host, name: str, image: Image) -> int:
    """How often the model looked after it was told to stop."""
    token = StopAfter(BEFORE)
    try:
        ask(host, name, image, cancel=token)
    except Cancelled:
        pass
    else:
        raise AssertionError(f"{name} was not stopped")
    end = time.monotonic() + PATIENCE
    while any(model.users for model in host.stats().models) and time.monotonic() < end:
        time.sleep(0.01)
    return token.after


def _held() -> float | None:
    """Megabytes of live tensors on the card."""
    if not here().is_gpu:
        return None
    import torch

    gc.collect()
    torch.cuda.synchronize()
    return float(torch.cuda.memory_allocated()) / 1e6
