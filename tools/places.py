"""Words for places and things: parts of a picture, what to call each of n things, one root.

Shared by the experts that speak of where things are. Knows colours, tools and models not.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw

from tools.errors import BadArguments
from tools.geometry import box_corners, mask_in, to_image
from tools.types import Boxes, Codes, Frame, Image, Masks, Placed, TextSpans

Part = Literal[
    "", "top half", "bottom half", "left half", "right half", "top third", "middle third",
    "bottom third", "left third", "right third", "centre third", "top left quarter",
    "top right quarter", "bottom left quarter", "bottom right quarter", "centre",
]  # fmt: skip
"""A named part of a picture. ``middle third`` is a band across, ``centre third`` one down."""

_PARTS: dict[str, tuple[float, float, float, float]] = {
    "": (0, 0, 1, 1),
    "top half": (0, 0, 1, 1 / 2),
    "bottom half": (0, 1 / 2, 1, 1),
    "left half": (0, 0, 1 / 2, 1),
    "right half": (1 / 2, 0, 1, 1),
    "top third": (0, 0, 1, 1 / 3),
    "middle third": (0, 1 / 3, 1, 2 / 3),
    "bottom third": (0, 2 / 3, 1, 1),
    "left third": (0, 0, 1 / 3, 1),
    "centre third": (1 / 3, 0, 2 / 3, 1),
    "right third": (2 / 3, 0, 1, 1),
    "top left quarter": (0, 0, 1 / 2, 1 / 2),
    "top right quarter": (1 / 2, 0, 1, 1 / 2),
    "bottom left quarter": (0, 1 / 2, 1 / 2, 1),
    "bottom right quarter": (1 / 2, 1 / 2, 1, 1),
    "centre": (1 / 4, 1 / 4, 3 / 4, 3 / 4),
}

_NOUNS = {TextSpans: "text", Codes: "code", Masks: "mask", Boxes: "box"}


def part_box(part: str, width: float, height: float) -> NDArray[np.float64]:
    """(4,) the box of a named part of a picture of this size."""
    return np.array(_PARTS[part]) * (width, height, width, height)


def part_of(x: float, y: float, frame: Frame) -> str:
    """In which ninth of the picture a point lies: ``top left`` … ``centre`` … ``bottom right``."""
    column = ("left", "", "right")[min(2, int(3 * x / frame.width))]
    row = ("top", "", "bottom")[min(2, int(3 * y / frame.height))]
    return f"{row} {column}".strip() or "centre"


def names(things: Placed) -> tuple[str, ...]:
    """What to call each thing: its label, numbered where several share it; texts are quoted."""
    noun = _NOUNS.get(type(things), things.KIND)
    quoted = isinstance(things, TextSpans | Codes)
    labels = [
        (f'"{label}"' if quoted and label else label) or noun
        for label in (" ".join(text.split())[:40] for text in things.labels)
    ]
    many, seen = Counter(labels), Counter[str]()
    named = []
    for label in labels:
        seen[label] += 1
        named.append(f"{label} {seen[label]}" if many[label] > 1 else label)
    return tuple(named)


def check_root(image: Image, *things: Placed | None) -> None:
    """Refuse things that were found in another picture.

    Raises:
        BadArguments: a frame is not the picture's.
    """
    for placed in things:
        if placed is not None:
            check_frames(image.frame, placed.frame)


def check_frames(first: Frame, second: Frame) -> None:
    """Refuse two frames that are not of one picture.

    Raises:
        BadArguments: they are not.
    """
    if first.root != second.root or first.size_wh != second.size_wh:
        raise BadArguments(
            f"the things belong to another picture of {second}, not to this one of {first}",
            hint="Take things that were found in the same picture",
        )


def require_some(things: Placed, action: str) -> None:
    """Refuse an empty region where an action needs a place.

    Raises:
        BadArguments: there is none.
    """
    if not len(things):
        raise BadArguments(
            f"there is nothing to {action}: the region holds no {things.KIND}",
            hint="Find the thing first, or leave the region out",
        )


def union_box(things: Placed) -> NDArray[np.float64]:
    """(4,) the box around all things."""
    boxes = things.xyxy.astype(np.float64)
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def corners_of(things: Placed) -> NDArray[np.float64]:
    """(n, 4, 2) root corners: quads where the things have them, else their boxes."""
    if isinstance(things, TextSpans | Codes):
        return things.quads.astype(np.float64)
    return box_corners(things.xyxy)


def region_mask(image: Image, things: Placed) -> NDArray[np.bool_]:
    """(H, W) the pixels of `image` that the things cover: masks, quads or boxes."""
    check_root(image, things)
    if isinstance(things, Masks):
        covered = np.any(things.masks, axis=0) if len(things) else None
        if covered is None:
            return np.zeros((image.height, image.width), np.bool_)
        return mask_in(image, covered)
    canvas = PilImage.new("1", image.size_wh)
    draw = ImageDraw.Draw(canvas)
    for corners in to_image(image, corners_of(things)):
        low, high = corners.min(axis=0), corners.max(axis=0)
        upright = np.isclose(corners, low, atol=0.01) | np.isclose(corners, high, atol=0.01)
        if upright.all():
            (x1, y1), (x2, y2) = np.floor(low + 1e-6), np.ceil(high - 1e-6) - 1
            draw.rectangle((x1, y1, max(x1, x2), max(y1, y2)), fill=1)
        else:
            draw.polygon([(x, y) for x, y in corners - 0.5], fill=1, outline=1)
    return np.asarray(canvas)


def decimal(value: float, digits: int = 2) -> str:
    """A plain decimal: no exponent, no trailing zeros."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
