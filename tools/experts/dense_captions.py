"""The parts of a picture that stand out, each with a few words. Knows no models."""

from __future__ import annotations

from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Boxes, Image


@tool(
    needs="dense_captions",
    verbs=("describe the parts", "describe the regions", "describe everything",
           "describe each part", "describe each region", "caption the regions", "densely caption"),
    nouns=("dense caption", "region caption", "described region"),
)  # fmt: skip
def dense_captions(ctx: ToolContext, image: Image) -> Boxes:
    """Box the parts of a picture that stand out and describe each in a few words."""
    found: Boxes = ctx.use("dense_captions", image)
    return found
