"""What a detector found, as boxes: best first, named, in root pixels. Knows no detectors."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tools.geometry import place_boxes
from tools.types import Boxes, Image


def ranked(
    image: Image,
    xyxy_px: ArrayLike,
    names: Sequence[str],
    scores: ArrayLike,
    wanted: Container[str] | None = None,
) -> Boxes:
    """Boxes found in `image`'s pixels, best first; equal ones stay in their order.

    Args:
        image: where they were found.
        xyxy_px: (n, 4).
        names: of each.
        scores: of each.
        wanted: the only names that count; None: all do.
    """
    sure = np.asarray(scores, np.float32).reshape(-1)
    order = np.argsort(-sure, kind="stable")
    rows = [int(i) for i in order if wanted is None or names[int(i)] in wanted]
    boxes = np.asarray(xyxy_px, np.float32).reshape(-1, 4)
    return place_boxes(image, boxes[rows], [names[i] for i in rows], sure[rows])


def numbers(tensor: Any) -> Any:
    """A tensor as an array in full precision."""
    return tensor.float().cpu().numpy()
