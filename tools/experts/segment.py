"""Cut things out: a mask for each box, or for what clicks and strokes mark.

Knows nothing of how the mask is made: that is the model's part.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Image, Masks, Placed, Points


@tool(
    needs="segment",
    verbs=(
        "segment", "cut out", "mask", "outline", "isolate", "extract", "trace", "separate",
        "select", "remove the background", "remove background",
    ),
    nouns=("mask", "masks", "outline", "outlines", "silhouette", "cutout", "cut-out", "shape",
           "segment", "segmentation", "foreground", "background", "subject"),
)  # fmt: skip
def segment(
    ctx: ToolContext,
    image: Image,
    region: Placed | None = None,
    points: Annotated[
        Points | None, Field(description="clicks on the thing, or along a stroke over it")
    ] = None,
) -> Masks:
    """Find the exact outline of things: a mask for each box, or for what the clicks mark.

    All clicks together mark one thing (negative ones: what is not part of it). With neither a box
    nor a click, the one thing that stands out from the border of the picture.
    """
    for given, name in ((region, "region"), (points, "points")):
        if given is not None and given.frame.root != image.frame.root:
            raise BadArguments(
                f"{name} lie in another picture than the one given",
                hint="Find them in the picture they are used on",
            )
    if region is not None and not len(region):
        raise BadArguments("nothing to cut out: the region is empty", hint="Find the things first")
    found: Masks = ctx.use("segment", image, region=region, points=points)
    return found
