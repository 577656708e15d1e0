"""The pictures that a collage, comic or meme is made of.

Cut where a step runs straight across nearly the whole width or height and is far stronger than the
steps near it; bands of one colour between panels are left out, recursively along both axes. Knows
pixels only, no models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from tools.catalog import tool
from tools.context import ToolContext
from tools.geometry import place_boxes
from tools.types import Boxes, Image

LONGEST = 1200
"""Pixels the longer side is brought down to at most twofold."""
CLEAR = 25
"""Difference of a channel, beyond what is usual nearby, that counts in full as an edge."""
LEAST = 0.68
"""Mean strength across the width from which an edge is a seam. Of 58 single photographs two reach
it; of 60 random pairs of photographs, half of them with a gutter, 44 are divided rightly."""
NEAR_BEST = 0.8
"""Share of the strongest seam's strength that the other seams of one collage reach."""
SMALLEST = 0.15
"""Share of the picture's side below which a strip is no panel."""
PLAIN = 0.72
"""Share of one colour from which a strip is a margin or a caption, not a picture."""
DEEPEST = 4

Part = tuple[int, int, int, int]
Real = NDArray[np.float32]


@dataclass(frozen=True)
class Seam:
    """A straight edge across a part."""

    at: int
    score: float


@tool(
    verbs=("find panels", "split", "take apart", "separate", "divide"),
    nouns=("panel", "panels", "collage", "upper picture", "lower picture", "upper photo",
           "lower photo", "top picture", "bottom picture", "left picture", "right picture",
           "frames of the comic", "sub-picture", "stacked photos"),
)  # fmt: skip
def find_panels(ctx: ToolContext, image: Image) -> Boxes:
    """Find the single pictures of a collage, comic or meme, in reading order.

    Empty where the picture is one photograph. Margins and captions on plain ground are left out.
    """
    factor = max(1, round(max(image.size_wh) / LONGEST))
    small = PilImage.fromarray(image.pixels).reduce(factor)
    pixels = np.asarray(small, np.float32)
    panels = [p for p in _panels(pixels) if not _plain(pixels, p)]
    panels = panels if len(panels) > 1 else []
    xyxy = np.array(panels, np.float64).reshape(-1, 4) * factor
    xyxy = np.minimum(xyxy, [*image.size_wh, *image.size_wh])
    return place_boxes(image, xyxy, ["panel"] * len(xyxy), np.ones(len(xyxy)))


def _panels(pixels: Real) -> list[Part]:
    """The panels, top to bottom, then left to right."""
    high, wide = pixels.shape[:2]
    return _divided(pixels, (0, 0, wide, high), LEAST, DEEPEST)


def _divided(pixels: Real, part: Part, least: float, depth: int) -> list[Part]:
    """A part cut along its strongest seams, again and again; seams keep to one strength."""
    x1, y1, x2, y2 = part
    view = pixels[y1:y2, x1:x2]
    across = _seams(view, least, SMALLEST * pixels.shape[0])
    down = _seams(view.transpose(1, 0, 2), least, SMALLEST * pixels.shape[1])
    if not depth or not (across or down):
        return [part]
    best_across = max((seam.score for seam in across), default=0.0)
    best_down = max((seam.score for seam in down), default=0.0)
    if best_across >= best_down:
        edges = [0, *(seam.at for seam in across), y2 - y1]
        parts = [(x1, y1 + a, x2, y1 + b) for a, b in zip(edges, edges[1:], strict=False)]
    else:
        edges = [0, *(seam.at for seam in down), x2 - x1]
        parts = [(x1 + a, y1, x1 + b, y2) for a, b in zip(edges, edges[1:], strict=False)]
    stricter = max(least, NEAR_BEST * max(best_across, best_down))
    kept = [p for p in parts if not _thin(pixels, p)]
    return [panel for p in kept for panel in _divided(pixels, p, stricter, depth - 1)]


def _seams(view: Real, least: float, smallest: float) -> list[Seam]:
    """Edges across the rows of a view, in order, each strip between them a panel or a margin."""
    high = view.shape[0]
    if high < 40 or view.shape[1] < 40:
        return []
    strength = _strength(view)
    least = max(least, NEAR_BEST * float(strength.max()))
    seams: dict[int, Seam] = {}
    for y in np.flatnonzero(strength >= least):
        at = _sharpest(view, int(y))
        if 0 < at < high and strength[y] >= strength[max(0, y - 3) : y + 4].max():
            seams[at] = Seam(at, float(strength[y]))
    return _without_slivers(view, sorted(seams.values(), key=lambda seam: seam.at), smallest)


def _strength(view: Real) -> Real:
    """(H,) how much stronger the step over each row is than the steps near it, 0 to 1."""
    step = np.abs(view[2:] - view[:-2]).max(axis=2)
    padded = np.pad(step, ((5, 5), (0, 0)), mode="edge")
    usual = np.sort([padded[5 + k : 5 + k + len(step)] for k in (-5, -4, -3, 3, 4, 5)], axis=0)[3]
    strength = np.clip((step - usual) / CLEAR, 0, 1).mean(axis=1)
    return np.concatenate([[0.0], strength, [0.0]]).astype(np.float32)


def _sharpest(view: Real, y: int) -> int:
    """The row before which the cut goes: of the steps round `y` the largest."""
    rows = range(max(1, y - 1), min(view.shape[0], y + 3))
    return max(rows, key=lambda row: float(np.abs(view[row] - view[row - 1]).mean()))


def _without_slivers(view: Real, seams: list[Seam], smallest: float) -> list[Seam]:
    """Drop the weaker edge of every strip that is too thin for a panel and no plain margin."""
    high = view.shape[0]
    while True:
        edges = [0, *(seam.at for seam in seams), high]
        for i, (a, b) in enumerate(zip(edges, edges[1:], strict=False)):
            if b - a < smallest and not _one_color(view[a:b]):
                beside = [j for j in (i - 1, i) if 0 <= j < len(seams)]
                seams = [s for j, s in enumerate(seams) if j != min(beside, key=lambda k: seams[k].score)]  # fmt: skip
                break
        else:
            return seams


def _one_color(strip: Real) -> bool:
    core = strip[1:-1] if len(strip) > 4 else strip[len(strip) // 2][None]
    return bool(core.reshape(-1, 3).std(axis=0).max() < 8)


def _thin(pixels: Real, part: Part) -> bool:
    x1, y1, x2, y2 = part
    return bool(min((x2 - x1) / pixels.shape[1], (y2 - y1) / pixels.shape[0]) < SMALLEST)


def _plain(pixels: Real, part: Part) -> bool:
    """Whether most of a part has one colour: a margin or a line of text on plain ground."""
    x1, y1, x2, y2 = part
    levels = (pixels[y1:y2, x1:x2].reshape(-1, 3) / 16).astype(np.int32)
    counts = np.bincount(levels @ np.array([256, 16, 1]))
    return bool(counts.max() / len(levels) > PLAIN)
