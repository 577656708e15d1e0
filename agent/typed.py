"""What was typed on the command line, as values; what makes no sense is refused in one line.

Knows nothing of commands.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from tools.pickles import ALLOWED

if TYPE_CHECKING:
    from agent.settings import Settings


VARIABLES = {"sees": "OCELLI_SEES", "timeout": "OCELLI_REPLY_SECONDS"}
"""Where a setting came from that was not typed."""


def parse_box(text: str) -> tuple[float, float, float, float]:
    """``x1,y1,x2,y2`` in pixels.

    Raises:
        typer.BadParameter: it is no box.
    """
    numbers = _numbers(text, 4, "--box wants x1,y1,x2,y2 in pixels")
    x1, y1, x2, y2 = numbers
    if x1 >= x2 or y1 >= y2:
        raise typer.BadParameter(f"--box {text!r} is empty: it must have x1 < x2 and y1 < y2")
    return x1, y1, x2, y2


def parse_point(text: str) -> tuple[float, float, bool]:
    """``x,y`` in pixels, and whether it says "this"; ``-x,y`` says "not this".

    Raises:
        typer.BadParameter: it is no point.
    """
    x, y = _numbers(text.removeprefix("-"), 2, "--point wants x,y in pixels")
    return x, y, not text.startswith("-")


def parse_price(text: str) -> tuple[float, float]:
    """``in,out``: what a million tokens in and a million tokens out cost.

    Raises:
        typer.BadParameter: it is no price.
    """
    into, out = _numbers(text, 2, "--price wants IN,OUT for a million tokens each")
    return into, out


def _numbers(text: str, count: int, wanted: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(0 <= n < float("inf") for n in numbers):
        raise typer.BadParameter(f"{wanted}, got {text!r}")
    return numbers


def trust_pickles(allowed: bool) -> None:
    """Let this process open pickles that nobody has vouched for, where the person allows it."""
    if allowed:
        os.environ[ALLOWED] = "1"


def settings_of(
    *,
    model: str | None = None,
    base_url: str | None = None,
    sees: str | None = None,
    max_cost: float | None = None,
    price: str | None = None,
    **chosen: Any,
) -> Settings:
    """The settings that were chosen, over those of the environment.

    Args:
        model: Name of the language model, or several with commas between.
        base_url: Address of its server.
        sees: Whether it takes pictures: ``yes``, ``no`` or ``auto``.
        max_cost: What one question may cost.
        price: ``IN,OUT``: what a million tokens in and out cost.
        chosen: Settings by name.

    Raises:
        typer.BadParameter: one is out of range, or lacks what gives it a meaning.
    """
    from pydantic import ValidationError

    from agent.settings import Settings

    prices = parse_price(price) if price is not None else (None, None)
    typed = {"model": model, "base_url": base_url, "sees": sees, "max_cost": max_cost,
             "price_in": prices[0], "price_out": prices[1]}  # fmt: skip
    try:
        named = {name: value for name, value in typed.items() if value is not None}
        settings = Settings.model_validate({**chosen, "llm": named})
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][-1])
        said = VARIABLES.get(name) if typed.get(name) is None else None
        said = said or "--" + name.replace("_", "-")
        raise typer.BadParameter(f"{said} {fault['input']!r}: {fault['msg']}") from None
    if base_url is not None and not settings.llm.model.strip():
        raise typer.BadParameter("--base-url says where, not which: add --model NAME")
    if max_cost and not any(prices):
        raise typer.BadParameter("--max-cost wants --price IN,OUT: what a million tokens cost")
    return settings
