"""Change a picture as a sentence says: all of it, or what lies in a region.

Knows nothing of how the change is painted: that is the model's part.
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


@tool(
    effect="edit",
    needs="edit_by_instruction",
    verbs=("replace", "swap", "restyle", "reimagine", "re-imagine", "transform"),
    nouns=("restyled picture", "edit by instruction"),
)  # fmt: skip
def edit_by_instruction(
    ctx: ToolContext,
    image: Image,
    instruction: Annotated[str, Field(description='what to change, e.g. "make it winter"')],
    region: Placed | None = None,
    grow: Annotated[
        float, Field(ge=0, le=1, description="margin as a share of the region's short side")
    ] = 0.05,
    steps: Annotated[int, Field(ge=0, le=150, description="0: as many as suit the model")] = 0,
    seed: Annotated[int, Field(ge=0, le=LAST_SEED, description="another one: another result")] = 0,
) -> Image:
    """Change a picture as a sentence says: replace, add, restyle, another season, time or material.

    With a region only what lies in it changes, and every other pixel stays exactly as it is. The
    size stays. Needs a generative model; light, colours and blur are better done by `adjust`.
    """
    wish = instruction.strip()
    if not wish:
        raise BadArguments("nothing to change: the instruction is empty", hint="Say what to change")
    area = _area(image, region, grow)
    edited: Image = ctx.use(
        "edit_by_instruction", image, area, wish, seed=seed, steps=steps, on_step=told(ctx)
    )
    return image.with_pixels(np.where(area[..., None], edited.pixels, image.pixels))


def _area(image: Image, region: Placed | None, grow: float) -> Area:
    if region is None:
        return np.ones((image.height, image.width), np.bool_)
    check_same_picture(image, region)
    if not len(region):
        raise BadArguments("nothing to change: the region is empty", hint="Find the things first")
    areas = areas_of(image, region, grow)
    if not areas:
        raise BadArguments("nothing to change: the region lies outside what the picture shows")
    return np.asarray(np.logical_or.reduce([area for area, _ in areas]), np.bool_)
