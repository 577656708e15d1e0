"""Whether two experts mean the same: names of things, and readings of the same text.

A singular, a few everyday synonyms, and the rule that a longer name may refine a shorter one
(``red mug`` is a ``mug``). Knows nothing of places, scenes or artefacts.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz

SAME_TEXT = 0.8
"""Share of letters two readings must have in common."""

GENERIC = frozenset({"", "object", "thing", "item", "region", "segment", "area", "box", "given", "mask"})  # fmt: skip
"""Names that say nothing of what a thing is."""

_SYNONYMS = (
    ("person", "human", "pedestrian", "man", "woman", "body"),
    ("face", "human face", "head"),
    ("car", "automobile"),
    ("bicycle", "bike"),
    ("motorcycle", "motorbike"),
    ("airplane", "aeroplane", "plane", "aircraft"),
    ("tv", "television", "tvmonitor", "tv monitor"),
    ("sofa", "couch"),
    ("cup", "mug"),
    ("phone", "cell phone", "mobile phone", "smartphone", "telephone"),
    ("traffic light", "stoplight"),
    ("license plate", "licence plate", "number plate"),
    ("barcode", "bar code"),
    ("picture", "photo", "image"),
)
_CANON = {name: group[0] for group in _SYNONYMS for name in group}
_IRREGULAR = {
    "people": "person", "persons": "person", "men": "man", "women": "woman", "children": "child",
    "feet": "foot", "teeth": "tooth", "mice": "mouse", "geese": "goose", "knives": "knife",
    "leaves": "leaf", "shelves": "shelf", "loaves": "loaf", "wolves": "wolf", "buses": "bus",
    "glasses": "glasses", "scissors": "scissors", "trousers": "trousers",
}  # fmt: skip


@lru_cache(4096)
def singular(word: str) -> str:
    """The singular of an English noun, in lower case."""
    word = word.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(4096)
def canon(name: str) -> str:
    """A name in lower case, its last word singular, synonyms made one."""
    words = re.findall(r"[^\W_]+", name.lower())
    if words and re.fullmatch(r"\d+", words[-1]) and words[0] in GENERIC:
        words.pop()
    if words:
        words[-1] = singular(words[-1])
    plain = " ".join(words)
    return _CANON.get(plain, plain)


@lru_cache(16384)
def same_name(first: str, second: str) -> bool:
    """Whether two names can be one thing's: equal, synonyms, or one refining the other."""
    a, b = canon(first), canon(second)
    if a == b or a in GENERIC or b in GENERIC:
        return True
    words_a, words_b = a.split(), b.split()
    if _CANON.get(words_a[-1], words_a[-1]) != _CANON.get(words_b[-1], words_b[-1]):
        return False
    small, large = sorted((set(words_a[:-1]), set(words_b[:-1])), key=len)
    return small <= large


@lru_cache(16384)
def same_text(first: str, second: str) -> bool:
    """Whether two readings are of the same text."""
    return fuzz.ratio(squeezed(first), squeezed(second)) >= 100 * SAME_TEXT


@lru_cache(16384)
def squeezed(text: str) -> str:
    """A text without white space and case."""
    return "".join(text.split()).casefold()
