"""Which tools a planner is offered: those that can fire with what is held, now or soon.

Knows nothing of planners, nor of which handles the artefacts have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tools.catalog import ToolSpec
from tools.graph import ToolGraph
from tools.types import Artefact


class Offers:
    """The offers of one tool graph, each worked out once."""

    def __init__(self, graph: ToolGraph) -> None:
        self._graph = graph
        self._known: dict[frozenset[Any], Sequence[ToolSpec]] = {}
        """By the classes of what is held: which tools are ready does not change meanwhile."""

    def now(self, kinds: Mapping[str, type[Artefact]]) -> Sequence[ToolSpec]:
        """The tools that can fire; no tool wants more than a few artefacts of one class."""
        held = Counter(kinds.values())
        some = frozenset((kind, min(n, 3)) for kind, n in held.items())
        if some not in self._known:
            self._known[some] = self._graph.offer([k for k, n in some for _ in range(n)])
        return self._known[some]

    def soon(self, kinds: Mapping[str, type[Artefact]]) -> Sequence[ToolSpec]:
        """The tools that can fire now, and those that can on their results, and so on."""
        held = frozenset(kinds.values())
        if held not in self._known:
            known: frozenset[type] = frozenset()
            reach: frozenset[type] = held
            while known != reach:
                known = reach
                reach |= {spec.returns for spec in self._graph.offer(known)}
            self._known[held] = self._graph.offer(reach)
        return self._known[held]
