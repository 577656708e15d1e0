"""The map of a picture that steers the making of another one.

Knows nothing of who uses the map: `generate` takes it as `control`.
"""

from __future__ import annotations

from tools import control_maps
from tools.catalog import tool
from tools.context import ToolContext
from tools.control_maps import Kind
from tools.errors import BadArguments
from tools.places import check_frames
from tools.types import DepthMap, Image, Keypoints, Masks


@tool(
    effect="edit",
    verbs=("trace the edges", "extract the edges", "draw the edges", "make a control map"),
    nouns=("edge map", "control map", "line art", "skeleton drawing"),
)
def control_map(
    ctx: ToolContext,
    image: Image,
    kind: Kind = "edges",
    depth: DepthMap | None = None,
    bodies: Keypoints | None = None,
    things: Masks | None = None,
) -> Image:
    """Draw the edges, lines, scribble, pose, depth or segmentation of a picture as a map.

    Use as `control` of `generate` with the same kind. edges, lines and scribble need the picture
    only; depth wants `depth`, pose wants `bodies`, segmentation wants `things`, found before.
    """
    ctx.cancel.check()
    drawn = _drawn(image, kind, depth, bodies, things)
    return image.with_pixels(drawn)


def _drawn(
    image: Image, kind: Kind, far: DepthMap | None, bodies: Keypoints | None, things: Masks | None
) -> control_maps.Pixels:
    plain = {
        "edges": control_maps.edges,
        "lines": control_maps.lines,
        "scribble": control_maps.scribble,
    }
    if kind in plain:
        return plain[kind](image)
    for given in (far, bodies, things):
        if given is not None:
            check_frames(image.frame, given.frame)
    if kind == "depth" and far is not None:
        return control_maps.depth(image, far)
    if kind == "pose" and bodies is not None:
        return control_maps.pose(image, bodies)
    if kind == "segmentation" and things is not None:
        return control_maps.segmentation(image, things)
    wanted = {"depth": "depth", "pose": "bodies", "segmentation": "things"}[kind]
    raise BadArguments(
        f"a map of {kind} wants {wanted!r}",
        hint=f"Find the {wanted} in the picture first, or take kind='edges'",
    )
