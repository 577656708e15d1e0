"""Masks from boxes, clicks or strokes by GrabCut.

Each object is cut out on a reduced picture of its surroundings and its outline is then laid back
at full size. Knows colours and edges only: an object that shares its colours with what is behind
it comes out ragged, and its score says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import BadArguments
from tools.geometry import boxes_in, place_masks, to_image
from tools.types import Image, Masks, Placed, Points

Area = NDArray[Any]
"""(h, w) bool."""
Seeds = NDArray[Any]
"""(h, w) of OpenCV's four GrabCut values."""

WORK_PX = 300
"""The longer side of the reduced picture."""
ROUNDS = 4
MARGIN = 0.35
"""How much of its size is looked at around a box, to learn the background from."""
BRUSH = 0.012
"""Radius of a click as a share of the longer side of the picture."""
SPARSE = 0.2
"""Where less of a box than this is found, its middle is taken for the object and tried again."""
REACH = 0.05
"""How far beyond what resembles the clicks an object may reach, as a share of the longer side."""


@dataclass(frozen=True)
class Clicks:
    """Clicks in a picture's own pixels."""

    yes: NDArray[np.float64]
    """(n, 2) on the object."""
    no: NDArray[np.float64]
    """(n, 2) beside it."""


def load() -> GrabCut:
    """Nothing to read."""
    return GrabCut()


class GrabCut:
    """Cuts objects out of a picture."""

    def __call__(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        region: Placed | None = None,
        points: Points | None = None,
    ) -> Masks:
        """One mask for each box of `region`, or one for all clicks, or one for what stands out."""
        clicks = _clicks(image, points)
        if region is not None:
            boxes = boxes_in(image, region.xyxy)
            names: tuple[str, ...] = region.labels
        elif len(clicks.yes):
            boxes, names = np.zeros((0, 4)), ("object",)
        else:
            w, h = image.size_wh
            boxes, names = np.array([[0.03 * w, 0.03 * h, 0.97 * w, 0.97 * h]]), ("object",)
        masks, scores, labels = [], [], []
        for box, name in zip(boxes if len(boxes) else [None], names, strict=True):
            cancel.check()
            mask, score = _cut(image, box, clicks)
            masks.append(mask)
            scores.append(score)
            labels.append(name)
        return place_masks(image, np.stack(masks), labels, scores)


def _clicks(image: Image, points: Points | None) -> Clicks:
    if points is None:
        return Clicks(np.zeros((0, 2)), np.zeros((0, 2)))
    xy, yes = to_image(image, points.xy), np.array(points.positive, np.bool_)
    if len(xy) and not yes.any():
        raise BadArguments("only clicks beside the object are given", hint="Click on it too")
    return Clicks(xy[yes], xy[~yes])


def _cut(image: Image, box: NDArray[np.float64] | None, clicks: Clicks) -> tuple[Area, float]:
    """(mask at the size of `image`, how well its outline follows edges)."""
    import cv2

    width, height = image.size_wh
    view = np.array([0, 0, width, height])
    if box is not None:
        margin = np.maximum(16, MARGIN * (box[2:] - box[:2]))
        low, high = np.floor(box[:2] - margin), np.ceil(box[2:] + margin)
        view = np.concatenate([np.maximum(low, 0), np.minimum(high, image.size_wh)]).astype(int)
    part = image.pixels[view[1] : view[3], view[0] : view[2]]
    factor = min(1.0, WORK_PX / max(part.shape[:2]))
    size = max(8, round(part.shape[1] * factor)), max(8, round(part.shape[0] * factor))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    to_small = np.array(size) / np.array([part.shape[1], part.shape[0]])

    def reduced(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((xy - view[:2]) * to_small)

    near = Clicks(reduced(clicks.yes), reduced(clicks.no))
    brush = max(2, round(BRUSH * max(width, height) * float(to_small.mean())))
    if box is None:
        seeds = _seeds_of_clicks(small, near, brush)
    else:
        seeds = _seeds_of_box(size, np.concatenate([reduced(box[:2]), reduced(box[2:])]))
        if len(near.yes):
            outside = seeds == cv2.GC_BGD
            seeds = _seeds_of_clicks(small, near, brush)
            seeds[outside] = cv2.GC_BGD
        _dab(seeds, near, brush)
    found = _grabbed(small, seeds, near, brush)
    sure = 1.0
    if box is not None:
        asked = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
        if found.sum() < SPARSE * asked.sum() and asked.mean() < 0.7:
            _dab_centre(seeds, asked)
            found = _grabbed(small, seeds, near, brush)
        sure = min(1.0, 0.4 + 2 * float(found.sum() / max(1, asked.sum())))
    large = cv2.resize(found.astype(np.float32), (part.shape[1], part.shape[0]))
    mask = np.zeros((height, width), np.bool_)
    mask[view[1] : view[3], view[0] : view[2]] = cv2.GaussianBlur(large, (0, 0), 1.0) > 0.5
    return mask, sure * _edge_share(small, found)


def _dab_centre(seeds: Seeds, asked: Area) -> None:
    """Mark an ellipse of half the size in the middle of what was asked for as the object."""
    import cv2

    ys, xs = np.nonzero(asked)
    middle = int(xs.mean()), int(ys.mean())
    axes = max(1, int(np.ptp(xs)) // 4), max(1, int(np.ptp(ys)) // 4)
    cv2.ellipse(seeds, middle, axes, 0, 0, 360, int(cv2.GC_FGD), -1)


def _seeds_of_box(size: tuple[int, int], box: NDArray[np.float64]) -> Seeds:
    import cv2

    seeds = np.full((size[1], size[0]), cv2.GC_BGD, np.uint8)
    # A box that fills the view still leaves a rim to learn the background from.
    x1, y1 = np.maximum(np.round(box[:2]), 2).astype(int)
    x2, y2 = np.minimum(np.round(box[2:]), np.array(size) - 2).astype(int)
    seeds[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)] = cv2.GC_PR_FGD
    return seeds


def _seeds_of_clicks(small: NDArray[Any], clicks: Clicks, brush: int) -> Seeds:
    """Probable foreground where the colour is nearer to the clicks than most of the picture."""
    import cv2

    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    seeds = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    _dab(seeds, clicks, brush)
    samples = lab[seeds == cv2.GC_FGD]
    picks = samples[:: max(1, len(samples) // 40)]
    apart = np.min([np.linalg.norm(lab - pick, axis=2) for pick in picks], axis=0)
    scaled = np.clip(apart * 2, 0, 255).astype(np.uint8)
    limit, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    near = _touching(scaled <= limit, seeds == cv2.GC_FGD)
    seeds[near & (seeds == cv2.GC_PR_BGD)] = cv2.GC_PR_FGD
    reach = 2 * max(2, round(REACH * max(seeds.shape))) + 1
    within = cv2.dilate(near.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    seeds[~within & (seeds == cv2.GC_PR_BGD)] = cv2.GC_BGD
    rim = np.ones(seeds.shape, np.bool_)
    rim[2:-2, 2:-2] = False
    seeds[rim & (seeds == cv2.GC_PR_BGD)] = cv2.GC_BGD
    return seeds


def _dab(seeds: Seeds, clicks: Clicks, brush: int) -> None:
    import cv2

    for dots, value in ((clicks.yes, cv2.GC_FGD), (clicks.no, cv2.GC_BGD)):
        for x, y in dots:
            cv2.circle(seeds, (int(x), int(y)), brush, int(value), -1)


def _grabbed(small: NDArray[Any], seeds: Seeds, clicks: Clicks, brush: int) -> Area:
    """The object, with what is not joined to it left out."""
    import cv2

    first = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if first.all() or not first.any():
        return np.asarray(first)
    behind, front = np.zeros((1, 65)), np.zeros((1, 65))
    result = seeds.copy()
    cv2.setRNGSeed(0)
    bgr = np.ascontiguousarray(small[..., ::-1])
    cv2.grabCut(bgr, result, (0, 0, 1, 1), behind, front, ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.isin(result, (cv2.GC_FGD, cv2.GC_PR_FGD))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    found = opened if opened.any() else found
    if len(clicks.yes):
        marked = np.zeros_like(seeds)
        _dab(marked, Clicks(clicks.yes, clicks.no[:0]), brush)
        joined = _touching(found, marked > 0)
        return joined if joined.any() else marked > 0
    if found.sum() < 0.01 * first.sum():
        return np.asarray(first)
    return _without_crumbs(found)


def _touching(area: Area, marks: Area) -> Area:
    """The components of `area` that meet `marks`."""
    import cv2

    _, names = cv2.connectedComponents(area.astype(np.uint8))
    met = np.unique(names[marks & area])
    return np.asarray(np.isin(names, met[met > 0]))


def _without_crumbs(area: Area) -> Area:
    """`area` less components under a tenth of the largest."""
    import cv2

    _, names, stats, _ = cv2.connectedComponentsWithStats(area.astype(np.uint8))
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    return np.asarray(np.isin(names, np.flatnonzero(sizes >= max(1, 0.1 * sizes.max()))))


def _edge_share(small: NDArray[Any], found: Area) -> float:
    """0.2 to 0.95: how much of the outline runs along an edge of the picture."""
    import cv2

    grey = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float32)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 8
    strength = np.hypot(dx, dy).max(axis=2)
    kernel = np.ones((3, 3), np.uint8)
    outline = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_GRADIENT, kernel) > 0
    if not outline.any():
        return 0.2
    near = cv2.dilate(strength, kernel)[outline]
    limit = max(4.0, float(np.percentile(strength, 60)))
    return 0.2 + 0.75 * float((near > limit).mean())


MODEL = ModelSpec(
    name="grabcut",
    ability="segment",
    licence="Apache-2.0",
    load=load,
    version="1",
    modules=("cv2",),
    memory_mb=60.0,
    notes=(
        "Overlap with drawn shapes in noise 0.9 and more from a box or one click. On photographs "
        "good where colours differ; parts that share the background's colour are lost, and a "
        "click on a thing of several colours may need strokes. About 0.7 s an object."
    ),
)
