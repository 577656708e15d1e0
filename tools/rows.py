"""Rows of a table that was read: finding them by name, their amounts, their place.

Column names are those of ``read_fields``: ``kind``, ``label``, ``value``; any other table is
searched over all its cells. Knows nothing of pictures or OCR.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from rapidfuzz import fuzz, utils

from tools.types import Boxes, Table

SURE = 84.0
"""Similarity (0–100) from which a label counts as the one that was asked for."""
AMOUNT = re.compile(r"[-−]?\d{1,3}(?:[ ,.']\d{3})*(?:[.,]\d{1,2})?(?!\d)|[-−]?\d+(?:[.,]\d+)?")


def amount(text: str) -> float | None:
    """The last amount in a text, whichever mark divides its decimals; None without one.

    ``1.234,50`` and ``1,234.50`` are both 1234.5; one mark before three digits groups thousands;
    ``40p`` is 0.4.
    """
    found = AMOUNT.findall(text)
    if not found:
        return None
    digits = found[-1].replace("−", "-").replace(" ", "").replace("'", "")
    marks = [c for c in digits if c in ".,"]
    if len(set(marks)) == 2:
        last = max(digits.rfind("."), digits.rfind(","))
        whole, decimals = digits[:last], digits[last + 1 :]
    elif len(marks) == 1 and len(digits) - max(digits.rfind("."), digits.rfind(",")) - 1 != 3:
        whole, decimals = re.split(r"[.,]", digits)
    else:
        whole, decimals = digits, ""
    number = re.sub(r"[.,]", "", whole) + (f".{decimals}" if decimals else "")
    if number in ("", "-"):
        return None
    coins = not decimals and re.search(r"\d\s?(?:p|¢|cents?)\W*$", text)
    return float(number) / (100 if coins else 1)


def similarity(wanted: str, label: str) -> float:
    """0–100: how well `label` names `wanted`, word order and endings aside."""
    a, b = (_words(t) for t in (wanted, label))
    if not a or not b:
        return 0.0
    joined = fuzz.ratio(a.replace(" ", ""), b.replace(" ", ""))
    return float(max(joined, fuzz.token_sort_ratio(a, b), _cover(a.split(), b.split())))


def _words(text: str) -> str:
    return " ".join(utils.default_process(text).split())


def _cover(wanted: list[str], label: list[str]) -> float:
    """The mean of how well each wanted word is found among the label's words."""
    shares = [max(_word(w, other) for other in label) for w in wanted]
    missing = 4.0 * max(0, len(label) - len(wanted))
    return sum(shares) / len(shares) - min(12.0, missing)


def _word(wanted: str, other: str) -> float:
    if min(len(wanted), len(other)) <= 3:
        return 100.0 if wanted.rstrip("s") == other.rstrip("s") else 0.0
    return fuzz.ratio(wanted.rstrip("s"), other.rstrip("s"))


def score_row(row: Mapping[str, str], label: str) -> float:
    """0–100: how well a row is named by `label`."""
    cells = [row["label"]] if "label" in row else list(row.values())
    return max((similarity(label, cell) for cell in cells), default=0.0)


def row_amount(row: Mapping[str, str]) -> float | None:
    """The amount a row holds: of its value, else of its last cell that has one."""
    cells = [row["value"]] if "value" in row else list(reversed(list(row.values())))
    return next((a for a in map(amount, cells) if a is not None), None)


def keep_rows(table: Table, rows: list[int]) -> Table:
    """The rows of a table, in this order, with their cells."""
    cells = None if table.cells is None else table.cells[np.asarray(rows, np.intp)]
    return Table(table.columns, tuple(table.rows[r] for r in rows), table.frame, cells)


def row_places(table: Table) -> Boxes | None:
    """One box a row, around all of its cells; None where the table has no place."""
    if table.frame is None or table.cells is None:
        return None
    places, labels = [], []
    for cells, row in zip(table.cells, table.rows, strict=True):
        placed = cells[~np.isnan(cells).any(axis=1)]
        if len(placed):
            places.append((*placed[:, :2].min(axis=0), *placed[:, 2:].max(axis=0)))
            labels.append(" ".join(c for c in row[-2:] if c))
    xyxy = np.asarray(places, np.float32).reshape(-1, 4)
    return Boxes(table.frame, xyxy, tuple(labels), np.ones(len(labels), np.float32))
