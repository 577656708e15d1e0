"""Take things out of a picture and close the hole from what lies around it.

Knows nothing of how the hole is closed: that is the model's part.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.regions import areas_of, check_same_picture
from tools.types import Image, Placed

MOST = 0.6
"""Largest share of the picture that may be removed: there must be something to fill from."""


@tool(
    effect="edit",
    needs="inpaint",
    verbs=(
        "remove", "erase", "delete", "get rid of", "take out", "take away", "inpaint", "clean up",
        "retouch", "wipe out", "heal", "make disappear", "edit out", "photoshop out", "rub out",
    ),
    nouns=("removal", "clean picture", "retouched picture"),
)  # fmt: skip
def inpaint(
    ctx: ToolContext,
    image: Image,
    region: Placed,
    grow: Annotated[
        float, Field(ge=0, le=1, description="margin as a share of the region's short side")
    ] = 0.05,
) -> Image:
    """Remove the things in a region and fill the hole so that it fits its surroundings.

    Suits small objects, text and logos. The size stays, and so does every pixel outside.
    """
    check_same_picture(image, region)
    if not len(region):
        raise BadArguments("nothing to remove: the region is empty", hint="Find the things first")
    areas = areas_of(image, region, grow)
    if not areas:
        raise BadArguments("nothing to remove: the region lies outside what the picture shows")
    hole = np.logical_or.reduce([area for area, _ in areas])
    if hole.mean() > MOST:
        raise BadArguments(
            f"the region covers {hole.mean():.0%} of the picture: too little is left to fill from",
            hint=f"Remove at most {MOST:.0%}",
        )
    filled: Image = ctx.use("inpaint", image, hole)
    pixels = np.where(hole[..., None], filled.pixels, image.pixels)
    return image.with_pixels(pixels)
