"""Where two pictures of one scene differ.

The second is brought to the size of the first, shifted and evened out in light, so that a resave,
a rescale or a slightly different exposure are no change. Knows pixels, no models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from tools.catalog import tool
from tools.context import ToolContext
from tools.geometry import place_boxes
from tools.types import Boxes, Image

LONGEST = 1600
"""Longer side at which the pictures are compared."""
LEAST = 22.0
"""Difference of a smoothed channel that counts at least."""
NOISE_TIMES = 8.0
"""Usual differences (median) a change must exceed this many times."""
BLOWN = 245
EDGE_SLACK = 0.35
"""Share of the local contrast that resampling may move about."""
SMALLEST = 0.0001
"""Share of the picture below which a spot is no change."""
MOST = 50
SHIFT_SHARE = 0.04
"""Shifts beyond this share of the side are not undone."""

Real = NDArray[np.float32]


@tool(
    verbs=("spot the difference", "find differences", "what changed", "what is different",
           "where do they differ", "find changes", "diff"),
    nouns=("difference", "differences", "change", "changes", "changed", "altered parts"),
)  # fmt: skip
def find_changes(ctx: ToolContext, first: Image, second: Image) -> Boxes:
    """Find where the second picture differs from the first, as boxes on the first.

    Both must show the same scene; small shifts, other sizes, compression and overall brightness
    are evened out. Empty where nothing differs.
    """
    factor = min(1.0, LONGEST / max(first.size_wh))
    size = (max(1, round(first.width * factor)), max(1, round(first.height * factor)))
    a, b = _smooth(first, size), _smooth(second, size)
    ctx.cancel.check()
    b, seen = _shifted(a, b)
    apart = _apart(a, b) * seen
    threshold = max(LEAST, NOISE_TIMES * float(np.median(apart)))
    boxes, strengths = _spots(apart, threshold)
    scale = np.tile(np.array(first.size_wh) / size, 2)
    return place_boxes(first, boxes * scale, ["change"] * len(boxes), strengths)


def _smooth(image: Image, size: tuple[int, int]) -> Real:
    import cv2

    picture = PilImage.fromarray(image.pixels).resize(size, PilImage.Resampling.LANCZOS)
    return np.asarray(cv2.GaussianBlur(np.asarray(picture), (0, 0), 1.2), np.float32)


def _shifted(a: Real, b: Real) -> tuple[Real, Real]:
    """`b` moved onto `a` where phase correlation is sure, and (H, W) 0 where it shows nothing."""
    import cv2

    high, wide = a.shape[:2]
    seen = np.ones((high, wide), np.float32)
    if min(high, wide) < 32:
        return b, seen
    window = cv2.createHanningWindow((wide, high), cv2.CV_32F)
    (dx, dy), sure = cv2.phaseCorrelate(b.mean(axis=2), a.mean(axis=2), window)
    far = max(abs(dx) / wide, abs(dy) / high) > SHIFT_SHARE
    if far or sure < 0.1 or max(abs(dx), abs(dy)) < 0.3:
        return b, seen
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved = cv2.warpAffine(b, move, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    if np.median(np.abs(moved - a)) > np.median(np.abs(b - a)):
        return b, seen
    across, down = int(np.ceil(abs(dx))) + 2, int(np.ceil(abs(dy))) + 2
    inside = np.zeros_like(seen)
    inside[down : high - down, across : wide - across] = 1
    return np.asarray(moved, np.float32), inside


def _apart(a: Real, b: Real) -> Real:
    """(H, W) by how much the pictures differ beyond what edges and blown highlights explain."""
    import cv2

    evened = _evened(a, b)
    apart = np.abs(a - evened)
    # Where one picture is blown out, the other may be darker without any change.
    blown = ((b >= BLOWN) & (evened < a)) | ((a >= BLOWN) & (evened > a))
    apart = np.where(blown, 0, apart).max(axis=2)
    window = np.ones((5, 5), np.uint8)
    steps = [(cv2.dilate(x, window) - cv2.erode(x, window)).max(axis=2) for x in (a, evened)]
    return np.asarray(np.maximum(apart - EDGE_SLACK * np.minimum(*steps), 0), np.float32)


def _evened(a: Real, b: Real) -> Real:
    """`b` with the light of `a`: gain and offset of each channel, from what agrees best."""
    evened = np.empty_like(b)
    for channel in range(3):
        x, y = b[..., channel].ravel()[::7], a[..., channel].ravel()[::7]
        gain, offset = 1.0, 0.0
        for _ in range(3):
            rest = np.abs(gain * x + offset - y)
            agree = rest <= np.quantile(rest, 0.7)
            spread = float(x[agree].var())
            if spread < 1:
                offset = float(np.median(y - gain * x))
                break
            covariance = float(np.mean((x[agree] - x[agree].mean()) * (y[agree] - y[agree].mean())))
            gain = float(np.clip(covariance / spread, 0.5, 2))
            offset = float(y[agree].mean() - gain * x[agree].mean())
        evened[..., channel] = gain * b[..., channel] + offset
    return evened


def _spots(apart: Real, threshold: float) -> tuple[NDArray[np.float64], list[float]]:
    """Boxes round what differs, near spots joined, the strongest first."""
    import cv2

    mask = (apart > threshold).astype(np.uint8)
    reach = max(3, round(max(apart.shape) / 80)) | 1
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    count, owner, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for i in range(1, count):
        x, y, wide, high, _ = (int(v) for v in stats[i])
        part = (slice(y, y + high), slice(x, x + wide))
        changed = (owner[part] == i) & (mask[part] > 0)
        if np.count_nonzero(changed) >= max(6, SMALLEST * apart.size):
            strength = float(apart[part][changed].mean()) / 255
            found.append((strength * np.count_nonzero(changed), strength, (x, y, x + wide, y + high)))  # fmt: skip
    found.sort(reverse=True)
    boxes = np.array([box for *_, box in found[:MOST]], np.float64).reshape(-1, 4)
    return boxes, [min(1.0, strength) for _, strength, _ in found[:MOST]]
