"""The search for the shortest chain of tools from what is held to what is wanted.

A state is the set of classes held, the results nobody has used yet, and how many of the demanded
tools are behind. Every result must be used, so a chain has no loose ends. Knows nothing of
handles, plans or running tools.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tools.catalog import Param, ToolSpec
from tools.types import ARTEFACTS

DEPTH = 8
"""Longest chain that is looked for, beyond the tools that are demanded."""
STATES = 20_000
"""After so many the search stops: a guard, chains that people ask for take some dozens."""
Chain = tuple[ToolSpec, ...]
Cost = tuple[int, int]
"""Tools, and how many of them edit."""
_Names = tuple[str, ...]


@dataclass(frozen=True)
class _State:
    held: frozenset[type]
    unused: frozenset[type]
    """Results no later tool has taken."""
    passed: int = 0
    """How many of the demanded tools are behind."""
    last: type | None = None
    """The class of the last result."""


def passes_on(spec: ToolSpec) -> Param | None:
    """The parameter whose class the result has, where `spec` only chooses among what it is given.

    That is so when it returns an abstract class, as ``pick(things: Placed) -> Placed`` does.
    """
    if spec.returns in ARTEFACTS:
        return None
    own = [p for p in spec.params.values() if p.required and p.type is spec.returns]
    return own[0] if own else None


def chains(
    tools: Sequence[ToolSpec],
    held: Iterable[type],
    wanted: type,
    *,
    via: Sequence[str] = (),
    depth: int = DEPTH,
    most: int = 1,
) -> list[Chain]:
    """Up to `most` different cheapest chains, by number of tools, then of edits, then by name.

    Chains of the same tools in another order count as one.
    """
    start = _State(frozenset(held), frozenset())
    if not via and any(issubclass(kind, wanted) for kind in start.held):
        return [()]
    goal = _Goal(tools, wanted, via)
    if not goal.is_possible(start.held):
        return []
    # A* search: the queue is ordered by the cost so far and the least that is still to come.
    order, found = count(), _Found(most)
    queue: list[tuple[Cost, int, _State, Chain]] = [((0, 0), next(order), start, ())]
    seen: dict[_State, tuple[Cost, set[_Names]]] = {}
    while queue and len(seen) < STATES:
        cost, _, state, chain = heapq.heappop(queue)
        if found.closed(cost):
            break
        if goal.is_met(state):
            found.add(cost, chain)
            continue
        best, ways = seen.setdefault(state, (cost, set()))
        names = _names(chain)
        if cost > best or names in ways or len(ways) >= most or len(chain) >= depth + len(via):
            continue
        ways.add(names)
        edits = cost[1]
        for spec in goal.tools:
            for after in _steps(spec, state, via):
                total = len(chain) + 1 + goal.least(after)
                price = (total, edits + (spec.effect == "edit"))
                heapq.heappush(queue, (price, next(order), after, (*chain, spec)))
    return found.chains


class _Goal:
    """What the end must be, and how far a state is from it at least."""

    def __init__(self, tools: Sequence[ToolSpec], wanted: type, via: Sequence[str]) -> None:
        self.tools = sorted(tools, key=lambda s: (s.effect == "edit", s.name))
        self._wanted = wanted
        named = {s.name: s for s in tools}
        self._via = [named[name] for name in via if name in named]
        self._known = len(self._via) == len(via)

    def is_possible(self, held: frozenset[type]) -> bool:
        """Whether every demanded tool could fire in the end, and its result lead to the wanted."""
        can = _reachable(self.tools, held)
        fire = all(any(p.takes(k) for k in can) for s in self._via for p in required(s))
        if not (self._known and fire and any(issubclass(k, self._wanted) for k in can)):
            return False
        return all(self._leads(_results(spec, can)) for spec in self._via)

    def is_met(self, state: _State) -> bool:
        """Whether the last result is the wanted one and nothing is left unused."""
        return (
            state.last is not None
            and issubclass(state.last, self._wanted)
            and state.passed == len(self._via)
            and state.unused == {state.last}
        )

    def least(self, state: _State) -> int:
        """Tools that are still needed at the very least."""
        ahead = self._via[state.passed :]
        if not ahead:
            return 0 if self.is_met(state) else 1
        there = {*state.held, *(s.returns for s in ahead)}
        lacks = any(not any(p.takes(k) for k in there) for s in ahead for p in required(s))
        last = ahead[-1]
        ends = passes_on(last) is not None or issubclass(last.returns, self._wanted)
        return len(ahead) + lacks + (not ends)

    def _leads(self, kinds: frozenset[type]) -> bool:
        """Whether one of `kinds` can be turned into the wanted, optional inputs included."""
        while not any(issubclass(k, self._wanted) for k in kinds):
            more = kinds.union(
                *(
                    _results(s, kinds)
                    for s in self.tools
                    if any(p.takes(k) for p in s.params.values() for k in kinds)
                )
            )
            if more == kinds:
                return False
            kinds = more
        return True


class _Found:
    """The cheapest chains so far."""

    def __init__(self, most: int) -> None:
        self.chains: list[Chain] = []
        self._most = most
        self._cost: Cost | None = None
        self._known: set[_Names] = set()

    def closed(self, cost: Cost) -> bool:
        """Whether nothing of this cost is wanted any more."""
        return self._cost is not None and (cost > self._cost or len(self.chains) >= self._most)

    def add(self, cost: Cost, chain: Chain) -> None:
        if (names := _names(chain)) not in self._known:
            self._known.add(names)
            self.chains.append(chain)
            self._cost = cost


def required(spec: ToolSpec) -> list[Param]:
    """The artefacts that `spec` cannot do without."""
    return [p for p in spec.params.values() if p.required and p.is_artefact]


def _results(spec: ToolSpec, held: frozenset[type]) -> frozenset[type]:
    """What `spec` can give: one class, or those of what it hands on."""
    handed = passes_on(spec)
    if handed is None:
        return frozenset({spec.returns})
    return frozenset(kind for kind in held if handed.takes(kind))


def _reachable(tools: Sequence[ToolSpec], held: frozenset[type]) -> frozenset[type]:
    """Everything that can be had from `held`."""
    while True:
        more = held.union(
            *(
                _results(s, held)
                for s in tools
                if all(any(p.takes(k) for k in held) for p in required(s))
            )
        )
        if more == held:
            return held
        held = more


def _names(chain: Chain) -> _Names:
    return tuple(sorted(s.name for s in chain))


def _steps(spec: ToolSpec, state: _State, via: Sequence[str]) -> Iterator[_State]:
    """The states after `spec`: one, or one per class where it hands on what it is given."""
    if not all(any(p.takes(kind) for kind in state.held) for p in required(spec)):
        return
    params = [p for p in spec.params.values() if p.is_artefact]
    ahead = state.passed < len(via) and via[state.passed] == spec.name
    passed = state.passed + ahead
    handed = passes_on(spec)
    for result in sorted(_results(spec, state.held), key=lambda k: k.__name__):
        fixed = {} if handed is None else {handed.name: result}
        taken = _taken(params, state.unused, fixed)
        if not ahead and not taken and result in state.held:
            continue  # it brings nothing that is not there
        unused = (state.unused - taken) | {result}
        yield _State(state.held | {result}, unused, passed, result)


def _taken(
    params: Sequence[Param], unused: frozenset[type], fixed: dict[str, type]
) -> frozenset[type]:
    """The unused results that find a parameter of their own, required ones first."""
    seats = sorted((p for p in params if p.name not in fixed), key=lambda p: not p.required)
    sitting: dict[str, type] = {}

    def seat(kind: type, tried: set[str]) -> bool:
        for param in seats:
            if not param.takes(kind) or param.name in tried:
                continue
            tried.add(param.name)
            if param.name not in sitting or seat(sitting[param.name], tried):
                sitting[param.name] = kind
                return True
        return False

    rest = sorted(unused - set(fixed.values()), key=lambda k: k.__name__)
    return frozenset(k for k in rest if seat(k, set())) | (unused & set(fixed.values()))
