"""Putting read pieces of text together: a row of words, a paragraph of rows.

Knows nothing of OCR or of what texts mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tools.catalog import tool
from tools.context import ToolContext
from tools.layout import Upright, group_rows, upright
from tools.types import TextSpans

ROW_GAP = 1.4
"""Widest gap between words of one row, in heights of the lettering."""
LINE_GAP = 0.75
"""Widest gap between rows of one paragraph, in heights of the lettering."""
ALIKE = 1.6
"""Largest ratio of heights of lettering in one paragraph."""
ROW_ALIKE = 2.4
"""The same in one row: the "St" of a street sign is often set smaller."""


@tool(nouns=("paragraph", "text block", "block of text"))
def group_text(ctx: ToolContext, text: TextSpans, by: Literal["row", "block"] = "row") -> TextSpans:
    """Join pieces of text that belong together: by row (LANDS | LANE), or by block (paragraphs).

    Use for names on signs, whose words are read one by one, and to count paragraphs. A group's
    box is around its members; its score is their lowest.
    """
    if not len(text):
        return text
    page = upright(text)
    groups = [part for line in group_rows(page) for part in _split_row(page, line)]
    if by == "block":
        groups = _blocks(page, groups)
    quads = np.stack([_around(text, group) for group in groups])
    texts = tuple(" ".join(text.texts[i] for i in group) for group in groups)
    scores = np.array([text.scores[group].min() for group in groups], np.float32)
    return TextSpans(text.frame, quads, texts, scores)


def _split_row(page: Upright, line: Sequence[int]) -> list[list[int]]:
    """A visual row cut where the gap is wide or the lettering changes size."""
    parts = [[line[0]]]
    for i in line[1:]:
        last = parts[-1][-1]
        low, high = sorted((float(page.heights[last]), float(page.heights[i])))
        gap = float(page.xyxy[i, 0] - page.xyxy[last, 2])
        if gap <= ROW_GAP * high and high <= ROW_ALIKE * low:
            parts[-1].append(i)
        else:
            parts.append([i])
    return parts


def _blocks(page: Upright, rows: list[list[int]]) -> list[list[int]]:
    """Rows joined with those above that they continue.

    A row under two pieces joins them, for they were one row that a wide gap parted; a row under
    two columns does not.
    """
    blocks: list[list[int]] = []
    for k, row in enumerate(rows):
        homes = [b for b in blocks if _continues(page, rows[b[-1]], row)]
        if sum(len(home) > 1 for home in homes) > 1:
            homes = [max(homes, key=lambda home: home[-1])]
        joined = sorted(i for home in homes for i in home)
        blocks = [b for b in blocks if b not in homes] + [[*joined, k]]
    return [[i for k in block for i in rows[k]] for block in sorted(blocks)]


def _continues(page: Upright, above: list[int], row: list[int]) -> bool:
    a, b = _extent(page, above), _extent(page, row)
    low, high = sorted((float(page.heights[above].mean()), float(page.heights[row].mean())))
    gap = b[1] - a[3]
    shared = min(a[2], b[2]) - max(a[0], b[0])
    return (
        -0.6 * high < gap <= LINE_GAP * low
        and shared >= 0.3 * min(a[2] - a[0], b[2] - b[0])
        and high <= ALIKE * low
    )


def _extent(page: Upright, row: list[int]) -> tuple[float, float, float, float]:
    boxes = page.xyxy[row]
    (x1, y1), (x2, y2) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def _around(text: TextSpans, group: Sequence[int]) -> np.ndarray:
    """The quad around a group's quads, turned as its widest member is; one member keeps its own."""
    if len(group) == 1:
        return np.asarray(text.quads[group[0]])
    quads = text.quads[list(group)].astype(np.float64)
    widest = quads[int(np.argmax(np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)))]
    along = (widest[1] - widest[0]) / max(1e-6, float(np.linalg.norm(widest[1] - widest[0])))
    axes = np.stack([along, [-along[1], along[0]]])
    turned = quads.reshape(-1, 2) @ axes.T
    (x1, y1), (x2, y2) = turned.min(axis=0), turned.max(axis=0)
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]) @ axes
    return np.asarray(np.clip(corners, 0, text.frame.size_wh), np.float32)
