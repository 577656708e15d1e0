"""Things found by different ways as one set of boxes. Knows no models."""

from __future__ import annotations

import numpy as np

from tools.catalog import tool
from tools.context import ToolContext
from tools.places import check_frames
from tools.types import Boxes, Placed


@tool()
def gather(ctx: ToolContext, first: Placed, second: Placed) -> Boxes:
    """Put the things of two results together as one set of boxes, first ones first.

    Use before an edit of all that lies outside of several kinds of things.
    """
    check_frames(first.frame, second.frame)
    return Boxes(
        first.frame,
        np.concatenate([first.xyxy, second.xyxy]).astype(np.float32),
        (*first.labels, *second.labels),
        np.concatenate([first.scores, second.scores]).astype(np.float32),
    )
