"""A part of a picture as a place: the left half, the top fifth. Knows no pixels and no models."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.geometry import place_boxes
from tools.places import Part, part_box
from tools.types import Boxes, Image

Share = Annotated[float, Field(ge=0, le=1)]


@tool()
def area(
    ctx: ToolContext,
    image: Image,
    part: Part = "",
    left: Share = 0.0,
    top: Share = 0.0,
    right: Share = 1.0,
    bottom: Share = 1.0,
) -> Boxes:
    """Box a part of a picture: a named one, or from shares of its width and height.

    Use before hiding, changing or enlarging a part that no thing marks. The shares (left=0.25:
    from a quarter of the width on) are those of the part where one is named.
    """
    if left >= right or top >= bottom:
        raise BadArguments(
            f"the area from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) is empty",
            hint="Give left < right and top < bottom, as shares from 0 to 1",
        )
    x1, y1, x2, y2 = part_box(part, image.width, image.height)
    shares, size = np.array([left, top, right, bottom]), np.array([x2 - x1, y2 - y1] * 2)
    box = np.rint(np.array([x1, y1] * 2) + shares * size)
    box[:2] = np.minimum(box[:2], np.array([x2, y2]) - 1)  # a pixel at least
    box[2:] = np.maximum(box[2:], box[:2] + 1)
    return place_boxes(image, box[None], [part or "area"], np.ones(1))
