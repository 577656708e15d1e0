"""How many things there are. Knows no models."""

from __future__ import annotations

from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Boxes, Codes, Masks, Number, Placed, TextSpans

IRREGULAR = {"person": "people", "man": "men", "woman": "women", "child": "children",
             "foot": "feet", "tooth": "teeth", "mouse": "mice", "sheep": "sheep", "fish": "fish"}  # fmt: skip


@tool(
    verbs=("count", "how many", "tally", "number of"),
    nouns=("count", "quantity", "amount of things", "number"),
)
def count(ctx: ToolContext, things: Placed, of: str = "") -> Number:
    """Count things that were found.

    of: what they are called, in the plural where there are several ("faces").
    """
    noun = of
    if not noun:
        names = set(things.labels)
        alike = isinstance(things, Boxes | Masks) and len(names) == 1
        one = {TextSpans: "line", Codes: "code"}.get(type(things), "thing")
        level = things.level if isinstance(things, TextSpans) else one
        noun = names.pop() if alike and names != {""} else level
        noun = noun if len(things) == 1 else plural(noun)
    return Number(float(len(things)), noun, "count")


def plural(noun: str) -> str:
    """An English noun in the plural; its last word changes."""
    *before, last = noun.split(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        last += "" if last.endswith("s") and not last.endswith("ss") else "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = f"{last[:-1]}ies"
    else:
        last += "s"
    return " ".join([*before, last])
