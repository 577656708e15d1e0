"""Goals about size: of things, between things, in pixels, shares or thing widths.

Knows nothing of the size of the picture itself (``picture_size.py``).
"""

from __future__ import annotations

from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.picture_size import findable
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Cannot, Fragment, Ref, number, plural
from tools.types import Placed, Table, TextSpans

WHAT = {
    "wide": "width", "width": "width", "broad": "width", "high": "height", "tall": "height",
    "height": "height", "long": "width", "length": "width", "area": "area", "diameter": "width",
    "big": "size", "large": "size", "size": "size", "dimensions": "size",
}  # fmt: skip
"""How people name it -> what of `measure`."""
REAL = (
    r"\b(?:in |how many )?(?:met(?:re|er)s?|centimet(?:re|er)s?|millimet(?:re|er)s?|cm|mm|inch(?:es)?|"
    r"feet|foot|yards?|kilomet(?:re|er)s?|km|miles?)\b"
)
TIMES = {"bigger": "area", "larger": "area", "wider": "width", "taller": "height", "higher": "height", "longer": "width"}  # fmt: skip


def measured(scope: Scope) -> Fragment | None:
    """Distances, gaps, angles, sizes, shares and overlaps of things."""
    unit, text = _unit(scope, scope.text)
    text = patterns.sub(r",? (?:measured |counted )?in (?:pixels|px)\b", "", text)
    text = patterns.sub(rf",? {REAL}", "", text) if " in " in text else text
    for goal in (_times, _to_edge, _apart, _sized, _shared, _tilted, _overlapping):
        found = goal(scope, text, unit)
        if found is not None:
            return found
    return None


def _unit(scope: Scope, text: str) -> tuple[Ref | None, str]:
    match = patterns.search(
        r",?\s*(?:in|as|measured in|counted in|in terms of) (\w+(?: \w+)?)[- ](?:widths?|sizes?|lengths?)$",
        text,
    )
    if not match:
        return None, text
    return scope.find(scope.target(match.group(1))), text[: match.start()]


def _times(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    """How many times larger one thing is than another."""
    words = "|".join(TIMES)
    match = patterns.match(
        rf"^(?:how many times|how much|by what factor) (?P<r>{words}) is (?P<a>.+?) (?:than|as|compared to) (?P<b>.+)$",
        text,
    ) or patterns.match(
        rf"^how many times is (?P<a>.+?) (?P<r>{words}) than (?P<b>.+)$", text
    )  # fmt: skip
    if not match:
        return None
    a, b = scope.target(match.group("a")), scope.target(match.group("b"))
    b = replace(b, head=a.head, pronoun=False) if b.pronoun or b.head in ("", "one") else b
    if scope.words.is_picture(a.head):
        return None
    refs, what = [scope.find(t) for t in (a, b)], TIMES[match.group("r")]
    for t, ref in zip((a, b), refs, strict=True):
        if not len(scope.work.see(ref, Placed)):
            return Fragment(scope.absent(t.head, ref))
    made = [scope.work.call("measure", image=scope.image, what=what, first=r) for r in refs]
    sizes = [float(scope.work.see(m, Table).rows[0][1]) for m in made]
    cites = scope.work.cite(refs[0], [0]) + scope.work.cite(refs[1], [0])
    return Fragment(
        f"{number(sizes[0] / max(sizes[1], 1e-6))} times: {what} {sizes[0]:.0f} against {sizes[1]:.0f}{cites}"
    )


def _to_edge(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    """How far something is from a side of the picture."""
    match = patterns.match(
        r"^(?:how (?:far|close) is|what is the distance (?:of|from|between)) (?P<a>.+?) (?:from|to|and) the (?P<s>left|right|top|bottom|upper|lower)(?:[- ]hand)? (?:edge|side|border|margin)\b",
        text,
    )
    if not match:
        return None
    wanted = scope.target(match.group("a"))
    ref = scope.find(wanted)
    placed = scope.work.see(ref, Placed)
    if not len(placed):
        return Fragment(scope.absent(wanted.head, ref))
    x1, y1, x2, y2 = (float(v) for v in placed.xyxy[0])
    side, frame = match.group("s"), placed.frame
    away = {
        "left": x1,
        "right": frame.width - x2,
        "bottom": frame.height - y2,
        "lower": frame.height - y2,
    }
    return Fragment(
        f"The {wanted.head} is {away.get(side, y1):.0f} px from the {side} edge{scope.work.cite(ref, [0])}",
        focus=ref,
    )


def _apart(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    match = patterns.match(
        r"^how (?:far|many pixels) (?:apart |away )?(?:is|are) (?!it\b)(.+?)(?: (?:apart|away))?(?: from (?:each other|one another))?$"
        r"|^how (?:far|much space) (?:apart )?is (?:it|there) (?:from|between) (.+)$"
        r"|^(?:(?:what|how (?:big|large|wide|long|much)) is |measure |work out |compute )?the (?:distance|gap|space|spacing|angle) (?:between|from) (.+)$"
        r"|^how close (?:together )?are (.+?)(?: to each other| together)?$"
        r"|^(?:measure )?(?:distance|gap) (?:between|from) (.+)$",
        text,
    )
    if not match:
        return None
    what = "gap" if patterns.search(r"\b(gap|space|spacing)\b", text) else "distance"
    return _between(
        scope, next(g for g in match.groups() if g), "angle" if "angle" in text else what, unit
    )


def _sized(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    match = patterns.match(
        r"^(?:how many pixels |how )(?P<h>wide|high|tall|big|large|long|broad)(?:,? and (?:how )?(?P<j>wide|high|tall))? (?:is|are) (?P<c>.+)$"
        r"|^(?:what (?:is|are) |measure |compute )?(?:the )?(?P<w>width|height|size|area|diameter|length|dimensions)(?: and (?:the )?(?P<k>width|height))? of (?P<d>.+)$"
        r"|^what (?P<v>size|width|height) (?:is|are|does|do) (?P<e>.+?)(?: have)?$",
        text,
    )
    if not match:
        return None
    said = match.group("h") or match.group("w") or match.group("v")
    both = match.group("j") or match.group("k")
    phrase = match.group("c") or match.group("d") or match.group("e")
    return _one(scope, phrase, "size" if both else WHAT[said], unit)


def _shared(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    """The share of the picture that a thing covers."""
    share = r"(?:share|percentage|percent|fraction|part|proportion|portion|area|much|per cent)"
    whole = rf"(?:of )?(?:the |this |that )?(?:whole |entire )?(?:{'|'.join(scope.words.list('pictures'))})(?: area)?"
    match = patterns.match(
        rf"^(?:what|which|how) (?:is the )?{share} (?:{whole} )?(?:(?:is|are) )?(?:covered|taken up|filled|occupied|made up) (?:by|with|of) (?P<a>.+)$"
        rf"|^(?:what|which|how) (?:is the )?{share} (?:{whole} )?(?:does|do|is|are) (?P<b>.+?) (?:cover|take up|fill|occupy|make up|covering|occupying)s?(?: {whole})?$"
        rf"|^(?:what|which|how) {share} {whole} (?:is|are) (?P<c>.+)$"
        rf"|^(?:what is )?(?:the )?{share} {whole} (?:covered|taken up|occupied|filled) by (?P<d>.+)$",
        text,
    )
    return _one(scope, next(g for g in match.groups() if g), "area", unit) if match else None


def _tilted(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    straight = patterns.match(
        r"^(?:is|are) (.+?) (straight|level|horizontal|tilted|slanted|crooked|skewed|rotated|at an angle)$",
        text,
    )
    if straight:
        return _straight(scope, straight.group(1), straight.group(2))
    match = patterns.search(
        r"^(?:how (?:steep|tilted|slanted|crooked|much)|(?:at|by) (?:what|which) angle|what(?: is)?(?: the)? (?:angle|tilt|slope))\b(?: (?:is|are|of|between|does|do))* (.+?)(?: (?:tilted|slanted|rotated|have|has|standing|at))?$",
        text,
    )
    if not match or not patterns.search(r"steep|tilt|slant|crooked|angle|slope|rotated", text):
        return None
    if " and " in match.group(1):
        return _between(scope, match.group(1), "angle", unit)
    return _one(scope, match.group(1), "angle", unit)


def _overlapping(scope: Scope, text: str, unit: Ref | None) -> Fragment | None:
    match = patterns.search(r"^(?:do|does|how much (?:do|does)) (.+?) overlap(?: with)?(.*)$", text)
    if not match:
        return None
    phrase = match.group(1) + (f" and {match.group(2)}" if match.group(2).strip() else "")
    said = _between(scope, phrase, "overlap", unit)
    if text.startswith("how much") or not said.text.startswith("Intersection"):
        return said
    none = patterns.match(r"Intersection over union of .*?: 0 ?%", said.text)
    return replace(said, text=f"{'No' if none else 'Yes'}: {said.text[0].lower()}{said.text[1:]}")


def _between(scope: Scope, phrase: str, what: str, unit: Ref | None) -> Fragment:
    named = scope.targets(patterns.sub(r"\s+(?:from|to)\s+(?=the |a |\w)", " and ", phrase))
    if len(named) > 1 and (named[1].pronoun or named[1].head in ("", "one")):
        named[1] = replace(named[1], head=named[0].head, pronoun=False)
    refs = [scope.find(replace(t, many=t.many or len(named) == 1)) for t in named[:2]]
    for t, ref in zip(named, refs, strict=False):
        n = len(scope.work.see(ref, Placed))
        if not n:
            return Fragment(
                f"{scope.absent(plural(2, t.head), ref)}, so there is no {what} to measure"
            )
        if len(refs) == 1 and n < 2:
            return Fragment(f"I find only one {t.head}{scope.work.cite(ref)}, so there is no {what} to measure")  # fmt: skip
    second = refs[1] if len(refs) > 1 else None
    args = {"image": scope.image, "what": what, "first": refs[0], "second": second, "unit": unit}
    return _rows_said(scope, scope.work.call("measure", **args), refs)


def _one(scope: Scope, phrase: str, what: str, unit: Ref | None) -> Fragment | None:
    wanted = scope.target(phrase)
    if wanted.head and scope.words.is_picture(wanted.head):
        return None
    if not findable(scope, wanted) and wanted.head not in scope.words.lexicon["sights"]:
        return None
    if patterns.search(REAL, scope.text) and not isinstance(unit, Ref):
        raise Cannot(
            "I can only measure in pixels: nothing in the picture tells me its scale. Ask for a size in "
            'pixels or in units of another thing, such as "in face widths"'
        )
    ref = _text_of(scope, wanted) if what == "angle" else scope.find(wanted)
    if not len(scope.work.see(ref, Placed)):
        return Fragment(scope.absent(wanted.head, ref))
    made = scope.work.call("measure", image=scope.image, what=what, first=ref, unit=unit)
    rows = list(scope.work.see(made, Table).rows)
    if len(rows) == 1 and what in ("width", "height"):
        word = "diameter" if "diameter" in scope.text else what
        size = f"{number(float(rows[0][1]), 1)} {rows[0][2]}"
        return Fragment(
            f"The {word} of {_called(wanted)} is {size}{scope.work.cite(ref)}", focus=ref
        )
    return _rows_said(scope, made, [ref], share=what == "area" and "area" not in scope.text)


def _called(wanted: Target) -> str:
    """The thing as the question names it."""
    if wanted.pronoun or not wanted.head:
        return "it"
    said = [wanted.size if wanted.size in ("largest", "smallest") else "", *wanted.colors, *wanted.modifiers, wanted.head]  # fmt: skip
    name = f"the {' '.join(w for w in said if w)}"
    return f'{name} "{wanted.contains}"' if wanted.contains else name.replace("qr ", "QR ")


def _text_of(scope: Scope, wanted: Target) -> Ref:
    """What shows the tilt of a target: the text on a sign, not the upright box around it."""
    if scope.is_surface(wanted):
        return scope.choose(scope.spans(), replace(wanted, head="text"))
    return scope.find(wanted)


def _straight(scope: Scope, phrase: str, word: str) -> Fragment | None:
    wanted = scope.target(phrase)
    if not (scope.is_surface(wanted) or scope.is_text(wanted)):
        return None
    ref = _text_of(scope, wanted)
    if not len(scope.work.see(ref, TextSpans)):
        return Fragment(scope.absent(wanted.head, ref))
    made = scope.work.call("measure", image=scope.image, what="angle", first=ref)
    angles = [float(row[1]) for row in scope.work.see(made, Table).rows]
    most = max(angles, key=abs)
    yes = (abs(most) < 3) == (word in ("straight", "level", "horizontal"))
    return Fragment(
        f"{'Yes' if yes else 'No'}, the {wanted.head} is tilted by {number(most, 1)}°{scope.work.cite(ref)}"
    )


def _rows_said(scope: Scope, ref: Ref, about: list[Ref], *, share: bool = False) -> Fragment:
    rows = list(scope.work.see(ref, Table).rows)
    rows = [r for r in rows if r[2] == "%"] if share else rows
    said = "; ".join(f"{what}: {value} {unit}".strip() for what, value, unit in rows[:6])
    cites = "".join(scope.work.cite(r) for r in about)
    return Fragment(f"{said[0].upper()}{said[1:]}{cites}", focus=about[0])
