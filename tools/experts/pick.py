"""The things among many that fit a description. Knows no models."""

from __future__ import annotations

from tools import choose
from tools.catalog import tool
from tools.choose import Order, Position, Relation, Size
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.places import Part, check_frames, check_root
from tools.types import Image, Placed

_ORDER_OF: dict[str, Order] = {
    "left": "left-to-right", "right": "right-to-left", "top": "top-to-bottom",
    "bottom": "bottom-to-top",
}  # fmt: skip
_ORDER_BY_SIZE: dict[str, Order] = {"largest": "largest-first", "smallest": "smallest-first"}


@tool(
    verbs=("pick", "choose", "select", "keep", "only the", "filter", "which one", "find the"),
    nouns=("leftmost", "rightmost", "topmost", "lowest", "first", "second", "third", "last",
           "largest", "biggest", "smallest", "the one on the left", "the one on the right",
           "the other one", "the yellow one", "the one below"),
)  # fmt: skip
def pick(
    ctx: ToolContext,
    things: Placed,
    image: Image | None = None,
    position: Position = "",
    index: int = 0,
    order: Order = "",
    size: Size = "",
    color: str = "",
    contains: str = "",
    kind: str = "",
    relation: Relation = "",
    to: Placed | None = None,
    region: Part = "",
    whole_block: bool = False,
) -> Placed:
    """Choose among things by description: place, order, size, colour, text, kind, relation.

    All conditions must hold. `region` keeps everything in a part of the picture; `position` and
    `size` then keep the single extreme thing, `index` the n-th (1 first, -1 last) in `order`
    (for a position: counted from that side). `color` is that of the fill, or of what a text
    stands on, and needs `image`. `relation` needs `to`. `whole_block` adds the lines that belong
    to the chosen ones (the other lines of the same sign). Nothing left is an empty result.
    """
    if image is not None:
        check_root(image, things, to)
    if to is not None:
        check_frames(things.frame, to.frame)
    rows = _described(things, image, color, contains, kind, region)
    if relation:
        if to is None:
            raise BadArguments(
                f"{relation!r} wants the things it refers to", hint="Give them as to"
            )
        rows = choose.by_relation(things, rows, relation, to)
    rows = _extreme(things, rows, position, index, order, size)
    if whole_block and rows:
        members = [group for group in choose.blocks(things) if set(group) & set(rows)]
        rows = sorted(row for group in members for row in group)
    return things.take(rows)


def _described(
    things: Placed, image: Image | None, color: str, contains: str, kind: str, region: Part
) -> list[int]:
    """Rows that fit each on their own."""
    rows = list(range(len(things)))
    if region:
        rows = choose.by_part(things, rows, region)
    if kind:
        rows = choose.by_kind(things, rows, kind)
    if contains:
        rows = choose.by_text(things, rows, contains)
    if color:
        if image is None:
            raise BadArguments("a colour can only be seen in a picture", hint="Give the image")
        rows = choose.by_color(image, things, rows, color)
    return rows


def _extreme(
    things: Placed, rows: list[int], position: Position, index: int, order: Order, size: Size
) -> list[int]:
    """Rows that stand out from the others in place, order or size."""
    if index:
        order = order or _ORDER_OF.get(position, "") or _ORDER_BY_SIZE.get(size, "") or "reading"
        return choose.nth(choose.ordered(things, rows, order), index)
    if size:
        rows = choose.by_size(things, rows, size)
    if position:
        rows = choose.by_position(things, rows, position)
    return choose.ordered(things, rows, order) if order else rows
