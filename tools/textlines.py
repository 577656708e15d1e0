"""Lines of text as a reader of pictures finds them: four corners, a text, where letters stand.

Cutting lines out of a picture straight, parting a picture into tiles, choosing between two
readings of one place, parting lines into words. Knows nothing of any network.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""(4, 2) corners, clockwise from the text's own top-left."""
TALL = 1.5
"""Height in widths from which a quad holds a line that runs down or up."""
SAME = 0.5
"""Share of the smaller of two readings that they have in common when they are one text."""

ALIKE = 70
"""Per cent of a shorter text found in a longer one for the one to be a part of the other."""
LIKE_HEIGHT = 0.65
"""Ratio of two heights of lettering that can be of one line."""


@dataclass(frozen=True, eq=False)
class Line:
    """One line as read, in pixels of the picture that was looked at."""

    quad: Quad
    text: str
    score: float
    stops: tuple[float, ...]
    """For each character of `text` but spaces: where its middle lies, from 0 to 1 along the line."""

    @property
    def worth(self) -> float:
        """Which of two readings of one text to keep: the surer one, longer ones sooner."""
        return self.score + 0.01 * min(len(self.text), 20)


def tiles(copy: Pixels, size_px: int, overlap_px: int) -> Iterator[tuple[int, int, Pixels]]:
    """Overlapping parts (x, y, pixels) of at most `size_px` a side; one where that suffices."""

    def starts(size: int) -> list[int]:
        parts = max(1, math.ceil((size - overlap_px) / (size_px - overlap_px)))
        last = max(0, size - size_px)
        return [round(last * k / max(1, parts - 1)) for k in range(parts)]

    for y in starts(copy.shape[0]):
        for x in starts(copy.shape[1]):
            yield x, y, copy[y : y + size_px, x : x + size_px]


def side(quad: Quad) -> Quad:
    """Length and height of a quad."""
    across = np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])
    down = np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])
    return np.asarray([across / 2, down / 2], np.float32)


def wide(quad: Quad) -> Quad:
    """`quad` begun at the corner from which a line much taller than wide would be read down."""
    width, height = side(quad)
    return np.roll(quad, -1, axis=0) if height >= TALL * width else quad


def cut(bgr: Pixels, quad: Quad) -> Pixels:
    """What `quad` shows, straightened."""
    import cv2

    width, height = (max(1, round(float(v))) for v in side(quad))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    return np.asarray(
        cv2.warpPerspective(
            bgr, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def median_height(lines: Sequence[Line]) -> float:
    """Of the lettering, in pixels; 0 without lines."""
    return float(np.median([side(line.quad)[1] for line in lines])) if lines else 0.0


def quarter_turns(lines: Sequence[Line]) -> int:
    """Clockwise quarter turns that would set most of the text upright."""
    along = np.zeros(2)
    for line in lines:
        if len(line.text) >= 3:
            along += line.score * (line.quad[1] - line.quad[0])
    length = sum(line.score * float(side(line.quad)[0]) for line in lines if len(line.text) >= 3)
    if length == 0 or np.hypot(*along) < 0.6 * length:
        return 0
    return round(-math.atan2(along[1], along[0]) / (math.pi / 2)) % 4


def merged(lines: list[Line]) -> list[Line]:
    """`lines` with the better one kept of any two that read the same place."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.worth):
        if not any(_same(line, other) for other in kept):
            kept.append(line)
    return kept


def _same(one: Line, other: Line) -> bool:
    """Whether two readings are of one text: the same place, or a part of the same line.

    A line that only lies in the wide quad around a curved one is another text.
    """
    import cv2
    from rapidfuzz import fuzz

    low = np.maximum(one.quad.min(axis=0), other.quad.min(axis=0))
    high = np.minimum(one.quad.max(axis=0), other.quad.max(axis=0))
    if (high <= low).any():
        return False
    common, _ = cv2.intersectConvexConvex(one.quad, other.quad)
    areas = sorted(float(cv2.contourArea(line.quad)) for line in (one, other))
    if common <= SAME * areas[0]:
        return False
    heights = sorted(float(side(line.quad)[1]) for line in (one, other))
    alike = fuzz.partial_ratio(one.text.casefold(), other.text.casefold()) >= ALIKE
    return alike or common > SAME * areas[1] or heights[0] > LIKE_HEIGHT * heights[1]


def words(line: Line) -> Iterator[Line]:
    """The words of a line, their quads cut out of the line's by the places of the characters."""
    start = 0
    words = line.text.split()
    if len(line.stops) != sum(map(len, words)):  # a reader that gives no places for characters
        yield line
        return
    half = 0.5 * min(np.diff(line.stops), default=1.0) if len(line.stops) > 1 else 0.5
    half = max(half, 0.5 * float(side(line.quad)[1] / max(side(line.quad)[0], 1.0)) * 0.6)
    for word in words:
        stops = line.stops[start : start + len(word)]
        start += len(word)
        ends = np.clip([stops[0] - half, stops[-1] + half], 0, 1)[:, None].astype(np.float32)
        top = line.quad[0] + ends * (line.quad[1] - line.quad[0])
        bottom = line.quad[3] + ends * (line.quad[2] - line.quad[3])
        quad = np.stack([top[0], top[1], bottom[1], bottom[0]]).astype(np.float32)
        yield replace(line, quad=quad, text=word, stops=stops)
