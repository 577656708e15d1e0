"""Models that left the card and wait in host memory: back sooner than from disk.

A model is moved by its own thread, on its actor, so no call is under way meanwhile. Those parked
longest leave for good when the room is full. Knows nothing of the card's account
(``tools/ledger.py``) or of who asks.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from tools.actor import Actor
from tools.context import CancelToken
from tools.device import here, move
from tools.job import Job


class Garage:
    """Room in host memory. Thread-safe."""

    def __init__(self, room_mb: float) -> None:
        """Nothing is parked yet; with no room nothing ever is."""
        self.room_mb = room_mb
        self._lock = threading.Lock()
        self._parked: dict[str, tuple[Actor, float]] = {}

    def park(self, actor: Actor, mb: float, seconds: float, wanted: str = "") -> bool:
        """Take an idle model in, within `seconds`; False when it must be dropped instead.

        The model it leaves the card for is about to be fetched, so `wanted` needs no room here.
        """
        if mb > self.room_mb:
            return False
        job = Job(lambda model, token: _off(model), lambda: None, CancelToken(), seconds)
        actor.submit(job)
        if not job.done.wait(seconds) or job.error is not None or not job.value:
            return False
        with self._lock:
            self._parked[actor.name] = (actor, mb)
            leaving = self._overfull(wanted)
        for old in leaving:
            old.close(seconds)
        return True

    def fetch(self, name: str) -> tuple[Actor, Job] | None:
        """The parked model of a name, moving back: its next call waits for that. None: not here."""
        with self._lock:
            actor, _ = self._parked.pop(name, (None, 0.0))
        if actor is None:
            return None
        job = Job(lambda model, token: _on(model), lambda: None, CancelToken())
        actor.submit(job)
        return actor, job

    def parked(self) -> dict[str, float]:
        """Names and megabytes, parked longest first."""
        with self._lock:
            return {name: mb for name, (_, mb) in self._parked.items()}

    def close(self, seconds: float) -> None:
        """Drop all."""
        with self._lock:
            actors = [actor for actor, _ in self._parked.values()]
            self._parked.clear()
        for actor in actors:
            actor.close(seconds)

    def _overfull(self, wanted: str) -> list[Actor]:
        leaving = []
        staying = [name for name in self._parked if name != wanted]
        while sum(self._parked[name][1] for name in staying) > self.room_mb:
            leaving.append(self._parked.pop(staying.pop(0))[0])
        return leaving


def _off(model: Any) -> bool:
    """Move a model off the card; False where it is on none."""
    own = getattr(model, "park", None)
    if callable(own):
        own()
        return True
    return "torch" in sys.modules and here().is_gpu and move(model, "cpu")


def _on(model: Any) -> None:
    own = getattr(model, "unpark", None)
    if callable(own):
        own()
    else:
        move(model, here().name)
