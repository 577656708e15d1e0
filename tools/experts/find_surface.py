"""The plate, sign or label that bears a text: grown from the text to the edge of its ground.

Knows nothing of what plates or signs look like beyond that: a text stands on an even ground.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import tool
from tools.context import ToolContext
from tools.geometry import boxes_in, place_boxes
from tools.types import Boxes, Image, Placed

REACHES = (1.6, 4.0, 8.0)
"""How far around the text its surface is looked for, in heights of a line: the nearest first."""
FILLED = 0.6
"""Share of its box that a surface larger than the first reach must fill: signs are no rivers."""
LIKE = 26.0
"""CIELAB distance up to which a pixel still belongs to the ground (about ten just-noticeable steps)."""
MARGIN = 0.3
"""Border around the text, in heights of a line, where no edge of a surface is found."""


@tool()
def find_surface(ctx: ToolContext, image: Image, text: Placed) -> Boxes:
    """Find the plates, signs or labels that texts stand on, one box for texts that share one.

    Use before hiding, cropping or locating "the number plate" or "the sign": the text alone is
    smaller than the thing that bears it.
    """
    if not len(text):
        return text.boxes()
    texts = boxes_in(image, text.xyxy)
    found = np.array([_surface(image.pixels, box) for box in texts])
    groups = _joined(found)
    boxes = np.array([np.r_[found[g, :2].min(axis=0), found[g, 2:].max(axis=0)] for g in groups])
    labels = [" ".join(text.labels[i] for i in g) for g in groups]
    return place_boxes(image, boxes, labels, [float(text.scores[g].min()) for g in groups])


def _surface(pixels: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float64]:
    """The box of the even ground around one text, in the picture's pixels."""
    height, width = pixels.shape[:2]
    size = np.array([width, height, width, height])
    line = max(4.0, float(min(box[3] - box[1], box[2] - box[0])))
    grown = np.array([-line, -line, line, line])
    margin: NDArray[np.float64] = np.clip(box + grown * MARGIN, 0, size)
    for reach in REACHES:
        x1, y1, x2, y2 = np.clip(box + grown * reach, 0, size).astype(int)
        if min(x2 - x1, y2 - y1) < 4:
            break
        corner = np.array([x1, y1, x1, y1])
        like, found = _like_the_ground(pixels[y1:y2, x1:x2], box - corner)
        if found is None:
            break
        at_window = found == np.array([0, 0, *like.shape[::-1]])
        at_picture = found + corner == np.array([0, 0, width, height])
        surface: NDArray[np.float64] = (found + corner).astype(np.float64)
        if reach == REACHES[0] and at_window.sum() <= 1:
            return surface
        a, b, c, d = found
        filled = like[b:d, a:c].mean() >= FILLED
        if filled and not (at_window & ~at_picture).any() and at_picture.sum() <= 2:
            return surface
    return margin


def _like_the_ground(
    window: NDArray[np.uint8], box: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
    """The pixels joined to the text `box` that look like its ground, and their box, if it has any."""
    import cv2

    smooth = cv2.bilateralFilter(window, 5, 30, 5).astype(np.float32) / 255
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)
    a, b, c, d = np.clip(box.round().astype(int), 0, [window.shape[1], window.shape[0]] * 2)
    core = lab[b:d, a:c].reshape(-1, 3)
    if len(core) < 16:
        return np.zeros(window.shape[:2], bool), None
    like = (np.linalg.norm(lab - _ground(core), axis=2) < LIKE).astype(np.uint8)
    like[b:d, a:c] = 1
    like = cv2.morphologyEx(like, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    like[b:d, a:c] = 1
    _, areas, stats, _ = cv2.connectedComponentsWithStats(like)
    mine = areas[(b + d) // 2, (a + c) // 2]
    left, top, wide, high, _ = stats[mine]
    return areas == mine, np.array([left, top, left + wide, top + high])


def _ground(core: NDArray[Any]) -> NDArray[np.float32]:
    """The colour of the larger of the two clusters of a text's pixels: what it stands on."""
    import cv2

    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    cv2.setRNGSeed(1)
    sample = np.ascontiguousarray(core[:: max(1, len(core) // 4000)], np.float32)
    first = np.zeros((len(sample), 1), np.int32)
    _, which, centres = cv2.kmeans(sample, 2, first, criteria, 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres[int(which.mean() > 0.5)], np.float32)


def _joined(boxes: NDArray[np.float64]) -> list[list[int]]:
    """Indices of boxes that overlap, joined."""
    groups: list[list[int]] = []
    for i, box in enumerate(boxes):
        touching = [
            g for g in groups
            if any((np.minimum(box[2:], boxes[j, 2:]) > np.maximum(box[:2], boxes[j, :2])).all() for j in g)
        ]  # fmt: skip
        merged = [i, *(j for g in touching for j in g)]
        groups = [g for g in groups if g not in touching] + [sorted(merged)]
    return groups
