"""Weighing any labels against a picture or a part of it. Knows nothing of how a model does it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.places import check_root, names
from tools.types import Image, Labels, Placed


@tool(
    needs="classify",
    verbs=("classify", "categorise", "categorize", "decide whether", "is it more like"),
    nouns=("class", "category", "kind of scene"),
)
def classify(
    ctx: ToolContext,
    image: Image,
    labels: Annotated[list[str], Field(description="what it may be: ['indoors', 'outdoors']")],
    region: Placed | None = None,
) -> Labels:
    """Say which of the given labels fits a picture, or one part of it, with a score for each.

    Any words can be labels. Scores compare labels: give the alternatives too. With several parts
    in `region` the first one, its best, is looked at; pick another with `pick`.
    """
    check_root(image, region)
    wanted = tuple(dict.fromkeys(label.strip() for label in labels if label.strip()))
    if not wanted:
        raise BadArguments(
            "no labels to choose from", hint="Give at least two, as in ['cat', 'dog']"
        )
    if region is None:
        found: Labels = ctx.use("classify", image, labels=wanted)
        return Labels(found.texts, found.scores, "classes of the picture")
    if not len(region):
        raise BadArguments("nothing to classify: the region is empty", hint="Find the thing first")
    part = geometry.crop(image, region.xyxy[0])
    found = ctx.use("classify", part, labels=wanted)
    return Labels(found.texts, found.scores, f"classes of {names(region)[0]}")
