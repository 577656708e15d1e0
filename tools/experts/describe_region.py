"""A few words for each of several things, seen where they stand. Knows no models."""

from __future__ import annotations

import numpy as np

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import ToolFailed
from tools.places import check_root, names
from tools.types import Image, Placed, Table

COLUMNS = ("thing", "description")


@tool(
    needs="describe_region",
    verbs=("describe each", "describe every", "describe all", "describe them", "caption each",
           "caption every", "say what each"),
    nouns=("description of each",),
)  # fmt: skip
def describe_region(ctx: ToolContext, image: Image, region: Placed) -> Table:
    """Describe each thing of a region in a few words: boxes, masks or texts, one row each.

    Every row carries its box. For whole sentences about a cut-out part use `caption`.
    """
    check_root(image, region)
    said: list[str] = ctx.use("describe_region", image, region) if len(region) else []
    if len(said) != len(region):
        raise ToolFailed(f"{len(said)} descriptions came back for {len(region)} things")
    cells = np.repeat(region.xyxy[:, None], 2, axis=1).astype(np.float32)
    rows = tuple(zip(names(region), said, strict=True))
    return Table(COLUMNS, rows, image.frame, cells.reshape(-1, 2, 4))
