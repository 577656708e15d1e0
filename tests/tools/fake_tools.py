"""A small catalogue for the tests of the tool graph: declarations without bodies."""

from __future__ import annotations

from tools.catalog import Catalog, tool
from tools.context import ToolContext
from tools.types import (
    Boxes,
    Codes,
    Image,
    Labels,
    Masks,
    Number,
    Placed,
    Points,
    Table,
    Text,
    TextSpans,
)


@tool()
def read_text(ctx: ToolContext, image: Image, region: Placed | None = None) -> TextSpans:
    """Read."""
    raise NotImplementedError


@tool()
def read_codes(ctx: ToolContext, image: Image) -> Codes:
    """Decode."""
    raise NotImplementedError


@tool()
def read_fields(ctx: ToolContext, text: TextSpans) -> Table:
    """Pair."""
    raise NotImplementedError


@tool(needs="detect")
def detect(ctx: ToolContext, image: Image, phrases: list[str]) -> Boxes:
    """Find."""
    raise NotImplementedError


@tool()
def segment(ctx: ToolContext, image: Image, region: Placed | None = None) -> Masks:
    """Cut out."""
    raise NotImplementedError


@tool()
def pick(
    ctx: ToolContext, things: Placed, image: Image | None = None, to: Placed | None = None
) -> Placed:
    """Choose."""
    raise NotImplementedError


@tool()
def count(ctx: ToolContext, things: Placed) -> Number:
    """Count."""
    raise NotImplementedError


@tool()
def compare(ctx: ToolContext, first: Image, second: Image) -> Table:
    """Compare."""
    raise NotImplementedError


@tool(effect="edit")
def redact(ctx: ToolContext, image: Image, region: Placed) -> Image:
    """Blur."""
    raise NotImplementedError


@tool()
def crop(ctx: ToolContext, image: Image, region: Placed | None = None) -> Image:
    """Part."""
    raise NotImplementedError


@tool()
def join(ctx: ToolContext, codes: Codes, masks: Masks) -> Text:
    """Two inputs of two makers."""
    raise NotImplementedError


@tool()
def trace(ctx: ToolContext, points: Points) -> Labels:
    """Wants what no tool makes."""
    raise NotImplementedError


EVERY = (
    read_text, read_codes, read_fields, detect, segment, pick, count, compare, redact, crop, join,
    trace,
)  # fmt: skip


def catalog(*functions: object) -> Catalog:
    specs = [f.spec for f in functions]  # type: ignore[attr-defined]
    return Catalog({s.name: s for s in sorted(specs, key=lambda s: s.name)}, {})
