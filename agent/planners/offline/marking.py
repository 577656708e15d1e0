"""Readers of orders that draw or write on a picture: boxes, arrows, labels, words.

Knows nothing of how a thing is found or of results.
"""

from __future__ import annotations

import re
from typing import Any

from agent.planners.offline import amounts, patterns
from agent.planners.offline.extent import Extent, extent
from agent.planners.offline.orders import Order, color_in, joined
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import COLORS

AT = r"(?:around|round|on top of|on|over|at|to|pointing (?:at|to|towards?)|towards?|under(?:neath)?|below|above|onto|for|in|next to|beside|by|near|of|across|through)"
DRAW = r"(?:draw|put|place|add|make|paint|show|set|sketch|insert|give|apply|use|point|an?|the)"
MARKS = {
    "circle": "ellipse", "encircle": "ellipse", "ring": "ellipse", "point": "arrow",
    "cross": "cross", "strike": "cross", "underline": "underline", "underscore": "underline",
    "highlight": "highlight", "number": "number", "label": "label", "tag": "label", "name": "label",
}  # fmt: skip
"""Shape of a mark by the verb; any other marks with a box."""
MARK = r"(?:mark(?: up)?|outline|circle|encircle|ring|frame|box(?: in)?|underline|underscore|highlight|label|tag|number|point (?:at|to|out)|annotate|cross out|strike (?:out|through)|cross through|indicate|emphasi[sz]e)"
WRITE = r"^(?:write|add|put|print|type|insert|place|overlay|stamp|set|caption)\b(?: (?:it|this|(?:the |this )?(?:picture|photo|image)) with)?(?: (?:the|a|an))?(?: (?:text|words?|caption|title|label|heading|watermark|name|note|inscription|line|sentence))*(?: saying| that says| reading)?\s*(?P<q>⟦\d+⟧)(?P<r>.*)$"
HOW = r"\s+(?:in|with|using|by)\s+(?P<how>(?:an? |the )?(?:[\w-]+ )*?(?:\w+))$"
LINE_WIDTH = r",?\s+(?:\d+ ?(?:px|pixels?)(?: (?:thick|wide|strong))?(?: lines?)?|(?:very )?(?:thick|thin)(?:ly)?)$"
ORDERS = {"left to right": "left-to-right", "right to left": "right-to-left",
          "top to bottom": "top-to-bottom", "bottom to top": "bottom-to-top"}  # fmt: skip
USUAL = 130
"""The picture's shorter side over the width of a line."""
LETTERS = 0.07
"""Height of the letters written on a picture, as a share of its shorter side."""
LINE = 0.01
"""Height of the band at an edge beside which a text is written, as a share of the picture."""


def marked(scope: Scope) -> Order | None:
    """Draw a shape around things, or mark them by a verb."""
    if "annotate" not in scope.work.view.catalog.tools:
        return None
    text = joined(amounts.spelled(scope.text))
    for reader in (_written, _drawn, _marked_by_verb):
        understood = reader(text, scope)
        if understood is not None:
            return understood
    return None


def _drawn(text: str, scope: Scope) -> Order | None:
    shapes = scope.words.table("shapes")
    names = "|".join(sorted(map(re.escape, shapes), key=len, reverse=True))
    match = patterns.match(
        rf"^{DRAW}\b(?: me)? (?:an? |the |some |one |\d+ )?(?P<adj>(?:[\w-]+,? )*?)(?P<shape>{names})(?:e?s)?(?P<text>(?: \w+)* ⟦\d+⟧)?\s+{AT}\s+(?P<c>.+)$",
        text,
    )
    frame = patterns.match(rf"^{DRAW}\b (?:it |this |the (?:picture|photo|image) )?(?:an? |the )?(?P<adj>(?:[\w-]+ )*?)(?P<shape>border|frame|outline)$", text)  # fmt: skip
    found = match or frame
    if found is None or patterns.match(r"^(?:an?|the)\b", text) and not found.group("adj") and match is None:  # fmt: skip
        return None
    if text.startswith("the ") and shapes[found.group("shape")] in ("number", "label"):
        return None  # "the phone number on the card" is asked for, not drawn
    phrase = match.group("c") if match else ""
    words = match.group("text") or "" if match else ""
    return _order(shapes[found.group("shape")], found.group("adj"), phrase, words, scope)


def _marked_by_verb(text: str, scope: Scope) -> Order | None:
    match = patterns.match(rf"^(?P<v>{MARK})\s+(?P<c>.+)$", text)
    if match is None:
        return None
    verb = match.group("v").split()[0]
    return _order(MARKS.get(verb, "box"), "", match.group("c"), "", scope, free=verb in ("mark", "annotate", "indicate"))  # fmt: skip


def _order(
    shape: str, adjectives: str, phrase: str, words: str, scope: Scope, free: bool = False
) -> Order:
    """An order to draw a shape; the phrase may still say how, in which order and with which words."""
    phrase, order = _ordered(phrase)
    phrase, words = _with_words(phrase, words, shape, scope)
    line = patterns.search(LINE_WIDTH, phrase)
    if line:
        adjectives, phrase = f"{adjectives} {line.group()}", phrase[: line.start()]
    how = patterns.search(HOW, phrase)
    if how and _says_how(how.group("how"), scope):
        adjectives, phrase = f"{adjectives} {how.group('how')}", phrase[: how.start()]
    shapes = scope.words.table("shapes")
    if free:
        shape = next(
            (s for w, s in shapes.items() if patterns.search(rf"\b{w}e?s?\b", adjectives)), shape
        )
    args: dict[str, Any] = {"shape": shape}
    color = color_in(adjectives)
    if color or shape == "highlight":
        args["color"] = color or "yellow"
    if words:
        args["text"] = words
    if width := _width(adjectives, scope):
        args["width"] = width
    if order or shape == "number":
        args["order"] = order or "reading"
    return Order("annotate", args, extent(phrase, scope), "mark", whole=not phrase.strip() or shape == "box")  # fmt: skip


def _says_how(how: str, scope: Scope) -> bool:
    shapes = "|".join(scope.words.table("shapes"))
    return bool(color_in(how) or patterns.search(rf"\b(?:{shapes})e?s?\b|\bcross(?:es)?\b|thick|thin|line|pen|marker|\bpx\b|pixel", how))  # fmt: skip


def _ordered(phrase: str) -> tuple[str, str]:
    for said, order in ORDERS.items():
        match = patterns.search(rf",?\s*\b(?:from )?{said}\b", phrase)
        if match:
            return phrase[: match.start()] + phrase[match.end() :], order
    return phrase, ""


def _with_words(phrase: str, words: str, shape: str, scope: Scope) -> tuple[str, str]:
    """The words of a label, taken out of the phrase: quoted, or behind "as" and "with"."""
    quotes = scope.clause.quotes
    if words:
        return phrase, unquote((patterns.search(r"⟦\d+⟧", words) or [""])[0], quotes)
    named = patterns.search(r"\s*(?:,?\s*(?:and )?(?:label(?:l?ed)?|call(?:ed)?|with|as|saying|titled|captioned))?(?: (?:the|it|them))?(?: (?:text|words?|label|caption|name))*\s*(⟦\d+⟧)$", phrase)  # fmt: skip
    if named and named.start() > 0 and (shape == "label" or patterns.search(r"\w", phrase[named.start() : named.start(1)])):  # fmt: skip
        return phrase[: named.start()], unquote(named.group(1), quotes)
    plain = patterns.search(r"\s+(?:as|with the (?:text|words?|label|caption|name)|with)\s+(?:an? )?([\w .&'-]+)$", phrase)  # fmt: skip
    if shape == "label" and plain and not patterns.search(r"\b(?:its|their|colou?r|label|text|number|name)s?\b|^(?:red|blue|green)", plain.group(1)):  # fmt: skip
        return phrase[: plain.start()], _as_typed(plain.group(1), scope)
    return phrase, ""


def _as_typed(words: str, scope: Scope) -> str:
    """Words of the clause in the capitals the person typed."""
    match = patterns.search(re.escape(words), scope.work.view.question, re.IGNORECASE)
    return match.group() if match else words


def _width(adjectives: str, scope: Scope) -> int:
    pixels = patterns.search(amounts.PIXELS, adjectives)
    if pixels:
        return int(pixels.group(1))
    thick = 2.0 if patterns.search(r"\b(?:thick|bold|fat|wide|heavy)\b", adjectives) else 0.5 if patterns.search(r"\b(?:thin|fine|narrow)\b", adjectives) else 0.0  # fmt: skip
    if not thick:
        return 0
    usual = max(3, round(min(scope.work.image(scope.edited).size_wh) / USUAL))
    return max(1, round(usual * thick))


def _written(text: str, scope: Scope) -> Order | None:
    """Such as "Write "HELLO" at the top"."""
    match = patterns.match(WRITE, text)
    if match is None:
        return None
    rest = match.group("r").strip()
    tint = patterns.match(
        rf"^in (?:an? )?(?:\w+ )?({'|'.join(COLORS)})(?: letters| text)?\b(.*)$", rest
    )
    rest = tint.group(2).strip() if tint else rest
    how = patterns.search(HOW, f" {rest}")
    color = tint.group(1) if tint else ""
    if how and color_in(how.group("how")) and len(how.group("how").split()) <= 4:
        color, rest = color_in(how.group("how")), f" {rest}"[: how.start()].strip()
    rest = patterns.sub(r"^as (?:an? |the )?\w+\b", "", rest).strip()
    place = patterns.sub(rf"^{AT}\s+", "", rest)
    args: dict[str, Any] = {
        "shape": "label",
        "text": unquote(match.group("q"), scope.clause.quotes),
    }
    if color:
        args["color"] = color
    where = extent(place, scope)
    if where.is_whole or where.part or where.box:
        where = Extent(box=_line(place))
        args["letters"] = max(12, round(min(scope.work.image(scope.edited).size_wh) * LETTERS))
    return Order("annotate", args, where, "write")


def _line(place: str) -> tuple[float, float, float, float]:
    """A narrow band beside which a label stands at the named place of the picture."""
    left = 1 - LINE if patterns.search(r"\bright\b", place) else 0.35 if patterns.search(r"\b(?:cent|middle)", place) else 0.0  # fmt: skip
    if patterns.search(r"\b(?:top|upper|above)\b", place):
        return left, 0.0, min(1.0, left + 0.5) if left < 1 - LINE else 1.0, LINE
    if patterns.search(r"\b(?:cent|middle)", place):
        return left, 0.5, left + 0.3, 0.5 + LINE
    return left, 1 - LINE, min(1.0, left + 0.5) if left < 1 - LINE else 1.0, 1.0
