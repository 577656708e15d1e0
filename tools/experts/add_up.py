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
        match = ITEM.match(item)
        quantity = float(match.group(1) or 1) if match else 1.0
        name = match.group(2) if match else item
        found = [(score_row(row, name), row) for row in table if row_amount(row) is not None]
        score, row = max(found, key=lambda f: f[0], default=(0.0, {}))
        price = row_amount(row) if score >= SURE else None
        if price is None:
            raise ToolFailed(f"no price for {name!r} was found", hint="Check the names on the list")
        total += quantity * price
        steps.append(f"{quantity:g} × {row.get('label', name)} at {price:.2f}")
    return Number(round(total, 4), "", " + ".join(steps))
