"""Which of several things is nearer to the camera, from a depth map.

Knows nothing of how the map was made.
"""

from __future__ import annotations

import numpy as np

from tools.catalog import tool
from tools.context import ToolContext
from tools.depths import depth_of
from tools.errors import BadArguments
from tools.types import DepthMap, Placed, Table


@tool(
    verbs=("compare depth", "which is nearer", "which is closer", "which is farther",
           "which is further away", "who is nearer", "who is closer", "what is in front",
           "what is behind", "order by distance", "sort by depth"),
    nouns=("nearer", "closer to the camera", "closest to the camera", "nearest to the camera",
           "farther", "further away", "farthest", "furthest", "in front", "foremost",
           "in the background"),
)  # fmt: skip
def compare_depth(ctx: ToolContext, depth: DepthMap, things: Placed) -> Table:
    """Order things by their distance from the camera, nearest first.

    Depth is given in percent of the picture's range, or in metres where the map has metres.
    """
    if depth.frame.root != things.frame.root:
        raise BadArguments(
            "the things lie in another picture than the depth map",
            hint="Find them in the picture whose depth was estimated",
        )
    far = depth_of(depth, things)
    order = np.argsort(far, kind="stable")
    low, high = float(depth.values.min()), float(depth.values.max())
    unit = "depth (m)" if depth.metric else "depth (% of the range)"
    rows = []
    for rank, row in enumerate(order, start=1):
        share = 100 * (far[row] - low) / max(high - low, 1e-9)
        value = f"{far[row]:.2f}" if depth.metric else f"{share:.0f}"
        rows.append((str(rank), things.labels[row], value))
    cells = np.full((len(rows), 3, 4), np.nan, np.float32)
    if len(rows):
        cells[:, 1] = things.xyxy[order]
    return Table(("nearest first", "thing", unit), tuple(rows), things.frame, cells)
