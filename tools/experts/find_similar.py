"""The pictures of a set that are most like a picture or fit a text. Knows no models."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.index import nearest
from tools.types import Embeddings, Image, Labels


@tool(
    needs="embed",
    verbs=("find similar", "find pictures like", "find photos like", "find images like",
           "search the pictures", "search my pictures", "which picture shows",
           "which photo shows", "which image shows", "which picture is most like"),
    nouns=("similar picture", "similar image", "similar photo", "look-alike", "lookalike"),
)  # fmt: skip
def find_similar(
    ctx: ToolContext,
    among: Embeddings,
    image: Image | None = None,
    text: Annotated[
        str, Field(description="what to look for, in words, instead of a picture")
    ] = "",
    limit: Annotated[int, Field(ge=1, le=1000)] = 10,
) -> Labels:
    """Rank pictures by likeness to a picture or to a text, best first; names of `among`.

    The score is the cosine of the vectors: near 1 for the same picture, and much lower for texts,
    where only the order counts.
    """
    if (image is None) == (not text.strip()):
        raise BadArguments("give either a picture or a text to compare with, and not both")
    asked: Embeddings = ctx.use("embed", text.strip() if image is None else image)
    what = f"pictures for {text.strip()!r}" if image is None else "pictures like it"
    return nearest(among, asked, limit, what)
