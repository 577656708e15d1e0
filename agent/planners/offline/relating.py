"""Goals about two things: which side of one the other lies on, which is larger, what stands beside.

Knows nothing of where a thing lies in the picture (``placing.py``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed
from tools.geometry import centres
from tools.types import Codes, Placed, Table, TextSpans

MEASURE_OF = {
    "bigger": "area", "larger": "area", "smaller": "area", "biggest": "area", "largest": "area",
    "smallest": "area", "wider": "width", "widest": "width", "narrower": "width", "longer": "width",
    "taller": "height", "tallest": "height", "higher": "height", "shorter": "height",
}  # fmt: skip
"""Comparative -> what of `measure` is compared."""
LESS = ("smaller", "smallest", "narrower", "shorter")


def _pair(
    scope: Scope, first: str, second: str
) -> tuple[list[Target], list[Ref], list[Placed]] | Fragment:
    """Both things found; the sentence that one is missing where it is."""
    a, b = scope.target(first), scope.target(second)
    if (b.pronoun and not b.is_plain) or b.head == "one":
        b = replace(b, head=a.head, pronoun=False)
    refs = [scope.find(t) for t in (a, b)]
    placed = [scope.work.see(ref, Placed) for ref in refs]
    for t, p, ref in zip((a, b), placed, refs, strict=True):
        if not len(p):
            return Fragment(scope.absent(t.contains or t.head or t.text, ref))
    return [a, b], refs, placed


def related(scope: Scope) -> Fragment | None:
    """Such as "Is the A left of the B?", "Is A above or below B?"."""
    match = patterns.match(
        r"^(?:is|are) (?P<a>.+?) (?P<r>(?:to the |on the )?(?:left|right)(?: or (?:to the |on the )?(?:left|right))? of|above or below|below or above|over or under|above|below|over|under(?:neath)?|beneath) (?P<b>.+)$",
        scope.text,
    ) or patterns.match(
        r"^(?:is|are) (?P<a>(?!there\b).+?) (?P<r>inside|outside|in|next to|near|within)(?: of)? (?P<b>(?:the|a|an|my|his|her|its|this|that)\b.+|⟦\d+⟧.*)$",
        scope.text,
    )  # fmt: skip
    if not match or scope.words.is_picture(scope.target(match.group("b")).head or "-"):
        return None
    found = _pair(scope, match.group("a"), match.group("b"))
    if isinstance(found, Fragment):
        return found
    pair, refs, placed = found
    scope.work.result(scope.work.call("relate", things=refs[0], to=refs[1]))
    cites = scope.work.cite(refs[0], [0]) + scope.work.cite(refs[1], [0])
    return Fragment(_verdict(match.group("r"), pair, placed) + cites)


def _named(wanted: Target) -> str:
    return wanted.contains or " ".join([*wanted.colors, wanted.head]) or wanted.text


def _verdict(said: str, pair: list[Target], placed: list[Placed]) -> str:
    a, b = (f"the {_named(t)}" for t in pair)
    first, second = placed[0].xyxy[0], placed[1].xyxy[0]
    (x, y), (u, v) = centres(placed[0].xyxy[:1])[0], centres(placed[1].xyxy[:1])[0]
    side, height = ("left of" if x < u else "right of"), ("above" if y < v else "below")
    if " or " in said:
        return f"{a[0].upper()}{a[1:]} is {side if 'left' in said else height} {b}"
    if said in ("inside", "in", "outside", "within"):
        inside = bool(second[0] <= x <= second[2] and second[1] <= y <= second[3])
        holds, word = inside != (said == "outside"), "inside" if inside else "outside"
        return f"{'Yes' if holds else 'No'}, {a} is {word} {b}"
    if said in ("near", "next to"):
        gap = float(
            np.hypot(*np.maximum(np.maximum(first[:2] - second[2:], second[:2] - first[2:]), 0))
        )
        near = gap <= max(second[2] - second[0], second[3] - second[1])
        return f"{'Yes' if near else 'No'}, {a} is {gap:.0f} px from {b}"
    true = side if patterns.search("left|right", said) else height
    word = {"over": "above", "under": "below", "underneath": "below", "beneath": "below"}.get(
        said, said
    )
    return f"{'Yes' if true.split()[0] in word else 'No'}, {a} is {true} {b}"


def larger(scope: Scope) -> Fragment | None:
    """Such as "Is the left face bigger than the right one?", "Which is wider, the A or the B?"."""
    words = "|".join(MEASURE_OF)
    far = r"(?:further|farther|more)(?: to the)? (?:left|right)|further (?:up|down)|higher up|lower down|lower"
    match = patterns.match(
        rf"^(?:is|are) (?P<a>.+?) (?P<r>{words}|{far}) than (?P<b>.+)$", scope.text
    ) or patterns.match(
        rf"^(?:which|what|who)(?: one| of (?:the two|them|these))? is (?:the )?(?P<r>{words}|{far})(?: one)?\s*[,:]?\s*(?P<a>(?:the|a|an|this)\b.+?|⟦\d+⟧.*?),? or (?P<b>.+)$",
        scope.text,
    )  # fmt: skip
    if not match or scope.words.is_picture(scope.target(match.group("a")).head or "-"):
        return None
    found = _pair(scope, match.group("a"), match.group("b"))
    if isinstance(found, Fragment):
        return found
    asked = scope.text.startswith(("is ", "are "))
    if match.group("r") in MEASURE_OF:
        return _by_size(scope, match.group("r"), asked, *found)
    return _by_place(scope, match.group("r"), asked, *found)


def _by_size(
    scope: Scope, word: str, asked: bool, pair: list[Target], refs: list[Ref], placed: list[Placed]
) -> Fragment:
    what = MEASURE_OF[word]
    made = [scope.work.call("measure", image=scope.image, what=what, first=r) for r in refs]
    sizes = [float(scope.work.see(m, Table).rows[0][1]) for m in made]
    first = (sizes[0] > sizes[1]) != (word in LESS)
    cites = scope.work.cite(refs[0], [0]) + scope.work.cite(refs[1], [0])
    names = [_named(t) for t in pair]
    if names[0] == names[1]:
        names = [t.text for t in pair]
    opening = ("Yes" if first else "No") if asked else f"The {names[0 if first else 1]}"
    rows = f"{what} of the {names[0]} {sizes[0]:.0f}, of the {names[1]} {sizes[1]:.0f}"
    return Fragment(
        f"{opening}: {rows}{cites}".replace("the the ", "the ").replace("The the", "The")
    )


def _by_place(
    scope: Scope, word: str, asked: bool, pair: list[Target], refs: list[Ref], placed: list[Placed]
) -> Fragment:
    axis = 0 if patterns.search("left|right", word) else 1
    a, b = (float(centres(p.xyxy[:1])[0][axis]) for p in placed)
    first = (a < b) == bool(patterns.search("left|up|higher", word))
    cites = scope.work.cite(refs[0], [0]) + scope.work.cite(refs[1], [0])
    winner = f"the {_named(pair[0 if first else 1])} is {word}"
    said = f"{'Yes' if first else 'No'}, {winner}" if asked else f"T{winner[1:]}"
    return Fragment(said + cites)


def beside(scope: Scope) -> Fragment | None:
    """What is written above, below or beside something."""
    match = patterns.match(
        r"^what (?:text |words? )?(?:is|are|stands|comes)(?: written| printed)? (?P<r>(?:directly |just |right )?(?:above|below|under(?:neath)?|beneath|next to|beside)|(?:to|on) the (?:left|right) of) (?P<b>.+)$",
        scope.text,
    )
    if not match:
        return None
    wanted = scope.target(f"text {match.group('r')} {match.group('b')}")
    if wanted.to is None:
        return None
    code = _code_beside(scope, wanted)
    if code is not None:
        return code
    found = scope.find(replace(wanted, many=True))
    placed = scope.work.see(found, Placed)
    if not isinstance(placed, TextSpans):
        return None
    if not len(placed):
        return Fragment(f"I find no text {match.group('r')} it{scope.work.cite(found)}")
    nearest = scope.work.call(
        "pick", things=found, image=scope.image, relation="near", to=scope.find(wanted.to)
    )
    shown = nearest if len(scope.work.see(nearest, Placed)) else found
    return Fragment(f"It reads {scope.say_text(shown, limit=3)}", focus=shown)


def _code_beside(scope: Scope, wanted: Target) -> Fragment | None:
    """The other code that stands in the relation to a code."""
    anchor = scope.noun(wanted.to) if wanted.to is not None else None
    if anchor is None or not issubclass(scope.work.view.catalog.tool(anchor[0]).returns, Codes):
        return None
    ref = scope.find(replace(wanted, head="code", many=True))
    codes = scope.work.see(ref, Codes)
    if not len(codes):
        return None
    said = listed([f"the {name}" for name in codes.formats])
    return Fragment(f"{said[0].upper()}{said[1:]}{scope.work.cite(ref)}", focus=ref)
