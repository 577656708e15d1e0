"""How things lie to each other, as facts in words. Knows boxes only."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tools.catalog import tool
from tools.context import ToolContext
from tools.geometry import areas, centres, covered, iou
from tools.places import check_frames, names
from tools.types import Placed, Table

COLUMNS = ("first", "relation", "second")
MOST_THINGS = 12
"""Things of each side that are compared."""
MOST_ROWS = 120
INSIDE = 0.9
"""Share of a box from which it counts as inside another."""
SAME_LINE = 0.5
"""Share of the smaller extent that two things of one row or column have in common."""

Box = NDArray[np.float64]


@tool(
    verbs=("relate", "is it left or right of", "where is it relative to", "which is nearest",
           "which is on the left", "compare positions"),
    nouns=("left of", "right of", "above", "below", "inside", "contains", "next to", "nearest",
           "closest", "relation", "relative position", "same row", "same column", "largest",
           "leftmost", "rightmost", "topmost", "between"),
)  # fmt: skip
def relate(ctx: ToolContext, things: Placed, to: Placed | None = None) -> Table:
    """Say how things lie to each other: left of, above, inside, nearest, same row, largest.

    With `to`, each of `things` is related to each of those; otherwise among themselves, and it
    is said which is leftmost, topmost, largest and so on.
    """
    if to is not None:
        check_frames(things.frame, to.frame)
        rows = _across(things, to)
    else:
        rows = _superlatives(things) + _among(things)
    return Table(COLUMNS, tuple(rows[:MOST_ROWS]))


Row = tuple[str, str, str]


def _across(things: Placed, to: Placed) -> list[Row]:
    first, second = names(things)[:MOST_THINGS], names(to)[:MOST_THINGS]
    a, b = things.xyxy.astype(np.float64), to.xyxy.astype(np.float64)
    rows = [
        (first[i], relation, second[j])
        for i in range(len(first))
        for j in range(len(second))
        for relation in relations(a[i], b[j])
    ]
    if len(first) > 1:
        apart = _distances(a[: len(first)], b[: len(second)])
        rows += [(first[int(apart[:, j].argmin())], "nearest to", second[j]) for j in range(len(second))]  # fmt: skip
    return rows


def _among(things: Placed) -> list[Row]:
    called, boxes = names(things)[:MOST_THINGS], things.xyxy.astype(np.float64)
    rows: list[Row] = [
        (called[i], relation, called[j])
        for i, j in combinations(range(len(called)), 2)
        for relation in relations(boxes[i], boxes[j])
    ]
    if len(called) > 2:
        apart = _distances(boxes[: len(called)], boxes[: len(called)])
        np.fill_diagonal(apart, np.inf)
        rows += [(called[int(apart[:, j].argmin())], "nearest to", called[j]) for j in range(len(called))]  # fmt: skip
    return rows


def _superlatives(things: Placed) -> list[Row]:
    if len(things) < 2:
        return []
    called, boxes = names(things), things.xyxy.astype(np.float64)
    middle, size = centres(boxes), areas(boxes)
    ranks = {
        "leftmost": middle[:, 0], "rightmost": -middle[:, 0], "topmost": middle[:, 1],
        "bottommost": -middle[:, 1], "largest": -size, "smallest": size,
        "widest": boxes[:, 0] - boxes[:, 2], "tallest": boxes[:, 1] - boxes[:, 3],
    }  # fmt: skip
    return [(called[int(rank.argmin())], word, "of all") for word, rank in ranks.items()]


def relations(a: Box, b: Box) -> list[str]:
    """Every relation of box `a` (4,) to box `b` (4,)."""
    first, second = a[None], b[None]
    found = []
    if covered(first, second)[0, 0] >= INSIDE:
        found.append("inside")
    if covered(second, first)[0, 0] >= INSIDE:
        found.append("contains")
    if not found and iou(first, second)[0, 0] > 0:
        found.append("overlaps")
    return found + _direction(a, b, 0, ("left of", "right of", "same column")) + _direction(
        a, b, 1, ("above", "below", "same row")
    )  # fmt: skip


def _direction(a: Box, b: Box, axis: int, words: tuple[str, str, str]) -> list[str]:
    """Before or behind along one axis, and whether both share a line across it."""
    low, high = max(a[axis], b[axis]), min(a[axis + 2], b[axis + 2])
    shorter = min(a[axis + 2] - a[axis], b[axis + 2] - b[axis])
    shift = (a[axis] + a[axis + 2] - b[axis] - b[axis + 2]) / 2
    shared = max(0.0, high - low) / shorter
    found = []
    if shared < SAME_LINE or abs(shift) > SAME_LINE * shorter:
        found.append(words[0] if shift < 0 else words[1])
    if shared >= SAME_LINE:
        found.append(words[2])
    return found


def _distances(a: Box, b: Box) -> Box:
    """(n, m) gaps between boxes; where they touch, a little of the way between the centres."""
    low = np.maximum(a[:, None, :2] - b[None, :, 2:], b[None, :, :2] - a[:, None, 2:])
    gaps = np.linalg.norm(np.maximum(low, 0), axis=2)
    between = np.linalg.norm(centres(a)[:, None] - centres(b)[None], axis=2)
    return np.asarray(gaps + 1e-3 * between)
