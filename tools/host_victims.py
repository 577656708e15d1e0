"""Who must leave so that another model fits: a choice among those on the account of memory.

Knows nothing of locks, of callers or of how a model is ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

SPARE = 0.2
"""What freeing as much as the whole budget beyond need is worth, in chances: the next to come may
have room then. Over simulated scripts (``evals/bench/pool_scripts.py``) this and `Habits` reloaded
1.1 times as often as the fewest possible, the longest unused first 1.4 times."""
MOST_WEIGHED = 12
"""Idle models among which the best choice is looked for; of more the least likely ones go."""
EPSILON_MB = 1e-6
"""One byte: sums of megabytes are floats."""
T = TypeVar("T")


@dataclass(eq=False)
class Entry(Generic[T]):
    """One model on the account."""

    name: str
    mb: float
    payload: T
    pins: int = 1
    """Calls and leases that use it now; it may leave at zero only."""
    used: int = 0
    """Logical time of the last use."""
    stuck: bool = False
    """It was given up while a call still runs: nobody knows when it ends."""


def total(entries: Iterable[Entry[T]]) -> float:
    """What they are charged together."""
    return sum(e.mb for e in entries)


def cheapest(
    idle: list[Entry[T]], need_mb: float, chances: Mapping[str, float], budget_mb: float
) -> tuple[Entry[T], ...] | None:
    """Those that free `need_mb` and are least likely to be wanted soon; None: all are too small.

    One large model that leaves is one load later, three small ones are three, so their chances to
    be wanted count together. Of those alike, that leaves which comes first in `idle`.
    """
    if need_mb <= EPSILON_MB:
        return ()
    if len(idle) > MOST_WEIGHED:
        return enough(sorted(idle, key=lambda e: chances[e.name]), need_mb)
    sets = (s for n in range(1, len(idle) + 1) for s in combinations(idle, n))
    fit = [s for s in sets if total(s) >= need_mb - EPSILON_MB]

    def loss(leaving: tuple[Entry[T], ...]) -> float:
        spare = (total(leaving) - need_mb) / budget_mb
        return sum(chances[e.name] for e in leaving) - SPARE * spare

    return min(fit, key=loss, default=None)


def enough(order: Iterable[Entry[T]], need_mb: float) -> tuple[Entry[T], ...] | None:
    """Of `order` the first that free `need_mb`, without those the rest can do without.

    () when nothing is needed, None when all together are too small.
    """
    taken: list[Entry[T]] = []
    for entry in order:
        if need_mb <= EPSILON_MB:
            break
        taken.append(entry)
        need_mb -= entry.mb
    if need_mb > EPSILON_MB:
        return None
    for entry in reversed(taken):
        if need_mb + entry.mb <= EPSILON_MB:
            taken.remove(entry)
            need_mb += entry.mb
    return tuple(taken)
