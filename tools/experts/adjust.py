"""Edits of a whole picture or of a part of it: turned, resized, lit, coloured. Knows no models."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tools import geometry
from tools.catalog import tool
from tools.colorwords import rgb_of
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.places import region_mask, require_some
from tools.retouch import AMOUNTS, EDITS, Wish
from tools.types import Image, Placed

Operation = Literal[
    "rotate", "flip_horizontal", "flip_vertical", "resize", "gray", "brightness", "contrast",
    "saturation", "sharpen", "smooth", "invert", "sepia", "sketch", "blur_background", "recolor",
    "equalize", "denoise", "tint", "posterize", "threshold", "autocontrast", "white_balance",
    "watercolor", "cartoon", "warmth",
]  # fmt: skip
WANTS_COLOR = ("recolor", "tint")
MOST_TIMES = 20.0
"""Largest factor of ``resize``."""


@tool(
    effect="edit",
    verbs=("adjust", "rotate", "turn", "flip", "mirror", "resize", "scale", "shrink", "make smaller",
           "make bigger", "brighten", "darken", "lighten", "sharpen", "soften", "smooth", "invert",
           "recolour", "recolor", "colourise", "desaturate", "convert to black and white", "denoise",
           "increase contrast", "tint", "blur the background", "draw as a sketch", "turn upside down",
           "posterize", "equalize", "halve", "double", "triple", "increase", "decrease", "reduce",
           "raise", "boost", "convert", "enhance", "straighten", "apply", "crank up", "tone down",
           "colour in", "cartoonify", "greyscale", "grayscale"),
    nouns=("black and white", "grayscale", "greyscale", "gray", "sepia", "negative", "sketch",
           "pencil drawing", "mirror image", "brightness", "contrast", "saturation", "upside down",
           "background blur", "watercolour", "watercolor painting", "cartoon", "clockwise",
           "counter-clockwise", "half the size", "white balance", "pixels wide"),
)  # fmt: skip
def adjust(
    ctx: ToolContext,
    image: Image,
    operation: Operation,
    amount: Annotated[
        float | None, Field(description="rotate: degrees clockwise; resize: factor; else see tool")
    ] = None,
    color: str = "",
    width: Annotated[int, Field(ge=0, le=30_000, description="resize: pixels, 0 = by height")] = 0,
    height: Annotated[int, Field(ge=0, le=30_000, description="resize: pixels, 0 = by width")] = 0,
    region: Placed | None = None,
    outside: bool = False,
) -> Image:
    """Edit a picture: turn, mirror, resize, grey, light, sharpness, colour, styles.

    Amounts: rotate in degrees clockwise (90; minus is counter-clockwise); resize as a factor (0.5 is
    half), or give width or height in pixels; brightness, contrast and saturation as a factor
    (1 changes nothing, 1.2 is 20 % more, 0 none); sharpen as strength (1); smooth and
    blur_background as a radius in pixels (0 by picture size); tint as a share (0.3); denoise 5 to
    20; posterize in levels; threshold in % (0 automatic); warmth from -1 (cooler) to 1. recolor and
    tint want a color. `region` restricts the edit to things, all else stays as it is; with
    `outside` the things stay and all else changes; blur_background keeps the region sharp.
    """
    if operation in ("rotate", "flip_horizontal", "flip_vertical", "resize"):
        if region is not None:
            raise BadArguments(f"{operation} works on whole pictures", hint="Crop the thing first")
        return _moved(image, operation, amount, (width, height))
    ctx.cancel.check()
    mask = np.ones((image.height, image.width), np.bool_)
    if region is not None:
        require_some(region, "edit")
        mask = region_mask(image, region)
        mask = ~mask if outside and operation != "blur_background" else mask
    elif operation == "blur_background":
        raise BadArguments("blur_background wants the thing to keep sharp", hint="Give a region")
    wish = Wish(_amount(operation, amount), _color(operation, color), mask)
    edited = EDITS[operation](image.pixels, wish)
    changed = ~mask if operation == "blur_background" else mask
    return image.with_pixels(np.where(changed[..., None], edited, image.pixels))


def _amount(operation: str, amount: float | None) -> float:
    known = AMOUNTS.get(operation)
    if known is None:
        return 1.0
    value = known.default if amount is None else amount
    if not known.low <= value <= known.high:
        raise BadArguments(
            f"{operation} by {value:g} is out of range",
            hint=f"Give {known.unit}, from {known.low:g} to {known.high:g}",
        )
    return value


def _color(operation: str, color: str) -> tuple[int, int, int]:
    if operation not in WANTS_COLOR:
        return 0, 0, 0
    if not color:
        raise BadArguments(f"{operation} wants a colour", hint='Give color="blue"')
    return rgb_of(color)


def _moved(
    image: Image, operation: str, amount: float | None, size_wh: tuple[int, int]
) -> Image:  # fmt: skip
    if operation == "rotate":
        degrees = 90.0 if amount is None else amount
        if not np.isfinite(degrees):
            raise BadArguments("an angle must be a finite number of degrees")
        return geometry.rotate(image, degrees % 360)
    if operation != "resize":
        return geometry.flip(image, horizontal=operation == "flip_horizontal")
    return geometry.resize(image, _new_size(image, amount, size_wh))


def _new_size(image: Image, amount: float | None, size_wh: tuple[int, int]) -> tuple[int, int]:
    width, height = size_wh
    if width and height:
        return width, height
    if width:
        return width, max(1, round(image.height * width / image.width))
    if height:
        return max(1, round(image.width * height / image.height)), height
    if amount is None or not 0 < amount <= MOST_TIMES:
        raise BadArguments(
            "resize wants a factor, a width or a height",
            hint=f"Give amount=0.5 (up to {MOST_TIMES:g}) or width=800",
        )
    return max(1, round(image.width * amount)), max(1, round(image.height * amount))
