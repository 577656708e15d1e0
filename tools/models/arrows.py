"""Arrows of road signs, way signs and diagrams, and which way each points, by their outline.

A patch of one colour is an arrow where its outline, walked along its axis, is a bar of even width
that turns into a wider triangle and ends in a tip, alike on both sides: any proportions and any
angle, solid heads, barbed ones and strokes. Bent arrows and hand-drawn ones are not found, nor
those cut off by the edge of the picture. Knows nothing of what an arrow stands beside.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.geometry import place_boxes
from tools.types import Boxes, Image

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
"""(n, 2) places x, y of the cells of a patch."""
WAYS = (
    "right", "down right", "down", "down left", "left", "up left", "up", "up right",
)  # fmt: skip
"""Where an arrow points, by eighths of a turn clockwise."""
LONGEST_PX = 1400
SMALLEST = 0.012
"""Least side of an arrow, as a share of the picture's longer side."""
SMALLEST_PX = 9
"""Least side of a patch whose outline can be judged."""
LIKENESS = 0.88
"""Least share of the outline that agrees with a shaft and a head."""
FLARE = 1.5
"""By how much a head is at least wider than the shaft."""
SHORTEST_SHAFT = 0.2
"""Least share of the length that is shaft."""
LOPSIDED = 0.06
"""How far the middle line may stray from straight, in half widths of the head."""
LONGEST_SHAFT = 0.88
"""Largest share of the length that is shaft."""
EVEN = 0.25
"""How much the ink of a head of two strokes may vary from slice to slice, as a share."""
SOLID = 0.8
"""Least share of the shaft that is inked."""
HULL = 0.92
"""Largest share of its convex hull that an arrow covers."""
COMPACT = 1.35
"""Ratio of spreads below which a shape is about as wide as long."""
SIDE = 72
"""Longer side of the patches that are compared, in cells."""
SLICES = 36
"""Slices across an arrow, from tail to tip."""
MAX_PATCHES = 3000


def load() -> Arrows:
    """Nothing to read."""
    return Arrows()


class Arrows:
    """Finds arrows in a picture."""

    def __call__(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        labels: tuple[str, ...] = ("arrow",),
        min_score: float = LIKENESS,
    ) -> Boxes:
        """The arrows of `image`, each labelled with its way: ``arrow left``."""
        import cv2

        factor = min(1.0, LONGEST_PX / max(image.size_wh))
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        pixels = cv2.resize(image.pixels, size, interpolation=cv2.INTER_AREA)
        found: list[tuple[float, int, tuple[int, int, int, int]]] = []
        for box, shape in _patches(np.asarray(pixels, np.uint8)):
            cancel.check()
            way, score = _way(shape)
            if score >= min_score:
                found.append((score, way, box))
        kept = _distinct(found)
        boxes = np.asarray([box for _, _, box in kept], np.float32).reshape(-1, 4)
        scores = np.asarray([score for score, _, _ in kept], np.float32)
        names = tuple(f"arrow {WAYS[way]}" for _, way, _ in kept)
        return place_boxes(image, boxes / factor, names, scores)


def _patches(pixels: NDArray[np.uint8]) -> Iterator[tuple[tuple[int, int, int, int], Mask]]:
    """Patches of the picture that stand out from what is around them, with their boxes."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    least = max(SMALLEST_PX, SMALLEST * max(grey.shape))
    parts = []
    _, split = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    parts += [split, 255 - split]
    for share in (0.1, 0.3):
        block = max(11, int(share * min(grey.shape)) // 2 * 2 + 1)
        mean = cv2.blur(grey, (block, block)).astype(np.int16)
        parts += [
            (np.uint8(255) * (sign * (grey - mean) > 12)).astype(np.uint8) for sign in (1, -1)
        ]
    for part in parts:
        _, marks, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
        order = np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:MAX_PATCHES] + 1
        for i in order:
            x, y, w, h, area = (int(v) for v in stats[i])
            cut = x == 0 or y == 0 or x + w == part.shape[1] or y + h == part.shape[0]
            if cut or min(w, h) < least or max(w, h) > 0.7 * max(grey.shape):
                continue
            if 0.06 < area / (w * h) < 0.8 and 1 / 8 < w / h < 8:
                yield (x, y, x + w, y + h), marks[y : y + h, x : x + w] == i


def _way(shape: Mask) -> tuple[int, float]:
    """Which way a patch points, and how sure it is an arrow (0 where it is none)."""
    points = _points(shape)
    best, turn = 0.0, 0.0
    if len(points) < SIDE or _fills_its_hull(points):
        return 0, 0.0
    for degrees in _axes(points):
        score = _likeness(points, degrees)
        if score > best:
            best, turn = score, degrees
    return round(turn % 360 / 45) % 8, best


def _points(shape: Mask) -> Points:
    """The cells of a patch, brought to a common size."""
    import cv2

    height, width = shape.shape
    factor = SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA
    rows, columns = np.nonzero(
        cv2.resize(shape.astype(np.uint8) * 255, size, interpolation=how) > 127
    )
    return np.stack([columns, rows], axis=1).astype(np.float64)


def _fills_its_hull(points: Points) -> bool:
    """Whether a patch has no corner cut out of it, as discs, coins and letters like D have none."""
    import cv2

    hull = cv2.convexHull(points.astype(np.float32))
    return len(points) > HULL * float(cv2.contourArea(hull))


def _axes(points: Points) -> list[float]:
    """Directions (degrees clockwise from right) in which the tip may lie.

    A shape that is its own mirror image has its axis along or across its longest stretch; where
    it is about as wide as long, that is not known well and turns by eighths are tried as well.
    """
    values, vectors = np.linalg.eigh(np.cov(points.T))
    along = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
    near = [along + turn for turn in (0, 90, 180, 270)]
    compact = values[1] < COMPACT * values[0]
    return [*near, *(15.0 * k for k in range(24))] if compact else near


def _likeness(points: Points, degrees: float) -> float:
    """How much of the outline is a shaft and then a head, its tip at `degrees`; 0 where not."""
    turn = np.radians(degrees)
    along = points @ (np.cos(turn), np.sin(turn))
    across = points @ (-np.sin(turn), np.cos(turn))
    along -= along.min()
    length = float(along.max()) + 1.0
    slice_of = (along / length * SLICES).astype(np.intp)
    order = np.argsort(slice_of, kind="stable")
    starts = np.searchsorted(slice_of[order], np.arange(SLICES))
    if len(np.unique(slice_of)) < SLICES:
        return 0.0
    low = np.minimum.reduceat(across[order], starts) - 0.5
    high = np.maximum.reduceat(across[order], starts) + 0.5
    half, middle = (high - low) / 2, (high + low) / 2
    widest = float(half.max())
    axis = float(np.median(middle))
    if np.abs(middle - axis).mean() > LOPSIDED * widest or not 0.06 < widest / length < 1.3:
        return 0.0
    inked = slice_of[np.abs(across - axis) <= max(1.0, 0.25 * float(half.min()))]
    if len(np.unique(inked)) < SLICES - 1:
        return 0.0
    cells = np.bincount(slice_of, minlength=SLICES) / (length / SLICES)
    return _shaft_and_head(half, cells / (2 * half))


def _shaft_and_head(half: NDArray[np.float64], filled: NDArray[np.float64]) -> float:
    """How well half widths from tail to tip agree with a bar that turns into a triangle."""
    best = 0.0
    left = 1 - (np.arange(SLICES) + 0.5) / SLICES
    for start in range(round(SHORTEST_SHAFT * SLICES), round(LONGEST_SHAFT * SLICES)):
        bar, head, rest = half[1 : start - 1], half[start:], left[start:]
        shaft = float(np.median(bar))
        blunt = min(float(head[-1]), 0.3 * float(head.max()))
        slope = float(((head - blunt) * rest).sum() / (rest * rest).sum())
        wide = blunt + slope * float(rest[0])
        if (
            wide < FLARE * shaft
            or filled[:start].mean() < SOLID
            or not _inked(head, filled[start:])
        ):
            continue
        rough = float(np.abs(bar - shaft).mean()) / shaft
        bent = float(np.abs(head - blunt - slope * rest)[1:].mean()) / wide
        best = max(best, 1 - rough - bent)
    return best


def _inked(head: NDArray[np.float64], filled: NDArray[np.float64]) -> bool:
    """Whether a head is solid, or two strokes of even thickness and what they meet."""
    if filled.mean() >= 0.65:
        return True
    ink = (head * filled)[1 : 1 + len(head) // 2]
    return bool(len(ink) > 1 and ink.std() <= EVEN * ink.mean())


def _distinct(
    found: list[tuple[float, int, tuple[int, int, int, int]]],
) -> list[tuple[float, int, tuple[int, int, int, int]]]:
    """The best of findings that lie on each other."""
    kept: list[tuple[float, int, tuple[int, int, int, int]]] = []
    for score, way, box in sorted(found, reverse=True):
        if all(_apart(box, other) for _, _, other in kept):
            kept.append((score, way, box))
    return kept


def _apart(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return wide <= 0 or high <= 0


MODEL = ModelSpec(
    name="arrows",
    ability="detect",
    licence="Apache-2.0",
    load=load,
    version="2",
    modules=("cv2",),
    memory_mb=60.0,
    labels=("arrow",),
    notes="Straight arrows by outline, labelled with the way they point; not bent or hand-drawn.",
)
