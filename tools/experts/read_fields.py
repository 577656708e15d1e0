"""Label–value pairs of receipts, menus, cards, forms and signs, by layout.

Knows nothing of pictures: it is given text that was read.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from tools.catalog import tool
from tools.charges import SUMS, Field, money_fields
from tools.context import ToolContext
from tools.fields import address_fields, fact_fields, name_fields, pair_fields
from tools.layout import Cell, cell_rows
from tools.money import label_kind
from tools.types import Table, TextSpans

Kind = Literal[
    "total", "subtotal", "tax", "change", "cash", "discount", "balance", "amount", "item",
    "section", "merchant", "name", "address", "date", "time", "email", "phone", "url", "plate",
    "isbn", "postcode", "distance", "number", "id", "pair",
]  # fmt: skip
"""``total`` what had to be paid, at most one · ``cash`` the amount tendered · ``item`` a name and
its price · ``section`` a heading over items · ``amount`` money without a label · ``id`` number of
an invoice, receipt, order … · ``pair`` any other label and its value."""
KINDS: tuple[str, ...] = get_args(Kind)
COLUMNS = ("kind", "label", "value")


@tool(
    verbs=("extract", "cost", "pay", "charge", "list", "fill"),
    nouns=(
        "field", "total", "subtotal", "tax", "change", "receipt", "bill", "invoice", "menu", "price",
        "date", "email", "phone number", "address", "amount", "business card", "plate", "item",
    ),
)  # fmt: skip
def read_fields(ctx: ToolContext, text: TextSpans) -> Table:
    """Find label–value pairs in text that was read: totals, prices, dates, phones, names, ids.

    Answers rows of kind, label and value in reading order, each with its place. Kinds: total,
    subtotal, tax, change, cash, discount, balance, amount, item, section, merchant, name, address,
    date, time, email, phone, url, plate, isbn, postcode, distance, number, id, pair.
    """
    return _table(text, _fields(text))


def _fields(text: TextSpans) -> list[Field]:
    rows = cell_rows(text)
    money, taken = money_fields(rows)
    is_receipt = any(field.kind in SUMS for field in money)
    facts = [f for f in fact_fields(rows) if f.kind != "plate" or not money]
    places = address_fields(rows)
    known = {f.value for f in facts}
    pairs = [
        p
        for p in pair_fields(rows, taken)
        if not any(v in p.value or (len(p.value) > 3 and p.value in v) for v in known)
    ]
    names = []
    if is_receipt or {f.kind for f in facts} & {"email", "phone", "url"}:
        first = next((k for k, row in enumerate(rows) if k in taken and _sums(row)), len(rows))
        body = min(first, next(iter(sorted(taken)), first))
        names = name_fields(rows, is_receipt, max(body, 1))
    fields = [*money, *facts, *places, *pairs, *names]
    fields += _leftovers(rows, fields, taken)
    return _in_order(fields)


def _in_order(fields: list[Field]) -> list[Field]:
    """Top to bottom; what stands on one line left to right."""
    ordered: list[Field] = []
    line: list[Field] = []
    for field in sorted(fields, key=lambda f: float(f.value_box[1] + f.value_box[3])):
        middle = float(field.value_box[1] + field.value_box[3]) / 2
        if line and middle > line[0].value_box[3]:
            ordered += sorted(line, key=lambda f: float(f.value_box[0]))
            line = []
        line.append(field)
    return ordered + sorted(line, key=lambda f: float(f.value_box[0]))


def _sums(row: list[Cell]) -> bool:
    return any(label_kind(cell.text) for cell in row)


def _leftovers(rows: list[list[Cell]], fields: list[Field], taken: set[int]) -> list[Field]:
    """Postcodes and numbers that stand alone."""
    from tools.textkinds import is_number, values

    said = " ".join(f"{f.label} {f.value}" for f in fields)
    found = []
    for k, row in enumerate(rows):
        for cell in row if k not in taken else ():
            codes = values(cell.text, "postcode")
            if codes and not is_number(cell.text) and codes[0] not in said:
                found.append(Field("postcode", "", codes[0], None, cell.xyxy))
            elif is_number(cell.text) and cell.text.strip("#№ ") not in said:
                found.append(Field("number", "", cell.text, None, cell.xyxy))
    return found


def _table(text: TextSpans, fields: list[Field]) -> Table:
    cells = np.full((len(fields), len(COLUMNS), 4), np.nan, np.float32)
    for row, field in enumerate(fields):
        if field.label_box is not None:
            cells[row, 1] = field.label_box
        cells[row, 2] = field.value_box
    rows = tuple((field.kind, field.label, field.value) for field in fields)
    return Table(COLUMNS, rows, text.frame, cells)
