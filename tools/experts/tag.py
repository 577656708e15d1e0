"""Words that fit a picture, without being told which to try. Knows no models."""

from __future__ import annotations

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.places import check_root, names
from tools.types import Image, Labels, Placed


@tool(
    needs="tag",
    verbs=("tag", "give tags", "suggest tags", "list tags", "list the tags", "what tags",
           "which tags", "what are the tags", "give keywords", "suggest keywords",
           "list keywords", "list the keywords", "which keywords", "what keywords"),
    nouns=("keyword", "hashtag", "topic", "subject matter"),
)  # fmt: skip
def tag(ctx: ToolContext, image: Image, region: Placed | None = None) -> Labels:
    """List keywords for a picture, or for one part of it, with a score for each.

    Words come from a fixed vocabulary of things, places and doings. To weigh words of your own
    use `classify`; to learn where things are use `detect`.
    """
    check_root(image, region)
    if region is None:
        found: Labels = ctx.use("tag", image)
        return Labels(found.texts, found.scores, "tags")
    if not len(region):
        raise BadArguments("nothing to tag: the region is empty", hint="Find the thing first")
    found = ctx.use("tag", geometry.crop(image, region.xyxy[0]))
    return Labels(found.texts, found.scores, f"tags of {names(region)[0]}")
