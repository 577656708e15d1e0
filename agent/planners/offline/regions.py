"""Finds what an order is done to, and says it: a thing on its carrier, at a click, by its price.

Knows nothing of what is done there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.planners.offline.extent import Extent
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Cannot, Ref, listed, plural
from tools.types import Placed, Points, Table

PRICES = {"most expensive": "highest", "dearest": "highest", "priciest": "highest",
          "cheapest": "lowest", "least expensive": "lowest"}  # fmt: skip
MOST = 12
"""Things that are chosen one by one at most."""
VAGUE = frozenset("name signature watermark logo slogan instruction print".split())
"""Kinds of writing that cannot be told from other writing."""
CAPITALS = {"qr code": "QR code", "qr": "QR code", "vat": "VAT", "isbn": "ISBN", "url": "URL", "upc": "UPC", "ean": "EAN"}  # fmt: skip


@dataclass(frozen=True)
class Region:
    """One thing named by an order, as found."""

    ref: Ref
    count: int
    said: str
    """For people: ``2 faces [#1 #2]``, ``the left half``."""
    name: str
    """What was looked for: ``face``."""
    single: bool = False
    """Whether one thing was meant, of however many pieces."""


def regions(wanted: Extent, scope: Scope) -> Iterator[Region]:
    """The regions an extent means, one for each thing that it names; may be pending or empty."""
    if not wanted.things:
        box = wanted.box or (0.0, 0.0, 1.0, 1.0)
        shares = dict(zip(("left", "top", "right", "bottom"), box, strict=True))
        asked = {k: round(v, 6) for k, v in shares.items() if v not in (0.0, 1.0)}
        ref = scope.work.call("area", image=scope.edited, part=wanted.part or None, **asked)
        whole = wanted.is_whole
        said = "the picture" if whole else f"the {wanted.part}" if wanted.part else "that part"
        yield Region(ref, 1, said, said)
        return
    for thing in wanted.things:
        ref = _found(thing, scope)
        for kept in wanted.but:
            ref = scope.work.call("pick", things=ref, relation="not", to=scope.find(kept))
        name = thing.head
        if thing.pronoun and scope.given is None and scope.points is None and scope.mentioned:
            name = scope.mentioned.head
        single = not thing.many and scope.is_surface(thing)
        yield Region(ref, len(scope.work.see(ref, Placed)), "", name, single)


def _found(thing: Target, scope: Scope) -> Ref:
    """A thing where it belongs: on its carrier, of its owner, at the point that was clicked."""
    owner = thing.of
    price = next((o for w, o in PRICES.items() if w in " ".join(thing.modifiers)), "")
    if price and not scope.field_kind(thing):
        rows = scope.row_ref(kind="item", order=price)
        return scope.work.call("row_boxes", table=rows)
    if owner is not None and scope.is_text(replace(thing, of=None)) and thing.head == "letter":
        thing = replace(thing, head="text")
    if thing.head in VAGUE and thing.is_plain:
        return _named(thing, scope)
    if owner is not None and owner.head and thing.head:
        return _owned(replace(thing, of=None), owner, scope)
    if thing.quantity > 1 and (thing.size or thing.index or thing.position):
        return _first_few(thing, scope)
    ref = scope.find(thing)
    clicked = scope.points is not None and thing.is_plain and not (thing.many or thing.pronoun)
    if clicked and len(scope.work.see(ref, Placed)) > 1:
        return scope.work.call("pick", things=ref, relation="around", to=_spot(scope))
    return ref


def _named(thing: Target, scope: Scope) -> Ref:
    """Such as "the shop name"; a name of nothing in particular cannot be told from other text.

    Raises:
        Cannot: it is not said whose name.
    """
    kind = scope.words.table("fields").get(" ".join(thing.modifiers))
    if kind is None:
        raise Cannot(
            f"I cannot tell which text is the {thing.head}: quote it, or draw a box around it"
        )
    return scope.work.call("row_boxes", table=scope.row_ref(kind=str(kind)))


def _first_few(thing: Target, scope: Scope) -> Ref:
    """Such as "the three largest coins", "the first two faces"."""
    every = scope.find(
        replace(thing, quantity=0, size="", index=0, position="", order="", many=True)
    )
    count = min(thing.quantity, len(scope.work.see(every, Placed)), MOST)
    sides = {"left": "left-to-right", "right": "right-to-left", "top": "top-to-bottom", "bottom": "bottom-to-top"}  # fmt: skip
    order = thing.order or sides.get(thing.position, "")
    if thing.size:
        order = "smallest-first" if thing.size in ("smallest", "shortest", "narrowest") else "largest-first"  # fmt: skip
    step = -1 if thing.index < 0 else 1
    order = order or "reading"
    if not count:
        return every
    ones = [scope.work.call("pick", things=every, index=step * (i + 1), order=order) for i in range(count)]  # fmt: skip
    found = ones[0]
    for one in ones[1:]:
        found = scope.work.call("gather", first=found, second=one)
    return found


def _owned(thing: Target, owner: Target, scope: Scope) -> Ref:
    """A thing that is told by what it belongs to: "the text on the sign", "the price of tea"."""
    fields = scope.words.table("fields")
    if thing.head == "name" and owner.head in fields:
        return scope.work.call("row_boxes", table=scope.row_ref(kind=str(fields[owner.head])))
    if scope.kind_of(thing) == "price":
        rows = scope.row_ref(label=" ".join([*owner.modifiers, owner.head]))
        if len(scope.work.see(rows, Table)):
            return scope.work.call("row_boxes", table=rows)
    if scope.part_of_seen(thing, owner):
        return scope.find(replace(thing, of=owner))
    ref = scope.find(thing)
    found = len(scope.work.see(ref, Placed))
    try:
        place = scope.find(owner)
    except Cannot:
        if found != 1:
            raise
        return ref
    return scope.work.call("pick", things=ref, relation="inside", to=place) if found else ref


def _spot(scope: Scope) -> Ref:
    """A small box at the point that was clicked."""
    assert scope.points is not None
    x, y = scope.work.see(scope.points, Points).xy[0]
    wide, high = scope.work.image(scope.image).frame.size_wh
    left, top = min(float(x) / wide, 1 - 2 / wide), min(float(y) / high, 1 - 2 / high)
    box = {"left": left, "top": top, "right": left + 2 / wide, "bottom": top + 2 / high}
    return scope.work.call("area", image=scope.image, **{k: round(v, 6) for k, v in box.items()})


def told(region: Region, scope: Scope) -> str:
    """A found region in words, with its cites."""
    if region.said:
        return region.said
    name = CAPITALS.get(region.name, region.name) or "region"
    if region.name == "subject":
        return "the background"
    if name.startswith("#"):
        return f"{name}{scope.work.cite(region.ref)}"
    if region.single and region.count > 1:
        return f"the {name}{scope.work.cite(region.ref)}"
    return f"{region.count} {plural(region.count, name)}{scope.work.cite(region.ref)}"


def names(found: list[Region]) -> str:
    """What was looked for, in words."""
    return listed([f.name for f in found]).replace(" and ", " or ")
