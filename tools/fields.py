"""What a document says, as label–value pairs: dates, numbers, names, addresses, anything "A: b".

A value's label stands before it in its own text, in the cell to its left, or in the cell above;
a label's value likewise to the right or below. Works on ``layout.cell_rows``. Knows nothing of
pictures, nor of money (``tools/charges.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from tools.charges import Field, letters, part_box
from tools.layout import Cell, union
from tools.textkinds import is_name, kind_of, matches

Rows = Sequence[Sequence[Cell]]
FACTS = ("email", "url", "phone", "date", "time", "isbn", "distance", "plate")
"""Kinds that speak for themselves."""
_ID = re.compile(
    r"\b(?:inv(?:oice)?|receipt|rcpt|bill|slip|order|doc(?:ument)?|trans(?:action)?|trx|ref(?:erence)?|"
    r"ticket|check|cheque|chk|serial|account|acct|reg|waybill|tracking|cust(?:omer)?|gst|vat|tax|no|nr|id)\b",
    re.I,
)
_COLON = re.compile(
    r"(?P<label>[^\W\d_][\w .#/()&'-]{0,28}?)\s?[:：](?!//|\d\d\b)\s?"
    r"(?P<value>\S.*?)(?=\s[^\W\d_][\w.#/ ]{1,18}[:：]\s?\S|$)"
)
_NUMBERED = re.compile(
    r"((?:[^\W\d_][\w.-]*\s){0,2}(?:#|№|No\.?|Nr\.?|Num\.?|Number))\s?(\d[\d-]{2,})", re.I
)
_TITLE = re.compile(
    r"welcome|thank|invoice|receipt|tax\b|copy|duplicate|cash bill|\bgst\b|\bvat\b|customer|table|date|"
    r"please|open\b|^tel|^fax|order",
    re.I,
)
_FIRM = re.compile(
    r"\b(?:ltd|limited|inc|llc|gmbh|ag|co|corp|company|sdn|bhd|plc|s\.?a|b\.?v|group|studio)\b\.?",
    re.I,
)
_TRIM = " .:·…_*|"
MAX_LABEL = 30
"""Characters of a text that can still be a label."""


def fact_fields(rows: Rows) -> list[Field]:
    """Everything whose kind is plain from its characters, each with its label where it has one."""
    fields = []
    for k, row in enumerate(rows):
        for j, cell in enumerate(row):
            for found in sorted(matches(cell.text), key=lambda f: f.start):
                if found.kind not in FACTS or found.start < 0:
                    continue
                start, end = found.start, found.start + len(found.value)
                label, box = _label_of(rows, k, j, start, found.kind == "distance")
                place = part_box(cell, start, end)
                fields.append(Field(found.kind, label, found.value, box, place))
    return fields


def _label_of(
    rows: Rows, k: int, j: int, start: int, headed: bool
) -> tuple[str, np.ndarray | None]:
    """The label of what begins at `start` of cell `j` of row `k`, and its box."""
    cell = rows[k][j]
    before = [m for m in re.finditer(r"[^\W\d_][\w .#/()-]*?(?=\s*[:.]?\s*$)", cell.text[:start])]
    if before and letters(before[-1].group()) >= 2:
        words = before[-1]
        return words.group().strip(_TRIM), part_box(cell, words.start(), words.end())
    if j and _is_label(rows[k][j - 1].text):
        return rows[k][j - 1].text.strip(_TRIM), rows[k][j - 1].xyxy
    above = _neighbour(rows, k, j, -1)
    if above is not None and (headed or above.text.rstrip().endswith((":", "："))):
        if _is_label(above.text):
            return above.text.strip(_TRIM), above.xyxy
    return "", None


def _is_label(text: str) -> bool:
    return (
        letters(text) >= 2
        and len(text) <= MAX_LABEL
        and not kind_of(text) & {"email", "url", "phone", "date", "time", "distance", "amount"}
    )


def _neighbour(rows: Rows, k: int, j: int, step: int) -> Cell | None:
    """The cell of the row above (`step` −1) or below (1) that stands in line with this one."""
    if not 0 <= k + step < len(rows):
        return None
    x1, _, x2, _ = rows[k][j].place
    middle = (x1 + x2) / 2
    near = min(rows[k + step], key=lambda c: abs((c.place[0] + c.place[2]) / 2 - middle))
    overlap = min(near.place[2], x2) - max(near.place[0], x1)
    gap = abs(near.place[1] - rows[k][j].place[1])
    far = gap > 4 * max(near.height, rows[k][j].height)
    return None if far or overlap < 0.3 * min(near.place[2] - near.place[0], x2 - x1) else near


def pair_fields(rows: Rows, taken: set[int]) -> list[Field]:
    """Any other label with its value; rows `taken` by amounts are left out."""
    fields: list[Field] = []
    for k, row in enumerate(rows):
        if k not in taken:
            fields += _pairs_in(rows, k, row)
    return fields


def _pairs_in(rows: Rows, k: int, row: Sequence[Cell]) -> Iterator[Field]:
    skip = -1
    for j, cell in enumerate(row):
        if j == skip:
            continue
        follower = row[j + 1] if j + 1 < len(row) else None
        colon = cell.text.rstrip().endswith((":", "："))
        if follower and (colon or follower.text.startswith((":", "："))):
            yield _pair(cell.text, cell.xyxy, follower.text, follower.xyxy)
            skip = j + 1
        elif colon and (below := _neighbour(rows, k, j, 1)) is not None:
            yield _pair(cell.text, cell.xyxy, below.text, below.xyxy)
        elif inline := list(_COLON.finditer(cell.text)):
            for m in inline:
                boxes = (part_box(cell, *m.span("label")), part_box(cell, *m.span("value")))
                yield _pair(m["label"], boxes[0], m["value"], boxes[1])
        elif follower and len(row) == 2 and _is_label(cell.text) and _is_value(follower.text):
            yield _pair(cell.text, cell.xyxy, follower.text, follower.xyxy)
            skip = j + 1
        elif numbered := _NUMBERED.fullmatch(cell.text):
            boxes = (part_box(cell, *numbered.span(1)), part_box(cell, *numbered.span(2)))
            yield Field("id", numbered[1], numbered[2], *boxes)


def _is_value(text: str) -> bool:
    return any(c.isdigit() for c in text) and len(text) <= MAX_LABEL and letters(text) <= 6


def _pair(label: str, label_box: np.ndarray, value: str, value_box: np.ndarray) -> Field:
    label, value = label.strip(_TRIM + "："), value.strip(" :：|")
    is_id = bool(_ID.search(label)) and sum(c.isdigit() for c in value) >= 3
    return Field("id" if is_id else "pair", label, value, label_box, value_box)


def name_fields(rows: Rows, is_receipt: bool, first_sum: int) -> list[Field]:
    """The firm at the top of a receipt, or the name and firm on a card."""
    best: dict[str, tuple[float, Field]] = {}
    for k, row in enumerate(rows[: first_sum if is_receipt else len(rows)]):
        for cell in row:
            kind = _name_kind(cell.text, is_receipt)
            weight = cell.height * 0.85**k
            if kind and weight > best.get(kind, (0.0, None))[0]:
                best[kind] = (weight, Field(kind, "", cell.text, None, cell.xyxy))
    return [field for _, field in best.values()]


def _name_kind(text: str, is_receipt: bool) -> str:
    kinds = kind_of(text)
    plain = not kinds & {"street", "email", "url", "phone", "date", "time", "postcode", "amount"}
    if not plain or letters(text) < 3 or len(text) > 45 or letters(text) < 0.6 * len(text):
        return ""
    if is_receipt:
        return "" if _TITLE.search(text) else "merchant"
    if _FIRM.search(text):
        return "merchant"
    return "name" if is_name(text) and len(text.split()) <= 4 else ""


def address_fields(rows: Rows) -> list[Field]:
    """Postal addresses: neighbouring lines with a street and number or a postcode."""
    fields: list[Field] = []
    group: list[Cell] = []
    for k, row in enumerate(rows):
        lines = [cell for cell in row if _is_address(cell.text)]
        if lines:
            group += lines
            continue
        bridge = group and k + 1 < len(rows) and any(_is_address(c.text) for c in rows[k + 1])
        if bridge and len(row) == 1 and _is_plain(row[0].text):
            group.append(row[0])
        elif group:
            fields.append(_address(group))
            group = []
    return [*fields, _address(group)] if group else fields


def _is_address(text: str) -> bool:
    kinds = kind_of(text)
    if kinds & {"amount", "date", "email", "url"} or letters(text) < 3:
        return False
    numbered = any(c.isdigit() for c in text)
    return ("street" in kinds and (numbered or text.rstrip().endswith(","))) or (
        "postcode" in kinds and letters(text) >= 4
    )


def _is_plain(text: str) -> bool:
    return letters(text) >= 3 and not kind_of(text) & {"amount", "date", "email", "url", "phone"}


def _address(cells: Sequence[Cell]) -> Field:
    value = ", ".join(cell.text.strip(" ,") for cell in cells)
    return Field("address", "", value, None, union(np.array([c.xyxy for c in cells])))
