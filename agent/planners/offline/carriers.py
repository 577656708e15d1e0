"""The text of a carrier: which lines are on the sign, page or thing that a question points at.

Knows nothing of what is asked about that text.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import SURE_TEXT, Scope
from agent.planners.offline.work import Ref
from tools.geometry import centres
from tools.layout import line_heights
from tools.places import part_box
from tools.textkinds import find
from tools.types import Placed, TextSpans

SMALL_PRINT = 0.45
"""Share of the tallest lettering below which a line is not what a sign is known by."""


def is_written(texts: TextSpans, word: str) -> bool:
    """Whether a word is surely among the text of the picture."""
    return any(score >= SURE_TEXT for _, score in find(texts, word))


def carrier_text(scope: Scope, carrier: Target | None) -> Ref:
    """The text of the carrier: all of the picture's, narrowed where a condition can be met."""
    return narrowed_text(scope, carrier)[0]


def narrowed_text(scope: Scope, carrier: Target | None) -> tuple[Ref, bool]:
    """The text of the carrier, and whether a condition of the question narrowed it."""
    spans = scope.spans()
    if carrier is None:
        return spans, False
    if carrier.pronoun and carrier.is_plain:
        return _focus_text(scope, spans), False
    noun = scope.noun(carrier)
    if noun is not None:
        region = scope.find(carrier)
        if len(scope.work.see(region, Placed)):
            return scope.work.call("read_text", image=scope.image, region=region), True
        if not scope.words.is_carrier(carrier.head):
            return spans, False
    for detail in ("normal", "fine"):
        narrowed = _narrow(scope, scope.spans(detail), carrier)
        if narrowed is not None:
            return narrowed, narrowed != scope.spans(detail)
    return spans, False


def _focus_text(scope: Scope, spans: Ref) -> Ref:
    if scope.given is not None or scope.focus is None:
        return spans
    focus = scope.work.view.kinds.get(scope.focus.name)
    if focus is not None and issubclass(focus, TextSpans):
        return scope.focus
    if focus is not None and issubclass(focus, Placed):
        return scope.work.call("read_text", image=scope.image, region=scope.focus)
    return spans


def _narrow(scope: Scope, spans: Ref, carrier: Target) -> Ref | None:
    """Conditions one after another; one that leaves nothing fails the whole."""
    texts = scope.work.see(spans, TextSpans)
    if not len(texts):
        return None
    current, narrowed = spans, False
    for wanted in _conditions(scope, texts, carrier):
        chosen = scope.work.call("pick", things=current, image=scope.image, **wanted)
        if len(scope.work.see(chosen, Placed)):
            current, narrowed = chosen, True
    owner = carrier.of
    if owner is not None and not owner.pronoun:
        if carrier.part and scope.words.is_carrier(owner.head) and not owner.part:
            owner = replace(owner, part=carrier.part)
        deeper = _narrow(scope, current, replace(owner, part="" if owner.of else owner.part))
        if deeper is not None:
            current, narrowed = deeper, True
    return current if narrowed or not has_condition(carrier) else None


def has_condition(carrier: Target) -> bool:
    """Whether a question says where or how the carrier is, not only what."""
    return bool(carrier.colors or carrier.contains or carrier.relation or carrier.part)


def _conditions(scope: Scope, texts: TextSpans, carrier: Target) -> list[dict[str, object]]:
    wanted: list[dict[str, object]] = []
    if carrier.contains:
        wanted.append({"contains": carrier.contains, "whole_block": carrier.head != "text"})
    if carrier.relation and carrier.to is not None:
        to = anchor(scope, texts, carrier.to)
        if to is not None:
            wanted.append({"relation": carrier.relation, "to": to})
    if carrier.colors:
        wanted.append({"color": carrier.colors[0]})
    if carrier.part and carrier.of is None:
        wanted += _part(scope, texts, carrier)
    if carrier.size:
        wanted.append({"size": carrier.size})
    if carrier.index and scope.words.is_carrier(carrier.head):
        wanted.append({"index": carrier.index, "order": carrier.order or "reading"})
    for word in carrier.modifiers:
        if len(word) >= 4 and is_written(texts, word):
            wanted.append({"contains": word, "whole_block": True})
    return wanted


def _part(scope: Scope, texts: TextSpans, carrier: Target) -> list[dict[str, object]]:
    """A part of the picture; for one sign among several the outermost one on that side."""
    side = carrier.part.removesuffix(" half")
    ends = {"left": (0, 1), "top": (1, 1), "right": (2, -1), "bottom": (3, -1)}
    if carrier.many or side not in ends or not scope.words.is_carrier(carrier.head):
        return [{"region": carrier.part}]
    x1, y1, x2, y2 = part_box(carrier.part, texts.frame.width, texts.frame.height)
    middles, heights = centres(texts.xyxy), line_heights(texts)
    inside = [i for i, (x, y) in enumerate(middles) if x1 <= x <= x2 and y1 <= y <= y2]
    tall = [i for i in inside if heights[i] >= SMALL_PRINT * max(heights[j] for j in inside)]
    if not tall:
        return [{"region": carrier.part}]
    edge, sign = ends[side]
    row = min(tall, key=lambda i: sign * float(texts.xyxy[i][edge]))
    return [{"region": carrier.part}, {"contains": texts.texts[row], "whole_block": True}]


def anchor(scope: Scope, texts: TextSpans, other: Target) -> Ref | None:
    """The thing a relation points at, where it can be found at all."""
    if scope.noun(other) is not None:
        return scope.find(other)
    for word in (
        other.contains,
        " ".join([*other.modifiers, other.head]),
        *other.modifiers,
        other.head,
    ):
        if len(word) >= 3 and is_written(texts, word):
            return scope.work.call("pick", things=scope.spans(), image=scope.image, contains=word)
    return None
