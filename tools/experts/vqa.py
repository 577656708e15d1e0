"""Asking a model about a picture in plain words. Knows nothing of how it finds the answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.places import check_root, names
from tools.types import Image, Placed, Text


@tool(
    needs="vqa",
    verbs=("answer", "reason about", "explain why", "guess"),
    nouns=("answer to the question",),
)
def vqa(
    ctx: ToolContext,
    image: Image,
    question: Annotated[str, Field(description="'what is the woman holding?'")],
    region: Placed | None = None,
) -> Text:
    """Answer a question about a picture, or about each part of it, in a model's own words.

    For what no measuring tool knows: doings, moods, materials, purposes. Such an answer is a
    guess without a place; prefer `detect`, `count` or `read_text` where they can tell.
    """
    check_root(image, region)
    asked = " ".join(question.split())
    if not asked:
        raise BadArguments("there is no question to answer", hint="Ask something about the picture")
    if region is None:
        whole: Text = ctx.use("vqa", image, asked)
        return Text(whole.value, asked)
    lines = []
    for done, (name, box) in enumerate(zip(names(region), region.xyxy, strict=True)):
        ctx.report(f"asking about {name}", done / len(region))
        said: Text = ctx.use("vqa", geometry.crop(image, box), asked)
        lines.append(said.value if len(region) == 1 else f"{name}: {said.value}")
    return Text("\n".join(lines), asked)
