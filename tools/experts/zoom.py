"""A picture, or a part of it, enlarged. Knows no models."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.geometry import crop as cut
from tools.geometry import scale
from tools.places import check_root, require_some, union_box
from tools.types import Image, Placed


@tool(
    effect="edit",
    verbs=("zoom", "zoom in", "zoom into", "enlarge", "magnify", "blow up", "upscale", "close up"),
    nouns=("zoom", "close-up", "closeup", "enlargement", "magnification"),
)
def zoom(
    ctx: ToolContext,
    image: Image,
    factor: Annotated[float, Field(ge=0.1, le=8, description="times as wide and as high")] = 2.0,
    region: Placed | None = None,
) -> Image:
    """Enlarge a picture, or cut out a thing and enlarge it (Lanczos)."""
    check_root(image, region)
    if region is not None:
        require_some(region, "zoom into")
        image = cut(image, union_box(region))
    return scale(image, factor)
