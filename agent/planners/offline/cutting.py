"""Readers of orders that cut out a part or enlarge it.

Knows nothing of how a thing is found or of results.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.planners.offline import amounts, patterns
from agent.planners.offline.extent import PARTS, SIDES, Extent, extent, share_of, without_page
from agent.planners.offline.orders import Order, joined
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.splitting import starts_with_verb
from agent.planners.offline.work import Ref
from tools.types import Boxes

MARGIN = r"\s*,?\b(?:with|plus|including|leaving|and leave|and keep|adding)\s+(?P<m>(?:an? |some |about |at least |little |bit of |lot of |small |generous |wide |narrow |extra |\d+ ?(?:%|per ?cent|px|pixels?) (?:of )?)*)(?:margins?|space|borders?|padding|room|surroundings?|context)(?: (?:around|on) .+)?$"
USUAL_MARGIN = 0.15
"""What "with some margin" leaves, as a share of the thing's longer side."""
ALONE = (
    r"^(?:i |we )?(?:only|just) (?:want|need|keep|save|show me|give me|leave) (.+)$",
    r"^(?:keep|leave|show|save|want|need|give me|get me|show me|i (?:want|need)) (?:only|just|nothing but) (.+)$",
    r"^(?:save|export|store|give me|get me|show me|i (?:want|need)) (.+?) (?:separately|alone|by (?:it|them)sel(?:f|ves)|on its own|as (?:its |a |an |their )?(?:own |separate |new |single )+(?:picture|photo|image|file)s?)$",
    r"^only (.+)$",
    r"^(?:throw away|discard|drop|lose|cut away|crop away|remove|get rid of) (?:everything|all|the rest)(?: of it)?,? (?:but|except(?: for)?|outside(?: of)?|around) (.+)$",
)  # fmt: skip
NOUNS = r"^(?:(?:give|get|make|show|create|produce|save|take|do|let me have|i (?:want|need))(?: me)? )?(?:an? |the )(?:\w+ )??(crop|zoom|close-?up|close up|cut-?out|enlargement|blow-?up|magnification|cropped (?:version|copy|picture|image))\b(?: view)?(?: (?:of|on|in|showing))?"
RATIO = r"\b(\d{1,2})\s*(?::|to|/|by|x)\s*(\d{1,2})\b"


def alone(scope: Scope) -> Order | None:
    """Such as "I only want the left half"; the left half itself."""
    pictures = "|".join(scope.words.list("pictures"))
    wished = patterns.search(
        r"\b(?:show|give|get|return|output) (?:me )?(?:just|only|nothing but)\b",
        scope.work.view.question.lower(),
    )
    if (
        wished
        and not starts_with_verb(scope.text, scope.words)
        and scope.noun(scope.target(scope.text))
    ):
        return _cut(scope, scope.text, "cut out")
    for pattern in ALONE:
        match = patterns.match(pattern, scope.text)
        if match and not starts_with_verb(match.group(1), scope.words):
            phrase = patterns.split(r",\s*the one\b", match.group(1))[0]
            order = _cut(scope, phrase, "cut out")
            apart = order is not None and patterns.search(r"\bseparate", match.group())
            return replace(order, separate=True) if order and apart else order
    if _numbered(scope) is not None and patterns.match(
        r"^(?:save|export|store|keep|it$|i (?:want|need))", scope.text
    ):
        return _cut(scope, "", "cut out")
    bare = patterns.fullmatch(rf"(?:the |its )?(?:[\w-]+ )+(?:half|third|quarter|corner|{pictures})(?: (?:of|in) .+)?", scope.text)  # fmt: skip
    if bare is None:
        return None
    understood = _cut(scope, scope.text, "cut out")
    return understood if understood is not None and understood.whole else None


def crop(scope: Scope) -> Order | None:
    """Cut something out, or off."""
    text = joined(amounts.spelled(patterns.sub(NOUNS, r"\1", scope.text)))
    text = patterns.sub(
        r"^(?:make|turn|get) (?:it|this|(?:the |this )?(?:picture|photo|image))(?: into)? (?:an? )?(?=(?:perfect )?square$|\d+:\d+$)",
        "crop to ",
        text,
    )
    away = _cut_off(scope, text)
    if away is not None:
        return away
    verb = next((v for v, t in scope.words.verbs.items() if t == "crop" and patterns.match(rf"{re.escape(v)}\b", text)), "")  # fmt: skip
    named = patterns.match(r"^(?:cropped \w+|cut-?out)\b", text)
    verb = named.group() if named else verb
    return _cut(scope, text[len(verb) :].strip(), "cut out") if verb else None


def _cut(scope: Scope, phrase: str, verb: str) -> Order | None:
    numbered = _numbered(scope)
    if numbered is not None:
        return Order("crop", {"region": numbered}, Extent(), verb, whole=True)
    margin = patterns.search(MARGIN, phrase)
    phrase = phrase[: margin.start()] if margin else phrase
    args: dict[str, Any] = {"margin": _margin(margin.group("m"))} if margin else {}
    separate = patterns.search(
        r"\b(?:separately|individually|one by one|each|every|as separate)\b", phrase
    )
    phrase = _to_what(phrase)
    shaped = _shape(scope, phrase)
    if shaped is not None:
        return Order("crop", {}, shaped, verb)
    line = patterns.match(
        r"^(?:the )?(?:line|row|part|bit|area|region|section) (?:with|of|containing|showing|where|that (?:has|shows|contains)) (.+)$",
        phrase,
    ) or patterns.match(r"^((?:the )?(?!(?:first|second|third|last|top|bottom)\b)[\w-]+) (?:line|row)$", phrase)  # fmt: skip
    phrase = line.group(1) if line else phrase
    where = extent(phrase, scope)
    if where.part:
        return Order("crop", {"part": where.part}, Extent(), verb, whole=True)
    panel = _panel(scope, phrase)
    if panel is not None:
        return Order("crop", {"region": panel}, Extent(), verb, whole=True)
    if where.outside:
        return None
    return Order("crop", args, where, verb, separate=bool(separate) or len(where.things) > 1)


def _to_what(phrase: str) -> str:
    """Less what only says that the picture is cut: "the image (down) to", "out", "so that only"."""
    phrase = patterns.sub(r"^(?:out|of)\s+", "", phrase)
    phrase = patterns.sub(
        r"^(?:(?:it|this|that|(?:the |this |my )?(?:whole )?(?:picture|photo|image))\s+)?(?:down )?(?:(?:in )?to|around|tightly (?:around|to)|so (?:that )?(?:only|just|we (?:only )?see|you (?:only )?see|it (?:only )?shows))\s+(?:just |only |include |show )*",
        "", phrase,
    )  # fmt: skip
    phrase = patterns.sub(
        r" (?:is|are|remains?|stays?)(?: (?:left|visible|shown|seen))?$", "", phrase
    )
    return patterns.sub(r"\b(?:out|tightly|closely|exactly)$", "", phrase).strip()


def _margin(said: str) -> float:
    share = amounts.percent(said)
    if share is not None:
        return share
    return 0.3 if patterns.search(r"lot|generous|wide", said) else 0.08 if patterns.search(r"little|small|narrow|bit", said) else USUAL_MARGIN  # fmt: skip


def _cut_off(scope: Scope, text: str) -> Order | None:
    """Such as "Cut off the top 20 %", "crop 100 pixels off the left", "remove the bottom half"."""
    verbs = r"(?:cut|crop|trim|chop|slice|shave|clip|take|remove|delete|get rid of|throw away|discard|lose)"
    match = patterns.match(rf"^{verbs}\s+(?:off|away)\s+(?P<p>.+)$", text) or patterns.match(
        rf"^{verbs}\s+(?:it |this |the (?:picture|image|photo) )?(?:by )?(?P<p>.*(?:%|per ?cent|px|pixels?|half|third|quarter)(?: (?:off|from|of|at|on))+ .+)$", text,
    )  # fmt: skip
    gone = patterns.match(r"^(?:remove|delete|get rid of|throw away|discard|lose|cut away|crop away)\s+(?P<p>.+)$", text)  # fmt: skip
    match = match or (gone if gone and _edges(scope, gone.group("p"), strict=True) else None)
    edges = _edges(scope, match.group("p"), strict=False) if match else {}
    if not edges:
        return None
    left, top, right, bottom = (edges.get(s, 0.0) for s in ("left", "top", "right", "bottom"))
    if left + right >= 1 or top + bottom >= 1:
        return None
    return Order("crop", {}, Extent(box=(left, top, 1 - right, 1 - bottom)), "cut off", whole=True)


def _edges(scope: Scope, phrase: str, strict: bool) -> dict[str, float]:
    """How much of the picture goes on each side, as shares."""
    every = patterns.search(r"\b(?:every|each|all|both|the) (?:(?:four )?sides?|edges?|borders?)\b|\ball (?:round|around)\b", phrase)  # fmt: skip
    said = {SIDES[w] for w in patterns.findall(rf"\b({'|'.join(SIDES)})\b", phrase)}
    if every and not said:
        said = {"left", "right", "top", "bottom"}
    whole = patterns.sub(rf"\b(?:{PARTS}|{'|'.join(SIDES)}|the|of|off|from|it|this|picture|photo|image|and|side|hand)s?\b|-", " ", amounts.without(phrase))  # fmt: skip
    if strict and whole.strip():
        return {}
    named = patterns.search(r"\b(half|third|quarter|fifth|tenth)\b", phrase)
    table = {"half": 0.5, "third": 1 / 3, "quarter": 0.25, "fifth": 0.2, "tenth": 0.1}
    shares = {side: share_of(phrase, scope, side) for side in said}
    if named and all(v is None for v in shares.values()):
        shares = dict.fromkeys(said, table[named.group(1)])
    return {side: share for side, share in shares.items() if share}


def _shape(scope: Scope, phrase: str) -> Extent | None:
    """The middle of the picture in a wanted shape or size: a square, 16:9, 400x300."""
    ratio = patterns.fullmatch(rf"(?:an? |the )?(?:aspect ratio (?:of )?)?{RATIO}(?: (?:format|aspect(?: ratio)?|ratio))?", phrase)  # fmt: skip
    square = patterns.fullmatch(r"(?:an? |the )?(?:(?:cent(?:er|re)|middle|central|perfect) )?square(?: (?:format|shape|picture|image|in the (?:middle|centre|center)))?", phrase)  # fmt: skip
    size = patterns.search(amounts.SIZE, phrase)
    if not (ratio or square or size):
        return None
    image = scope.work.image(scope.edited)
    if size and not ratio:
        wide = float(min(int(size.group(1)), image.width))
        high = float(min(int(size.group(2)), image.height))
    else:
        a, b = (int(ratio.group(1)), int(ratio.group(2))) if ratio else (1, 1)
        wide, high = min(image.width, image.height * a / b), min(image.height, image.width * b / a)
    x, y = (image.width - wide) / 2, (image.height - high) / 2
    return Extent(box=(x / image.width, y / image.height, (x + wide) / image.width, (y + high) / image.height))  # fmt: skip


def _numbered(scope: Scope) -> Ref | None:
    """A picture of a collage that is named by number, where only one picture was given."""
    if len(scope.images) > 1 or not scope.clause.pictures:
        return None
    return _of_panels(scope, index=scope.clause.pictures[0], order="reading")


def _of_panels(scope: Scope, **wanted: Any) -> Ref | None:
    """One of the pictures of a collage; None where the picture is no collage."""
    panels = scope.work.call("find_panels", image=scope.image)
    if len(scope.work.see(panels, Boxes)) < 2:
        return None
    return scope.work.call("pick", things=panels, image=scope.image, **wanted)


def _panel(scope: Scope, phrase: str) -> Ref | None:
    """One of the pictures of a collage: "the upper picture", "the second photo"."""
    wanted = scope.target(phrase)
    known = wanted.head and (scope.words.is_picture(wanted.head) or wanted.head == "panel")
    if not known:
        return None
    if wanted.index:
        return _of_panels(scope, index=wanted.index, order=wanted.order or "reading")
    side = wanted.position or wanted.part.removesuffix(" half")
    if side in ("left", "right", "top", "bottom"):
        return _of_panels(scope, position=side)
    return _of_panels(scope, region=wanted.part) if wanted.part else None


# -- enlarging ---------------------------------------------------------------------------------------


def zoom(scope: Scope) -> Order | None:
    """Enlarge a part of the picture, or all of it."""
    text = joined(amounts.spelled(patterns.sub(NOUNS, r"\1", scope.text)))
    verb = next((v for v, t in scope.words.verbs.items() if t == "zoom" and patterns.match(rf"{re.escape(v)}\b", text)), "")  # fmt: skip
    named = patterns.match(r"^(?:close-?up|close up|enlargement|blow-?up|magnification)\b", text)
    bigger = patterns.match(r"^make (?P<o>.+?) (?:bigger|larger|easier to read|more readable)$", amounts.without(text))  # fmt: skip
    if not (verb or named or bigger):
        return None
    if patterns.match(r"^zoom out\b", text):
        return Order("adjust", {"operation": "resize", "amount": 0.5}, Extent(), verb, whole=True)
    args = {"factor": _times(text)}
    rest = bigger.group("o") if bigger else text[len(named.group() if named else verb) :]
    rest = patterns.sub(r"^\s*(?:in|of|on|up)\b", "", amounts.without(rest))
    rest = patterns.sub(r"\b(?:by|times|factor|size)$", "", rest.strip())
    where = extent(patterns.sub(r"^\s*(?:in|on|to|into|at|onto)\b\s*", "", rest.strip()), scope)
    if where.is_whole and patterns.search(r"\b(?:on|into|to) (?:it|that|this|here)\b", text):
        where = Extent(things=pointed_at(scope))
    where = without_page(where, scope)
    if bigger and where.is_whole and "read" not in bigger.group():
        return None
    return Order("zoom", args, where, verb or "enlarge", whole=True, separate=len(where.things) > 1)


def _times(text: str) -> float:
    share, times = amounts.percent(text), amounts.factor(text)
    if share is not None:
        more = patterns.search(r"\bby\b", text) and share <= 1
        share = 1 + share if more else share
    factor = share or times or (1.5 if patterns.search(amounts.LITTLE, text) else 2.0)
    return min(8.0, max(0.1, factor))


def pointed_at(scope: Scope) -> tuple[Target, ...]:
    """What "it" means for an order that needs a place, where the clause names none."""
    if scope.given or scope.points or scope.has_focus:
        return (Target("this", pronoun=True),)
    return (scope.mentioned,) if scope.mentioned is not None else ()
