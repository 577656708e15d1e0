"""A picture with more pixels, whose fine detail a network draws.

Knows nothing of the network. `zoom` enlarges without inventing anything.
"""

from __future__ import annotations

from typing import Literal

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.geometry import MAX_PIXELS
from tools.geometry import crop as cut
from tools.places import check_root, require_some, union_box
from tools.types import Image, Placed

Times = Literal["x2", "x4"]


@tool(
    effect="edit",
    needs="upscale",
    verbs=(
        "super-resolve", "superresolve", "unpixelate", "depixelate", "restore the detail",
        "restore the details",
    ),
    nouns=("super-resolution", "super resolution", "higher resolution"),
)  # fmt: skip
def upscale(
    ctx: ToolContext, image: Image, times: Times = "x2", region: Placed | None = None
) -> Image:
    """Give a picture, or a thing in it, two or four times the pixels with drawn-in fine detail.

    What it draws is likely, not known: never read text or faces from it as evidence; use `zoom`
    for looking closer.
    """
    check_root(image, region)
    if region is not None:
        require_some(region, "upscale")
        image = cut(image, union_box(region))
    factor = int(times[1:])
    if image.width * image.height * factor**2 > MAX_PIXELS:
        raise BadArguments(
            f"{image.width}×{image.height} px {times} is over {MAX_PIXELS // 1_000_000} million px",
            hint="Take x2, or a part of the picture",
        )
    larger: Image = ctx.use(
        "upscale",
        image,
        labels=(times,),
        on_tile=lambda done, of: ctx.report(f"tile {done} of {of}", done / of),
    )
    return larger
