"""Scripts of calls on the pool, the fewest loads they need, and those that a rule of leaving needs.

``python -m evals.bench.pool_scripts`` runs every rule over every script on the host's own account
of memory, without models, and shows how often models come back, in times of the offline optimum.
The optimum is exact: every set of models that fits is followed through the whole script.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from evals.bench.table import show
from tools.host_victims import Entry, enough
from tools.ledger import Ledger

CALLS = 200
SEEDS = range(5)
SHARE = 0.5
"""Of what all the models declare together: the budget."""
CHAINS = (
    (9, ("dfine-large", "sam2-large")),
    (8, ("florence2-large-ft", "qwen3-vl-2b", "qwen3-vl-2b")),
    (7, ("grounding-dino-tiny", "sam2-large", "depth-anything-small")),
    (5, ("dfine-large", "florence2-large-ft", "qwen3-vl-2b")),
    (3, ("qwen3-vl-4b", "qwen3-vl-4b", "sam2-large")),
    (2, ("grounding-dino-tiny", "sam2-large", "sd15-inpaint", "sd15-inpaint")),
)
"""How often a kind of question is asked, and whom it takes."""


def runs(dice: random.Random, calls: int) -> list[str]:
    """Somebody asks the same of a few pictures, then something else."""
    return [name for _ in range(calls) for name in _chain(dice) * dice.randint(1, 4)]


def phases(dice: random.Random, calls: int) -> list[str]:
    """For a while most questions are of two kinds, then of two others."""
    said: list[str] = []
    usual = [_chain(dice), _chain(dice)]
    for _ in range(calls):
        if dice.random() < 1 / 12:
            usual = [_chain(dice), _chain(dice)]
        said += dice.choice(usual) if dice.random() < 0.85 else _chain(dice)
    return said


def people(dice: random.Random, calls: int) -> list[str]:
    """Two people at once, each like the one of `runs`: their calls are mixed."""
    left: list[list[str]] = [[], []]
    said = []
    for _ in range(calls):
        mine = dice.choice(left)
        if not mine:
            mine += _chain(dice) * dice.randint(1, 4)
        said.append(mine.pop(0))
    return said


def _chain(dice: random.Random) -> tuple[str, ...]:
    weights, chains = zip(*CHAINS, strict=True)
    (chain,) = dice.choices(chains, weights)
    return tuple(chain)


KINDS: dict[str, Callable[[random.Random, int], list[str]]] = {
    "runs": runs,
    "phases": phases,
    "people": people,
}
"""They make so many calls or more."""


def script(calls: int = CALLS, seed: int = 0, kind: str = "runs") -> list[str]:
    """Names of models in the order in which they are called."""
    return KINDS[kind](random.Random(seed), calls)[:calls]


def optimum(
    asked: Sequence[str],
    sizes: Mapping[str, float],
    budget_mb: float,
    declared: Mapping[str, float] | None = None,
) -> int:
    """The fewest loads that any way of evicting needs for these calls.

    Args:
        asked: the models in the order in which they are called.
        sizes: what each takes.
        budget_mb: what those in memory may take together.
        declared: what room is made for when a model comes for the first time, where that is more:
            nobody has measured it yet.
    """
    best: dict[frozenset[str], int] = {frozenset(): 0}
    known: set[str] = set()
    for name in asked:
        room = sizes[name]
        if declared is not None and name not in known:
            room = max(room, declared[name])
        known.add(name)
        after: dict[frozenset[str], int] = {}
        for held, loads in best.items():
            for kept in _kept(held, name, sizes, budget_mb - room):
                cost = loads + (name not in held)
                after[kept] = min(cost, after.get(kept, cost))
        best = after
    return min(best.values())


def _kept(
    held: frozenset[str], name: str, sizes: Mapping[str, float], left_mb: float
) -> list[frozenset[str]]:
    """What may be in memory after a call of `name`: nothing leaves that need not."""
    if name in held:
        return [held]
    fits = [
        frozenset(stay)
        for count in range(len(held) + 1)
        for stay in combinations(sorted(held), count)
        if sum(sizes[other] for other in stay) <= left_mb + 1e-6
    ]
    whole = [s for s in fits if not any(s < other for other in fits)]
    return [s | {name} for s in whole] or [frozenset({name})]


# --- rules of leaving ----------------------------------------------------------------------------


class Oldest(Ledger[str]):
    """The longest unused first."""

    def choose(
        self, idle: list[Entry[str]], need_mb: float, wanted: str = ""
    ) -> tuple[Entry[str], ...] | None:
        """In the order in which they were used."""
        return enough(idle, need_mb)


class Frequent(Ledger[str]):
    """Greedy-Dual-Size-Frequency: few calls for its size, and long ago, leaves first.

    Cherkasova, Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy,
    1998, with a cost of one for every load.
    """

    def __init__(self, budget_mb: float) -> None:
        super().__init__(budget_mb)
        self._calls: Counter[str] = Counter()
        self._worth: dict[str, float] = {}
        self._age = 0.0

    def called(self, name: str, mb: float) -> None:
        """A model is called."""
        self._calls[name] += 1
        self._worth[name] = self._age + self._calls[name] / mb

    def choose(
        self, idle: list[Entry[str]], need_mb: float, wanted: str = ""
    ) -> tuple[Entry[str], ...] | None:
        """In the order of their worth."""
        leaving = enough(sorted(idle, key=lambda e: self._worth[e.name]), need_mb)
        self._age = max([self._age, *(self._worth[e.name] for e in leaving or ())])
        return leaving


RULES: dict[str, type[Ledger[str]]] = {
    "longest unused": Oldest,
    "greedy-dual": Frequent,
    "the host's": Ledger,
}


def loads(
    asked: Sequence[str],
    sizes: Mapping[str, float],
    ledger: Ledger[str],
    declared: Mapping[str, float] | None = None,
) -> int:
    """How often models are loaded when these are called one after the other."""
    known: set[str] = set()
    count = 0
    for name in asked:
        mb = sizes[name] if declared is None or name in known else declared[name]
        known.add(name)
        entry, fresh = ledger.acquire(
            name, mb, lambda: "", evict=ledger.forget, check=_nothing, waiting=_nothing
        )
        if fresh and entry.mb != sizes[name]:
            for victim in ledger.recharge(entry, sizes[name]):
                ledger.forget(victim)
        if isinstance(ledger, Frequent):
            ledger.called(name, sizes[name])
        ledger.release(entry)
        count += fresh
    return count


def _nothing() -> None:
    pass


def reloads(kind: str, seed: int, sizes: Mapping[str, float], budget_mb: float) -> dict[str, int]:
    """How often models come back: of every rule, and the fewest possible, named ``optimum``."""
    asked = script(seed=seed, kind=kind)
    first = len(set(asked))
    counts = {name: loads(asked, sizes, rule(budget_mb)) for name, rule in RULES.items()}
    counts["optimum"] = optimum(asked, sizes, budget_mb)
    return {name: count - first for name, count in counts.items()}


def main() -> int:
    """Show reloads of every rule, script by script."""
    from evals.bench.forge import pool

    sizes = {name: model.memory_mb for name, model in pool().models.items()}
    budget = SHARE * sum(sizes.values())
    columns = ("script", "seed", *RULES, "optimum")
    rows: list[tuple[str, ...]] = []
    for kind in KINDS:
        whole: Counter[str] = Counter()
        for seed in SEEDS:
            counts = reloads(kind, seed, sizes, budget)
            whole.update(counts)
            rows.append((kind, str(seed), *(str(counts[name]) for name in columns[2:])))
        shares = (f"{whole[name] / max(1, whole['optimum']):.2f} ×" for name in columns[2:])
        rows.append((kind, "all", *shares))
    show(columns, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
