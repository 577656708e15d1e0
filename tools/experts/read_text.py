"""Reading the text in a picture or in parts of it.

Knows nothing of what texts mean.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.layout import reading_order
from tools.types import Image, Placed, TextSpans

MARGIN = 0.08
"""Share of a region's shorter side that is looked at around it: letters at its edge read better."""
INSIDE = 0.5
"""Share of a span that must lie in the region (with its margin)."""


@tool(
    needs="read_text",
    verbs=("read", "say", "transcribe", "spell", "ocr", "write"),
    nouns=("text", "word", "line", "writing", "letter", "sign", "caption", "inscription", "label"),
)
def read_text(
    ctx: ToolContext,
    image: Image,
    region: Placed | None = None,
    level: Literal["line", "word"] = "line",
    detail: Literal["normal", "fine"] = "normal",
) -> TextSpans:
    """Read the text in a picture, or in regions of it, in reading order.

    ``detail='fine'`` is the second look for small print or large or odd lettering: slower, finds
    more. Several regions are read one after the other.
    """
    if region is None:
        return _sorted(ctx.use("read_text", image, level=level, detail=detail))
    parts = []
    for done, box in enumerate(region.xyxy):
        ctx.report(f"reading region {done + 1} of {len(region)}", done / len(region))
        margin = max(2.0, MARGIN * float(min(box[2] - box[0], box[3] - box[1])))
        part = geometry.crop(image, box, margin)
        spans = _sorted(ctx.use("read_text", part, level=level, detail=detail))
        grown = box + margin * np.array([-1, -1, 1, 1], np.float32)
        inside = geometry.covered(spans.xyxy, grown).ravel() >= INSIDE
        parts.append(spans.take(np.flatnonzero(inside).tolist()))
    return _joined(image, parts, level)


def _sorted(spans: TextSpans) -> TextSpans:
    return spans.take(reading_order(spans))


def _joined(image: Image, parts: list[TextSpans], level: str) -> TextSpans:
    quads = [np.zeros((0, 4, 2), np.float32), *(part.quads for part in parts)]
    scores = [np.zeros(0, np.float32), *(part.scores for part in parts)]
    texts = tuple(text for part in parts for text in part.texts)
    return TextSpans(image.frame, np.concatenate(quads), texts, np.concatenate(scores), level)
