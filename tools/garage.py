"""Models that left the card and wait in host memory: back sooner than from disk.

A model is moved by its own thread, on its actor, so no call is under way meanwhile. Those parked
longest leave for good when the room is full. Knows nothing of the card's account
(``tools/ledger.py``) or of who asks.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from tools.actor import Actor
from tools.context import CancelToken
from tools.device import give_back, here, move, networks
from tools.host_parts import PARTS
from tools.host_swap import pack
from tools.job import Job

Back = Callable[[], None]
"""Puts a model back onto the card."""


class Garage:
    """Room in host memory. Thread-safe."""

    def __init__(self, room_mb: float) -> None:
        """Nothing is parked yet; with no room nothing ever is."""
        self.room_mb = room_mb
        self._lock = threading.Lock()
        self._parked: dict[str, tuple[Actor, float, Back]] = {}

    def park(self, actor: Actor, mb: float, seconds: float, wanted: str = "") -> bool:
        """Take an idle model in, within `seconds`; False when it must be dropped instead.

        The model it leaves the card for is about to be fetched, so `wanted` needs no room here.
        """
        if mb > self.room_mb:
            return False
        job = _move(_off, seconds)
        actor.submit(job)
        if not job.done.wait(seconds) or job.error is not None or job.value is None:
            return False
        with self._lock:
            self._parked[actor.name] = (actor, mb, job.value)
            leaving = self._overfull(wanted)
        for old in leaving:
            old.close(seconds)
        return True

    def fetch(self, name: str) -> tuple[Actor, Job] | None:
        """The parked model of a name, moving back: its next call waits for that. None: not here."""
        with self._lock:
            parked = self._parked.pop(name, None)
        if parked is None:
            return None
        actor, _, back = parked
        job = _move(lambda model: back())
        actor.submit(job)
        return actor, job

    def parked(self) -> dict[str, float]:
        """Names and megabytes, parked longest first."""
        with self._lock:
            return {name: mb for name, (_, mb, _) in self._parked.items()}

    def close(self, seconds: float) -> None:
        """Drop all."""
        with self._lock:
            actors = [actor for actor, *_ in self._parked.values()]
            self._parked.clear()
        for actor in actors:
            actor.close(seconds)

    def _overfull(self, wanted: str) -> list[Actor]:
        leaving = []
        staying = [name for name in self._parked if name != wanted]
        while sum(self._parked[name][1] for name in staying) > self.room_mb:
            leaving.append(self._parked.pop(staying.pop(0))[0])
        return leaving


def _move(step: Callable[[Any], Any], seconds: float | None = None) -> Job:
    return Job(lambda model, token: step(model), lambda: None, CancelToken(), seconds, moves=True)


def _off(model: Any) -> Back | None:
    """Move a model off the card, and what brings it back; None where it is on none."""
    own = getattr(model, "park", None)
    if callable(own):
        own()
        back: Back = getattr(model, "unpark", lambda: None)
        return back
    if "torch" not in sys.modules or not here().is_gpu:
        return None
    if not all(PARTS.withdraw(part) for part in networks(model)):
        return None  # another model works with a part of it
    for part in vars(model).values() if hasattr(model, "__dict__") else ():
        forget = getattr(part, "forget", None)
        if callable(forget):  # what it keeps of pictures would stay on the card
            forget()
    packed = pack(model)
    if packed is not None:
        give_back(collect=False)  # weights hang in no cycle, and a search would cost as much
        return packed
    return (lambda: _home(model)) if move(model, "cpu") else None


def _home(model: Any) -> None:
    move(model, here().name)
