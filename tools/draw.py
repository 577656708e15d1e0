"""Artefacts drawn over pictures, and the numbered overlay that people read evidence from.

Thin anti-aliased outlines in the colours of Okabe and Ito (told apart by colour-blind readers) on
a dark halo, number tags inside the picture that avoid each other, translucent masks; widths and
letters scale with the picture. Drawn with Pillow alone. A view of a part shows things where they
lie in it. Knows nothing of tools, models or entities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools.errors import BadArguments
from tools.geometry import box_corners, intersections, mask_in, to_image
from tools.types import (
    Artefact,
    Boxes,
    Codes,
    DepthMap,
    Float,
    Frame,
    Image,
    Keypoints,
    Masks,
    Points,
    Table,
    TextSpans,
)

PALETTE: tuple[tuple[int, int, int], ...] = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66),
    (0, 114, 178), (213, 94, 0), (204, 121, 167),
)  # fmt: skip
"""Okabe and Ito, without black."""
MASK_SHARE = 0.4
"""How much of a mask's colour covers the picture."""
_OVERSAMPLE = 3
_TILE_PX = 6_000_000
"""Above this many pixels an outline is drawn without oversampling."""

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Box = tuple[float, float, float, float]


def overlay(on: Image, artefact: Artefact) -> Image:
    """`on` with the artefact drawn over it; `on` itself where there is nothing to draw.

    Raises:
        BadArguments: the artefact lies in another picture.
    """
    painter = _PAINTERS.get(type(artefact))
    return painter(on, artefact) if painter else on


def numbered(
    on: Image,
    boxes: Boxes,
    numbers: Sequence[int] | None = None,
    quads: Float | None = None,
) -> Image:
    """`on` with each box outlined and tagged with its number.

    numbers: n of them; 1, 2, 3 … when None. quads: (n, 4, 2) root corners to outline instead.

    Raises:
        BadArguments: the boxes lie in another picture, or the counts differ.
    """
    _same_root(on, boxes.frame)
    tags = list(numbers) if numbers is not None else list(range(1, len(boxes) + 1))
    corners = box_corners(boxes.xyxy) if quads is None else np.asarray(quads, np.float64)
    if len(tags) != len(boxes) or len(corners) != len(boxes):
        raise BadArguments(f"{len(boxes)} boxes, {len(tags)} numbers and {len(corners)} quads")
    if not len(boxes):
        return on
    picture = PilImage.fromarray(on.pixels)
    placed = to_image(on, corners)
    shown = [i for i in range(len(tags)) if _touches(placed[i], on)]
    for i in shown:
        outline(picture, placed[i], colour_of(tags[i]), line_width(on))
    _tags(picture, [placed[i] for i in shown], [tags[i] for i in shown])
    return on.with_pixels(np.asarray(picture))


def colour_of(number: int) -> Colour:
    """The colour that belongs to a number."""
    return PALETTE[(number - 1) % len(PALETTE)]


def line_width(on: Image) -> int:
    """Pixels: about a 400th of the picture's mean side."""
    return max(2, round(math.sqrt(on.width * on.height) / 400))


@cache
def font(size: int) -> Font:
    """Pillow's own font at `size` pixels."""
    made: Font = ImageFont.load_default(size)
    return made


def outline(
    picture: PilImage.Image,
    corners: NDArray[np.float64],
    colour: Colour,
    width: int,
    halo: bool = True,
) -> None:
    """Draw a closed outline (k, 2) into `picture`, anti-aliased, on a thin dark halo."""
    reach = width + 2
    left, top = (int(v) for v in np.maximum(np.floor(corners.min(axis=0)) - reach, 0))
    low = np.array([left, top])
    right, bottom = (int(v) for v in np.minimum(np.ceil(corners.max(axis=0)) + reach, picture.size))
    if right <= left or bottom <= top:
        return
    size = (right - left, bottom - top)
    factor = _OVERSAMPLE if size[0] * size[1] * _OVERSAMPLE**2 <= _TILE_PX else 1
    points = [(float(x), float(y)) for x, y in (corners - low) * factor]
    for ink, thickness, strength in ((0, width + 2, 120), (1, width, 255)):
        if not ink and not halo:
            continue
        tile = PilImage.new("L", (size[0] * factor, size[1] * factor))
        pen = ImageDraw.Draw(tile)
        pen.line([*points, points[0]], fill=strength, width=thickness * factor, joint="curve")
        for x, y in points:
            r = thickness * factor / 2
            pen.ellipse((x - r, y - r, x + r, y + r), fill=strength)
        tile = tile.resize(size, PilImage.Resampling.BOX) if factor > 1 else tile
        picture.paste(colour if ink else (0, 0, 0), (left, top), tile)


def _touches(corners: NDArray[np.float64], on: Image) -> bool:
    low, high = corners.min(axis=0), corners.max(axis=0)
    return bool((low < on.size_wh).all() and (high > 0).all())


def _same_root(on: Image, frame: Frame) -> None:
    if on.frame.root != frame.root or on.frame.size_wh != frame.size_wh:
        raise BadArguments(
            f"cannot draw things of a picture of {frame} over another one of {on.frame}"
        )


# --- number tags ------------------------------------------------------------------------------


def _tags(
    picture: PilImage.Image, things: Sequence[NDArray[np.float64]], numbers: Sequence[int]
) -> None:
    """Put each number beside its thing, inside the picture, off the other tags where possible."""
    if not things:
        return
    heights = [float(np.ptp(corners[:, 1])) for corners in things]
    largest = (picture.width * picture.height) ** 0.5 / 32
    size = int(np.clip(0.9 * np.median(heights), 11, max(12, largest)))
    pen, taken = ImageDraw.Draw(picture), list[Box]()
    for corners, number in zip(things, numbers, strict=True):
        left, top, right, bottom = pen.textbbox((0, 0), str(number), font=font(size))
        pad = max(2, size // 5)
        wide, high = right - left + 2 * pad, bottom - top + 2 * pad
        box = _free_place(corners, wide, high, picture.size, taken)
        taken.append(box)
        colour = colour_of(number)
        pen.rounded_rectangle(box, radius=pad, fill=colour, outline=(0, 0, 0))
        ink = (0, 0, 0) if np.dot(colour, (0.299, 0.587, 0.114)) > 110 else (255, 255, 255)
        pen.text((box[0] + pad - left, box[1] + pad - top), str(number), fill=ink, font=font(size))


def _free_place(
    corners: NDArray[np.float64], wide: float, high: float, size_wh: tuple[int, int],
    taken: Sequence[Box],
) -> Box:  # fmt: skip
    """The first place round the thing that no tag has; else the one that covers least of them."""
    (x1, y1), (x2, y2) = corners.min(axis=0), corners.max(axis=0)
    spots = [
        (x1, y1 - high), (x2 - wide, y1 - high), (x1 - wide, y1), (x2, y1), (x1, y2),
        (x2 - wide, y2), (x1 - wide, y2 - high), (x2, y2 - high), (x1, y1), (x2 - wide, y1),
        (x1, y2 - high), (x2 - wide, y2 - high), (x1 - wide, y1 - high), (x2, y1 - high),
        (x1 - wide, y2), (x2, y2), ((x1 + x2 - wide) / 2, (y1 + y2 - high) / 2),
    ]  # fmt: skip
    best, least = (0.0, 0.0, wide, high), np.inf
    for order, (x, y) in enumerate(spots):
        inside_x = float(np.clip(x, 0, max(0, size_wh[0] - 1 - wide)))
        inside_y = float(np.clip(y, 0, max(0, size_wh[1] - 1 - high)))
        box = (inside_x, inside_y, inside_x + wide, inside_y + high)
        hidden = float(intersections([box], taken).sum()) if taken else 0.0
        cost = hidden + order * 1e-3 + (abs(inside_x - x) + abs(inside_y - y)) * 1e-2
        if cost < least:
            best, least = box, cost
    return best


# --- one painter for each kind -----------------------------------------------------------------


def _paint_boxes(on: Image, things: Boxes) -> Image:
    return numbered(on, things)


def _paint_quads(on: Image, things: TextSpans | Codes) -> Image:
    return numbered(on, things.boxes(), quads=things.quads)


def _paint_masks(on: Image, things: Masks) -> Image:
    _same_root(on, things.frame)
    pixels = on.pixels.astype(np.float32)
    for i, mask in enumerate(things.masks):
        seen = mask_in(on, mask)
        colour = np.array(colour_of(i + 1), np.float32)
        pixels[seen] = (1 - MASK_SHARE) * pixels[seen] + MASK_SHARE * colour
        pixels[_rim(seen, line_width(on))] = colour
    picture = PilImage.fromarray(pixels.astype(np.uint8))
    corners = to_image(on, box_corners(things.xyxy))
    shown = [i for i in range(len(things)) if _touches(corners[i], on)]
    _tags(picture, [corners[i] for i in shown], [i + 1 for i in shown])
    return on.with_pixels(np.asarray(picture))


def _rim(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    core = mask
    for _ in range(width):
        padded = np.pad(core, 1, mode="edge")
        core = (
            core & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        )  # fmt: skip
    return mask & ~core


def _paint_points(on: Image, things: Points) -> Image:
    _same_root(on, things.frame)
    picture = PilImage.fromarray(on.pixels)
    for xy, positive in zip(to_image(on, things.xy), things.positive, strict=True):
        _dot(picture, xy, PALETTE[2] if positive else PALETTE[5], 3 * line_width(on))
    return on.with_pixels(np.asarray(picture))


def _paint_keypoints(on: Image, things: Keypoints) -> Image:
    _same_root(on, things.frame)
    picture = PilImage.fromarray(on.pixels)
    for i, body in enumerate(to_image(on, things.xy)):
        for xy in body:
            _dot(picture, xy, colour_of(i + 1), 2 * line_width(on))
    return on.with_pixels(np.asarray(picture))


def _dot(picture: PilImage.Image, xy: NDArray[np.float64], colour: Colour, radius: int) -> None:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius / 2 + xy
    if ((ring.max(axis=0) > 0) & (ring.min(axis=0) < picture.size)).all():
        outline(picture, ring, colour, radius)


def _paint_depth(on: Image, depth: DepthMap) -> Image:
    _same_root(on, depth.frame)
    low, high = float(depth.values.min()), float(depth.values.max())
    grey = (255 * (high - depth.values) / max(high - low, 1e-9)).astype(np.uint8)
    picture = PilImage.fromarray(grey)
    if not on.is_root:
        picture = picture.transform(
            on.size_wh,
            PilImage.Transform.AFFINE,
            tuple(on.to_root.reshape(-1)),
            resample=PilImage.Resampling.BILINEAR,
        )
    near = np.asarray(picture, np.float32)[..., None] / 255
    warm, cold = np.array((253, 231, 37), np.float32), np.array((68, 1, 84), np.float32)
    colours = near * warm + (1 - near) * cold
    return on.with_pixels((0.3 * on.pixels + 0.7 * colours).astype(np.uint8))


def _paint_table(on: Image, table: Table) -> Image:
    if table.cells is None or table.frame is None:
        return on
    _same_root(on, table.frame)
    rows = table.cells.reshape(-1, 4)
    rows = rows[np.isfinite(rows).all(axis=1)]
    picture = PilImage.fromarray(on.pixels)
    for corners in to_image(on, box_corners(rows)):
        outline(picture, corners, PALETTE[4], line_width(on))
    return on.with_pixels(np.asarray(picture))


_PAINTERS: dict[type[Artefact], Callable[[Image, Any], Image]] = {
    Boxes: _paint_boxes, Masks: _paint_masks, TextSpans: _paint_quads, Codes: _paint_quads,
    Keypoints: _paint_keypoints, Points: _paint_points, DepthMap: _paint_depth,
    Table: _paint_table,
}  # fmt: skip
