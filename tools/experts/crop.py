"""A part of a picture as a picture of its own. Knows no models."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.geometry import around, box_corners, to_root
from tools.geometry import crop as cut
from tools.places import Part, check_root, part_box, require_some, union_box
from tools.types import Image, Placed


@tool(
    effect="edit",
    verbs=("crop", "cut out", "cut", "clip", "trim", "extract", "isolate", "keep only", "snip"),
    nouns=("crop", "cutout", "cut-out", "section", "part", "detail", "half", "quarter", "third"),
)
def crop(
    ctx: ToolContext,
    image: Image,
    region: Placed | None = None,
    part: Part = "",
    margin: Annotated[
        float, Field(ge=0, le=5, description="border to keep, as a share of the longer side")
    ] = 0.0,
) -> Image:
    """Cut out a thing, or a named part such as "top half", as a picture of its own.

    Several things are cut out together, by the box around all of them. With a region and a part,
    the part of the region is taken.
    """
    check_root(image, region)
    view = image
    if region is not None:
        require_some(region, "cut out")
        box = union_box(region)
        longer = max(box[2] - box[0], box[3] - box[1])
        view = cut(image, box, margin_px=margin * longer)
    if not part:
        return view
    box_px = np.rint(part_box(part, view.width, view.height))
    box_px[2:] = np.maximum(box_px[2:], box_px[:2] + 1)
    return cut(view, around(to_root(view, box_corners(box_px)))[0])
