"""How a measurement is printed. Knows nothing of what was measured."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter


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
