"""Masks in foreign forms: polygons and COCO run lengths, to bool (H, W) and back.

The part of ``tools/convert.py`` that speaks of masks; take the functions from there. Polygons are
pixels of the picture, run lengths go column by column. A mask comes back exactly as it went.
Knows nothing of roots, tools or models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.errors import BadArguments
from tools.types import Float, Frame, check_inside

Size = tuple[int, int]
"""(width, height) in pixels."""


def frame_of(size_wh: Size) -> Frame:
    """A nameless frame of this size.

    Raises:
        BadArguments: the size is empty.
    """
    width, height = size_wh
    if width < 1 or height < 1:
        raise BadArguments(f"a picture cannot have the size {width}×{height} px")
    return Frame("", int(width), int(height))


# --- masks: polygons ----------------------------------------------------------------------------


def from_polygons(polygons: Sequence[ArrayLike], size_wh: Size) -> NDArray[np.bool_]:
    """Outlines (k, 2) or flat x1, y1, x2, … (COCO) to a mask (H, W), even-odd rule.

    A pixel belongs to the mask where its centre lies inside; an outline within another one cuts
    a hole.
    """
    frame = frame_of(size_wh)
    toggles = np.zeros((frame.height, frame.width + 1), np.int32)
    for polygon in polygons:
        points = np.asarray(polygon, np.float64).reshape(-1, 2)
        if len(points) < 3:
            raise BadArguments(f"a polygon needs three corners, got {len(points)}")
        check_inside(points.astype(np.float32), frame, "polygon")
        for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
            _toggle_edge(toggles, x1, y1, x2, y2)
    return np.asarray(np.cumsum(toggles[:, :-1], axis=1) % 2 == 1)


def _toggle_edge(toggles: NDArray[np.int32], x1: float, y1: float, x2: float, y2: float) -> None:
    if y1 > y2:
        x1, y1, x2, y2 = x2, y2, x1, y1
    height, width = toggles.shape
    rows = np.arange(max(0, int(np.ceil(y1 - 0.5))), min(height, int(np.ceil(y2 - 0.5))))
    if not len(rows):
        return
    xs = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
    toggles[rows, np.clip(np.ceil(xs - 0.5).astype(np.int64), 0, width - 1)] += 1


def to_polygons(mask: NDArray[np.bool_], size_wh: Size) -> list[Float]:
    """A mask (H, W) to the outlines (k, 2) along its pixel edges, holes included.

    ``from_polygons`` gives exactly the same mask again.
    """
    _check_mask(mask, size_wh)
    after = _outline_steps(mask)
    outlines = []
    while after:
        start = here = next(iter(after))
        path = [start]
        while True:
            ways = after[here]
            here = ways.pop()
            if not ways:
                del after[path[-1]]
            if here == start:
                break
            path.append(here)
        outlines.append(_corners_only(np.array(path, np.float32)))
    return outlines


def _outline_steps(mask: NDArray[np.bool_]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Unit steps along the edges between mask and not mask: from each point to the next ones."""
    padded = np.pad(mask, 1).astype(np.int8)
    down = np.diff(padded, axis=0)[:, 1:-1]  # (H + 1, W): +1 where the mask begins below
    right = np.diff(padded, axis=1)[1:-1]  # (H, W + 1)
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y, x in np.argwhere(down).tolist():
        a, b = (x, y), (x + 1, y)
        start, end = (a, b) if down[y, x] > 0 else (b, a)
        after.setdefault(start, []).append(end)
    for y, x in np.argwhere(right).tolist():
        a, b = (x, y), (x, y + 1)
        start, end = (b, a) if right[y, x] > 0 else (a, b)
        after.setdefault(start, []).append(end)
    return after


def _corners_only(path: Float) -> Float:
    before, behind = path - np.roll(path, 1, axis=0), np.roll(path, -1, axis=0) - path
    return np.asarray(path[(before != behind).any(axis=1)])


def _check_mask(mask: NDArray[np.bool_], size_wh: Size) -> None:
    frame = frame_of(size_wh)
    if mask.shape != (frame.height, frame.width):
        raise BadArguments(f"the mask is {mask.shape}, the picture {frame}")


# --- masks: run lengths (COCO) ------------------------------------------------------------------


def from_rle(counts: Sequence[int] | str | bytes, size_wh: Size) -> NDArray[np.bool_]:
    """COCO run lengths (column by column, beginning with zeros) to a mask (H, W).

    counts: numbers, or COCO's compressed string. Mind that COCO writes its size as [H, W].

    Raises:
        BadArguments: the runs do not add up to the picture, or the string is damaged.
    """
    frame = frame_of(size_wh)
    if isinstance(counts, str | bytes):
        counts = _unpack(counts.encode() if isinstance(counts, str) else counts)
    runs = np.asarray(counts, np.int64)
    if (runs < 0).any() or int(runs.sum()) != frame.width * frame.height:
        raise BadArguments(f"run lengths add up to {int(runs.sum())}, not to a picture of {frame}")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(frame.width, frame.height).T.copy()


def to_rle(mask: NDArray[np.bool_], size_wh: Size) -> list[int]:
    """A mask (H, W) to COCO's uncompressed run lengths."""
    _check_mask(mask, size_wh)
    flat = np.concatenate([[False], mask.T.ravel()])
    edges = np.flatnonzero(np.diff(flat.astype(np.int8)))
    return [int(n) for n in np.diff(np.concatenate([[0], edges, [mask.size]]))]


def to_rle_string(mask: NDArray[np.bool_], size_wh: Size) -> str:
    """A mask (H, W) to COCO's compressed string."""
    runs = to_rle(mask, size_wh)
    deltas = [n - runs[i - 2] if i > 2 else n for i, n in enumerate(runs)]
    return "".join(_pack(delta) for delta in deltas)


def _pack(value: int) -> str:
    letters = []
    while True:
        bits = value & 31
        value >>= 5
        last = value == (-1 if bits & 16 else 0)
        letters.append(chr(48 + (bits if last else bits | 32)))
        if last:
            return "".join(letters)


def _unpack(letters: bytes) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for letter in letters:
        bits = letter - 48
        if not 0 <= bits < 64 or shift > 60:
            raise BadArguments(f"{chr(letter)!r} is no letter of a COCO run length")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise BadArguments("a COCO run length string ends in the middle of a number")
    return runs
