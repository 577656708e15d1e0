"""Choosing rows of a table by kind, by name, or by the largest or smallest amount."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.rows import SURE, keep_rows, row_amount, score_row
from tools.types import Table

EXACT = 99.5
"""Similarity (0–100) of the very same name: rows that merely contain it are other things."""
NEAR = 4.0
"""How far behind the best a row may be and still be meant."""


@tool(verbs=("look up",), nouns=("row", "entry"))
def find_rows(
    ctx: ToolContext,
    table: Table,
    label: Annotated[str, Field(max_length=200, description="name to look for")] = "",
    kind: Annotated[str, Field(max_length=40, description="kind column to keep")] = "",
    order: Literal["", "highest", "lowest"] = "",
) -> Table:
    """Keep the rows of a table with this name or kind, or the one with the extreme amount.

    Use after `read_fields` or `read_table`: the price of one dish, the total, the dearest item.
    Rows are ranked by how well their label agrees, best first: "tea" keeps the row "Tea" alone
    where there is one, else "Iced tea" and "Green tea"; a table without rows means none agreed. `order` keeps the single row with the highest or lowest amount among them.
    """
    rows = [
        (i, row)
        for i, row in enumerate(table)
        if not kind or row.get("kind", "") in kind.split("|")
    ]
    if label:
        scored = sorted(
            ((score_row(row, label), -i, row) for i, row in rows), reverse=True, key=lambda s: s[:2]
        )
        best = scored[0][0] if scored else 0.0
        least = best if best >= EXACT else max(SURE, best - NEAR)
        rows = [(-i, row) for score, i, row in scored if score >= least]
    if order:
        priced = [(value, i) for i, row in rows if (value := row_amount(row)) is not None]
        pick = max if order == "highest" else min
        return keep_rows(table, [pick(priced, key=lambda p: p[0])[1]] if priced else [])
    return keep_rows(table, [i for i, _ in rows])
