"""What an order is done to: things, all but some things, a part of the picture, or all of it.

Reads the phrase behind the verb and finds its regions. Knows nothing of what is done there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.planners.offline import amounts, patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope

TAIL = (
    r"\s*(?:,? so (?:that )?.*| (?:so as )?to (?:hide|protect|make|keep|show) .*|,? (?:but )?(?:keep|leave|leaving|keeping) .*|"
    r" instead.*| in (?:the|this|my|that|both|all|each|every|these|the two|the first|the second)(?: of the)? (?:picture|photo|image|scene|shot)s?(?: here)?|"
    r" (?:from|of) (?:the|this|my|that) (?:picture|photo|image|scene|shot)| at the same size|,? same size.*| please|"
    r" (?:heavily|strongly|slightly|a bit|a little|completely|entirely|properly|fully|thoroughly|off|up|down|as well|too|again|for me|now|separately|individually))$"
)
BUT = r",?\s*\b(?:except(?:ing)?(?: for)?|but(?: for)?(?: not)?|other than|apart from|aside from|besides|excluding|save for|without|not)\s+"
ALL = (
    r"(?:everything|anything|all(?: of it)?|all the rest|the rest|whatever|every part|everywhere|the whole thing|"
    r"(?:the |this |my )?(?:whole |entire |complete |rest of the )?(?:picture|photo|image|photograph|scene|shot|page|document)|it|this|that|here|this one)"
)
OUTSIDE = rf"^(?:{ALL}|the (?:area|background|part|region|bit)s?|what is|all that is)?\s*(?:outside(?: of)?|around|surrounding|behind)\s+"
DRAWN = (
    r"(?:what(?:ever)?(?: is)? (?:i(?: have| 've)? )?(?:marked|drew|drawn|selected|boxed|circled|clicked(?: on)?|(?:in|inside|within)(?: of)? (?:the|my) (?:box|selection|rectangle))|"
    r"(?:the |this |that |my )?(?:(?:marked|selected|drawn|boxed|chosen|given|indicated|highlighted)(?:[- ](?:out|in))? )?(?:box(?:ed)?|selection|region|area|part|spot|rectangle|frame|section|bit|place|thing|object|one)"
    r"(?: (?:that |which )?(?:i|is|was)(?: have| 've)? ?(?:marked|drew|drawn|selected|boxed|made|clicked(?: on)?)(?: here)?| in (?:the|my) (?:box|selection)| here| i mean)?|"
    r"(?:inside|within|in) (?:of )?(?:the|my|this) (?:box|selection|rectangle|marked area|region|frame)|here|there|this|that|it)"
)
SIDES = {"left": "left", "right": "right", "top": "top", "bottom": "bottom", "upper": "top",
         "lower": "bottom", "topmost": "top", "left-hand": "left", "right-hand": "right"}  # fmt: skip
PAGES = frozenset(
    "receipt invoice bill menu page document form poster letter screenshot leaflet flyer text writing".split()
)
REST = r"(?:the rest|everything else|all else|all the rest|anything else|the remaining (?:part|picture|area))(?: of (?:it|the (?:picture|photo|image)))?"
OTHERS = r"(?:all )?(?:the )?(?:others|other ones|rest of them)"
PARTS = r"half|third|quarter|corner|side|edge|part|area|region|section|margin|border|end|strip|portion|bit|band|fifth|tenth"
SHARES = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1}


@dataclass(frozen=True)
class Extent:
    """Where an order applies. Nothing named at all: the whole picture."""

    things: tuple[Target, ...] = ()
    but: tuple[Target, ...] = ()
    """Things of the same kind that are left alone."""
    outside: bool = False
    """Everything but `things`, or but the area."""
    part: str = ""
    """A named part of the picture (a value of ``crop.part``)."""
    box: tuple[float, float, float, float] | None = None
    """A part of the picture as shares of its width and height."""

    @property
    def is_whole(self) -> bool:
        """Whether the order is about the picture as a whole."""
        return not (self.things or self.part or self.box)


def extent(phrase: str, scope: Scope) -> Extent:
    """The phrase of an order as an extent."""
    phrase = patterns.sub(r"\b(all|both|each|any) of (?=(?:the|their|these|those|his|her|my|our|your)\b)", r"\1 ", phrase.strip(" ,."))  # fmt: skip
    while (shorter := patterns.sub(TAIL, "", phrase).strip(" ,.")) != phrase:
        phrase = shorter
    phrase = patterns.sub(
        r"^(?:in on|in to|into|on to|onto|in|on|at|out|to|of|from|around|over|up|for|with|only|just)\s+",
        "", phrase,
    )  # fmt: skip
    phrase = patterns.sub(r"^(?:only|just)\s+", "", phrase)
    if patterns.fullmatch(REST, phrase) and scope.mentioned is not None and not scope.has_focus:
        return Extent(things=(scope.mentioned,), outside=True)
    if patterns.fullmatch(OTHERS, phrase) and scope.mentioned is not None:
        kind = Target(phrase, scope.mentioned.head, scope.mentioned.modifiers, many=True)
        return Extent(things=(kind,), but=(scope.mentioned,))
    outer = patterns.match(OUTSIDE, phrase)
    if outer:
        return replace(_inner(phrase[outer.end() :], scope), outside=True)
    all_but = patterns.match(rf"^(?:{ALL}|(?:the )?background)?{BUT}(.+)$", phrase)
    if all_but:
        return replace(_inner(all_but.group(1), scope), outside=True)
    pieces = patterns.split(BUT, phrase, maxsplit=1)
    found = _inner(pieces[0], scope)
    if len(pieces) == 2 and found.things:
        kept = scope.targets(pieces[1])
        return replace(found, but=tuple(_same_kind(t, found.things[0]) for t in kept))
    return found


def without_page(wanted: Extent, scope: Scope) -> Extent:
    """A page that fills the picture is the picture: "make the receipt brighter"."""
    one = wanted.things[0] if len(wanted.things) == 1 else None
    if one is None or not one.is_plain or one.many or one.modifiers or wanted.outside:
        return wanted
    return replace(wanted, things=()) if one.head in PAGES else wanted


def _same_kind(kept: Target, named: Target) -> Target:
    """Such as "The left one" after "all faces except" is the left face."""
    if kept.head in ("", "one") or kept.pronoun:
        modifiers = kept.modifiers if kept.head else named.modifiers
        return replace(kept, head=named.head, modifiers=modifiers, pronoun=False)
    return kept


def _inner(phrase: str, scope: Scope) -> Extent:
    phrase = " ".join(phrase.strip(" ,.").split())
    if patterns.fullmatch(DRAWN, phrase) and _is_drawn(phrase, scope):
        return Extent(things=(Target(phrase, pronoun=True),))
    several = len(scope.images) > 1 and phrase in (
        "them",
        "these",
        "those",
        "both of them",
        "them all",
    )
    if several or patterns.fullmatch(rf"(?:(?:all|both|only|just)\b ?)*(?:{ALL})?", phrase):
        return Extent(things=_pointed(phrase, scope))
    part = _part(phrase, scope)
    if part is not None:
        return part
    people = patterns.sub(r"\b(?:everyone|everybody|anyone|anybody)\b", "all people", phrase)
    things: list[Target] = []
    for thing in scope.targets(people):
        if scope.words.is_picture(thing.head) and thing.is_plain:
            continue
        if thing.to is not None and thing.to.pronoun and things:
            thing = replace(thing, to=things[-1])
        things.append(thing)
    return Extent(things=tuple(dict.fromkeys(things)))


def _pointed(phrase: str, scope: Scope) -> tuple[Target, ...]:
    """Such as "It" and the like mean a thing where one was drawn or found just before."""
    if phrase in ("it", "all of it") and scope.has_focus:
        return (Target(phrase, pronoun=True),)
    if phrase in ("both", "all") and len(scope.images) == 1 and scope.mentioned is not None:
        return (replace(scope.mentioned, many=True),)
    return ()


def _is_drawn(phrase: str, scope: Scope) -> bool:
    if scope.given is not None or scope.points is not None:
        return True
    return phrase in ("this", "that", "it", "here", "there") and scope.has_focus


def _part(phrase: str, scope: Scope) -> Extent | None:
    """A part of the picture itself: "the left half", "the top 20 %", "100, 50, 300, 200"."""
    box = _coordinates(phrase, scope) or edge(phrase, scope)
    if box is not None:
        return Extent(box=box)
    said = patterns.sub(r"\b(?:of|in) (?:the |this |my |it).*$", "", phrase)
    sides = "|".join(SIDES)
    if patterns.fullmatch(
        rf"(?:the |its )?(?:(?:very )?(?:{sides}|middle|centre|center|central)[ -]?)+(?:(?:{PARTS})s?)?", said
    ):  # fmt: skip
        name = named_part(said, scope)
        return Extent(part=name) if name else None
    return None


def named_part(phrase: str, scope: Scope) -> str:
    """The named part of a picture that a phrase says; '' for none."""
    choices = scope.work.view.catalog.tools["crop"].params["part"].choices
    words = [SIDES.get(w, w) for w in patterns.findall(r"[a-z-]+", phrase)]
    words = ["centre" if w in ("center", "middle", "central") else w for w in words]
    shape = next((w for w in ("third", "quarter", "half") if w in words), "")
    sides = [w for w in ("top", "bottom", "left", "right", "centre") if w in words]
    if sides == ["centre"] and shape == "third":
        return "middle third"
    kind = "" if sides == ["centre"] else "quarter" if len(sides) == 2 else shape or "half"
    name = " ".join([*sides, kind]).strip()
    return name if name in choices and sides else ""


def edge(phrase: str, scope: Scope) -> tuple[float, float, float, float] | None:
    """A band along one side of the picture: "the top 20 %", "the bottom 100 pixels"."""
    side = patterns.search(rf"\b({'|'.join(SIDES)})\b", phrase)
    share = share_of(phrase, scope, side.group(1) if side else "")
    if side is None or share is None or not 0 < share < 1:
        return None
    rest = amounts.without(phrase)
    rest = patterns.sub(rf"\b(?:the|its|of|from|off|side|edge|part|{'|'.join([*SIDES, *SHARES])})\b", "", rest)  # fmt: skip
    if patterns.search(r"[a-z]", patterns.sub(r"\b(?:picture|photo|image|it|this)\b", "", rest)):
        return None
    return band(SIDES[side.group(1)], share)


def share_of(phrase: str, scope: Scope, side: str) -> float | None:
    """The share of the picture's height or width that a phrase names, from % or pixels."""
    share = amounts.percent(phrase)
    pixels = patterns.search(amounts.PIXELS, phrase)
    if share is None and pixels:
        image = scope.work.image(scope.edited)
        whole = image.width if SIDES.get(side, side) in ("left", "right") else image.height
        share = int(pixels.group(1)) / whole
    if share is None and len(patterns.findall(rf"\b(?:{'|'.join(SIDES)})\b", phrase)) == 1:
        named = patterns.search(r"\b(fifth|tenth|quarter)\b", phrase)
        share = SHARES[named.group(1)] if named else None
    return share


def band(side: str, share: float) -> tuple[float, float, float, float]:
    """The band of `share` of the picture along one side, as (left, top, right, bottom)."""
    return {
        "left": (0.0, 0.0, share, 1.0), "right": (1 - share, 0.0, 1.0, 1.0),
        "top": (0.0, 0.0, 1.0, share), "bottom": (0.0, 1 - share, 1.0, 1.0),
    }[side]  # fmt: skip


def _coordinates(phrase: str, scope: Scope) -> tuple[float, float, float, float] | None:
    match = patterns.search(r"[(\[]?\b(\d+)\s*[,; ]\s*(\d+)\s*(?:[,; ]|to)\s*[(\[]?(\d+)\s*[,; ]\s*(\d+)\b[)\]]?", phrase)  # fmt: skip
    if match is None:
        return None
    image = scope.work.image(scope.edited)
    x1, y1, x2, y2 = (int(v) for v in match.groups())
    wide, high = image.size_wh
    box = (min(x1, wide), min(y1, high), min(x2, wide), min(y2, high))
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    return box[0] / wide, box[1] / high, box[2] / wide, box[3] / high
