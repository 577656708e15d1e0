"""Every foreign way to write a place, to pixels of a picture and back.

Our own convention is that of ``tools/types.py``: xyxy, half-open, pixels, origin top-left. Models
and files speak others: shares of the side, grids of 1000 or 1024, y before x, centres with sizes,
pixels of a resized or letterboxed frame, polygons, run lengths. Each has a ``from_`` and a ``to_``
function here with the size of the picture as a required argument; none of these forms may exist
anywhere else. What is not finite, inverted, empty or outside is refused and the true size named.

Results are pixels of the picture that was given to the model: place them in the root with
``geometry.place_boxes``. Knows nothing of roots, tools or models.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.convert_masks import Size, frame_of
from tools.convert_masks import from_polygons as from_polygons
from tools.convert_masks import from_rle as from_rle
from tools.convert_masks import to_polygons as to_polygons
from tools.convert_masks import to_rle as to_rle
from tools.convert_masks import to_rle_string as to_rle_string
from tools.errors import BadArguments
from tools.geometry import box_corners
from tools.types import Float, check_boxes, check_inside, quad_boxes

Grid = NDArray[np.int64]
Real = NDArray[np.float64]

_LOC = re.compile(r"<loc(\d{1,4})>")


def _rows(values: ArrayLike, columns: int) -> Real:
    rows = np.asarray(values, np.float64)
    if rows.size == 0:
        return np.zeros((0, columns))
    if rows.shape[-1] != columns:
        raise BadArguments(f"each row needs {columns} numbers, got an array of {rows.shape}")
    return rows.reshape(-1, columns)


def boxes_px(xyxy: ArrayLike, size_wh: Size) -> Float:
    """Boxes (n, 4) that are xyxy pixels already: checked, overshoot of rounding clipped.

    Raises:
        BadArguments: a box is not finite, inverted, empty or outside the picture.
    """
    frame = frame_of(size_wh)
    rows = _rows(xyxy, 4)
    check_boxes(rows.astype(np.float32), frame, len(rows))
    clipped = np.clip(rows, 0, [frame.width, frame.height] * 2).astype(np.float32)
    check_boxes(clipped, frame, len(rows))
    return clipped


def points_px(xy: ArrayLike, size_wh: Size) -> Float:
    """Points (n, 2) that are xy pixels already: checked, overshoot of rounding clipped.

    Raises:
        BadArguments: a point is not finite or outside the picture.
    """
    frame = frame_of(size_wh)
    rows = _rows(xy, 2)
    check_inside(rows.astype(np.float32), frame, "point")
    return np.clip(rows, 0, frame.size_wh).astype(np.float32)


def _span(size_wh: Size, grid: float = 1.0) -> Real:
    width, height = frame_of(size_wh).size_wh
    return np.array([width, height, width, height], np.float64) / grid


def _on_grid(xyxy: ArrayLike, size_wh: Size, last: int, y_first: bool = False) -> Grid:
    """Boxes rounded outwards to whole steps, so that none becomes empty."""
    steps = boxes_px(xyxy, size_wh).astype(np.float64) / _span(size_wh, last)
    low, high = np.floor(steps[:, :2] + 1e-4), np.ceil(steps[:, 2:] - 1e-4)
    grid = np.clip(np.concatenate([low, high], axis=1), 0, last)
    return np.asarray(grid[:, [1, 0, 3, 2]] if y_first else grid, np.int64)


# --- boxes: shares of the sides -------------------------------------------------------------


def from_xyxy_norm(boxes: ArrayLike, size_wh: Size) -> Float:
    """Corners from 0 to 1 to pixels."""
    return boxes_px(_rows(boxes, 4) * _span(size_wh), size_wh)


def to_xyxy_norm(xyxy: ArrayLike, size_wh: Size) -> Real:
    """Pixels to corners from 0 to 1."""
    return np.asarray(boxes_px(xyxy, size_wh) / _span(size_wh))


def from_cxcywh_norm(boxes: ArrayLike, size_wh: Size) -> Float:
    """Centre and size from 0 to 1 (DETR, YOLO labels) to pixels."""
    return from_cxcywh_px(_rows(boxes, 4) * _span(size_wh), size_wh)


def to_cxcywh_norm(xyxy: ArrayLike, size_wh: Size) -> Real:
    """Pixels to centre and size from 0 to 1."""
    return np.asarray(to_cxcywh_px(xyxy, size_wh) / _span(size_wh))


# --- boxes: pixels in another order ---------------------------------------------------------


def from_xywh_px(boxes: ArrayLike, size_wh: Size) -> Float:
    """Left, top, width, height in pixels (COCO) to corners."""
    b = _rows(boxes, 4)
    return boxes_px(np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], axis=1), size_wh)


def to_xywh_px(xyxy: ArrayLike, size_wh: Size) -> Real:
    """Corners to left, top, width, height in pixels."""
    b = boxes_px(xyxy, size_wh).astype(np.float64)
    return np.concatenate([b[:, :2], b[:, 2:] - b[:, :2]], axis=1)


def from_cxcywh_px(boxes: ArrayLike, size_wh: Size) -> Float:
    """Centre, width, height in pixels to corners."""
    b = _rows(boxes, 4)
    half = b[:, 2:] / 2
    return boxes_px(np.concatenate([b[:, :2] - half, b[:, :2] + half], axis=1), size_wh)


def to_cxcywh_px(xyxy: ArrayLike, size_wh: Size) -> Real:
    """Corners to centre, width, height in pixels."""
    b = boxes_px(xyxy, size_wh).astype(np.float64)
    return np.concatenate([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]], axis=1)


# --- boxes: grids of language models --------------------------------------------------------


def from_xyxy_1000(boxes: ArrayLike, size_wh: Size) -> Float:
    """Corners on a grid of 0 to 1000 (Qwen-VL, InternVL) to pixels."""
    return boxes_px(_rows(boxes, 4) * _span(size_wh, 1000), size_wh)


def to_xyxy_1000(xyxy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to corners on a grid of 0 to 1000, rounded outwards."""
    return _on_grid(xyxy, size_wh, 1000)


def from_yxyx_1000(boxes: ArrayLike, size_wh: Size) -> Float:
    """y1, x1, y2, x2 on a grid of 0 to 1000 (Gemma, Gemini) to pixels."""
    return from_xyxy_1000(_rows(boxes, 4)[:, [1, 0, 3, 2]], size_wh)


def to_yxyx_1000(xyxy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to y1, x1, y2, x2 on a grid of 0 to 1000, rounded outwards."""
    return _on_grid(xyxy, size_wh, 1000, y_first=True)


def from_yxyx_1024(boxes: ArrayLike, size_wh: Size) -> Float:
    """y1, x1, y2, x2 as the 1024 location steps of PaliGemma (1023 is the far edge) to pixels."""
    return boxes_px(_rows(boxes, 4)[:, [1, 0, 3, 2]] * _span(size_wh, 1023), size_wh)


def to_yxyx_1024(xyxy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to y1, x1, y2, x2 as steps 0 to 1023, rounded outwards."""
    return _on_grid(xyxy, size_wh, 1023, y_first=True)


def from_loc_tokens(text: str, size_wh: Size) -> Float:
    """PaliGemma's answer, four ``<loc0000>`` to ``<loc1023>`` tokens a box, to pixels.

    Raises:
        BadArguments: the tokens are not a multiple of four, or a box is impossible.
    """
    steps = [int(step) for step in _LOC.findall(text)]
    if len(steps) % 4:
        raise BadArguments(f"{len(steps)} location tokens are no whole number of boxes")
    return from_yxyx_1024(np.array(steps, np.float64).reshape(-1, 4), size_wh)


def to_loc_tokens(xyxy: ArrayLike, size_wh: Size) -> str:
    """Pixels to PaliGemma's location tokens."""
    return "".join(f"<loc{step:04d}>" for step in to_yxyx_1024(xyxy, size_wh).ravel())


# --- boxes: pixels of the frame a model saw -------------------------------------------------


def from_resized_px(boxes: ArrayLike, seen_wh: Size, size_wh: Size) -> Float:
    """Pixels of the picture stretched to `seen_wh` to pixels of the picture itself."""
    return boxes_px(_rows(boxes, 4) * (_span(size_wh) / _span(seen_wh)), size_wh)


def to_resized_px(xyxy: ArrayLike, seen_wh: Size, size_wh: Size) -> Real:
    """Pixels of the picture to pixels of it stretched to `seen_wh`."""
    return np.asarray(boxes_px(xyxy, size_wh) * (_span(seen_wh) / _span(size_wh)))


def _letterbox(seen_wh: Size, size_wh: Size, centred: bool) -> tuple[float, Real]:
    seen, size = np.array(frame_of(seen_wh).size_wh), np.array(frame_of(size_wh).size_wh)
    factor = float((seen / size).min())
    border = (seen - size * factor) / 2 if centred else np.zeros(2)
    return factor, np.tile(border, 2)


def from_letterbox_px(
    boxes: ArrayLike, seen_wh: Size, size_wh: Size, centred: bool = True
) -> Float:
    """Pixels of a frame that holds the whole picture, borders added, to pixels of the picture.

    centred: borders on both sides (YOLO); otherwise only right and below (SAM). What a model
    places on the border is cut off; a box wholly on it is refused.
    """
    factor, border = _letterbox(seen_wh, size_wh, centred)
    rows = (boxes_px(boxes, seen_wh) - border) / factor
    return boxes_px(np.clip(rows, 0, _span(size_wh)), size_wh)


def to_letterbox_px(xyxy: ArrayLike, seen_wh: Size, size_wh: Size, centred: bool = True) -> Real:
    """Pixels of the picture to pixels of the frame with borders."""
    factor, border = _letterbox(seen_wh, size_wh, centred)
    return np.asarray(boxes_px(xyxy, size_wh) * factor + border)


# --- points -----------------------------------------------------------------------------------


def from_xy_norm(points: ArrayLike, size_wh: Size) -> Float:
    """Points from 0 to 1 to pixels."""
    return points_px(_rows(points, 2) * _span(size_wh)[:2], size_wh)


def to_xy_norm(xy: ArrayLike, size_wh: Size) -> Real:
    """Pixels to points from 0 to 1."""
    return np.asarray(points_px(xy, size_wh) / _span(size_wh)[:2])


def from_xy_100(points: ArrayLike, size_wh: Size) -> Float:
    """Points in percent of the sides (Molmo) to pixels."""
    return from_xy_norm(_rows(points, 2) / 100, size_wh)


def to_xy_100(xy: ArrayLike, size_wh: Size) -> Real:
    """Pixels to points in percent of the sides."""
    return to_xy_norm(xy, size_wh) * 100


def from_yx_1000(points: ArrayLike, size_wh: Size) -> Float:
    """Points y, x on a grid of 0 to 1000 (Gemini) to pixels."""
    return from_xy_norm(_rows(points, 2)[:, ::-1] / 1000, size_wh)


def to_yx_1000(xy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to points y, x on a grid of 0 to 1000."""
    return np.rint(to_xy_norm(xy, size_wh)[:, ::-1] * 1000).astype(np.int64)


def from_xy_bins(points: ArrayLike, size_wh: Size) -> Float:
    """Points as steps 0 to 999, each meaning the middle of its step (Florence-2), to pixels."""
    return points_px((_rows(points, 2) + 0.5) * _span(size_wh, 1000)[:2], size_wh)


def to_xy_bins(xy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to the steps 0 to 999 in which the points lie."""
    steps = np.floor(points_px(xy, size_wh) / _span(size_wh, 1000)[:2])
    return np.clip(steps, 0, 999).astype(np.int64)


# --- quads ------------------------------------------------------------------------------------


def from_quads(quads: ArrayLike, size_wh: Size) -> Float:
    """Four corners (n, 4, 2) to the upright boxes around them."""
    corners = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    points_px(corners.reshape(-1, 2), size_wh)
    return boxes_px(quad_boxes(corners), size_wh)


def to_quads(xyxy: ArrayLike, size_wh: Size) -> Float:
    """Boxes to four corners, clockwise from the top-left."""
    return box_corners(boxes_px(xyxy, size_wh)).astype(np.float32)
