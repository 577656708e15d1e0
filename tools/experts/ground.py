"""Showing where the things are that a sentence speaks of. Knows nothing of how a model does it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Boxes, Image


@tool(
    needs="ground",
    verbs=("ground", "show where each phrase is", "box each phrase", "link the sentence"),
    nouns=("grounding",),
)
def ground(
    ctx: ToolContext,
    image: Image,
    sentence: Annotated[str, Field(description="'a woman in a red coat beside a dog'")],
) -> Boxes:
    """Box what each phrase of a sentence names; labels are the phrases.

    The sentence is taken to be true of the picture: phrases of things that are not there may get
    a box too. To learn whether something is there use `detect`.
    """
    if not sentence.strip():
        raise BadArguments("there is no sentence to ground", hint="Give a sentence or a phrase")
    found: Boxes = ctx.use("ground", image, sentence)
    return found
