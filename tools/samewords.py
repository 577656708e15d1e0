"""Whether a word that is asked for is the one that is written: by stems, through small misreadings.

Weekdays are words too, and a span such as "Tue - Sat" holds those inside it. Knows nothing of rows,
of values or of pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

ALIKE = 86.0
"""Similarity of two stems of five letters or more that are one word misread."""
TOKEN = re.compile(r"[^\W_]+(?:['’.,:/&-]?[^\W_]+)*")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?"
_SPAN_OF_DAYS = re.compile(rf"\b{_DAY}\s?(?:-|–|—|to|thru|through|until|till)\s?{_DAY}", re.I)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its English endings: "Swimming" and "swims" are both "swim"."""
    bare = re.sub(r"['’]s$", "", word.casefold().strip(".,'’"))
    for ending, instead in (
        ("ies", "y"),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
        ("e", ""),
        ("y", ""),
    ):
        if bare.endswith(ending) and len(bare) - len(ending) >= 3 and not bare.endswith("ss"):
            bare = bare[: -len(ending)] + instead
            break
    if len(bare) > 3 and bare[-1] == bare[-2] and bare[-1] not in "aeiouls":
        bare = bare[:-1]
    return bare.rstrip("y") if len(bare) > 3 else bare


def same_word(asked: str, written: str) -> bool:
    """Whether a word of a question is the one that is written."""
    from rapidfuzz import fuzz

    if asked[:1].isdigit():
        return _plain_number(asked) == _plain_number(written)
    a, b = stem(asked), stem(written)
    if a == b:
        return True
    return min(len(a), len(b)) >= 5 and fuzz.ratio(a, b) >= ALIKE


def _plain_number(text: str) -> str:
    bare = text.replace(",", ".").strip(".").lstrip("0")
    return re.sub(r"\.0+$", "", bare)


def tokens(text: str) -> list[str]:
    """The words and numbers of a text; "Feature-rich" is one, "A/B" too."""
    return TOKEN.findall(text)


def written_in(words: Iterable[str], text: str) -> frozenset[str]:
    """Those of `words` that are written in `text`; a weekday also as part of "Mon–Fri"."""
    there = tokens(text)
    parts = [*there, *(p for t in there for p in re.split(r"[-/&.']", t) if p != t and p)]
    found = {w for w in words if any(same_word(w, t) for t in parts)}
    days = days_in(text)
    return frozenset(found | {w for w in words if day_of(w) in days})


def day_of(word: str) -> int:
    """0 for Monday to 6 for Sunday; −1 where a word is no weekday."""
    if re.fullmatch(_DAY, word.casefold()):
        return DAYS.index(word.casefold()[:3])
    return -1


def days_in(text: str) -> set[int]:
    """The weekdays a text covers, those inside "Tue - Sat" included."""
    found = {d for d in (day_of(t) for t in tokens(text)) if d >= 0}
    for match in _SPAN_OF_DAYS.finditer(text):
        first, last = (DAYS.index(g.casefold()) for g in match.groups())
        found |= {d % 7 for d in range(first, last + 1 + 7 * (last < first))}
    if re.search(r"\b(?:daily|every ?day|7 days)\b", text, re.I):
        found |= set(range(7))
    return found
