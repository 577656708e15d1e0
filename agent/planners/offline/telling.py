"""Says what an edit did, in one short sentence without jargon. Knows nothing of how it was read."""

from __future__ import annotations

from typing import Any

from agent.planners.offline import patterns
from agent.planners.offline.orders import Order
from agent.planners.offline.words import Words


def done(order: Order, what: str, words: Words) -> str:
    """Such as "Blurred 2 faces [#1 #2]"."""
    table = words.table("told")
    args = order.args
    keys = (
        " ".join(str(args[k]) for k in ("operation", "shape", "style") if k in args),
        _direction(args),
    )
    key = next((k for k in (f"{order.tool} {keys[0]} {keys[1]}".strip(), f"{order.tool} {keys[0]}".strip(), order.tool) if k in table), "")  # fmt: skip
    sentence = str(table.get(key, "Edited {what}"))
    outside = args.get("outside") or args.get("operation") == "blur_background"
    if outside and what != "the background":
        what = f"everything but {what}"
    said = sentence.format(
        what=what,
        color=args.get("color", "red" if order.tool == "annotate" else "black"),
        text=args.get("text", ""),
        amount=_amount(args),
        way="counter-clockwise" if float(args.get("amount") or 0) < 0 else "clockwise",
    )
    return patterns.sub(r"\ba (?=[aeiou])", "an ", said)


def _direction(args: dict[str, Any]) -> str:
    """Which of two sentences an operation needs: more or less of something, a text, black."""
    if "text" in args:
        return "text"
    if args.get("style") == "fill":
        return "white" if args.get("outside") else "" if args.get("color") else "black"
    amount = args.get("amount")
    if args.get("operation") == "warmth":
        return "less" if float(amount or 0) < 0 else "more"
    return "less" if amount is not None and float(amount) < 1 else "more"


def _amount(args: dict[str, Any]) -> str:
    amount = abs(float(args.get("amount") or args.get("factor") or 0))
    return f"{amount:.2f}".rstrip("0").rstrip(".")
