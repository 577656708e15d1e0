"""Goals about which one of several things: "Which face is the largest?", "which sign is yellow?".

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.carriers import carrier_text
from agent.planners.offline.counting import meant
from agent.planners.offline.finding import boxes_said, proven
from agent.planners.offline.phrases import RELATIONS, SIDE, Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import COLORS, singular
from agent.planners.offline.work import Fragment, Ref, listed
from tools.geometry import centres
from tools.types import Boxes, Codes, Placed, TextSpans


def chosen(scope: Scope) -> Fragment | None:
    """Such as "Which face is the largest?", "which sign is yellow?", "which one is below it?"."""
    match = patterns.match(
        r"^(?:which|what) (?:(?:one )?of (?:the |these |those |them)?)?(?:two |three |four |\d+ )?(?P<a>.+?) (?:is|are|stands|lies|sits|comes) (?P<b>.+)$",
        scope.text,
    )
    if not match:
        return None
    condition = _as_condition(scope, match.group("b"))
    if condition is None:
        return None
    head, (before, behind) = match.group("a"), condition
    wanted = meant(scope, f"the {before} {head} {behind}".replace("  ", " "))
    noun = singular(head.split()[-1])
    lettered = noun in scope.words.lexicon["named"] and noun != "line"
    if not wanted.head or lettered or wanted.head in ("colour", "color", "way", "picture", "photo"):
        return None
    carrier = scope.words.is_carrier(wanted.head) and scope.noun(wanted) is None
    if carrier and not scope.is_object(wanted):
        found = scope.find(wanted)
        if not len(scope.work.see(found, Placed)) or not proven(scope, found, wanted):
            return Fragment(scope.absent(f"{' '.join(wanted.colors)} {wanted.head}".strip(), found))
        text = carrier_text(scope, replace(wanted, many=True))
        if len(scope.work.see(text, Placed)):
            return Fragment(f"It reads {scope.say_text(text)}", focus=text)
        return Fragment(scope.absent(wanted.head, text))
    return _thing_said(scope, wanted, scope.find(wanted))


def _as_condition(scope: Scope, said: str) -> tuple[str, str] | None:
    """(words for before the noun, words for behind it) that "is …" amounts to; None: no condition."""
    others = patterns.match(r"(above|below|under|left of|right of|to the left of|to the right of) (?:all )?the (?:others?|rest)\b", said)  # fmt: skip
    if others:
        side = {"above": "topmost", "below": "bottommost", "under": "bottommost"}
        word = others.group(1)
        return side.get(word, "leftmost" if "left" in word else "rightmost"), ""
    far = patterns.match(r"(?:the )?(?:furthest|farthest|further|farther|most|nearest|closest)(?: to)?(?: the)? (left|right|top|bottom|up|down)\b", said)  # fmt: skip
    if far:
        return {
            "up": "topmost",
            "down": "bottommost",
            "top": "topmost",
            "bottom": "bottommost",
        }.get(far.group(1), f"{far.group(1)}most"), ""
    bare = patterns.sub(r"^(?:the |by far the )", "", said)
    first = bare.split(" ")[0]
    if (
        first in scope.words.table("sizes")
        or first in scope.words.table("extremes")
        or first in COLORS
    ):
        return patterns.sub(r" (?:one|of (?:them|the two|all|these))$", "", bare), ""
    relation = any(patterns.match(rf"(?:{pattern})\s", said) for pattern, _ in RELATIONS)
    return (
        ("", said)
        if relation or patterns.match(rf"(?:on|at|in|to|near) the {SIDE}\b", said)
        else None
    )


def _thing_said(scope: Scope, wanted: Target, ref: Ref) -> Fragment:
    placed = scope.work.see(ref, Placed)
    if isinstance(placed, TextSpans) and len(placed):
        return Fragment(f"It reads {scope.say_text(ref)}", focus=ref)
    said = boxes_said(scope, [(wanted, ref)])
    if isinstance(placed, Codes) and len(placed):
        formats = listed([f"the {name}" for name in placed.formats])
        return replace(said, text=f"{formats[0].upper()}{formats[1:]}: {said.text}")
    return said


def nth(scope: Scope) -> Fragment | None:
    """Such as "Counting from the left, which face is the largest?"."""
    match = patterns.match(
        r"^count(?:ing|ed)? from (?:the )?(left|right|top|bottom),?\s+which (?P<a>\w+) is (?P<b>.+)$",
        scope.text,
    )
    if not match:
        return None
    everything = scope.find(scope.target(f"{match.group('a')}s"))
    chosen_one = scope.find(
        scope.target(f"{match.group('b')} {match.group('a')}".replace(" one ", " "))
    )
    all_of, one = scope.work.see(everything, Boxes), scope.work.see(chosen_one, Placed)
    if not len(one):
        return Fragment(scope.absent(f"such {match.group('a')}"))
    axis = 0 if match.group(1) in ("left", "right") else 1
    mine, others = centres(one.xyxy[:1])[0][axis], centres(all_of.xyxy)[:, axis]
    backwards = match.group(1) in ("right", "bottom")
    place = 1 + int(((others > mine + 1) if backwards else (others < mine - 1)).sum())
    return Fragment(
        f"It is number {place} counted from the {match.group(1)}{scope.work.cite(chosen_one, [0])}",
        focus=chosen_one,
    )
