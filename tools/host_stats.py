"""Counts and times of the host, for people and for reports. Knows nothing of models or threads."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

KEPT_CALLS = 256
"""Times of the latest calls that percentiles are taken over."""


@dataclass(frozen=True)
class ModelStats:
    """One model."""

    name: str
    mb: float
    """What it is charged now; 0 when it is not resident."""
    users: int
    """Calls and leases under way or queued."""
    queued: int
    """Calls that wait behind the running one."""
    calls: int
    """Answered calls."""
    p50_seconds: float
    """Median time on the model."""
    p95_seconds: float


@dataclass(frozen=True)
class HostStats:
    """The host at one moment."""

    budget_mb: float
    charged_mb: float
    """Residents and those still leaving."""
    peak_mb: float
    waiting: int
    """Callers that wait for room."""
    loads: int
    evictions: int
    models: tuple[ModelStats, ...]
    """Residents, least recently used first, then models that were called before."""

    @property
    def resident(self) -> tuple[str, ...]:
        """Names of the loaded models."""
        return tuple(m.name for m in self.models if m.mb)


class Counters:
    """What has happened so far. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loads = 0
        self._evictions = 0
        self._calls: Counter[str] = Counter()
        self._seconds: dict[str, deque[float]] = {}

    def loaded(self) -> None:
        """One more load."""
        with self._lock:
            self._loads += 1

    def evicted(self) -> None:
        """One more eviction."""
        with self._lock:
            self._evictions += 1

    def called(self, name: str, seconds: float) -> None:
        """One more answered call."""
        with self._lock:
            self._calls[name] += 1
            self._seconds.setdefault(name, deque(maxlen=KEPT_CALLS)).append(seconds)

    def stats(
        self,
        residents: Iterable[tuple[str, float, int, int]],
        budget_mb: float,
        charged_mb: float,
        peak_mb: float,
        waiting: int,
    ) -> HostStats:
        """The numbers; `residents` are (name, mb, users, queued)."""
        with self._lock:
            now = {row[0]: row for row in residents}
            names = [*now, *(name for name in self._calls if name not in now)]
            models = tuple(self._model(now.get(name, (name, 0.0, 0, 0))) for name in names)
            return HostStats(
                budget_mb, charged_mb, peak_mb, waiting, self._loads, self._evictions, models
            )

    def _model(self, row: tuple[str, float, int, int]) -> ModelStats:
        name = row[0]
        times = self._seconds.get(name, ())
        p50, p95 = (float(v) for v in np.percentile(times, (50, 95))) if times else (0.0, 0.0)
        return ModelStats(*row, self._calls[name], p50, p95)
