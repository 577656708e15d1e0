"""Readers of orders that hide, take out or replace: things, all but things, the background.

Knows nothing of how a region is found or of results.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.planners.offline import amounts, patterns
from agent.planners.offline.extent import BUT, Extent, extent
from agent.planners.offline.orders import Order, color_in, joined
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope

STYLES = (
    ("pixelate", r"pixel|mosaic"),
    ("fill", r"black|white out|cover|mask|block|blot|scribble|fill|paint|blank|redact|conceal|strike|bar\b|bars\b"),
    ("blur", r""),
)  # fmt: skip
"""Style of ``redact`` by the words of the order; the first that fits."""
COVERS = r"bars?|blocks?|patch(?:es)?|stripes?|strips?|mosaics?|blur|pixelation|censor(?:ship|ed)?(?: bars?)?|masks?|blobs?|cover"
FIGURES = r"box(?:es)?|rectangles?|squares?|circles?|ovals?|ellipses?"
UNREADABLE = r"unread?able|illegible|unrecogni[sz]able|anonymous|blurry|blurred|fuzzy|pixelated|pixelised|unidentifiable|indecipherable|hidden|censored|redacted"
PART_CELLS = 14
"""How fine a part of the picture is blurred, which is no one thing to be kept secret."""
WHOLE_CELLS = 40
LITTLE_CELLS = 7
GROUND = r"(?:the |its |his |her |their |my )?background"


def hide(scope: Scope) -> Order | None:
    """Blur, pixelate, black out, cover."""
    text = joined(amounts.spelled(scope.text))
    for reader in (_guarded, _covered, _made_unreadable, _replaced, _by_verb):
        understood = reader(text, scope)
        if understood is not None:
            return understood
    return None


def _covered(text: str, scope: Scope) -> Order | None:
    """Such as "Put a black bar over their eyes"."""
    match = patterns.match(
        rf"^(?P<v>put|place|draw|add|lay|stick|apply|use)\b (?:me )?(?:an? |some |the )?(?P<adj>(?:[\w-]+ )*?)"
        rf"(?P<n>{COVERS}|{FIGURES})\s+(?P<p>over|on top of|across|on|onto|to|in front of)\s+(?P<o>.+)$",
        text,
    )
    if match is None:
        return None
    figure = patterns.fullmatch(FIGURES, match.group("n")) is not None
    solid = patterns.search(r"\b(?:black|white|solid|filled|opaque)\b", match.group("adj"))
    if figure and not solid and (match.group("v") == "draw" or "over" not in match.group("p")):
        return None
    style = "fill" if figure else _style(match.group("n") + (" fill" if match.group("adj") else ""))
    return _hidden(scope, style, color_in(match.group("adj")), match.group("o"), "cover")


def _made_unreadable(text: str, scope: Scope) -> Order | None:
    match = patterns.match(rf"^(?:make|turn|render|get|keep|have) (?P<o>.+?) (?:be )?(?P<a>{UNREADABLE})\b.*$", text)  # fmt: skip
    if match is None:
        return None
    where = extent(match.group("o"), scope)
    if where.is_whole and not where.outside:
        return None
    return _hidden(scope, _style(match.group("a")), "", match.group("o"), "hide")


def _replaced(text: str, scope: Scope) -> Order | None:
    match = patterns.match(
        rf"^(?:replace|swap) (?P<o>.+?) (?:with|by|for) (?:an? |some )?(?P<c>.*?)(?P<n>{COVERS}|{FIGURES}|pixels)$", text
    )  # fmt: skip
    if match is None or patterns.match(GROUND, match.group("o")):
        return None
    figure = patterns.fullmatch(FIGURES, match.group("n")) is not None
    style = "fill" if figure else _style(match.group("n"))
    return _hidden(scope, style, color_in(match.group("c")), match.group("o"), "replace")


def _by_verb(text: str, scope: Scope) -> Order | None:
    verb = next((v for v, t in scope.words.verbs.items() if t == "redact" and patterns.match(rf"{re.escape(v)}\b", text)), "")  # fmt: skip
    if not verb:
        return None
    phrase = text[len(verb) :].strip()
    means = patterns.search(r"\s*\b(?:with|using|in|by|as)\s+(?:an? |the )?((?:solid |plain |strong |heavy |gaussian |big |thick )*(?:\w+ )?(?:pixels?|pixelat\w+|mosaic|blur\w*|colou?r|black|white|box(?:es)?|bars?|rectangles?|squares?|blocks?|circles?|ovals?|ellipses?|discs?|dots?|patch(?:es)?|paint|\w+ed))$", phrase)  # fmt: skip
    said = means.group(1) if means else ""
    color = color_in(said)
    if means is not None and not (color or _style(said) != "blur" or patterns.search(r"blur|box|square|rect|circle|oval|ellipse|dis[ck]|dot|patch", said)):  # fmt: skip
        means = None
    phrase = phrase[: means.start()] if means else phrase
    filled = bool(color) or patterns.search(
        r"\b(?:box|bar|square|rectangle|block|circle|oval|ellipse|dis[ck]|dot|patch)", said
    )
    style = "fill" if filled else _style(said) if said and means else _style(verb)
    if means and "blur" in said:
        style = "blur"
    color = color or ("white" if verb == "white out" else "")
    if patterns.match(r"anonymi[sz]e", verb):
        phrase = _private(phrase)
    order = _hidden(scope, style, color, phrase, verb)
    round_one = patterns.search(r"\b(?:circle|oval|ellipse|dis[ck]|dot)", said)
    return replace(order, args={**order.args, "shape": "ellipse"}) if round_one else order


def _guarded(text: str, scope: Scope) -> Order | None:
    """Such as "protect the privacy of the people": their faces."""
    match = patterns.match(r"^(?:hide|obscure|protect|conceal|mask|blur|disguise|remove|pixelate|guard) (?:the |their |his |her |everyone's |people's )?(?:identit(?:y|ies)|privacy|anonymity)(?: of (?P<o>.+))?$", text)  # fmt: skip
    if match is None:
        return None
    return _hidden(scope, "blur", "", _private(match.group("o") or "it"), "hide")


def _private(phrase: str) -> str:
    """What "anonymise the picture" or "anonymise everybody" is about."""
    if patterns.fullmatch(r"(?:all |the |this |my |these |both |every )*(?:people|persons?|everyone|everybody|faces?|men|women)?(?: (?:in|on) .*)?", phrase):  # fmt: skip
        return "all faces"
    if patterns.fullmatch(
        r"(?:it|them|(?:the |this |my )?(?:whole )?(?:picture|photo|image))?", phrase
    ):
        return "all faces and all number plates"
    return phrase


def _style(text: str) -> str:
    return next(style for style, pattern in STYLES if patterns.search(pattern, text))


def _hidden(scope: Scope, style: str, color: str, phrase: str, verb: str) -> Order:
    where = extent(phrase, scope)
    args: dict[str, Any] = {"style": style}
    if style == "fill" and color:
        args["color"] = color
    if where.part or where.box or (where.is_whole and not where.outside):
        args |= (
            {} if style == "fill" else {"cells": PART_CELLS if not where.is_whole else WHOLE_CELLS}
        )
    elif patterns.search(amounts.LITTLE, scope.text) and style != "fill":
        args["cells"] = LITTLE_CELLS
    if where.outside:
        args["outside"] = True
    named = (
        patterns.search(r"\b(?:picture|photo|image|everything|whole|all of it)\b", phrase)
        is not None
    )
    return Order("redact", args, where, verb, whole=named)


def remove(scope: Scope) -> Order | None:
    """Take things out and close the hole."""
    text = joined(scope.text)
    verb = next((v for v, t in scope.words.verbs.items() if t == "inpaint" and patterns.match(rf"{re.escape(v)}\b", text)), "")  # fmt: skip
    gone = patterns.match(r"^make (.+?) (?:disappear|vanish|invisible|go away)$", text)
    if not verb and not gone:
        return None
    phrase = gone.group(1) if gone else text[len(verb) :].strip()
    where = extent(phrase, scope)
    if where.outside:
        return Order(
            "redact", {"style": "fill", "color": "white", "outside": True}, where, "remove"
        )
    return Order("inpaint", {}, where, verb or "remove")


# -- the background --------------------------------------------------------------------------------


def background(scope: Scope) -> Order | None:
    """Blur, fill or take away what lies behind the thing in front."""
    text = joined(scope.text)
    if not patterns.search(r"\bbackground\b", text):
        return None
    blurred = patterns.match(rf"^(?:blur(?: out)?|soften|defocus|make|put|throw|get|have|give)\b (?:out )?(?:me |it )?(?:a )?(?P<b>(?:blurr?(?:y|ed) )?{GROUND})(?P<r>.*)$", text)  # fmt: skip
    soft = patterns.match(r"^(?:blur|soften|defocus)", text) or patterns.search(
        r"blurr|out of focus|unsharp|soft|fuzzy", text
    )
    if blurred and soft:
        return _behind("adjust", {"operation": "blur_background"}, blurred.group("r"), scope)
    gray = patterns.match(rf"^(?:make|turn|convert|change)\b {GROUND}(?P<r>.*?) (?:into |to )?(?:black[ -]and[ -]white|gr[ea]y(?:scale)?|monochrome)$", text)  # fmt: skip
    if gray:
        return _behind("adjust", {"operation": "gray", "outside": True}, gray.group("r"), scope)
    cut = patterns.match(rf"^(?:remove|erase|delete|get rid of|take (?:away|out)|cut (?:away|out|off)|clear|drop|strip)\s+{GROUND}(?P<r>.*)$", text)  # fmt: skip
    filled = patterns.match(rf"^(?:make|turn|paint|colou?r|fill|change|replace|swap|set|recolou?r|black out|white out|put)\b(?P<o>.*?)\b{GROUND}(?P<r>.*)$", text)  # fmt: skip
    found = cut or filled
    if found is None:
        return _on_ground(text, scope)
    color = color_in(text) or ("black" if patterns.match(r"black out", text) else "white")
    if filled and not (color_in(text) or patterns.search(r"transparent|plain|blank|empty|(?:black|white) out", text)):  # fmt: skip
        return None
    args = {"style": "fill", "color": color, "outside": True}
    if filled and (held := patterns.match(r"^ (.+?) (?:on|onto|against|in front of|with) (?:an? )?(?:\w+ )*$", filled.group("o"))):  # fmt: skip
        return _behind("redact", args, f"of {held.group(1)}", scope)
    return _behind("redact", args, found.group("r"), scope)


def _on_ground(text: str, scope: Scope) -> Order | None:
    """Such as "Cut out her face on a white background"."""
    match = patterns.match(rf"^(?:cut out|crop|isolate|extract|show|place) (?P<o>.+?) (?:on|onto|against|with|from) (?:an? )?(?P<c>(?:\w+ )*){GROUND}$", text)  # fmt: skip
    if match is None:
        return None
    args = {"style": "fill", "color": color_in(match.group("c")) or "white", "outside": True}
    return _behind("redact", args, f"of {match.group('o')}", scope)


def _behind(tool: str, args: dict[str, Any], rest: str, scope: Scope) -> Order:
    """An order on all that is not the subject: what the rest names, else whatever stands out."""
    named = patterns.search(rf"(?:{BUT}|\b(?:behind|of|around|from)\s+)(.+)$", rest)
    phrase = named.group(1) if named else ""
    where = extent(phrase, scope) if phrase else Extent()
    if where.is_whole:
        where = replace(where, things=(Target("the subject", "subject"),))
    return Order(tool, args, where, "keep", outline=True)
