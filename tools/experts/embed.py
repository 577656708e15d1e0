"""Pictures, or parts of one, as vectors that can be compared. Knows no models."""

from __future__ import annotations

import numpy as np

from tools import geometry
from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.places import check_root, names
from tools.types import Embeddings, Image, Placed


@tool(needs="embed", verbs=("embed", "vectorise", "vectorize"), nouns=("embedding", "vector"))
def embed(
    ctx: ToolContext,
    image: Image,
    region: Placed | None = None,
    after: Embeddings | None = None,
) -> Embeddings:
    """Turn a picture, or each part of it, into vectors that compare by what they show.

    With `after` the new vectors are put behind those: so pictures are gathered one by one for
    `find_similar`.
    """
    check_root(image, region)
    if region is None:
        found: Embeddings = ctx.use("embed", image)
    elif len(region):
        parts = [geometry.crop(image, box) for box in region.xyxy]
        made: Embeddings = ctx.use("embed", parts)
        found = Embeddings(made.vectors, names(region), made.model)
    else:
        raise BadArguments("nothing to embed: the region is empty", hint="Find the things first")
    if after is None:
        return found
    if after.model != found.model:
        raise BadArguments(f"vectors of {after.model!r} and {found.model!r} do not compare")
    vectors = np.concatenate([after.vectors, found.vectors])
    return Embeddings(vectors, (*after.names, *found.names), found.model)
