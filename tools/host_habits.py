"""Which models are likely to be called soon, learned from the order of the calls so far.

Chains repeat: what came after a model is likely to come after it again. Where little is known yet,
what was used of late is likely to be used again. Knows nothing of sizes or of memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

REMEMBERED = 512
"""Calls, those of one model in a row counted once."""
PATIENCE = 0.8
"""Worth of a call that is one further off, of the one before it."""
PRIOR = 4.0
"""How many occasions the time unused weighs as much as."""
FADING = 0.4
"""How fast the chance of being wanted falls with the time unused."""


class Habits:
    """The order of calls. Not thread-safe; constants as they did best in simulated scripts."""

    def __init__(self) -> None:
        self._order: deque[str] = deque(maxlen=REMEMBERED)
        self._clock = 0
        self._last: dict[str, int] = {}

    def called(self, name: str) -> None:
        """A model is called now."""
        self._clock += 1
        self._last[name] = self._clock
        if not self._order or self._order[-1] != name:
            self._order.append(name)

    def chances(self, names: Iterable[str], now: str = "") -> dict[str, float]:
        """How likely each model is to be wanted soon, 0..1.

        Args:
            names: which models.
            now: the model that is about to be called; '' for the last one that was.
        """
        order = list(self._order)
        if now and order[-1:] != [now]:
            order.append(now)
        occasions, soon = _after_the_last(order)
        chances = {}
        for name in names:
            unused = self._clock - self._last.get(name, 0) + 1
            weight = soon.get(name, 0.0) + PRIOR * unused**-FADING
            chances[name] = weight / (occasions + PRIOR)
        return chances


def _after_the_last(order: list[str]) -> tuple[int, dict[str, float]]:
    """How often the last of `order` came before, and how soon each model followed, added up."""
    next_at: dict[str, int] = {}
    soon: dict[str, float] = {}
    occasions = 0
    for i in range(len(order) - 1, -1, -1):
        if order[i] == order[-1] and i < len(order) - 1:
            occasions += 1
            for name, at in next_at.items():
                soon[name] = soon.get(name, 0.0) + PATIENCE ** (at - i - 1)
        next_at[order[i]] = i
    return occasions, soon
