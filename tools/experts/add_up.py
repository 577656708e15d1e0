"""Adding up priced rows: what an order of several things costs."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import ToolFailed
from tools.rows import SURE, row_amount, score_row
from tools.types import Number, Table

ITEM = re.compile(r"^\s*(?:(\d+(?:\.\d+)?)\s*[x×*]?\s+)?(.+?)\s*$")


@tool(verbs=("add up", "sum up"))
def add_up(
    ctx: ToolContext,
    table: Table,
    items: Annotated[
        list[str],
        Field(min_length=1, max_length=50, description="names, each after its quantity: '2 tea'"),
    ],
) -> Number:
    """Add up the prices of named things on a menu, receipt or price list, with quantities.

    Use after `read_fields`. Each item is a name, with its quantity before it where it is not one.

    Raises:
        ToolFailed: an item is not on the table or has no price; it is named.
    """
    total, steps = 0.0, []
    for item in items:
        quantity, row = _priced(table, item)
        price = row_amount(row)
        if price is None:
            name = _split(item)[1]
            raise ToolFailed(f"no price for {name!r} was found", hint="Check the names on the list")
        total += quantity * price
        steps.append(f"{quantity:g} × {row.get('label', item)} at {price:.2f}")
    return Number(round(total, 4), "", " + ".join(steps))


def _priced(table: Table, item: str) -> tuple[float, dict[str, str]]:
    """How many of which row an item means; a number may be part of the name ("7 Up")."""
    best, found = 0.0, (1.0, dict[str, str]())
    for quantity, name in (_split(item), (1.0, item)):
        for row in table:
            score = score_row(row, name)
            if score > best and score >= SURE and row_amount(row) is not None:
                best, found = score, (quantity, row)
    return found


def _split(item: str) -> tuple[float, str]:
    match = ITEM.match(item)
    return (float(match.group(1) or 1), match.group(2)) if match else (1.0, item)
