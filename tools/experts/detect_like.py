"""Find things by showing one. Knows nothing of how a model compares them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Boxes, Image, Placed


@tool(
    needs="detect_like",
    verbs=(
        "find more like", "find things like", "find others like", "find everything like",
        "find all like", "find similar things to", "find the same things as", "detect things like",
    ),
    nouns=("look-alike", "look-alikes", "lookalike", "lookalikes"),
)  # fmt: skip
def detect_like(
    ctx: ToolContext,
    image: Image,
    region: Placed,
    target: Image | None = None,
    min_score: Annotated[
        float, Field(ge=0, le=1, description="likeness; 0: as the model thinks best")
    ] = 0.0,
) -> Boxes:
    """Find everything that looks like an example: in the same picture, or in a second one.

    image: the picture that shows the example. region: the example, or several of them. target:
    where to look, if not in the same picture. The examples themselves are among what is found.
    """
    if region.frame.root != image.frame.root:
        raise BadArguments(
            "region lies in another picture than the one given",
            hint="image is the picture that shows the example; target the one to look in",
        )
    if not len(region):
        raise BadArguments("no example: the region is empty", hint="Find or mark one first")
    labels = tuple(label or "thing like the example" for label in region.labels)
    more = {"min_score": min_score} if min_score > 0 else {}
    where = image if target is None else target
    found: Boxes = ctx.use("detect_like", where, image, region.boxes(), labels=labels, **more)
    return found
