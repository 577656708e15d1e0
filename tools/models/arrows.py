"""Arrows of road signs, way signs and diagrams, and which way each points, by their outline.

A patch of one colour is an arrow where a drawn arrow covers it better than any plain shape does:
arrows with shafts and heads of many proportions, solid or as strokes, in eight directions. Bent
arrows and hand-drawn ones are not found. Knows nothing of what an arrow stands beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.geometry import place_boxes
from tools.types import Boxes, Image

Mask = NDArray[np.bool_]
WAYS = (
    "right", "down right", "down", "down left", "left", "up left", "up", "up right",
)  # fmt: skip
"""Where an arrow points, by eighths of a turn clockwise."""
GRID = 40
"""Side of the square in which shapes are compared, in cells."""
LONGEST_PX = 1400
SMALLEST = 0.012
"""Least side of an arrow, as a share of the picture's longer side."""
LIKENESS = 0.80
"""Least overlap (of union) with a drawn arrow."""
AHEAD = 0.03
"""By how much an arrow must be more like an arrow than like any plain shape."""
TILTS = (-9, 0, 9)
"""Degrees by which a sign may lean."""
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
    least = SMALLEST * max(grey.shape)
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
            if min(w, h) < least or max(w, h) > 0.7 * max(grey.shape):
                continue
            if 0.12 < area / (w * h) < 0.8 and 1 / 6 < w / h < 6:
                yield (x, y, x + w, y + h), marks[y : y + h, x : x + w] == i


def _way(shape: Mask) -> tuple[int, float]:
    """Which way a patch points, and how sure it is an arrow (0 where it is none)."""
    import cv2

    small = cv2.resize(shape.astype(np.uint8) * 255, (GRID, GRID), interpolation=cv2.INTER_AREA)
    cells = (small > 127).ravel()
    arrows, ways, plain = _drawn()
    like = _likeness(arrows, cells)
    best = int(np.argmax(like))
    other = float(_likeness(plain, cells).max())
    score = float(like[best])
    return int(ways[best]), score if score >= other + AHEAD else 0.0


def _likeness(drawn: NDArray[np.bool_], cells: NDArray[np.bool_]) -> NDArray[np.float64]:
    common = (drawn & cells).sum(axis=1)
    return np.asarray(common / np.maximum((drawn | cells).sum(axis=1), 1))


@lru_cache(maxsize=1)
def _drawn() -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]]:
    """Drawn arrows with their ways, and plain shapes that are none; all fill their box."""
    arrows, ways = [], []
    for straight in _straight():
        for tilt in TILTS:
            leaning = _turned(straight, tilt) if tilt else straight
            for turns in range(4):
                arrows.append(np.rot90(leaning, -turns))
                ways.append(2 * turns)
        slanted = _turned(straight, 45)
        for turns in range(4):
            arrows.append(np.rot90(slanted, -turns))
            ways.append(2 * turns + 1)
    plain = [_fitted(shape) for shape in _plain()]
    plain += [np.rot90(shape, k) for shape in plain for k in (1, 2, 3)]
    return (
        np.stack([a.ravel() for a in arrows]),
        np.asarray(ways, np.intp),
        np.stack([p.ravel() for p in plain]),
    )


def _straight() -> Iterator[Mask]:
    """Arrows that point right, in the unit square."""
    y, x = (np.mgrid[0:GRID, 0:GRID] + 0.5) / GRID
    off = np.abs(y - 0.5) * 2
    for shaft in (0.14, 0.22, 0.32, 0.42, 0.52):
        for head in (0.25, 0.35, 0.45, 0.55, 0.7):
            for notch in (0.0, 0.25):
                tip = (x >= 1 - head - notch * head * (off - shaft)) & (off <= (1 - x) / head)
                yield tip | ((off <= shaft) & (x <= 1 - head + 0.02))
        for head in (0.35, 0.5):
            edge = 1 - head * off
            stroke = 0.9 * shaft
            yield ((x <= edge) & (x >= edge - stroke)) | ((off <= shaft * 0.7) & (x <= 0.95))


def _turned(shape: Mask, degrees: int) -> Mask:
    """A shape turned clockwise, fitted into its box again."""
    import cv2

    side = 4 * GRID
    page = np.zeros((2 * side, 2 * side), np.uint8)
    large = cv2.resize(shape.astype(np.uint8) * 255, (side, round(0.7 * side)))
    top = side - large.shape[0] // 2
    page[top : top + large.shape[0], side // 2 : side // 2 + side] = large
    turn = cv2.getRotationMatrix2D((float(side), float(side)), -degrees, 1.0)
    return _fitted(cv2.warpAffine(page, turn, page.shape[::-1]) > 127)


def _fitted(shape: Mask) -> Mask:
    """A shape cut to its box and brought to the grid."""
    import cv2

    rows, columns = np.flatnonzero(shape.any(axis=1)), np.flatnonzero(shape.any(axis=0))
    part = shape[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8) * 255
    return np.asarray(cv2.resize(part, (GRID, GRID), interpolation=cv2.INTER_AREA) > 127)


def _plain() -> Iterator[Mask]:
    """Shapes that are no arrows: triangle, house, ring, cross, letters L, T, Y, a speech bubble."""
    y, x = (np.mgrid[0:GRID, 0:GRID] + 0.5) / GRID
    off = np.abs(y - 0.5) * 2
    yield off <= 1 - x
    yield (x + y) <= 1
    yield (x - 0.5) ** 2 + (y - 0.5) ** 2 <= 0.25
    yield np.ones((GRID, GRID), np.bool_)
    yield (off <= (1 - x) / 0.4) & (x > 0)
    for thick in (0.2, 0.3, 0.4):
        yield (off <= thick) | (np.abs(x - 0.5) * 2 <= thick)
        yield (off <= thick) | (x >= 1 - thick)
        yield (y >= 1 - thick) | (x <= thick)
        yield (np.abs(x - y) <= thick / 1.5) | (np.abs(x + y - 1) <= thick / 1.5)
        yield (x <= thick) | (np.abs(off - x) <= thick)
        yield ((off <= thick) & (x <= 0.5)) | ((np.abs(off - 2 * (x - 0.5)) <= thick) & (x > 0.5))


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
    version="1",
    modules=("cv2",),
    memory_mb=60.0,
    labels=("arrow",),
    notes="Straight arrows by outline, labelled with the way they point; not bent or hand-drawn.",
)
