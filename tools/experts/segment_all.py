"""Take a whole picture apart: a mask for everything in it, asked for or not.

Knows nothing of how masks are made: that is the model's part.
"""

from __future__ import annotations

import numpy as np

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.geometry import crop
from tools.types import Image, Masks, Placed


@tool(
    needs="segment_all",
    verbs=("segment everything", "segment all", "mask everything", "outline everything",
           "label every pixel", "cut everything out", "segment the whole picture",
           "segment the whole image"),
    nouns=("every segment", "all segments", "all masks", "panoptic", "semantic segmentation",
           "panoptic segmentation", "segmentation map", "all regions"),
)  # fmt: skip
def segment_all(ctx: ToolContext, image: Image, region: Placed | None = None) -> Masks:
    """Find the outlines of everything in the picture, or in a region of it, without being told what.

    Labels are names where the model knows names, else numbered segments. For one thing that you
    can name or point at use `segment`.
    """
    if region is None:
        found: Masks = ctx.use("segment_all", image)
        return found
    if region.frame.root != image.frame.root:
        raise BadArguments(
            "the region lies in another picture than the one given",
            hint="Find it in the picture it is used on",
        )
    height, width = image.frame.height, image.frame.width
    masks, scores = [np.zeros((0, height, width), np.bool_)], [np.zeros(0, np.float32)]
    labels: list[str] = []
    for number, box in enumerate(region.xyxy):
        ctx.report(f"region {number + 1} of {len(region)}", number / len(region))
        part: Masks = ctx.use("segment_all", crop(image, box))
        masks.append(part.masks)
        labels += part.labels
        scores.append(part.scores)
    return Masks(image.frame, np.concatenate(masks), tuple(labels), np.concatenate(scores))
