"""Make regions unreadable: blur, pixelate or fill.

The region is first averaged into a few cells that grow with its size, so nothing finer is left to
sharpen back; blur then smooths the cells. Knows nothing of what the region holds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.regions import areas_of, check_same_picture
from tools.types import Image, Placed

Pixels = NDArray[Any]

CELLS = 3
"""How many cells the short side of a region keeps."""
SMALLEST_CELL_PX = 8
GROW = 0.05
"""Share of its short side by which a region is grown on each side."""
OUTSIDE = 0.1
"""What counts as the short side of all that lies outside, as a share of the picture's."""


@tool(
    effect="edit",
    verbs=(
        "blur", "blur out", "pixelate", "pixelize", "mosaic", "censor", "redact", "anonymise",
        "anonymize", "hide", "mask", "mask out", "black out", "blacken", "block out", "cover",
        "cover up", "obscure", "conceal", "blot out", "scribble out", "scribble over", "disguise",
        "obfuscate", "black over", "fill", "paint over", "make unreadable", "white out",
    ),
    nouns=("blurred picture", "redacted picture", "censored picture", "mosaic", "privacy"),
)  # fmt: skip
def redact(
    ctx: ToolContext,
    image: Image,
    region: Placed,
    style: Literal["blur", "pixelate", "fill"] = "blur",
    color: Annotated[str, Field(description="for fill: a name or #rrggbb")] = "black",
    shape: Literal["outline", "box", "ellipse"] = "outline",
    outside: bool = False,
) -> Image:
    """Blur, pixelate or fill regions so that nobody can read or recognise what was there.

    `outline` follows slanted text, codes and masks; `box` is upright; `ellipse` suits faces.
    Everything outside the regions stays exactly as it was; with `outside` the regions stay and
    everything else is hidden (a filled background, all of a page but one line).
    """
    check_same_picture(image, region)
    if not len(region):
        raise BadArguments("nothing to redact: the region is empty", hint="Find the things first")
    paint = _colour(color)
    grow = 0.0 if outside else GROW
    areas = areas_of(image, region, grow, ellipse=shape == "ellipse", slanted=shape == "outline")
    if not areas:
        raise BadArguments("nothing to redact: the region lies outside what the picture shows")
    if outside:
        kept = np.logical_or.reduce([area for area, _ in areas])
        areas = [] if kept.all() else [(~kept, OUTSIDE * min(image.size_wh))]
    pixels = image.pixels.copy()
    for number, (area, short) in enumerate(areas):
        ctx.cancel.check()
        ctx.report(style, number / len(areas))
        ys, xs = np.nonzero(area)
        part = slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1)
        hidden = _hidden(pixels[part], style, short, paint)
        pixels[part] = np.where(area[part][..., None], hidden, pixels[part])
    return image.with_pixels(pixels)


def _colour(name: str) -> tuple[int, int, int]:
    try:
        rgb = ImageColor.getrgb(name.strip())
    except ValueError:
        raise BadArguments(
            f"{name!r} is no colour", hint="Give a name such as 'black' or a code such as '#ff0000'"
        ) from None
    return rgb[0], rgb[1], rgb[2]


def _hidden(part: Pixels, style: str, short_px: float, paint: tuple[int, int, int]) -> Pixels:
    """What is put in the place of `part`, at its size."""
    import cv2

    if style == "fill":
        return np.full_like(part, paint)
    height, width = part.shape[:2]
    cell = max(SMALLEST_CELL_PX, short_px / CELLS)
    grid = max(1, round(width / cell)), max(1, round(height / cell))
    cells = cv2.resize(part, grid, interpolation=cv2.INTER_AREA)
    if style == "pixelate":
        return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST))
    smooth = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(smooth, (0, 0), cell / 2, borderType=cv2.BORDER_REPLICATE))
