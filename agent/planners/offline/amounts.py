"""Numbers as people say them in orders: percent, times, halves, degrees, pixels, a bit.

Pure functions of text. Knows nothing of tools or of what the numbers are for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.planners.offline import patterns

UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
FOLD = {"twice": 2.0, "double": 2.0, "doubled": 2.0, "thrice": 3.0, "triple": 3.0, "treble": 3.0,
        "tripled": 3.0, "quadruple": 4.0, "quadrupled": 4.0}  # fmt: skip
FRACTIONS = {
    "1/2": 0.5, "1/3": 1 / 3, "2/3": 2 / 3, "1/4": 0.25, "3/4": 0.75, "1/5": 0.2,
    "two thirds": 2 / 3, "three quarters": 0.75, "three-quarters": 0.75, "two-thirds": 2 / 3,
    "a third": 1 / 3, "one third": 1 / 3, "a quarter": 0.25, "one quarter": 0.25,
    "a fourth": 0.25, "a fifth": 0.2, "one fifth": 0.2, "a tenth": 0.1, "one tenth": 0.1,
    "half": 0.5, "halve": 0.5, "halved": 0.5,
}  # fmt: skip
NUMBER = r"-?\d+(?:\.\d+)?"
PERCENT = rf"({NUMBER})\s*(?:%|per ?cent\b)"
TIMES = rf"(?:(?<!\w)[x×]\s*({NUMBER})\b|({NUMBER})\s*(?:[x×](?!\s*\d)|times\b|-?fold\b))"
SIZE = (
    r"(\d+)\s*(?:px|pixels?)?\s*(?:[x×*]|by)\s*(\d+)\b(?:\s*(?:px|pixels?)\b)?(?!\s*(?:%|per|[x×]))"
)
PIXELS = r"(\d+)\s*-?\s*(?:px|pixels?)\b"
LITTLE = r"\b(?:(?:just )?(?:a (?:little |tiny |wee )?(?:bit|tad|touch|little|notch)|slightly|somewhat|a little|lightly|gently))\b"
MUCH = r"\b(?:much|a lot|lots|far|way|very|significantly|considerably|strongly|heavily|really|drastically|dramatically)\b"
WORDS = (
    rf"\b(?:by|to|at|up to|down to)?\s*(?:about |around |exactly |a factor of |factor )?(?:{PERCENT}|{TIMES}|"
    rf"{'|'.join(FRACTIONS)}|{'|'.join(FOLD)})(?: of)?(?: the (?:size|original(?: size)?)| its (?:size|original size))?"
)


def spelled(text: str) -> str:
    """Number words before a unit as digits: "ninety degrees" is "90 degrees"."""
    small = "|".join(sorted(UNITS, key=len, reverse=True))
    unit = r"(?=[ -]?(?:degrees?|per ?cent|percent|%|times|fold|pixels?|px)\b)"
    text = patterns.sub(
        rf"\b(?:(?P<h>{small}|a) hundred\b(?: and )?[ -]?)?(?:(?P<t>{small})\b(?:[ -](?P<u>{small})\b)?)?{unit}",
        _digits, text,
    )  # fmt: skip
    return patterns.sub(rf"\b(?:{small})(?=[- ]?fold\b)", lambda m: str(UNITS[m.group()]), text)


def _digits(match: re.Match[str]) -> str:
    parts = match.group("h", "t", "u")
    if not any(parts):
        return match.group()
    hundreds, tens, ones = (UNITS.get(p or "", 1 if p else 0) for p in parts)
    return str(100 * hundreds + tens + ones)


def percent(text: str) -> float | None:
    """The share that a percentage says; None where none is said."""
    match = patterns.search(PERCENT, text)
    return float(match.group(1)) / 100 if match else None


def factor(text: str) -> float | None:
    """How many times: "x3", "3 times", "twice", "a third of"; None where none is said."""
    match = patterns.search(TIMES, text)
    if match:
        return float(match.group(1) or match.group(2))
    match = patterns.search(rf"\bfactor (?:of )?({NUMBER})|\bby ({NUMBER})(?!\s*(?:%|per|deg|°|px|pix|\d))", text)  # fmt: skip
    if match:
        return float(match.group(1) or match.group(2))
    for word, value in (*FOLD.items(), *FRACTIONS.items()):
        if patterns.search(rf"\b{word}\b", text):
            return value
    return None


def strength(text: str, default: float) -> float:
    """A default factor (1 changes nothing) made weaker or stronger by "a bit", "much"."""
    share = 0.5 if patterns.search(LITTLE, text) else 2.0 if patterns.search(MUCH, text) else 1.0
    if default >= 1:
        return 1 + (default - 1) * share
    return float(max(0.05, round(default**share, 3)))


def changed(text: str, default: float) -> float:
    """The factor of an order that makes more (default over 1) or less of something."""
    share, times = percent(text), factor(text)
    down = default < 1
    if share is not None:
        if patterns.search(rf"\b(?:to|at)\s+(?:about |exactly )?{NUMBER}\s*(?:%|per)", text):
            return share
        return max(0.0, 1 - share) if down else 1 + share
    if times is not None:
        fraction = patterns.search(rf"\bby (?:{'|'.join(FRACTIONS)})\b", text)
        if fraction:
            return 1 - times if down else 1 + times
        return 1 / times if down and times > 1 else times
    return strength(text, default)


def degrees(text: str) -> float | None:
    """Degrees clockwise; None where the text says neither an angle nor a direction."""
    match = patterns.search(rf"({NUMBER})\s*(?:°|deg)|\bby ({NUMBER})\b|\b(?:rotate|turn|rotated|turned)(?: it| this)? ({NUMBER})\b(?!/)", text)  # fmt: skip
    back = patterns.search(r"\b(?:anti-?\s?clockwise|counter-?\s?clockwise|ccw|(?:to the |to your )?left)\b", text)  # fmt: skip
    onward = patterns.search(r"\b(?:clockwise|cw|(?:to the |to your )?right)\b(?! way)", text)
    angle = float(next(g for g in match.groups() if g)) if match else _turn(text)
    if angle is None and not (back or onward):
        return None
    angle = 90.0 if angle is None else angle
    return -angle if back and angle > 0 else angle


def _turn(text: str) -> float | None:
    for pattern, angle in (
        (r"three[- ]quarters?(?: of a)? turn|three[- ]quarter turn|3/4", 270.0),
        (r"1/4|quarter[- ](?:of a )?turn|on its side|sideways|sidewards", 90.0),
        (r"1/2|half(?: a)?[- ]turn|upside[- ]down|on its head|the other way (?:up|round|around)|the right way up", 180.0),
        (r"full turn", 360.0),
    ):  # fmt: skip
        if patterns.search(rf"\b(?:{pattern})\b", text):
            return angle
    return None


@dataclass(frozen=True)
class Size:
    """A wanted size of a picture; 0 = not said."""

    width: int = 0
    height: int = 0
    longer: int = 0
    shorter: int = 0
    at_most: bool = False
    """Whether width and height are the box it has to fit in."""


SIDES = (
    ("longer", r"(?:long|longer|longest|larger|largest|biggest)\s+(?:side|edge|dimension)|max(?:imum)?(?:\s+(?:side|size|dimension))?|long edge"),
    ("shorter", r"(?:short|shorter|shortest|smaller|smallest)\s+(?:side|edge|dimension)"),
    ("width", r"wide|width|across|broad"),
    ("height", r"high|tall|height"),
)  # fmt: skip
"""Which side a number belongs to, by the words beside it."""


def size(text: str) -> Size | None:
    """The size in pixels that a text names; None where it names none."""
    both = patterns.search(SIZE, text)
    if both:
        fits = bool(
            patterns.search(r"\b(?:fits?|within|inside|at most|no (?:larger|bigger)|max)\b", text)
        )
        return Size(int(both.group(1)), int(both.group(2)), at_most=fits)
    sides: dict[str, int] = {}
    for side, words in SIDES:
        before = rf"(\d{{2,5}})\s*-?\s*(?:px|pixels?)?\s*(?:in |on |at |for |along |across )?(?:the |its )?(?:{words})\b"
        after = rf"\b(?:{words})\b\s*(?:should be |is |of |to |at |= ?|: ?|be )*(\d{{2,5}})\b(?!\s*(?:%|per))"
        match = patterns.search(before, text) or patterns.search(after, text)
        if match:
            sides[side] = int(match.group(1))
    if sides:
        return Size(
            sides.get("width", 0),
            sides.get("height", 0),
            sides.get("longer", 0),
            sides.get("shorter", 0),
        )
    single = patterns.search(PIXELS, text)
    return Size(width=int(single.group(1))) if single else None


def without(text: str) -> str:
    """The text less its amounts: percents, factors, sizes, angles, "a bit", "much"."""
    sides = "|".join(words for _, words in SIDES)
    for pattern in (
        SIZE, rf"(?:\b(?:by|to|at|of|with)\s+)?(?:an? )?(?:(?:width|height) of )?{PIXELS}\s*(?:{sides})?",
        rf"(?:\b(?:by|of)\s+)?(?:an angle of )?{NUMBER}\s*(?:°|deg(?:rees?)?\b)", WORDS,
        rf"\bby (?:a factor of )?{NUMBER}\b", LITTLE, MUCH,
    ):  # fmt: skip
        text = patterns.sub(pattern, " ", text)
    return " ".join(text.split())
