"""One frame of a film as a picture, for everything that looks at pictures.

Knows no models.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Clip, Image


@tool(verbs=("take the frame", "grab the frame"), nouns=("frame of the film",))
def take_frame(
    ctx: ToolContext,
    clip: Clip,
    second: Annotated[float, Field(ge=0, description="time in the film; past its end: last")] = 0.0,
) -> Image:
    """Take the frame of a clip that is shown at a given second, as a picture.

    What is found in it can be followed through the clip with `track`.
    """
    if not len(clip.frames):
        raise BadArguments("the clip has no frame")
    shown = np.flatnonzero(clip.seconds <= second + 1e-3)
    number = int(shown[-1]) if len(shown) else 0
    still = clip.still(number)
    return Image(
        still.pixels, still.frame, still.to_root, f"at {float(clip.seconds[number]):.2f} s"
    )
