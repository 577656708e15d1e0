"""What an answer says of colours, numbers and absences, against what is known of the things cited.

Only plain statements are compared ("the car is red [#3]", "the total is 12.50 [#7]", "there is no
dog [boxes2]"); what is put in another way is let be, so that no true answer is held up. Knows
nothing of planners or of how an answer is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations, islice

from agent.cites import CITE
from agent.claims import masked
from agent.names import GENERIC, canon
from agent.scene import Scene
from tools.colorwords import is_color, matches

SHARE = 8
"""Percent of a thing that a colour must cover to be said of it."""
PAIRS = 400
"""Pairs of cited numbers that are tried as a sum, difference, product or share."""
_ADVERB = r"(?:(?:mostly|mainly|light|dark|bright|pale|deep|vivid|soft|strong|rather|quite|very|clearly)[ -])*"
_COLOUR = re.compile(
    rf"\b(?:is|are|was|were|looks?|appears?|seems?|colou?r(?:ed)? is)\s+{_ADVERB}"
    r"(?P<colours>[a-z]+(?:(?:,| and| or|, and|-)\s?[a-z]+)*)\s*(?:$|[.,;)]|(?=in colou?r))",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?:\b(?:is|are|was|were|costs?|equals|totals?|reads?|says?|shows?|amounts? to)|[:=])\s*"
    r"[€$£¥]?\s?(?P<number>-?\d[\d.,'’]*\d|\d)\s?(?:[€$£¥%]|[A-Za-z°]{1,8})?\s*$"
)
_DIGITS = re.compile(r"\d[\d.,'’]*\d|\d")
_ABSENT = re.compile(
    r"\b(?:there (?:is|are|was|were) (?:no|not an?y?|not)|I (?:see|find|found|saw) no"
    r"|(?:contains?|shows?|has|have) no)\s+(?P<what>[a-z][a-z -]{1,40}?)"
    r"(?=\s*(?:$|[.;!\[]|\bin (?:the|this|it\b)|\banywhere\b|\bhere\b|\bto be seen\b|\bvisible\b))",
    re.IGNORECASE,
)
_HUE = re.compile(r"([a-z][a-z -]*?) (\d+)%")
_WHOLE = re.compile(r"\bin (?:the|this) (?:picture|photo|image|photograph|scene)\b|\bin it\b")


def segments(claim: str) -> list[tuple[str, str]]:
    """The words of a claim before each of its cites, with the inside of the cite."""
    blank, found, start = masked(claim), [], 0
    for match in CITE.finditer(blank):
        found.append((blank[start : match.start()].strip(), match[1]))
        start = match.end()
    return found


def colours(said: str, known: Sequence[str]) -> str:
    """The colour that is said of a thing and is none of its own, '' where there is none.

    Args:
        said: Words before a cite.
        known: Colours of what is cited: ``red 75%, blue 25%``.
    """
    found = _COLOUR.search(said)
    own = [n.strip() for k in known for n, share in _HUE.findall(k) if int(share) >= SHARE]
    if not found or not own:
        return ""
    words = re.split(r",? and |,? or |, |-", found["colours"].lower())
    named = [w for w in words if is_color(w)]
    strange = [w for w in named if not any(matches(o, w) for o in own)]
    return strange[0] if len(named) == len(words) and strange else ""


def number(said: str, known: Iterable[str]) -> str:
    """The number that is said and can be none of those cited, '' where there is none.

    Args:
        said: Words before a cite.
        known: Texts of what is cited. Without any number in them there is nothing to compare.
    """
    found = _NUMBER.search(said)
    values = sorted({v for text in known for n in _DIGITS.findall(text) for v in readings(n)})
    if not found or not values:
        return ""
    wanted = readings(found["number"].lstrip("-"))
    digits = re.sub(r"\D", "", found["number"])
    if any(digits in re.sub(r"\D", "", text) for text in known):
        return ""
    near = max(0.005, 0.5 * 10 ** -_places(found["number"]))
    if any(abs(w - v) <= near * 1.01 for w in wanted for v in _derived(values)):
        return ""
    return found["number"]


def _places(text: str) -> int:
    tail = re.search(r"[.,](\d{1,2})$", text)
    return len(tail[1]) if tail else 0


def readings(text: str) -> set[float]:
    """The values that digits can mean, whether a comma parts thousands or decimals."""
    plain = re.sub(r"['’]", "", text)
    found = set()
    for thousands, decimal in ((",", "."), (".", ",")):
        said = plain.replace(thousands, "").replace(decimal, ".")
        if said.count(".") <= 1:
            found.add(float(said))
    return found or {float(re.sub(r"\D", "", plain))}


def _derived(values: Sequence[float]) -> Iterable[float]:
    """Numbers, and what can be reckoned with them in one step."""
    yield from values
    yield sum(values)
    yield sum(values) / len(values)
    yield float(len(values))
    for a, b in islice(combinations(values, 2), PAIRS):
        yield from (a + b, abs(a - b), a * b)
        if a and b:
            yield from (a / b, b / a, 100 * a / b, 100 * b / a)


def absent(claim: str) -> str:
    """What a claim says is not there, '' where it says no such thing."""
    found = _ABSENT.search(masked(claim))
    return found["what"].strip() if found else ""


def there(claim: str, what: str, scene: Scene) -> str:
    """``#4`` where the scene has what a claim says is nowhere, '' where it has not."""
    rest = masked(claim).partition(what)[2]
    rest = _WHOLE.sub("", CITE.sub("", rest))
    if rest.strip(" .,;!") or len({e.image for e in scene.entities}) > 1:
        return ""
    name = canon(what)
    things = (e for e in scene.entities if e.kind == "thing" and e.score >= 0.5)
    return next((f"#{e.id}" for e in things if name not in GENERIC and canon(e.label) == name), "")
