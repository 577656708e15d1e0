"""Rows of a table that was read: finding them by name, their amounts, their place.

Column names are those of ``read_fields``: ``kind``, ``label``, ``value``; any other table is
searched over all its cells. Knows nothing of pictures or OCR.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import numpy as np
from rapidfuzz import fuzz, utils

from tools.textkinds import fold
from tools.types import Boxes, Table

SURE = 84.0
"""Similarity (0–100) from which a label counts as the one that was asked for."""
SAME_WORD = 80.0
"""Similarity (0–100) from which two words may be one, misread or misspelt."""
AMOUNT = re.compile(
    r"(?P<sign>(?<![\w.,)])[-−]\s?(?:[$£€¥]|[A-Z]{2,3})?\s?)?"
    r"(?:(?P<grouped>(?<!\d)[1-9]\d{0,2}(?:[ ,.']\d{3})+)(?P<rest>[.,]\d{1,2})?(?!\d)"
    r"|(?P<plain>\d+(?:[.,]\d+)?|(?<![\w.,])[.,]\d+))"
)
OWED = re.compile(r"\W*\(\D*\d[\d,.' ]*[.,]\d\d\W*\)|[^-−]*[.,]\d\d\s?[-−]")
"""Amounts that bookkeepers and tills write as negative: "(4.20)", "4.20-"."""
COINS = re.compile(r"\d\s?(?:p|¢|cents?)\W*$", re.I)


def amount(text: str) -> float | None:
    """The last amount in a text, whichever mark divides its decimals; None without one.

    ``1.234,50`` and ``1,234.50`` are both 1234.5; one mark before three digits groups thousands,
    but not behind a zero (``0.125``) or four digits; ``40p`` is 0.4, ``-$3`` and ``(3.00)`` are -3.
    """
    found = list(AMOUNT.finditer(text))
    if not found:
        return None
    last = found[-1]
    grouped, rest = last["grouped"], last["rest"] or ""
    if grouped and not rest and {",", "."} <= set(grouped):
        cut = max(grouped.rfind("."), grouped.rfind(","))
        grouped, rest = grouped[:cut], grouped[cut:]
    number = re.sub(r"\D", "", grouped) + rest if grouped else last["plain"]
    value = float(number.replace(",", "."))
    if value == int(value) and not re.search(r"[.,]", number) and COINS.search(text):
        value /= 100
    return -value if last["sign"] or OWED.fullmatch(text.strip()) else value


def similarity(wanted: str, label: str) -> float:
    """0–100: how well `label` names `wanted`; word order, endings, accents and spaces aside."""
    a, b = _words(wanted), _words(label)
    if not a or not b:
        return 0.0
    joined = 0.0 if len(a) == len(b) else fuzz.ratio("".join(a), "".join(b))
    return float(max(joined, _cover(a, b)))


def _words(text: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", text.replace("&", " and "))
    plain = "".join(c for c in letters if not unicodedata.combining(c))
    return utils.default_process(plain).split()


def _cover(wanted: list[str], label: list[str]) -> float:
    """The mean of how well each wanted word is found among the label's words.

    A word that is not there at all is another thing's name, however well the others agree.
    """
    shares = [max(_word(w, other) for other in label) for w in wanted]
    missing = 4.0 * max(0, len(label) - len(wanted))
    score = sum(shares) / len(shares) - min(12.0, missing)
    return score if min(shares) >= SAME_WORD else min(score, SURE - 1)


def _word(wanted: str, other: str) -> float:
    if _endings(wanted) & _endings(other):
        return 100.0
    if min(len(wanted), len(other)) <= 3:
        return 0.0
    if wanted.isalpha() and fold(wanted) == fold(other):
        return 100.0
    return fuzz.ratio(wanted, other)


def _endings(word: str) -> set[str]:
    """A word and what it may be the plural of."""
    forms = {word}
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        forms.add(word[:-1])
        if word.endswith("es"):
            forms.add(word[:-2])
        if word.endswith("ies"):
            forms.add(word[:-3] + "y")
        if word.endswith("ves"):
            forms.update((word[:-3] + "f", word[:-3] + "fe"))
    return forms


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
