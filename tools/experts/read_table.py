"""Rows and columns of text that stands in a grid: price lists, menus, timetables, forms.

Columns are the strips that no row crosses; a line close under another continues its cells. Knows
nothing of pictures: it is given text that was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.catalog import tool
from tools.charges import part_box
from tools.context import ToolContext
from tools.layout import Cell, cell_rows, union
from tools.money import amounts
from tools.types import Float, Table, TextSpans

CROSSED = 0.2
"""Share of the rows that may cross the strip between two columns (titles, long notes)."""
FULL = 0.6
"""Share of the longest row's cells from which a row has a say in where columns are."""
CLOSE = 0.6
"""A line nearer to the one above than this share of the usual distance continues it."""


@dataclass(frozen=True, eq=False)
class Slot:
    """One cell of the grid."""

    text: str
    box: Float | None


EMPTY = Slot("", None)


@tool(
    verbs=("tabulate", "extract", "list"),
    nouns=("table", "grid", "row", "column", "timetable", "spreadsheet", "price list", "schedule"),
)
def read_table(ctx: ToolContext, text: TextSpans) -> Table:
    """Arrange text that was read as a table, by alignment in rows and columns.

    The first row becomes the header where it looks like one. Text that is no grid gives one column.
    """
    rows = _with_prices_apart(cell_rows(text))
    edges = _edges(rows)
    grid = [_slots(row, edges) for row in _merged_rows(rows, edges)]
    head = _header_row(grid)
    if head is None:
        names = tuple(f"column {k + 1}" for k in range(len(edges) + 1)) if edges else ("text",)
    else:
        names = _unique([slot.text for slot in grid[head]])
        grid = grid[head + 1 :]
    cells = np.full((len(grid), len(names), 4), np.nan, np.float32)
    for r, line in enumerate(grid):
        for c, slot in enumerate(line):
            if slot.box is not None:
                cells[r, c] = slot.box
    return Table(names, tuple(tuple(s.text for s in line) for line in grid), text.frame, cells)


def _with_prices_apart(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Where most lines end in a price, the price becomes a cell of its own."""
    ends = [bool(found) and found[-1].end >= len(row[-1].text) - 2
            for row in rows for found in [amounts(row[-1].text)]]  # fmt: skip
    if sum(ends) * 2 < len(rows) or not rows:
        return rows
    right = max(float(cell.place[2]) for row in rows for cell in row)
    return [
        [*row[:-1], *_split_price(row[-1], right)] if end else row
        for row, end in zip(rows, ends, strict=True)
    ]


def _split_price(cell: Cell, right_px: float) -> list[Cell]:
    """Name and price, the price set in a strip of its own at the right."""
    start = amounts(cell.text)[-1].start
    name, price = cell.text[:start].rstrip(" .·…_"), cell.text[start:]
    strip = np.array([right_px + 1, cell.place[1], right_px + 2, cell.place[3]], np.float32)
    end = len(cell.text)
    last = replace(cell, text=price, xyxy=part_box(cell, start, end), place=strip)
    if not any(ch.isalnum() for ch in name):
        return [last]
    left = cell.place.copy()
    left[2] = cell.place[0] + start / end * (cell.place[2] - cell.place[0])
    return [replace(cell, text=name, xyxy=part_box(cell, 0, start), place=left), last]


def _edges(rows: Sequence[Sequence[Cell]]) -> list[float]:
    """The x (upright frame) of the strips that part columns, left to right."""
    most = max((len(row) for row in rows), default=0)
    wide = [row for row in rows if len(row) >= max(2.0, FULL * most)]
    if len(wide) < 2:
        return []
    stops = sorted({float(c.place[s]) for row in wide for c in row for s in (0, 2)})
    allowed = CROSSED * len(wide)
    strips: list[list[float]] = []
    for low, high in zip(stops, stops[1:], strict=False):
        middle = (low + high) / 2
        crossed = sum(any(c.place[0] < middle < c.place[2] for c in row) for row in wide)
        if crossed > allowed:
            continue
        if strips and strips[-1][1] == low:
            strips[-1][1] = high
        else:
            strips.append([low, high])
    edges = [(low + high) / 2 for low, high in strips]
    return [x for x in edges if sum(_parts(row, x) for row in wide) >= 2]


def _parts(row: Sequence[Cell], x: float) -> bool:
    """Whether cells of `row` stand on both sides of `x`."""
    middles = [(c.place[0] + c.place[2]) / 2 for c in row]
    return bool(min(middles) < x < max(middles))


def _column(cell: Cell, edges: Sequence[float]) -> int:
    middle = float(cell.place[0] + cell.place[2]) / 2
    return int(np.searchsorted(np.asarray(edges), middle))


def _merged_rows(rows: Sequence[list[Cell]], edges: Sequence[float]) -> list[list[Cell]]:
    """Rows, those that continue the row above joined to it."""
    tops = [float(np.mean([c.place[1] for c in row])) for row in rows]
    usual = float(np.median(np.diff(tops))) if len(tops) > 2 else 0.0
    merged: list[list[Cell]] = []
    for k, row in enumerate(rows):
        columns = {_column(cell, edges) for cell in row}
        near = k > 0 and tops[k] - tops[k - 1] < CLOSE * usual
        if merged and near and edges and len(columns) <= len(edges):
            merged[-1] = [*merged[-1], *row]
        else:
            merged.append(list(row))
    return merged


def _slots(row: Sequence[Cell], edges: Sequence[float]) -> list[Slot]:
    slots = []
    for column in range(len(edges) + 1):
        inside = [cell for cell in row if _column(cell, edges) == column]
        slots.append(
            Slot(" ".join(c.text for c in inside), union(np.array([c.xyxy for c in inside])))
            if inside
            else EMPTY
        )
    return slots


def _header_row(grid: Sequence[Sequence[Slot]]) -> int | None:
    """The first full row of words that stands above numbers."""
    for k, line in enumerate(grid[:-1]):
        filled = [c for c, slot in enumerate(line) if slot.text]
        if len(filled) < 2 or len(filled) < 0.6 * len(line):
            continue
        if any(ch.isdigit() for c in filled for ch in line[c].text):
            return None
        below = [row[c].text for row in grid[k + 1 :] for c in filled[1:] if row[c].text]
        numeric = sum(any(ch.isdigit() for ch in text) for text in below)
        return k if below and numeric * 2 >= len(below) else None
    return None


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names for all columns, no two alike."""
    made: list[str] = []
    for k, name in enumerate(names):
        base = name or f"column {k + 1}"
        twins = sum(other == base or other.startswith(f"{base} (") for other in made)
        made.append(f"{base} ({twins + 1})" if twins else base)
    return tuple(made)
