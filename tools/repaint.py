"""Pictures painted in part: what lies under a mask changes, and every other pixel stays what it was.

The part is cut out with room around it, brought to the size that the painter was made for, painted
and brought back, and only what lies under the mask is pasted. Knows nothing of who paints.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from tools.errors import BadArguments
from tools.types import Image

Pixels = NDArray[np.uint8]
"""(h, w, 3) RGB."""
Area = NDArray[np.bool_]
"""(h, w): what is to be painted."""
Part = tuple[slice, slice]
"""Rows and columns."""

MULTIPLE = 8
"""Sides that pipelines work on are multiples of this."""
ROOM = 0.5
"""Room left around a hole on each side, as a share of its longer side: what the fill must fit."""
LONGEST = 2.0
"""How many times as long as wide a working size may be."""


def working_size(size_wh: tuple[int, int], side: int, multiple: int = MULTIPLE) -> tuple[int, int]:
    """(width, height) of about ``side²`` pixels in the shape of `size_wh`, sides in `multiple`."""
    shape = float(np.clip(size_wh[0] / size_wh[1], 1 / LONGEST, LONGEST))
    return whole_size((side * shape**0.5, side / shape**0.5), multiple)


def whole_size(size_wh: tuple[float, float], multiple: int = MULTIPLE) -> tuple[int, int]:
    """The nearest (width, height) whose sides are multiples, none of them nothing."""
    width, height = (max(multiple, multiple * round(length / multiple)) for length in size_wh)
    return width, height


def resized(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """`pixels` resampled (Lanczos) to `size_wh`."""
    if pixels.shape[1::-1] == size_wh:
        return pixels
    picture = PilImage.fromarray(pixels).resize(size_wh, PilImage.Resampling.LANCZOS)
    return np.asarray(picture)


def repaint(
    image: Image,
    hole: Area,
    brush: Callable[[Pixels, Area], Pixels],
    side: int,
    multiple: int = MULTIPLE,
) -> Image:
    """`image` with what lies under `hole` painted anew; no other pixel changes, nor does the size.

    Args:
        image: the picture.
        hole: (H, W) what to paint.
        brush: makes from a part at working size and its mask the painted part, same size.
        side: the side of the square pictures that the brush does best.
        multiple: what the sides of the part at working size are multiples of.

    Raises:
        BadArguments: the hole has another size than the picture.
    """
    if hole.shape != image.pixels.shape[:2]:
        raise BadArguments(f"a hole must be {image.pixels.shape[:2]}, got {hole.shape}")
    pixels = image.pixels.copy()
    for part in windows(hole, side):
        view, own = pixels[part], hole[part]
        size = working_size((view.shape[1], view.shape[0]), side, multiple)
        mask = np.asarray(PilImage.fromarray(own).resize(size, PilImage.Resampling.NEAREST))
        if size[0] < view.shape[1] or size[1] < view.shape[0]:
            grey = PilImage.fromarray(own.astype(np.uint8) * 255)
            mask = np.asarray(grey.resize(size, PilImage.Resampling.BOX)) > 0
        made = resized(brush(resized(view, size), mask), (view.shape[1], view.shape[0]))
        pixels[part] = np.where(own[..., None], made, view)
    return image.with_pixels(pixels)


def windows(hole: Area, side: int) -> list[Part]:
    """The parts to paint: each hole with room around it, those that overlap as one.

    A part is at least `side` long and wide where the picture is, so that small holes are painted at
    the picture's own scale.
    """
    import cv2

    count, _, stats, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8))
    boxes = [
        _roomy(x, y, x + w, y + h, hole.shape, side) for x, y, w, h, _ in stats[1:count].tolist()
    ]
    merged: list[tuple[int, int, int, int]] = []
    while boxes:
        box = boxes.pop()
        near = [b for b in merged if b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]]  # fmt: skip
        if not near:
            merged.append(box)
            continue
        merged = [b for b in merged if b not in near]
        low, high = np.min([box, *near], axis=0), np.max([box, *near], axis=0)
        boxes.append((int(low[0]), int(low[1]), int(high[2]), int(high[3])))
    return [(slice(y1, y2), slice(x1, x2)) for x1, y1, x2, y2 in sorted(merged)]


def _roomy(
    x1: int, y1: int, x2: int, y2: int, shape: tuple[int, ...], side: int
) -> tuple[int, int, int, int]:
    room = ROOM * max(x2 - x1, y2 - y1)
    wide, high = (max(side, round(length + 2 * room)) for length in (x2 - x1, y2 - y1))
    wide, high = max(wide, round(high / LONGEST)), max(high, round(wide / LONGEST))
    left, right = _span(x1, x2, wide, shape[1])
    top, bottom = _span(y1, y2, high, shape[0])
    return left, top, right, bottom


def _span(low: int, high: int, length: int, limit: int) -> tuple[int, int]:
    """`length` pixels centred on those from `low` to `high`, moved to lie within the picture."""
    length = min(length, limit)
    start = min(max(0, (low + high - length) // 2), limit - length)
    return start, start + length
