"""How a measurement is printed. Knows nothing of what was measured."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Measured:
    """One number and what is asked of it."""

    name: str
    value: float | None
    """None where it could not be measured; `note` says why."""
    unit: str = ""
    limit: float | None = None
    at_most: bool = True
    """Whether `limit` is the largest that is allowed, not the smallest."""
    note: str = ""

    @property
    def within(self) -> bool | None:
        """Whether it keeps its limit; None where there is none, or nothing was measured."""
        if self.value is None or self.limit is None:
            return None
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """Name, number, limit and verdict, and remark, as they are shown."""
        value = "not measured" if self.value is None else f"{self.value:.4g} {self.unit}".strip()
        limit = verdict = ""
        if self.limit is not None:
            limit = f"{'at most' if self.at_most else 'at least'} {self.limit:.4g}"
            verdict = {True: ": within", False: ": MISSED", None: ""}[self.within]
        return self.name, value, limit + verdict, self.note

    def record(self) -> dict[str, Any]:
        """As it is written down."""
        return asdict(self) | {"within": self.within}


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def show(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """An aligned table on stdout."""
    every = [columns, *rows]
    wide = [max(len(row[n]) for row in every) for n in range(len(columns))]
    for row in every:
        cells = [row[0].ljust(wide[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], wide[1:], strict=True)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def wall_seconds(work: Callable[[], object], repeats: int) -> float:
    """The median of some runs."""

    def once() -> float:
        start = perf_counter()
        work()
        return perf_counter() - start

    return median(once() for _ in range(repeats))
