"""How language models write places where ``tools/convert.py`` has no form for it, and back.

Points on a grid of 1000, points in pixels of a resized frame, the thousand bins of Florence-2, and
the cells of Kosmos-2. The same rules as there: the size of the picture is a required argument,
results are pixels of the picture that was given to the model, and what is not finite, inverted,
empty or outside is refused. Knows nothing of replies, roots or models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tools.convert import Grid, Real, boxes_px, from_xy_norm, from_xyxy_norm, to_xy_norm
from tools.convert_masks import Size, frame_of
from tools.errors import BadArguments
from tools.types import Float

BINS = 1000
"""Location tokens of Florence-2."""
CELLS = 32
"""Cells along each side in Kosmos-2."""


def from_xy_1000(points: ArrayLike, size_wh: Size) -> Float:
    """Points x, y on a grid of 0 to 1000 (Qwen3-VL, Molmo 2) to pixels."""
    return from_xy_norm(np.asarray(points, np.float64) / 1000, size_wh)


def to_xy_1000(xy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to points x, y on a grid of 0 to 1000."""
    return np.rint(to_xy_norm(xy, size_wh) * 1000).astype(np.int64)


def from_xy_resized_px(points: ArrayLike, seen_wh: Size, size_wh: Size) -> Float:
    """Points in pixels of the picture stretched to `seen_wh` (Qwen2.5-VL) to its own pixels."""
    return from_xy_norm(np.asarray(points, np.float64) / frame_of(seen_wh).size_wh, size_wh)


def to_xy_resized_px(xy: ArrayLike, seen_wh: Size, size_wh: Size) -> Real:
    """Pixels to points in pixels of the picture stretched to `seen_wh`."""
    return np.asarray(to_xy_norm(xy, size_wh) * frame_of(seen_wh).size_wh)


def from_xyxy_bins(boxes: ArrayLike, size_wh: Size) -> Float:
    """Corners as numbers of a thousand bins a side (Florence-2) to pixels: the bins' middles."""
    return from_xyxy_norm((np.asarray(boxes, np.float64) + 0.5) / BINS, size_wh)


def to_xyxy_bins(xyxy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to the bins that the corners lie in."""
    shares = boxes_px(xyxy, size_wh) / np.tile(frame_of(size_wh).size_wh, 2)
    return np.asarray(np.clip(np.floor(shares * BINS), 0, BINS - 1), np.int64)


def from_cell_pairs(pairs: ArrayLike, size_wh: Size) -> Float:
    """First and last cell (n, 2) of a 32 by 32 grid, counted by rows (Kosmos-2), to pixels.

    As its authors have it: from middle to middle, but whole cells where the two share a row or a
    column.

    Raises:
        BadArguments: a cell is none of the grid, or the last lies before the first.
    """
    cells = np.asarray(pairs, np.float64).reshape(-1, 2)
    if not ((cells >= 0) & (cells < CELLS**2)).all():
        raise BadArguments(f"cells are numbered 0 to {CELLS**2 - 1}")
    first, last = (np.stack([c % CELLS, c // CELLS], axis=1) for c in cells.T)
    same = (first == last).any(axis=1, keepdims=True)
    corners = [first + np.where(same, 0, 0.5), last + np.where(same, 1, 0.5)]
    return from_xyxy_norm(np.concatenate(corners, axis=1) / CELLS, size_wh)


def to_cell_pairs(xyxy: ArrayLike, size_wh: Size) -> Grid:
    """Pixels to the first and last cell of each box."""
    shares = boxes_px(xyxy, size_wh) / np.tile(frame_of(size_wh).size_wh, 2)
    low = np.floor(shares[:, :2] * CELLS + 1e-4)
    high = np.maximum(np.ceil(shares[:, 2:] * CELLS - 1e-4) - 1, low)
    cells = [c.clip(0, CELLS - 1) @ np.array([1, CELLS]) for c in (low, high)]
    return np.stack(cells, axis=1).astype(np.int64)
