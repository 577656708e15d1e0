"""Saying in words what a picture or a part of it shows. Knows nothing of how a model does it."""

from __future__ import annotations

from typing import Literal

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.places import check_root, names
from tools.types import Image, Placed, Text


@tool(
    needs="caption",
    verbs=("describe", "caption", "summarise", "summarize", "what do you see", "what can you see",
           "what is happening", "what's happening", "what is going on", "what's going on",
           "tell me what you see", "tell me about", "explain the picture", "give a caption",
           "write a caption", "give a description", "write a description",
           "what does the picture show", "what does the image show", "what does the photo show",
           "what does this show", "what is this a picture of", "what is shown"),
    nouns=("description", "summary", "alt text"),
)  # fmt: skip
def caption(
    ctx: ToolContext,
    image: Image,
    region: Placed | None = None,
    detail: Literal["short", "detailed", "more"] = "short",
) -> Text:
    """Describe in words what a picture, or each part of it, shows: short, detailed or more.

    With `region` each part is cut out and described by itself, one line each; for a few words
    about a part seen within its surroundings use `describe_region`.
    """
    check_root(image, region)
    if region is None:
        whole: Text = ctx.use("caption", image, detail=detail)
        return Text(whole.value, "caption")
    lines = []
    for done, (name, box) in enumerate(zip(names(region), region.xyxy, strict=True)):
        ctx.report(f"describing {name}", done / len(region))
        said: Text = ctx.use("caption", geometry.crop(image, box), detail=detail)
        lines.append(said.value if len(region) == 1 else f"{name}: {said.value}")
    return Text(
        "\n".join(lines), f"caption of {len(region)} parts" if len(lines) != 1 else "caption"
    )
