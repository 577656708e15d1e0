"""Marks that a person asked for, drawn around things: boxes, arrows, labels, highlights.

Marks keep off the thing itself: a box runs just outside of it. Colours are exact, without
anti-aliasing, so that a red frame is red. Knows no models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw
from pydantic import Field

from tools.catalog import tool
from tools.colorwords import rgb_of
from tools.context import ToolContext
from tools.draw import font
from tools.geometry import around, to_image
from tools.places import check_root, corners_of, region_mask, require_some
from tools.types import Image, Placed

Shape = Literal[
    "box", "ellipse", "arrow", "label", "number", "highlight", "cross", "underline"
]  # fmt: skip
GROWN = 1.25
"""An ellipse is this much larger than the box it goes round."""
HIGHLIGHT = 0.4
"""How much of a highlight's colour covers the thing."""

Corners = NDArray[np.float64]


@dataclass(frozen=True)
class Pen:
    """What marks are drawn with."""

    rgb: tuple[int, int, int]
    width: int
    """Pixels."""


@tool(
    effect="edit",
    verbs=("draw", "annotate", "mark", "outline", "circle", "frame", "label", "highlight",
           "underline", "point to", "point at", "put a box around", "number", "cross out"),
    nouns=("box", "rectangle", "frame", "bounding box", "circle", "ellipse", "arrow", "label",
           "number tags", "marker", "highlight", "cross", "underline", "annotation", "border"),
)  # fmt: skip
def annotate(
    ctx: ToolContext,
    image: Image,
    region: Placed,
    shape: Shape = "box",
    color: str = "red",
    text: str = "",
    width: Annotated[int, Field(ge=0, le=200, description="pixels, 0 = by picture size")] = 0,
    letters: Annotated[
        int, Field(ge=0, le=400, description="height of text in pixels, 0 = by picture size")
    ] = 0,
) -> Image:
    """Draw a box, ellipse, arrow, label, number, highlight, cross or underline for each thing.

    `text` is written beside it; a label without text shows the thing's own label.
    """
    check_root(image, region)
    require_some(region, "mark")
    pen = Pen(rgb_of(color), width or max(3, round(min(image.size_wh) / 130)))
    if shape == "highlight":
        mask = region_mask(image, region)[..., None]
        mixed = (1 - HIGHLIGHT) * image.pixels + HIGHLIGHT * np.array(pen.rgb)
        image = image.with_pixels(np.where(mask, mixed.astype(np.uint8), image.pixels))
    picture = PilImage.fromarray(image.pixels)
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    for row, corners in enumerate(to_image(image, corners_of(region))):
        if shape in _MARKS:
            _MARKS[shape](draw, corners, pen)
        words = str(row + 1) if shape == "number" else text
        if shape == "label":
            words = text or " ".join(region.labels[row].split())[:60] or str(row + 1)
        if words:
            _label(draw, corners, pen, words, letters)
    return image.with_pixels(np.asarray(picture))


def _box(corners: Corners) -> tuple[int, int, int, int]:
    """The upright box around corners in whole pixels, half-open."""
    x1, y1, x2, y2 = around(corners[None])[0]
    return int(np.floor(x1)), int(np.floor(y1)), int(np.ceil(x2)), int(np.ceil(y2))


def _size(draw: ImageDraw.ImageDraw) -> tuple[int, int]:
    width, height = draw.im.size
    return int(width), int(height)


def _frame(draw: ImageDraw.ImageDraw, corners: Corners, pen: Pen) -> None:
    """Four bars outside the box; at the edge of the picture they move in to stay whole."""
    x1, y1, x2, y2 = _box(corners)
    wide, high = _size(draw)
    w = pen.width
    left, top = max(0, x1 - w), max(0, y1 - w)
    right, bottom = min(wide, x2 + w), min(high, y2 + w)
    bars = (
        (left, top, right, top + w), (left, bottom - w, right, bottom),
        (left, top, left + w, bottom), (right - w, top, right, bottom),
    )  # fmt: skip
    for a, b, c, d in bars:
        draw.rectangle((max(0, a), max(0, b), c - 1, d - 1), fill=pen.rgb)


def _ellipse(draw: ImageDraw.ImageDraw, corners: Corners, pen: Pen) -> None:
    x1, y1, x2, y2 = _box(corners)
    dx, dy = (x2 - x1) * (GROWN - 1) / 2 + pen.width, (y2 - y1) * (GROWN - 1) / 2 + pen.width
    wide, high = _size(draw)
    box = (max(0, x1 - dx), max(0, y1 - dy), min(wide - 1, x2 + dx), min(high - 1, y2 + dy))
    draw.ellipse(box, outline=pen.rgb, width=pen.width)


def _arrow(draw: ImageDraw.ImageDraw, corners: Corners, pen: Pen) -> None:
    """From the side with most room to the edge of the box."""
    x1, y1, x2, y2 = _box(corners)
    wide, high = _size(draw)
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
    rooms = {(-1, 0): x1, (1, 0): wide - x2, (0, -1): y1, (0, 1): high - y2}
    (dx, dy), room = max(rooms.items(), key=lambda item: item[1])
    length = min(max(8.0 * pen.width, 0.15 * min(wide, high)), max(room - 2.0, 4.0 * pen.width))
    tip = np.array([(x1 if dx < 0 else x2) if dx else cx, (y1 if dy < 0 else y2) if dy else cy])
    out, side = np.array([dx, dy], float), np.array([-dy, dx], float)
    head = tip + out * 3.5 * pen.width
    tail = tip + out * length
    draw.line([*map(float, head), *map(float, tail)], fill=pen.rgb, width=pen.width)
    wings = [tip, head + side * 2 * pen.width, head - side * 2 * pen.width]
    draw.polygon([(float(x), float(y)) for x, y in wings], fill=pen.rgb)


def _cross(draw: ImageDraw.ImageDraw, corners: Corners, pen: Pen) -> None:
    x1, y1, x2, y2 = _box(corners)
    draw.line((x1, y1, x2 - 1, y2 - 1), fill=pen.rgb, width=pen.width)
    draw.line((x1, y2 - 1, x2 - 1, y1), fill=pen.rgb, width=pen.width)


def _underline(draw: ImageDraw.ImageDraw, corners: Corners, pen: Pen) -> None:
    """Along the thing's own lower edge, just below it, within the picture."""
    down = corners[3] - corners[0]
    shift = down / max(float(np.hypot(*down)), 1e-6) * (pen.width / 2 + 1)
    _, high = _size(draw)
    ends = np.stack([corners[3], corners[2]]) + shift
    ends[:, 1] = np.minimum(ends[:, 1], high - 1 - pen.width / 2)
    draw.line([float(v) for v in ends.ravel()], fill=pen.rgb, width=pen.width)


def _label(
    draw: ImageDraw.ImageDraw, corners: Corners, pen: Pen, words: str, letters: int = 0
) -> None:
    """Words on the pen's colour, above the thing, else below it, inside the picture."""
    x1, y1, _, y2 = _box(corners)
    wide, high = _size(draw)
    size = letters or int(np.clip(min(wide, high) / 28, 12, 160))
    while True:
        left, top, right, bottom = draw.textbbox((0, 0), words, font=font(size))
        across, tall = right - left + size // 2, bottom - top + size // 2
        if across <= wide or size <= 8:
            break
        size -= 1
    y = y1 - tall - pen.width if y1 - tall - pen.width >= 0 else y2 + pen.width
    x, y = max(0, min(x1, wide - across)), max(0, min(y, high - tall))
    draw.rectangle((x, y, x + across - 1, y + tall - 1), fill=pen.rgb)
    ink = (0, 0, 0) if np.dot(pen.rgb, (0.299, 0.587, 0.114)) > 130 else (255, 255, 255)
    draw.text((x + size // 4 - left, y + size // 4 - top), words, fill=ink, font=font(size))


_MARKS: dict[str, Callable[[ImageDraw.ImageDraw, Corners, Pen], None]] = {
    "box": _frame, "ellipse": _ellipse, "arrow": _arrow, "cross": _cross, "underline": _underline,
}  # fmt: skip
