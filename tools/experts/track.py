"""Follow things through a film, from the frame in which they were found.

Knows nothing of how they are followed: that is the model's part.
"""

from __future__ import annotations

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Clip, Placed, Table, pixels_sha256


@tool(
    needs="track",
    verbs=("track", "follow", "trace through the video", "where does it go"),
    nouns=("track", "trajectory", "path of the object", "movement"),
)
def track(ctx: ToolContext, clip: Clip, things: Placed) -> Table:
    """Follow things through a clip: their box, size and time in every frame that shows them.

    things: what to follow, found in one frame of the clip; masks are followed more exactly than
    boxes. Frames count from 0; boxes are x1, y1, x2, y2 in pixels of the clip.
    """
    size = (clip.frames.shape[2], clip.frames.shape[1])
    start = next(
        (
            number
            for number, pixels in enumerate(clip.frames)
            if size == things.frame.size_wh and pixels_sha256(pixels) == things.frame.root
        ),
        None,
    )
    if start is None:
        raise BadArguments(
            "the things were not found in a frame of this clip",
            hint="Find them in one of its frames first",
        )
    found: Table = ctx.use("track", clip, things=things, start=start)
    return found
