"""Readers of orders that change how a picture looks: turned, mirrored, resized, lit, coloured.

The words of the looks stand in the lexicon (``adjectives``, ``properties``, ``operations``). Knows
nothing of how a thing is found or of results.
"""

from __future__ import annotations

import re
from typing import Any

from agent.planners.offline import amounts, patterns
from agent.planners.offline.extent import BUT, extent, without_page
from agent.planners.offline.orders import Order, joined
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import COLORS
from agent.planners.offline.work import Cannot

CHANGE = r"(?:make|turn|convert|change|render|transform|set|switch|process|edit|adjust)"
OFFER = r"(?:give|get|show|apply|add|use|put|create|produce|do|have|save|output|export|want|need|run|try)"
LOOKS = r"(?:filter|effect|look|tone|tones|toning|style|version|copy|picture|photo|photograph|image|treatment|print|edition|variant|mode|feel|finish|drawing|painting|rendering|format)"
UP = r"(?:increase|raise|boost|enhance|up|turn up|bump up|crank up|more|higher|improve|strengthen|intensify|add(?: some| more| a bit of)?|bring up|pump up|push)"
DOWN = r"(?:decrease|reduce|lower|cut|turn down|less|lessen|drop|bring down|tone down|weaken|remove|take (?:out|away)|get rid of|without|fewer|drain)"
SIZES = r"(?:size|dimensions?|resolution|scale|width|height|length)"
BIGGER = r"(?:bigger|larger|wider|taller|higher|as (?:big|large|wide|tall|high))"
SMALLER = r"(?:smaller|tinier|narrower|shorter|as small)"
WHOLE_ONLY = "I can only {what} whole pictures: cut the {thing} out first"
THUMBNAIL = 256


def _operation(operation: str, scope: Scope) -> bool:
    spec = scope.work.view.catalog.tools.get("adjust")
    return spec is not None and operation in spec.params["operation"].choices


# -- turned and mirrored -----------------------------------------------------------------------------


def turned(scope: Scope) -> Order | None:
    """Rotate by an angle or a quarter turn."""
    text = amounts.spelled(scope.text)
    verb = patterns.match(r"^(?:rotate|turn|spin|tilt|flip|roll|swivel|orient|put|stand|lay|give|make|do|apply|a|set)\b", text)  # fmt: skip
    noun = patterns.search(r"\b(?:rotation|(?:quarter|half|full)[- ](?:of a )?turn|turn (?:to the )?(?:left|right))\b", text)  # fmt: skip
    if not verb or patterns.match(r"flip|put|stand|lay|make|give|do|apply|a\b|set", verb.group()) and not (
        noun or patterns.search(r"\bupside[- ]down\b|on its (?:side|head)|sideways", text)
    ):  # fmt: skip
        return None
    if verb.group() == "flip" and not patterns.search(r"\bon its|sideways", text):
        return None
    degrees = amounts.degrees(text)
    if degrees is None and verb.group() not in ("rotate", "spin"):
        return None
    if patterns.search(r"\b(?:into|black|white|gr[ea]y|sketch)\b", text):
        return None
    _whole_only(patterns.sub(r"^\w+", "", text), "turn", scope)
    return Order("adjust", {"operation": "rotate", "amount": 90.0 if degrees is None else degrees}, verb="turn")  # fmt: skip


def _whole_only(rest: str, what: str, scope: Scope) -> None:
    """Refuse an order on one thing that only works on a whole picture."""
    rest = amounts.without(rest)
    rest = patterns.sub(r"\b(?:by|to|so|until|round|around|on|about|towards?|from|and|at|in|with|anti-?\s?clockwise|counter-?\s?clockwise|clockwise|ccw|cw|(?:left|right)$|horizontally|vertically|upside[- ]down|sideways)\b.*$", "", rest)  # fmt: skip
    thing = extent(rest, scope).things
    if thing and thing[0].head and not thing[0].pronoun:
        named = thing[0].head
        known = scope.noun(thing[0]) or scope.words.is_carrier(named) or scope.is_text(thing[0])
        if known:
            raise Cannot(WHOLE_ONLY.format(what=what, thing=named))


def flipped(scope: Scope) -> Order | None:
    """Mirror left to right or top to bottom."""
    text = scope.text
    verb = patterns.match(r"^(?:flip|mirror|reflect|reverse|invert)\b", text)
    noun = patterns.search(r"\b(?:mirror(?:ed)?[ -](?:image|picture|photo|version|copy|effect)|mirrored|flipped|reflection)\b", text)  # fmt: skip
    order = noun and patterns.match(rf"^(?:{CHANGE}|{OFFER}|an?|the|its|mirrored|flipped)\b", text)
    axis = patterns.search(r"\b(?:vertical|horizontal)|\btop (?:to|and|with) bottom|\bleft (?:to|and|with) right|upside|\bright to left|\b[xy][- ]axis|head over heels", text)  # fmt: skip
    if not (verb or order) or (verb and verb.group() in ("invert", "reverse") and not axis):
        return None
    upright = patterns.search(r"\bvertical(?!.*\b(?:axis|line|mirror))|upside|top (?:to|and|with) bottom|horizontal (?:axis|line)|x[- ]axis|head over heels|bottom (?:to|and) top", text)  # fmt: skip
    if verb:
        _whole_only(text[verb.end() :], "mirror", scope)
    return Order("adjust", {"operation": "flip_vertical" if upright else "flip_horizontal"}, verb="mirror")  # fmt: skip


# -- resized -------------------------------------------------------------------------------------------


def sized(scope: Scope) -> Order | None:
    """Another size, in pixels or as a factor."""
    text = amounts.spelled(scope.text)
    verb = patterns.match(r"^(?:resize|rescale|re-size|scale|shrink|downscale|downsize|upscale|downsample|upsample|enlarge|blow up|magnify|reduce|increase|decrease|change|set|adjust|cut|halve|double|triple|quadruple|make|turn|convert|bring|get|give|save|export|output|return|show|produce|create|display|fit|limit|an?|this|it|in|at|to|i (?:want|need)|squeeze|stretch)\b", text)  # fmt: skip
    if verb is None:
        return None
    wanted = amounts.size(text)
    pixels = patterns.search(r"(\d+(?:\.\d+)?) ?(?:megapixels?|mpx?|mp)\b", text)
    if pixels:
        image = scope.work.image(scope.edited)
        share = (float(pixels.group(1)) * 1e6 / (image.width * image.height)) ** 0.5
        return Order("adjust", {"operation": "resize", "amount": round(share, 4)}, verb="resize")
    named = patterns.search(rf"\b{SIZES}\b", text)
    compared = patterns.search(rf"\b(?:{BIGGER}|{SMALLER})\b", text)
    sure = patterns.match(r"^(?:resize|rescale|re-size|scale|shrink|downscale|downsize|upscale|downsample|upsample|halve|double|triple|quadruple|stretch|squeeze)\b", text)  # fmt: skip
    larger = patterns.match(r"^(?:enlarge|blow up|magnify|increase)\b", text)
    thumb = patterns.search(r"\bthumb(?:nail)?\b|\bicon\b", text)
    if not (sure or thumb or compared or (wanted and not larger) or (larger and (named or wanted)) or (named and amounts.factor(text))):  # fmt: skip
        if not (named and patterns.match(r"^(?:reduce|increase|decrease|change|cut|set)", text)):
            return None
    if patterns.match(r"^(?:halve|double|triple|quadruple)\b", text) and _has_property(text, scope):
        return None
    if not _is_about_picture(text, scope):
        return None
    if thumb and not wanted:
        wanted = amounts.Size(THUMBNAIL, THUMBNAIL, at_most=True)
    args: dict[str, Any] = {"operation": "resize"}
    args |= _pixels(wanted, scope) if wanted else {"amount": _resized(text)}
    return Order("adjust", args, verb="resize")


def _has_property(text: str, scope: Scope) -> bool:
    return any(
        patterns.search(rf"\b{re.escape(p)}\b", text) for p in scope.words.table("properties")
    )


def _is_about_picture(text: str, scope: Scope) -> bool:
    """Whether no thing in the picture is named."""
    rest = patterns.sub(r"^(?:i )?\w+\b", "", amounts.without(text))
    rest = patterns.sub(
        rf"\b(?:the |its |in |to |an? |at |on |with |of )*(?:{SIZES}|{BIGGER}|{SMALLER}|thumb(?:nail)?|icon|twice|half|(?:long|short|larg|small|bigg)(?:er|est)? (?:side|edge|dimension)|max(?:imum)?|up|down|exactly|keep(?:ing)? .*|the same .*|without .*|wide|high|tall|across|as|fit|into|within|inside|so .*|for .*|by|to|at|in|px|pixels?|\d+)\b",
        " ", rest,
    )  # fmt: skip
    return extent(" ".join(rest.split()), scope).is_whole or not patterns.search(r"[a-z]{2}", rest)


def _resized(text: str) -> float:
    """The factor of a resize that names no pixels."""
    smaller = patterns.search(rf"^(?:shrink|reduce|downscale|downsize|downsample|decrease|cut|halve|squeeze|scale (?:\w+ )?down)|\b{SMALLER}\b|\bdown\b", text)  # fmt: skip
    larger = patterns.search(rf"^(?:enlarge|increase|upscale|upsample|blow|magnify|scale (?:\w+ )?up)|\b{BIGGER}\b|\bup\b", text)  # fmt: skip
    share = amounts.percent(text)
    if share is not None and not (smaller or larger):
        return share
    if share is not None and larger and share >= 1 and not patterns.search(r"\bby\b", text):
        return share
    return amounts.changed(text, 0.5 if smaller else 2.0)


def _pixels(wanted: amounts.Size, scope: Scope) -> dict[str, int]:
    """Width and height in pixels; one of them where the other follows."""
    if not (wanted.longer or wanted.shorter or wanted.at_most):
        return {k: v for k, v in (("width", wanted.width), ("height", wanted.height)) if v}
    image = scope.work.image(scope.edited)
    if wanted.at_most:
        wide = image.width / wanted.width >= image.height / wanted.height
        return {"width": min(wanted.width, image.width)} if wide else {"height": min(wanted.height, image.height)}  # fmt: skip
    side = wanted.longer or wanted.shorter
    by_width = (image.width >= image.height) == bool(wanted.longer)
    return {"width": side} if by_width else {"height": side}


# -- lit and coloured ----------------------------------------------------------------------------------


def recolored(scope: Scope) -> Order | None:
    """Such as "Make the sign green"; a tint where the whole picture is meant."""
    text = scope.text
    colors = "|".join(sorted(COLORS - {"gray", "grey"}, key=len, reverse=True))
    match = patterns.match(
        rf"^(?:make|turn|change|colou?r|recolou?r|paint|dye|repaint|tint|set)\s+(?:the colou?rs? (?:of|on|in) )?(?P<o>.+?)(?:'s colou?r)?\s+(?:from (?:{colors}) )?(?:to |into |in |with )?(?:an? |the )?(?:(?:nice|bright|dark|light|deep|pale|colou?r)\s+)*(?P<c>{colors})(?: colou?r)?(?: instead)?$",
        text,
    )
    tint = patterns.match(rf"^(?:{OFFER}|{CHANGE})\b(?: it| me| the \w+)? .*?\b(?P<c>{colors})(?:ish)? (?:tint|cast|hue|tone|filter|overlay|glow)\b(?P<o>.*)$", text)  # fmt: skip
    found = match or tint
    if found is None or patterns.search(r"black[ -]and[ -]white$", text) or patterns.search(r"\b(?:and|,)$", found.group("o")):  # fmt: skip
        return None
    where = extent(patterns.sub(r"^(?:to|on|over|of)\b", "", found.group("o").strip()), scope)
    plain = where.is_whole or tint is not None
    return Order("adjust", {"operation": "tint" if plain else "recolor", "color": found.group("c")}, where, "recolour", whole=True)  # fmt: skip


def toned(scope: Scope) -> Order | None:
    """Light, contrast, sharpness, grey, styles: by an adjective, a property or a verb."""
    text = joined(amounts.spelled(scope.text))
    main = patterns.split(BUT, text, maxsplit=1)[0]
    for reader in (_by_adjective, _by_property, _by_operation):
        found = reader(main, scope) or (reader(text, scope) if main != text else None)
        if found is not None:
            operation, amount, rest = found
            if not _operation(operation, scope):
                continue
            kept = "" if patterns.search(BUT, rest) else text[len(main) :]
            where = extent(_object(rest + kept), scope)
            where = without_page(where, scope)
            args: dict[str, Any] = {"operation": operation, **_amounts(text, operation, amount)}
            if where.outside:
                args["outside"] = True
            return Order("adjust", args, where, "change", whole=True)
    return None


Toned = tuple[str, float, str]
"""Operation, amount, and what is left of the clause."""


def _by_adjective(main: str, scope: Scope) -> Toned | None:
    table = scope.words.table("adjectives")
    adjectives = "|".join(re.escape(a) for a in sorted(table, key=len, reverse=True))
    found = list(patterns.finditer(rf"(?<![\w-])(?P<a>{adjectives})(?![\w-])", main))
    if not found:
        return None
    last = found[-1]
    before, after = main[: last.start()], main[last.end() :]
    operation, amount = table[last.group("a")]
    before = patterns.sub(r"(?:\b(?:look|appear|be|seem)\b ?(?:like|as)? ?)?(?:\b(?:an?|the|some|in|into|to|as|like|more|even|look|all|fully|completely|nice|classic|old|\w+-\w+)\b ?)*$", "", amounts.without(before)).strip()  # fmt: skip
    trailing = patterns.sub(
        rf"^\s*(?:\w+ )?{LOOKS}\b(?: (?:to|on|over|onto))?", "", amounts.without(after)
    )
    loose = not patterns.match(r"\s*(?!by\b|to\b|in\b|at\b|on\b|and\b|than\b|again\b|too\b|please\b|so\b|as\b|with\b|for\b|of\b|the\b|this\b|it\b|version\b|now\b|instead\b)[a-z]+", trailing)  # fmt: skip
    changes = patterns.match(rf"^{CHANGE}\b", main)
    offers = patterns.match(rf"^{OFFER}\b", main) and (trailing != after or not after.strip())
    bare = not before or patterns.fullmatch(r"(?:it|this|picture|that)?", before)
    if not loose or not (changes or offers or bare):
        return None
    rest = patterns.sub(rf"^(?:{CHANGE}|{OFFER})\b(?: me\b)?", "", before) + " " + trailing
    return str(operation), float(amount), rest


def _by_property(main: str, scope: Scope) -> Toned | None:
    table = scope.words.table("properties")
    names = "|".join(re.escape(p) for p in sorted(table, key=len, reverse=True))
    for way, words in ((0, UP), (1, DOWN)):
        match = patterns.match(
            rf"^(?:{OFFER} |{CHANGE} )?(?:(?:it|me|the (?:picture|photo|image)) )?(?:with |have )?(?:an? |some |{amounts.LITTLE} |{amounts.MUCH} )*(?:{words})\s+(?:(?:the|its|of|in|some|all|any|picture's|overall|\w+'s)\s+)*(?P<p>{names})\b(?P<r>.*)$",
            main,
        )
        if match:
            spec = table[match.group("p")]
            if not spec[way]:
                continue
            operation, amount = spec[way]
            return str(operation), float(amount), match.group("r")
    match = patterns.match(rf"^(?:set|change|adjust|put|halve|double|triple|bring)\s+(?:the |its )?(?P<p>{names})\b(?P<r>.*)$", main)  # fmt: skip
    if match and (amounts.percent(main) is not None or amounts.factor(main) is not None):
        less = patterns.match(r"halve", main)
        operation, amount = table[match.group("p")][1 if less else 0] or ("", 0)
        rest = amounts.without(match.group("r"))
        return (str(operation), float(amount), rest) if operation else None
    return None


def _by_operation(main: str, scope: Scope) -> Toned | None:
    table = scope.words.table("operations")
    for phrase in sorted(table, key=len, reverse=True):
        match = patterns.match(rf"^{re.escape(phrase)}(?:s|ing)?\b", main)
        if match:
            operation, amount = table[phrase]
            return str(operation), float(amount), main[match.end() :]
    return None


def _object(rest: str) -> str:
    """What an order of light or colour is done to, less amounts and fillers."""
    rest = amounts.without(rest)
    rest = patterns.sub(
        rf"\b(?:to|into|in|as|with|using|like)\s+(?:an? |the )?(?:\w+ )?{LOOKS}\b", " ", rest
    )
    rest = patterns.sub(r"\b(?:in|of|on|for|to) (?:the|this|my) (?:picture|photo|image|photograph|scene)\b", " ", rest)  # fmt: skip
    rest = patterns.sub(r"\b(?:colou?rs?|brightness|contrast|saturation|a copy|copy|version|lightness) (?:of|in|on)\b|^\s*(?:the |its |all )*colou?rs?\b", " ", rest)  # fmt: skip
    rest = patterns.sub(r"\b(?:even|as|again|more|too|by|than (?:it is|before|now)|look|levels?)\b", " ", rest)  # fmt: skip
    rest = " ".join(rest.split()).strip(" ,")
    return patterns.sub(r"^(?:of|on|to|in|into|for|only|just)\s+", "", patterns.sub(r"\s+(?:to|into|in|a|an|the|with|of|on)$", "", rest))  # fmt: skip


def _amounts(text: str, operation: str, default: float) -> dict[str, float]:
    """The amount an order says, where its operation takes one."""
    if not default:
        return {}
    if operation in ("brightness", "contrast", "saturation"):
        return {"amount": round(amounts.changed(text, default), 3)}
    share = amounts.percent(text)
    if operation == "tint":
        return {"amount": share if share is not None else default}
    scale = (
        0.5
        if patterns.search(amounts.LITTLE, text)
        else 2.0
        if patterns.search(amounts.MUCH, text)
        else 1.0
    )
    return {"amount": max(-1.0, min(1.0, default * scale)) if operation == "warmth" else default * scale}  # fmt: skip
