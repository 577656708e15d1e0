"""Goals that make a new picture: an order is read, its regions are found, the tool is asked for.

How orders are read stands in ``hiding``, ``cutting``, ``adjusting`` and ``marking``. Knows nothing
of the wording of other goals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agent.planners.offline import adjusting, cutting, hiding, making, marking, patterns, telling
from agent.planners.offline.asking import changed, lacking, ready
from agent.planners.offline.extent import Extent
from agent.planners.offline.orders import KEEP, Order, active
from agent.planners.offline.phrases import Target
from agent.planners.offline.regions import Region, names, regions, told
from agent.planners.offline.scope import Scope
from agent.planners.offline.turns import origin
from agent.planners.offline.work import Cannot, Fragment, Pending, Ref, listed
from tools.catalog import Param, ToolSpec
from tools.geometry import areas
from tools.types import Image, Placed

READERS: tuple[Callable[[Scope], Order | None], ...] = (
    hiding.background,
    cutting.alone,
    adjusting.turned,
    adjusting.flipped,
    marking.marked,
    cutting.crop,
    adjusting.recolored,
    hiding.hide,
    adjusting.sized,
    adjusting.toned,
    cutting.zoom,
    hiding.remove,
)
"""Tried in this order; the first that understands the clause reads it."""
LARGE_HOLE = 0.06
"""Share of the picture from which what is filled in is only rough."""
NEURAL = r"^(?:swap|exchange|replace|move|shift|merge|combine|stitch|insert|add(?! up| together)|put|draw|paint|colou?rise|colorize|animate|colou?r (?:in )?(?:it|this|the)|dress|undress|imagine|morph|rejuvenate|restyle|styli[sz]e|re-?imagine|repaint|redraw|transform|render)\b|^(?:make|turn|transform|give|change (?:the|his|her|their|its|my|this))\b .+"
"""Orders that only a generative model could carry out, where no reader understands them."""
MOST_APART = 12
"""Pictures that are made of things one by one."""


def edit(scope: Scope) -> Fragment | None:
    """Any order that makes a new picture."""
    scope = replace(scope, image=origin(scope.work.view, scope.edited))
    order = _read(scope)
    spec = scope.work.view.catalog.tools.get(order.tool) if order else None
    if order is None or spec is None:
        replaced = making.instead(scope)
        if replaced is not None:
            return replaced
        if patterns.match(NEURAL, scope.text):
            if ready(scope.work.view, "edit_by_instruction"):
                return changed(scope)
            raise lacking(scope.work.view, "edit_by_instruction", "a diffusion model")
        return None
    slot = _slot(spec)
    if _just_done(scope, order):
        return Fragment("")
    where = order.extent
    placed = slot is not None and (slot.required or order.tool == "crop")
    if where.is_whole and placed and not order.whole:
        where = replace(where, things=cutting.pointed_at(scope))
        if not where.things:
            raise Cannot(f"Tell me what to {order.verb}, or draw a box around it")
    if slot is None or (where.is_whole and not slot.required):
        made = scope.work.call(spec.name, **{"image": scope.edited, **order.args})
        return _made(scope, order, [made], _whole(scope, order))
    return _applied(scope, order, where, spec, slot.name)


def _read(scope: Scope) -> Order | None:
    """The clause as an order; None where it is none."""
    plain = replace(scope, clause=replace(scope.clause, text=active(scope.text, scope.words)))
    return next((o for o in (reader(plain) for reader in READERS) if o is not None), None)


def subject(scope: Scope) -> Target | None:
    """The thing that an order is done to, for "it" in what follows; None where there is none."""
    kept = patterns.match(KEEP, scope.text)
    if kept:
        return scope.target(next(g for g in kept.groups() if g))
    try:
        order = _read(scope)
    except (Pending, Cannot):
        return None
    return next((t for t in order.extent.things if t.head), None) if order else None


def _slot(spec: ToolSpec) -> Param | None:
    """The parameter that takes the region of an edit."""
    return next((p for p in spec.params.values() if p.is_artefact and p.type is not Image), None)


def _just_done(scope: Scope, order: Order) -> bool:
    """Whether "cut it out" repeats what the clause before has done already."""
    again = scope.focus is not None and scope.focus.call_id.startswith(f"{order.tool}.")
    pointed = all(t.pronoun and t.is_plain for t in order.extent.things)
    return again and order.tool in ("crop", "zoom") and pointed and not (
        set(order.args) - {"factor"} or order.extent.box
    ) and "it" in scope.text.split() and order.tool == "crop"  # fmt: skip


def _whole(scope: Scope, order: Order) -> str:
    """What is told of an edit of the whole picture."""
    if order.args.get("region") is not None:
        return "1 picture" + scope.work.cite(order.args["region"])
    return f"the {order.args['part']}" if order.args.get("part") else "the picture"


def _applied(scope: Scope, order: Order, where: Extent, spec: ToolSpec, slot: str) -> Fragment:
    """Applies the tool to one thing after another, each on the picture made before."""
    every = list(regions(where, scope))
    found, absent = [r for r in every if r.count], [r for r in every if not r.count]
    if not found:
        said = scope.absent(names(absent), *(r.ref for r in absent))
        return Fragment(f"{said}, so there is nothing to {order.verb}", "cannot")
    what = listed([told(r, scope) for r in found])
    args = {k: v for k, v in order.args.items() if k in spec.params}
    found = [_prepared(r, order, scope) for r in found]
    if order.separate:
        made = _apart(scope, spec, args, slot, found)
    else:
        made = [scope.edited]
        for region in _together(found, order, scope):
            made = [scope.work.call(spec.name, **{"image": made[0], **args, slot: region.ref})]
    done = _made(scope, order, made, what)
    if order.tool == "inpaint" and _share(scope, found) > LARGE_HOLE:
        done = replace(done, text=f"{done.text}; the gap is large, so check how it is filled")
    if absent:
        done = replace(done, text=f"{done.text}. {scope.absent(names(absent))}")
    return done


def _share(scope: Scope, found: list[Region]) -> float:
    """The share of the picture that regions cover."""
    placed = [scope.work.see(r.ref, Placed) for r in found]
    width, height = placed[0].frame.size_wh
    return sum(float(areas(p.xyxy).sum()) for p in placed) / (width * height)


def _prepared(region: Region, order: Order, scope: Scope) -> Region:
    """The region as the order wants it: outlined exactly, or in an order."""
    if order.outline and region.name != "subject":
        return replace(region, ref=scope.work.call("segment", image=scope.image, region=region.ref))
    if order.args.get("order"):
        in_order = scope.work.call("pick", things=region.ref, order=order.args["order"])
        return replace(region, ref=in_order)
    return region


def _together(found: list[Region], order: Order, scope: Scope) -> list[Region]:
    """Several regions as one where all that lies outside of them is meant."""
    if not (order.args.get("outside") or order.args.get("operation") == "blur_background"):
        return found
    first = found[0]
    for other in found[1:]:
        first = replace(first, ref=scope.work.call("gather", first=first.ref, second=other.ref))
    return [first]


def _apart(
    scope: Scope, spec: ToolSpec, args: dict[str, Any], slot: str, found: list[Region]
) -> list[Ref]:
    """A picture for each thing."""
    made = []
    for region in found:
        for row in range(min(region.count, MOST_APART)):
            one = region.ref
            if region.count > 1:
                one = scope.work.call("pick", things=one, index=row + 1, order="reading")
            made.append(scope.work.call(spec.name, **{"image": scope.edited, **args, slot: one}))
    return made


def _made(scope: Scope, order: Order, made: list[Ref], what: str) -> Fragment:
    for ref in made:
        scope.work.see(ref, Image)
    text = telling.done(order, what, scope.words)
    last = made[-1]
    images = tuple(ref.name for ref in made)
    return Fragment(text, images=images, focus=Ref(last.name, last.call_id, last.name))


def remark(scope: Scope) -> Fragment | None:
    """Clauses that ask for nothing more: a statement; "save it"; "leave the rest alone"."""
    if (
        patterns.match(
            r"^(?:there (?:is|are)|this is|these are|here (?:is|are)|i (?:am|took|found|see|think)\b)",
            scope.text,
        )
        and "?" not in scope.text
    ):
        return Fragment("")
    if patterns.match(KEEP, scope.text):
        return Fragment("")
    if active(scope.text, scope.words) != scope.text:
        return None
    part = len(scope.images) == 1 and scope.clause.pictures
    if (
        not part
        and patterns.match(
            r"^(?:save|store|keep|export|download|leave|return|send|output|preserve)\b(?:\s+(?:it|that|this|them|everything else|all else|the (?:result|rest|others?|new|edited|cropped|remaining|file|output|crop|aspect|proportions?)))(?!.*\b(?:blur|crop|cut|pixel|grey|gray|rotat|as a (?:sketch|cartoon)|black)).*$",
            scope.text,
        )
        or patterns.match(r"^(?:same size|nothing else|do not|don't|not)\b", scope.text)
    ):
        return Fragment("")
    return None
