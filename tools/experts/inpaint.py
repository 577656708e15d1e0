"""Take things out of a picture and close the hole, or paint something else in their place.

Knows nothing of how the hole is painted: that is the model's part.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.diffusion import LAST_SEED, told
from tools.errors import BadArguments
from tools.regions import areas_of, check_same_picture
from tools.repaint import Area
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
    prompt: Annotated[
        str, Field(description="what to paint in their place; empty: only remove")
    ] = "",
    seed: Annotated[int, Field(ge=0, le=LAST_SEED, description="another one paints anew")] = 0,
) -> Image:
    """Remove the things in a region and fill the hole so that it fits its surroundings.

    Suits small objects, text and logos. With a prompt, such as "a wooden door", that is painted in
    their place, which needs a generative model. The size stays, and so does every pixel outside.
    """
    check_same_picture(image, region)
    prompt = prompt.strip()
    if not len(region):
        raise BadArguments("nothing to remove: the region is empty", hint="Find the things first")
    areas = areas_of(image, region, grow)
    if not areas:
        raise BadArguments("nothing to remove: the region lies outside what the picture shows")
    hole = np.logical_or.reduce([area for area, _ in areas])
    if hole.mean() > MOST and not prompt:
        raise BadArguments(
            f"the region covers {hole.mean():.0%} of the picture: too little is left to fill from",
            hint=f"Remove at most {MOST:.0%}",
        )
    filled = _filled(ctx, image, hole, prompt, seed)
    pixels = np.where(hole[..., None], filled.pixels, image.pixels)
    return image.with_pixels(pixels)


def _filled(ctx: ToolContext, image: Image, hole: Area, prompt: str, seed: int) -> Image:
    watch = told(ctx)
    filled: Image
    if prompt:
        filled = ctx.use("repaint", image, hole, prompt, seed=seed, on_step=watch)
    else:
        filled = ctx.use("inpaint", image, hole, seed=seed, on_step=watch)
    return filled
