"""Follow things through a film, from the frame in which they were found.

Knows nothing of how they are followed: that is the model's part.
"""

from __future__ import annotations

from dataclasses import replace

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.tracks import told_apart
from tools.types import Boxes, Clip, Masks, Placed, Table, pixels_sha256


@tool(
    needs="track",
    verbs=("track", "follow", "trace through the video", "where does it go"),
    nouns=("track", "trajectory", "path of the object", "movement"),
)
def track(ctx: ToolContext, clip: Clip, things: Placed) -> Table:
    """Follow things through a clip: their box, size and time in every frame that shows them.

    things: what to follow, found in one frame of the clip (its first frame is a picture of its
    own; `take_frame` gives the others); masks are followed more exactly than boxes. Frames count
    from 0; boxes are x1, y1, x2, y2 in pixels of the clip. Show the result with `show_track`.
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
    own = things if isinstance(things, Boxes | Masks) else things.boxes()
    named = replace(own, labels=told_apart(own.labels))
    found: Table = ctx.use("track", clip, things=named, start=start)
    return found
