"""Depth seen in a view, as depth of the root, and the depth of a thing in it.

Knows nothing of models or tools.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tools.geometry import invert
from tools.types import DepthMap, Image, Masks, Placed

CORE = 0.5
"""Share of a box's sides that is looked at: its rim shows what lies behind."""


def place_depth(image: Image, values: ArrayLike, metric: bool = False) -> DepthMap:
    """Depth (h, w) at `image`'s size, larger is farther, as depth of the root.

    Beyond what the picture shows, the depth at its nearest edge goes on: a guess, so ask only for
    things that the picture shows.
    """
    depth = np.asarray(values, np.float32)
    if not image.is_root:
        import cv2

        back = invert(image.to_root)
        # OpenCV counts from the centre of the first pixel, we from its corner.
        back[:, 2] += 0.5 * back[:, :2].sum(axis=1) - 0.5
        moved = cv2.warpAffine(
            depth,
            back,
            image.frame.size_wh,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        depth = np.asarray(moved, np.float32)
    return DepthMap(image.frame, np.ascontiguousarray(depth), metric)


def depth_of(depth: DepthMap, things: Placed) -> NDArray[np.float64]:
    """(n,) median depth of each thing: over its mask, or over the middle of its box."""
    found = []
    for row, (x1, y1, x2, y2) in enumerate(things.xyxy):
        if isinstance(things, Masks):
            found.append(float(np.median(depth.values[things.masks[row]])))
            continue
        rim_x, rim_y = (x2 - x1) * (1 - CORE) / 2, (y2 - y1) * (1 - CORE) / 2
        left, top = int(x1 + rim_x), int(y1 + rim_y)
        right, bottom = max(left + 1, round(x2 - rim_x)), max(top + 1, round(y2 - rim_y))
        left, top = min(left, depth.frame.width - 1), min(top, depth.frame.height - 1)
        found.append(float(np.median(depth.values[top:bottom, left:right])))
    return np.array(found, np.float64)
