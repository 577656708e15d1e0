"""The money on a receipt or menu: which label belongs to which amount, and what it means.

Labels stand left of their amounts, or alone on the line above them; a line may hold several
label–amount pairs. Works on ``layout.cell_rows``. Knows nothing of pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.layout import Cell, union
from tools.money import Charge, Money, amounts, label_kind, pick_total
from tools.types import Float

SUMS = ("total", "subtotal", "tax", "change", "cash", "balance")
"""Kinds that close the list of items."""
REACH = 2.5
"""Heights of lettering between an amount and a label on the line above."""
APART = 1.2
"""How many times farther than usual a heading stands from the first line under it."""
_TRIM = " .:·…_-–—*'\"=|"
_QUANTITY = re.compile(
    r"^\d+(?:[.,]\d+)?\s?[xX×@]\s?|\s\d+\s?[xX×]?$|^\d+\s(?=[A-Za-z])|\s?[xX×@]$"
)


@dataclass(frozen=True, eq=False)
class Field:
    """One thing a document says."""

    kind: str
    label: str
    value: str
    label_box: Float | None
    """(4,) root pixels; None where the label is not in the picture."""
    value_box: Float
    """(4,) root pixels."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A label and the amounts to its right."""

    row: int
    """Which visual row it stands on."""
    label: str
    label_box: Float | None
    amounts: tuple[Money, ...]
    value_box: Float
    height: float


def letters(text: str) -> int:
    """How many letters `text` has."""
    return sum(c.isalpha() for c in text)


def part_box(cell: Cell, start: int, end: int) -> Float:
    """Where characters `start` to `end` of a cell stand: its box, cut along its longer side."""
    box, n = cell.xyxy.copy(), max(len(cell.text), 1)
    axis = 0 if box[2] - box[0] >= box[3] - box[1] else 1
    low, size = float(box[axis]), float(box[axis + 2] - box[axis])
    box[axis], box[axis + 2] = low + size * start / n, low + size * min(end, n) / n
    return box


def money_fields(rows: Sequence[Sequence[Cell]]) -> tuple[list[Field], set[int]]:
    """Fields of all amounts in reading order, and the rows that they were taken from."""
    entries = [entry for k in range(len(rows)) for entry in _all_entries(k, rows)]
    entries, used = _with_labels_above(entries, rows)
    charges = [Charge(e.label, e.amounts, label_kind(e.label)) for e in entries]
    total = pick_total(charges)
    closed = next((e.row for e, c in zip(entries, charges, strict=True) if c.kind in SUMS), None)
    fields = []
    for k, (entry, charge) in enumerate(zip(entries, charges, strict=True)):
        kind = _kind(entry, charge, k == total, closed)
        label = _QUANTITY.sub("", entry.label).strip(_TRIM) if kind == "item" else entry.label
        value = entry.amounts[-1].text
        fields.append(Field(kind, label or entry.label, value, entry.label_box, entry.value_box))
    if closed is None:
        fields += _sections(rows, entries, used)
    return fields, used | {entry.row for entry in entries}


def _kind(entry: Entry, charge: Charge, is_total: bool, closed: int | None) -> str:
    if is_total:
        return "total"
    if charge.kind and charge.kind != "total":
        return charge.kind
    if letters(entry.label) < 2:
        return "amount"
    if charge.kind == "" and (closed is None or entry.row < closed):
        return "item"
    return "pair"


def _all_entries(k: int, rows: Sequence[Sequence[Cell]]) -> Iterator[Entry]:
    """The entries of row `k`; price tags side by side, each under its own name, one by one."""
    row, above = rows[k], rows[k - 1] if k else []
    tags = len(row) >= 2 and len(above) == len(row)
    if tags and all(
        letters(name.text) >= 3
        and not amounts(name.text)
        and len(amounts(tag.text)) == 1
        and letters(tag.text) <= 1
        and _in_line(name, tag.xyxy)
        for name, tag in zip(above, row, strict=True)
    ):
        for cell in row:
            yield from _entries(k, [cell])
    else:
        yield from _entries(k, row)


def _entries(k: int, row: Sequence[Cell]) -> Iterator[Entry]:
    """Label–amount pairs on one row, left to right; "$5 US  $7 CDN" has its labels behind."""
    entry: Entry | None = None
    words: list[tuple[str, Float]] = []
    for cell in row:
        cut = 0
        for money in amounts(cell.text):
            words += _words(cell, cut, money.start)
            box = part_box(cell, money.start, money.end)
            said = letters(" ".join(word for word, _ in words))
            if entry is not None and letters(entry.label) < 2 <= said:
                yield _relabelled(entry, words)
                entry, words = None, []
            elif entry is not None and said >= 3:
                yield entry
                entry = None
            if entry is None:
                entry = _entry(k, words, money, box, cell.height)
            else:
                entry = replace(entry, amounts=(*entry.amounts, money), value_box=box)
            words, cut = [], money.end
        words += _words(cell, cut, len(cell.text))
    if entry is not None:
        bare = not any(c.isdigit() for c in entry.label) and letters(entry.label) < 2
        yield _relabelled(entry, words) if bare and words else entry


def _relabelled(entry: Entry, words: list[tuple[str, Float]]) -> Entry:
    label = " ".join(word for word, _ in words)
    return replace(entry, label=label, label_box=union(np.array([place for _, place in words])))


def _words(cell: Cell, start: int, end: int) -> list[tuple[str, Float]]:
    text = cell.text[start:end].strip(_TRIM)
    return [(text, part_box(cell, start, end))] if any(c.isalnum() for c in text) else []


def _entry(
    k: int, words: list[tuple[str, Float]], money: Money, box: Float, height: float
) -> Entry:
    label = " ".join(word for word, _ in words)
    label_box = union(np.array([place for _, place in words])) if words else None
    return Entry(k, label, label_box, (money,), box, height)


def _with_labels_above(
    entries: list[Entry], rows: Sequence[Sequence[Cell]]
) -> tuple[list[Entry], set[int]]:
    """Entries with no name of their own take the one on the row above (or, for sums, below)."""
    priced, used, named = {e.row for e in entries}, set[int](), []
    for entry in entries:
        alone = sum(e.row == entry.row for e in entries) == 1
        for k in (entry.row - 1, entry.row + 1):
            if letters(entry.label) >= 3 or k in priced or not 0 <= k < len(rows):
                continue
            if alone and k in used:
                continue
            found = _label_at(rows, k, entry, alone)
            if found is not None:
                own = f" {entry.label}" if letters(entry.label) >= 2 else ""
                entry = replace(entry, label=found[0] + own, label_box=found[1])
                used.add(k)
        named.append(entry)
    return named, used


def _label_at(
    rows: Sequence[Sequence[Cell]], k: int, entry: Entry, alone: bool
) -> tuple[str, Float] | None:
    """The label that row `k` gives an amount: all of it, or the cell in line with the amount."""
    heads = [cell for cell in rows[k] if letters(cell.text) >= 2]
    cells = list(rows[k])
    if len(heads) > 1 and (len(rows[entry.row]) > 1 or not alone):
        cells = [cell for cell in heads if _in_line(cell, entry.value_box)]
        if k > entry.row or len(cells) != 1 or len(heads) != len(rows[entry.row]):
            return None
    text = " ".join(cell.text for cell in cells).strip(_TRIM)
    if letters(text) < 3 or not _near(cells, rows[entry.row]):
        return None
    if k > entry.row and not label_kind(text):
        return None
    return text, union(np.array([cell.xyxy for cell in cells]))


def _in_line(cell: Cell, box: Float) -> bool:
    """Whether a cell stands right above or below a box."""
    shared = min(float(cell.xyxy[2]), float(box[2])) - max(float(cell.xyxy[0]), float(box[0]))
    return shared >= 0.5 * min(float(cell.xyxy[2] - cell.xyxy[0]), float(box[2] - box[0]))


def _near(label: Sequence[Cell], amount: Sequence[Cell]) -> bool:
    above, below = sorted(
        (union(np.array([c.place for c in row])) for row in (label, amount)), key=lambda b: b[1]
    )
    height = max(cell.height for cell in (*label, *amount))
    return bool(below[1] - above[3] <= (REACH - 1) * height)


def _sections(
    rows: Sequence[Sequence[Cell]], entries: Sequence[Entry], used: set[int]
) -> Iterator[Field]:
    """Headings of a menu: short lines without an amount right above a line with one."""
    priced = {entry.row for entry in entries}
    pitch = [_pitch(rows, k) for k in priced if k + 1 in priced]
    usual = float(np.median(pitch)) if pitch else np.inf
    for k, row in enumerate(rows[:-1]):
        text = " ".join(cell.text for cell in row)
        if k + 1 not in priced or k in priced | used or not 3 <= letters(text) <= 30:
            continue
        below = max(cell.height for cell in rows[k + 1])
        size = max(cell.height for cell in row)
        apart = len(row) == 1 and size >= below and _pitch(rows, k) > APART * usual
        if text.isupper() or size > 1.15 * below or apart:
            yield Field("section", "section", text, None, union(np.array([c.xyxy for c in row])))


def _pitch(rows: Sequence[Sequence[Cell]], k: int) -> float:
    """From row `k` to the next, top to top."""
    return float(min(c.place[1] for c in rows[k + 1]) - min(c.place[1] for c in rows[k]))
