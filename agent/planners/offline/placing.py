"""Goals about how things lie: in which part of the picture, how to each other, which way.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.counting import people
from agent.planners.offline.phrases import SIDE, Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed
from tools.geometry import centres
from tools.places import part_of
from tools.types import Codes, Labels, Placed, Table, TextSpans

AREA = r"(?:corner|half|part|side|quadrant|quarter|third|area|region|section|edge|end|place|spot|position)"
MEASURE_OF = {
    "bigger": "area", "larger": "area", "smaller": "area", "biggest": "area", "largest": "area",
    "smallest": "area", "wider": "width", "widest": "width", "narrower": "width", "longer": "width",
    "taller": "height", "tallest": "height", "higher": "height", "shorter": "height",
}  # fmt: skip
"""Comparative -> what of `measure` is compared."""
LESS = ("smaller", "smallest", "narrower", "shorter")


# -- parts of the picture ---------------------------------------------------------------------------


def position(scope: Scope) -> Fragment | None:
    """In which corner, half or part of the picture something is, or whether it is on that side."""
    pictures = "|".join(scope.words.list("pictures"))
    whole = rf"(?: (?:of|in|on) (?:the |this |that |my )?(?:whole |entire )?(?:{pictures}))?"
    match = patterns.match(
        rf"^(?:(?:in|on|at|to|near|towards?) )?(?:which|what) (?P<k>{AREA}){whole} (?:is|are|does|do|can (?:i|you) (?:see|find)|contains?|holds?|has|shows?|includes?)\s+(?P<a>.+?)(?: (?:lie|located|placed|positioned|situated|appear|stand|sit|found|in|on|at))?$",
        scope.text,
    )
    if match:
        return _parts_said(scope, match.group("a"), match.group("k"))
    side = rf"(?:(?:more |further )?(?:on|at|in|to|near|towards?) )?(?:the )?(?:very |far )?(?P<s{{n}}>{SIDE[SIDE.index('(', 3) :]})(?:[- ](?:hand ))?(?: (?:side|half|part|corner|edge|third|end))?{whole}"
    match = patterns.match(
        rf"^(?:is|are) (?P<a>(?!there\b).+?) (?:located |placed |positioned |standing |sitting )?(?=(?:more |further )?(?:on|at|in|to|near|towards?) the ){side.format(n=1)}(?:(?:,? or) {side.format(n=2)})?$",
        scope.text,
    )
    if not match:
        return None
    return _on_side(scope, match.group("a"), match.group("s1"), match.group("s2"))


def _seen(scope: Scope, phrase: str) -> tuple[Target, Ref, Placed, str]:
    wanted = scope.target(patterns.sub(r"^(?:one|any|either|some) of ", "", phrase))
    if wanted.pronoun and scope.mentioned is not None:
        wanted = scope.mentioned
    ref = scope.find(wanted)
    return wanted, ref, scope.work.see(ref, Placed), people(scope, wanted)[0] or wanted.text


def _parts_said(scope: Scope, phrase: str, kind: str) -> Fragment | None:
    wanted, ref, placed, name = _seen(scope, phrase)
    if not len(placed):
        return Fragment(scope.absent(name, ref), focus=ref)
    shares = centres(placed.xyxy) / placed.frame.size_wh
    parts = [_part(kind, float(x), float(y), placed) for x, y in shares[:6]]
    article = "" if len(placed) == 1 else f"{len(placed)} {name}: "
    where = listed(list(dict.fromkeys(parts)))
    said = f"{article}{where}" if article else f"The {name} is in the {where}"
    return Fragment(f"{said}{scope.where()}{scope.work.cite(ref)}", focus=ref)


def _part(kind: str, x: float, y: float, placed: Placed) -> str:
    across, down = ("left" if x < 0.5 else "right"), ("top" if y < 0.5 else "bottom")
    if kind in ("corner", "quadrant", "quarter"):
        return f"{down} {across} {kind}"
    if kind in ("side", "half", "edge", "end"):
        sideways = abs(x - 0.5) >= abs(y - 0.5)
        main, other = (across, down) if sideways else (down, across)
        return (
            f"{main} {kind} ({down} {across})"
            if min(abs(x - 0.5), abs(y - 0.5)) > 0.1
            else f"{main} {kind}"
        )
    part = part_of(x * placed.frame.width, y * placed.frame.height, placed.frame)
    return f"{part} {kind}" if part != "centre" else "centre"


def _on_side(scope: Scope, phrase: str, side: str, other: str | None) -> Fragment | None:
    wanted, ref, placed, name = _seen(scope, phrase)
    if not len(placed):
        return Fragment(scope.absent(name, ref), focus=ref)
    places = centres(placed.xyxy) / placed.frame.size_wh
    some = patterns.match(r"(?:one|any|either|some) of ", phrase) is not None
    x, y = max(places, key=lambda p: _fit(side, float(p[0]), float(p[1]))) if some else places[0]
    fits = [_fit(s, float(x), float(y)) for s in (side, other) if s]
    words = [_plain(s) for s in (side, other) if s]
    cite = scope.work.cite(ref, [0])
    if other:
        best = words[int(np.argmax(fits))]
        half = patterns.search(r"\b(half|corner|third|quarter)\b", scope.text)
        place = f"in the {best} {half.group(1)}" if half else _at(best)
        return Fragment(f"The {name} is {place}{scope.where()}{cite}", focus=ref)
    true = part_of(float(x) * placed.frame.width, float(y) * placed.frame.height, placed.frame)
    yes = fits[0] > 0
    return Fragment(
        f"{'Yes' if yes else 'No'}, the {name} is {_at(words[0] if yes else true)}{scope.where()}{cite}",
        focus=ref,
    )


def _plain(side: str) -> str:
    words = {"upper": "top", "lower": "bottom", "middle": "centre", "center": "centre", "left-hand": "left", "right-hand": "right"}  # fmt: skip
    return " ".join(words.get(word, word) for word in side.split())


def _at(side: str) -> str:
    if side == "centre":
        return "in the centre"
    return f"at the {side}" if side.split()[0] in ("top", "bottom") else f"on the {side}"


def _fit(side: str, x: float, y: float) -> float:
    """How far a point (0..1) lies on a side: above 0 where it does."""
    if _plain(side) == "centre":
        return 0.2 - max(abs(x - 0.5), abs(y - 0.5))
    ways = {"left": 0.5 - x, "right": x - 0.5, "top": 0.5 - y, "bottom": y - 0.5}
    return min(ways[word] for word in _plain(side).split())


# -- two things -------------------------------------------------------------------------------------


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


# -- directions ---------------------------------------------------------------------------------------


def direction(scope: Scope) -> Fragment | None:
    """Which way an arrow points, nearest to what is in focus."""
    asks = patterns.search(
        r"\b(which|what) (?:way|direction)\b|\bin which direction\b|\bdirection do\b|\barrows? (?:point|pointing|show)",
        scope.text,
    )
    if not asks:
        return None
    if any(m.knows("arrow") and not m.missing() for m in scope.work.view.catalog.models.values()):
        ref = scope.find(Target("arrow", "arrow", many=True))
        arrows = scope.work.see(ref, Placed)
        if len(arrows):
            return _arrow_said(scope, ref, arrows)
    if scope.focus is None:
        return None
    placed = scope.work.see(scope.focus, Placed)
    if not len(placed):
        return None
    side = "left" if centres(placed.xyxy[:1])[0][0] < placed.frame.width / 2 else "right"
    return Fragment(
        f"I find no arrow; it stands on the {side} side of the picture{scope.work.cite(scope.focus, [0])}"
    )


def _arrow_said(scope: Scope, ref: Ref, arrows: Placed) -> Fragment:
    row = _nearest_row(scope, arrows)
    ways = [label.replace("arrow", "").strip() for label in arrows.labels]
    alone = scope.focus is None or scope.focus.call_id == ref.call_id
    if alone and len(arrows) > 1:
        said = listed([f"{way}{scope.work.cite(ref, [i])}" for i, way in enumerate(ways[:6])])
        return Fragment(f"The {len(arrows)} arrows point {said}", focus=ref)
    near = " nearest to it" if len(arrows) > 1 else ""
    return Fragment(f"The arrow{near} points {ways[row]}{scope.work.cite(ref, [row])}", focus=ref)


def _nearest_row(scope: Scope, things: Placed) -> int:
    if scope.focus is None or not is_placed(scope, scope.focus):
        return 0
    focus = scope.work.see(scope.focus, Placed)
    if not len(focus):
        return 0
    away = np.linalg.norm(centres(things.xyxy) - centres(focus.xyxy[:1]), axis=1)
    return int(np.argmin(away))


def is_placed(scope: Scope, ref: Ref) -> bool:
    """Whether a reference stands for things with a place; unknown handles do not."""
    return issubclass(scope.work.view.kinds.get(ref.name, Labels), Placed)
