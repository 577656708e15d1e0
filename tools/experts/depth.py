"""How far away things are: a depth for every pixel.

Knows nothing of how depth is seen: that is the model's part.
"""

from __future__ import annotations

from tools.catalog import tool
from tools.context import ToolContext
from tools.types import DepthMap, Image


@tool(
    needs="depth",
    verbs=("estimate depth", "map depth", "show depth", "show the depth"),
    nouns=("depth", "depth map", "depth image", "distance to the camera", "nearness",
           "near and far"),
)  # fmt: skip
def depth(ctx: ToolContext, image: Image) -> DepthMap:
    """Estimate how far away each pixel is: a depth map, larger is farther.

    To order things by distance follow with `compare_depth`.
    """
    found: DepthMap = ctx.use("depth", image)
    return found
