"""What was typed on the command line, as values; what makes no sense is refused in one line.

Knows nothing of commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from agent.settings import Settings


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


def _numbers(text: str, count: int, wanted: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(0 <= n < float("inf") for n in numbers):
        raise typer.BadParameter(f"{wanted}, got {text!r}")
    return numbers


def settings_of(**chosen: Any) -> Settings:
    """The settings that were chosen.

    Raises:
        typer.BadParameter: one is out of range.
    """
    from pydantic import ValidationError

    from agent.settings import Settings

    try:
        return Settings(**chosen)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0]).replace("_", "-")
        raise typer.BadParameter(f"--{name} {fault['input']!r}: {fault['msg']}") from None
