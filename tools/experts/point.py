"""Point at things: one point on each.

Knows nothing of how a model points.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Image, Points


@tool(
    needs="point",
    verbs=("point to", "point at", "click on", "click", "tap on", "tap", "aim at"),
    nouns=("pointer", "click position", "click point", "coordinates of the point"),
)
def point(
    ctx: ToolContext,
    image: Image,
    phrase: Annotated[str, Field(description="what to point at: 'the handle of the red mug'")],
) -> Points:
    """Point at each thing that a phrase names: where to click or touch.

    For parts and spots too small or vague for a box; the points also mark things for `segment`.
    """
    if not phrase.strip():
        raise BadArguments("nothing to point at", hint="Give a phrase, as in 'the red button'")
    found: Points = ctx.use("point", image, phrase.strip())
    return found
