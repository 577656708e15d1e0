"""Goals that want outlines: of everything, of a named thing, of what a sentence only hints at.

Knows nothing of how outlines are found.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.asking import ready
from agent.planners.offline.finding import boxes_said
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import (
    DRAWN,
    by_reason,
    called,
    counted,
    drawn,
    is_picture,
    need,
    visible,
)
from agent.planners.offline.work import Cannot, Fragment, Ref, listed
from tools.catalog import ANY
from tools.types import Boxes, Masks, Placed, Points

EVERYTHING = (
    r"^(?:segment|mask|outline|cut out|separate|label|trace|colou?r) (?:out )?(?:absolutely )?(?:everything|all|every(?: single)? (?:thing|object|pixel|region|part|item)|each(?: single)? (?:thing|object|pixel|region|part|item)|all(?: the)? (?:things|objects|regions|parts|pixels|items))\b(?!.* (?:except|but)\b).*$",
    r"^(?:(?:do|make|run|give|show|get|compute|create)\b.*?)?(?:an? |the )?(?:panoptic|semantic|full|complete|instance) (?:segmentation|segments?)(?: (?:map|mask))?\b.*$",
    r"^(?:(?:make|give|show|get|compute|create|find|list)\b.*?)?(?:an? |the )?(?:segmentation map|every segment|all(?: the)? (?:segments|masks))\b.*$",
    r"^take (?:it|the \w+|this(?: \w+)?) apart\b.*$",
)  # fmt: skip
OUTLINE = (
    r"^(?:segment|isolate exactly)(?: out)? (?P<o>.+)$",
    r"^(?:(?:give|show|get|make|find|create|draw|compute|return|output|need|want|i (?:want|need)|what is)(?: me)? )?(?:an? |the )?(?:exact |precise |pixel |binary |segmentation )*(?:masks?|silhouettes?|segmentation|contours?|exact (?:outlines?|shapes?)|outlines?) (?:of|for|around) (?P<o>.+)$",
    r"^(?:outline|trace|contour|mark) (?P<o>.+?) (?:exactly|precisely|pixel by pixel|to the pixel|pixel[- ]perfect(?:ly)?)$",
    r"^where exactly (?:is|are) the outlines? of (?P<o>.+)$",
)  # fmt: skip
REASONED = r"^(?:what(?:ever)?|whoever|who|which|where|something|anything|someone|somebody|(?:the|a|any|all(?: the)?|every) (?:\w+ )?(?:things?|objects?|parts?|ones?|items?|places?|spots?|areas?|regions?|animals?|persons?|people|tools?|devices?|foods?) (?:that|which|who|whose|where|to|for|used|meant|with which|you|i|we|people|they|one|he|she|most|best|likely|responsible|able|suitable)\b) ?.*$"
"""A thing told by what it does or is good for rather than by its name."""
POINTED = r"^(?:find|locate|show|box|mark|detect|point (?:to|at|out)|where is|where are|show where|highlight|segment) (?P<o>.+)$"
TOLD = r"^(?P<o>(?:the|any|every|all the) (?:thing|object|part|place|spot|tool|device|one)s? (?:(?:that|which|where|to|for|you|i|we|with which)\b.+))$"
ANSWERED = r"^(?:answer (?:with|by|in) boxes|answer and (?:show|box|mark)(?: where| it| them)?|box (?:the|your) answer to|show (?:with|in) boxes)\s*[:,]? ?(?P<q>.+)$"
"""Orders that want the answer to a question shown rather than told."""


def everything(scope: Scope) -> Fragment | None:
    """A mask for everything in the picture, or in what was drawn."""
    if not any(patterns.match(p, scope.text) for p in EVERYTHING):
        return None
    if scope.text.startswith(("outline", "cut", "trace", "mask", "colo", "label all")) and not ready(scope.work.view, "segment_all"):  # fmt: skip
        return None
    need(scope, "segment_all")
    ref = scope.work.call("segment_all", image=scope.image, region=scope.given)
    n = len(scope.work.see(ref, Masks))
    return Fragment(f"Outlined {counted(scope, ref)}" if n else scope.absent("segment", ref), focus=ref)  # fmt: skip


def outline(scope: Scope) -> Fragment | None:
    """The outline of what is named, drawn, clicked or described."""
    match = next((m for m in (patterns.match(p, scope.text) for p in OUTLINE) if m), None)
    if match is None:
        return None
    phrase = match.group("o").strip()
    whole = is_picture(scope, phrase) and drawn(scope) is None
    if whole:
        return _everything_in(scope) if scope.text.startswith("segment") else None
    said = "that"
    if patterns.fullmatch(DRAWN, phrase):
        prompt = _drawn(scope)
    elif patterns.match(REASONED, phrase):
        prompt = dict([by_reason(scope, unquote(phrase, scope.clause.quotes))])
        said = phrase
    elif (by_name := _by_name(scope, phrase)) is not None:
        return by_name
    else:
        prompt, said = _named(scope, phrase)
    empty = _empty(scope, prompt)
    if empty is not None:
        return Fragment(f"{scope.absent(said, empty)}, so there is nothing to outline", "cannot")
    ref = scope.work.call("segment", image=scope.image, **prompt)
    return Fragment(f"Outlined {counted(scope, ref)}", focus=ref)


def _everything_in(scope: Scope) -> Fragment:
    need(scope, "segment_all")
    ref = scope.work.call("segment_all", image=scope.image)
    return Fragment(f"Outlined {counted(scope, ref)}", focus=ref)


def _drawn(scope: Scope) -> dict[str, Ref]:
    if scope.given is not None:
        return {"region": scope.given}
    if scope.points is not None:
        return {"points": scope.points}
    ref = drawn(scope)
    if ref is None:
        raise Cannot("I do not know what to outline: name it, click on it or draw a box around it")
    return {"region": ref}


def _by_name(scope: Scope, phrase: str) -> Fragment | None:
    """Outlines in one step, where a model is ready that outlines whatever it is told."""
    models = scope.work.view.catalog.of_ability("segment_phrase")
    wanted = scope.targets(phrase)
    plain = all(t.head and not (t.relation or t.of or t.contains or t.other) for t in wanted)
    if not plain or not any(m.labels == ANY and not m.missing() for m in models):
        return None
    if not all(visible(scope, t) for t in wanted):
        return None
    names = [called(t) for t in wanted]
    ref = scope.work.call("segment_phrase", image=scope.image, phrases=names, region=scope.given)
    if len(wanted) == 1:
        ref = scope.choose(ref, replace(wanted[0], colors=()))
    if not len(scope.work.see(ref, Placed)):
        said = scope.absent(listed(names), ref)
        return Fragment(f"{said}, so there is nothing to outline", "cannot")
    return Fragment(f"Outlined {counted(scope, ref)}", focus=ref)


def _named(scope: Scope, phrase: str) -> tuple[dict[str, Ref], str]:
    """A prompt for a thing that goes by its name; thought about where no name fits."""
    wanted = scope.targets(phrase)
    found = []
    try:
        found = [scope.find(t) for t in wanted]
        if any(len(scope.work.see(ref, Placed)) for ref in found):
            held = [r for r in found if len(scope.work.see(r, Placed))]
            region = held[0]
            for other in held[1:]:
                region = scope.work.call("gather", first=region, second=other)
            return {"region": region}, listed([called(t) for t in wanted])
    except Cannot:
        if not _thinks(scope):
            raise
    if len(phrase.split()) > 3 and _thinks(scope):
        return dict([by_reason(scope, phrase)]), phrase
    if not found:
        need(scope, "answer_grounded")
    return {"region": found[0]}, listed([called(t) or t.text for t in wanted])


def _thinks(scope: Scope) -> bool:
    return any(ready(scope.work.view, ability) for ability in ("answer_grounded", "point"))


def _empty(scope: Scope, prompt: dict[str, Ref]) -> Ref | None:
    """The prompt that has nothing in it; None where there is something."""
    for slot, ref in prompt.items():
        clicks = slot == "points"
        n = len(scope.work.see(ref, Points).xy if clicks else scope.work.see(ref, Placed).xyxy)
        if not n:
            return ref
    return None


def reasoned(scope: Scope) -> Fragment | None:
    """Where the thing is that a sentence tells by its use: "Find what keeps the rain off"."""
    asked = patterns.match(ANSWERED, scope.text)
    if asked is not None:
        need(scope, "answer_grounded")
        question = unquote(asked.group("q"), scope.clause.quotes)
        ref = scope.work.call("answer_grounded", image=scope.image, question=f"{question.rstrip('?')}?")  # fmt: skip
        return _answered(scope, ref)
    match = patterns.match(POINTED, scope.text) or patterns.match(TOLD, scope.text)
    if match is None or not patterns.match(REASONED, match.group("o")) or not _thinks(scope):
        return None
    phrase = unquote(match.group("o"), scope.clause.quotes)
    slot, ref = by_reason(scope, phrase)
    if slot == "points":
        ref = scope.work.call("segment", image=scope.image, points=ref)
        return Fragment(f"Outlined {counted(scope, ref)}", focus=ref)
    return _answered(scope, ref)


def _answered(scope: Scope, ref: Ref) -> Fragment:
    found = scope.work.see(ref, Boxes)
    names = list(dict.fromkeys(found.labels))
    if not len(found):
        return Fragment(scope.absent("such thing", ref))
    said = boxes_said(scope, [(Target("it", listed(names[:4]) or "thing"), ref)])
    return Fragment(said.text, focus=ref)
