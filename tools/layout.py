"""Where text stands on the page: visual rows, columns and reading order.

Works on the quads of ``TextSpans`` after turning them by the angle most of the text has, so a
skewed receipt or a sheet on its side reads like an upright one. Knows nothing of what texts mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.types import Float, TextSpans, quad_boxes

MIN_OVERLAP = 0.5
"""Share of the lower height by which two spans of a row overlap vertically."""
SLOPED = 5.0
"""Width in heights from which the slope of a single span is trusted."""
WORD_GAP = 0.9
"""Gap, in heights, up to which words belong to one cell."""
LINE_GAP = 0.35
"""The same for spans that are lines already."""
COLUMN_ROWS = 3
"""Rows a column must have on both sides of its gutter."""
COLUMN_LETTERS = 12
"""Letters (median) per row that make a side of a gutter running text, not labels or prices."""


@dataclass(frozen=True, eq=False)
class Upright:
    """The spans in a frame in which most of the text runs left to right."""

    xyxy: Float
    """(n, 4) boxes around the turned quads."""
    heights: Float
    """(n,) heights of the lettering: the quads' own, not the boxes'."""
    slopes: Float
    """(n,) rise per pixel to the right that is left after turning; 0 where too short to tell."""
    angle: float
    """Radians by which the text was turned (clockwise in the picture)."""

    @property
    def centres(self) -> Float:
        """(n, 2) centres."""
        return np.asarray((self.xyxy[:, :2] + self.xyxy[:, 2:]) / 2, np.float32)


def upright(spans: TextSpans) -> Upright:
    """`spans` turned by the angle of most of their lettering."""
    quads = spans.quads.astype(np.float64)
    along = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    angle = _main_angle(along)
    c, s = np.cos(-angle), np.sin(-angle)
    turn = np.array([[c, s], [-s, c]])
    turned, along = quads @ turn, along @ turn
    widths = np.hypot(along[:, 0], along[:, 1])
    heights = np.maximum(np.hypot(down[:, 0], down[:, 1]), 1.0)
    steep = np.abs(along[:, 1]) > 0.5 * np.abs(along[:, 0])
    trusted = (widths >= SLOPED * heights) & ~steep
    slopes = np.where(trusted, along[:, 1] / np.where(trusted, along[:, 0], 1.0), 0.0)
    boxes = quad_boxes(turned.astype(np.float32))
    return Upright(boxes, heights.astype(np.float32), slopes.astype(np.float32), float(angle))


def _main_angle(along: NDArray[np.float64]) -> float:
    """Angle of the lettering, the longer spans weighing more; 0 where they disagree."""
    total = along.sum(axis=0) if len(along) else np.zeros(2)
    if np.hypot(*total) < 0.6 * np.hypot(along[:, 0], along[:, 1]).sum():
        return 0.0
    return float(np.arctan2(total[1], total[0]))


def line_heights(spans: TextSpans) -> Float:
    """(n,) heights of the lettering in root pixels."""
    return upright(spans).heights


def line_tops(spans: TextSpans) -> Float:
    """(n,) upper edges, counted from the topmost one, along the text's own down direction."""
    tops = upright(spans).xyxy[:, 1]
    return tops - tops.min() if len(tops) else tops


def rows(spans: TextSpans) -> list[list[int]]:
    """Spans that stand on one line, left to right; the lines from top to bottom."""
    return group_rows(upright(spans))


def group_rows(page: Upright, only: Sequence[int] | None = None) -> list[list[int]]:
    """``rows`` of the spans `only` (all by default) of a page that is upright already.

    Each span continues the line whose end it overlaps most, the line being drawn on along its own
    slope; so a page that is curled or seen from the side keeps its lines.
    """
    chosen = range(len(page.xyxy)) if only is None else only
    lines: list[list[int]] = []
    for i in sorted(chosen, key=lambda i: float(page.xyxy[i, 0])):
        fits = [(_overlap(page, line, i), line) for line in lines]
        share, best = max(fits, key=lambda fit: fit[0], default=(0.0, []))
        if share >= MIN_OVERLAP:
            best.append(i)
        else:
            lines.append([i])
    return sorted(lines, key=lambda line: float(page.centres[line, 1].mean()))


@dataclass(frozen=True, eq=False)
class Cell:
    """Text that stands together on a line: a label, a value, a name."""

    text: str
    spans: tuple[int, ...]
    """Rows of the spans it is made of."""
    xyxy: Float
    """(4,) box in root pixels."""
    place: Float
    """(4,) box in the upright frame."""
    height: float
    """Height of the lettering."""


def cell_rows(spans: TextSpans) -> list[list[Cell]]:
    """The visual rows of `spans`, what stands close together joined into cells."""
    page, boxes = upright(spans), spans.xyxy
    near = WORD_GAP if spans.level == "word" else LINE_GAP
    made = []
    for line in group_rows(page):
        parts: list[list[int]] = []
        for i in line:
            last = parts[-1][-1] if parts else -1
            size = float(min(page.heights[i], page.heights[last])) if parts else 0.0
            if parts and page.xyxy[i, 0] - page.xyxy[last, 2] <= near * size:
                parts[-1].append(i)
            else:
                parts.append([i])
        made.append([_cell(spans, page, boxes, part) for part in parts])
    return made


def _cell(spans: TextSpans, page: Upright, boxes: Float, part: Sequence[int]) -> Cell:
    return Cell(
        " ".join(spans.texts[i] for i in part),
        tuple(part),
        union(boxes[list(part)]),
        union(page.xyxy[list(part)]),
        float(page.heights[list(part)].max()),
    )


def union(xyxy: Float) -> Float:
    """The (4,) box around (n, 4) boxes."""
    return np.concatenate([xyxy[:, :2].min(axis=0), xyxy[:, 2:].max(axis=0)])


def _overlap(page: Upright, line: Sequence[int], i: int) -> float:
    """Vertical overlap of span `i` with the end of `line`, in shares of the lower height."""
    last = line[-1]
    gap = float(page.xyxy[i, 0] - page.xyxy[last, 2])
    low = float(min(page.heights[i], page.heights[last]))
    if gap < -0.7 * low:
        return 0.0
    slope = float(page.slopes[last] or page.slopes[i])
    drift = slope * float(page.centres[i, 0] - page.centres[last, 0])
    distance = abs(float(page.centres[i, 1] - page.centres[last, 1]) - drift)
    reach = (float(page.heights[i]) + float(page.heights[last])) / 2
    return min(1.0, (reach - distance) / low)


def reading_order(spans: TextSpans) -> list[int]:
    """Rows of `spans` as a person reads them: columns one after the other, lines within them.

    Prices or values to the right of their labels are no column: they stay on their line.
    """
    page = upright(spans)
    letters = np.array([sum(c.isalpha() for c in t) for t in spans.texts], np.float64)
    return _ordered(page, letters, group_rows(page), 0)


def _ordered(
    page: Upright, letters: NDArray[np.float64], lines: list[list[int]], depth: int
) -> list[int]:
    cut = _gutter(page, letters, lines) if depth < 4 else None
    if cut is None:
        return [i for line in lines for i in line]
    x, start, end = cut
    inside = [i for line in lines[start:end] for i in line]
    sides = (
        [i for i in inside if page.centres[i, 0] < x],
        [i for i in inside if page.centres[i, 0] >= x],
    )
    order = _ordered(page, letters, lines[:start], depth + 1)
    for side in sides:
        order += _ordered(page, letters, group_rows(page, side), depth + 1)
    return order + _ordered(page, letters, lines[end:], depth + 1)


def _gutter(
    page: Upright, letters: NDArray[np.float64], lines: list[list[int]]
) -> tuple[float, int, int] | None:
    """The gutter (x, first line, line after the last) that parts most lines into two columns."""
    best, found = 2 * COLUMN_ROWS - 1, None
    for x in _gaps(page, lines):
        for start, end in _runs(page, lines, x):
            size = _column_lines(page, letters, lines[start:end], x)
            if size > best:
                best, found = size, (x, start, end)
    return found


def _gaps(page: Upright, lines: list[list[int]]) -> Iterator[float]:
    """Middles of the wide gaps between neighbours on a line, each place once."""
    seen: list[float] = []
    for line in lines:
        for left, right in zip(line, line[1:], strict=False):
            gap = float(page.xyxy[right, 0] - page.xyxy[left, 2])
            x = float(page.xyxy[left, 2]) + gap / 2
            size = float(min(page.heights[left], page.heights[right]))
            if gap > 1.2 * size and all(abs(x - other) > size for other in seen):
                seen.append(x)
                yield x


def _runs(page: Upright, lines: list[list[int]], x: float) -> Iterator[tuple[int, int]]:
    """Runs of lines that nothing crosses at `x`."""
    start = 0
    for k, line in enumerate([*lines, None]):
        crossed = line is None or any(page.xyxy[i, 0] < x < page.xyxy[i, 2] for i in line)
        if crossed:
            if k - start >= COLUMN_ROWS:
                yield start, k
            start = k + 1


def _column_lines(
    page: Upright, letters: NDArray[np.float64], lines: list[list[int]], x: float
) -> int:
    """How many half-lines two columns of running text at `x` would have; 0 where they are none."""
    sides: tuple[list[float], list[float]] = ([], [])
    for line in lines:
        for right in (False, True):
            half = [i for i in line if (page.centres[i, 0] >= x) == right]
            if half:
                sides[right].append(float(letters[half].sum()))
    if min(len(side) for side in sides) < COLUMN_ROWS:
        return 0
    texty = all(np.median(side) >= COLUMN_LETTERS for side in sides)
    return sum(len(side) for side in sides) if texty else 0
