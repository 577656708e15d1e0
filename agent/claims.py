"""An answer as text: its claims, its cites outside quotations, its quotations and counts.

Knows nothing of what is true.
"""

from __future__ import annotations

import re

from agent.cites import CITE, cites_in
from agent.held import KINDS

QUOTE = re.compile(r"\"([^\"\n]+)\"|“([^”]+)”|«([^»]+)»")
COUNT = re.compile(
    r"\b(no|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,4})\s+"
    r"((?:[^\W\d_][\w'-]*\s+){0,3}?[^\W\d_][\w'-]*)\s*$",
    re.IGNORECASE,
)
WORDS = dict(zip(
    "no one two three four five six seven eight nine ten eleven twelve".split(), range(13),
    strict=True,
))  # fmt: skip
SIZE = re.compile(r"\b(\d{1,5})\s?[×x]\s?(\d{1,5})\b")
"""Width and height as they are said of a picture."""
_ADMITS = re.compile(
    r"\bI (?:can(?:not|'t|’t| not)|could(?: not|n't|n’t)|am (?:not able|unable))\b"
)
_STEMS = frozenset(kind.KIND for kind in KINDS.values())


def cites_of(text: str) -> list[str]:
    """All cites of an answer outside quotations, in order, each once."""
    found = (m[1] for m in CITE.finditer(masked(text)))
    return list(dict.fromkeys(c for group in found for c in cites_in(group) if is_cite(c)))


def is_cite(word: str) -> bool:
    """Whether a word in brackets means an entity or an artefact."""
    return word.startswith("#") or word.rstrip("0123456789") in _STEMS


def masked(text: str) -> str:
    """The text with quotations blanked, so that what was read in a picture is no cite."""
    return QUOTE.sub(lambda m: "\x01" * len(m[0]), text)


def admits(claim: str) -> bool:
    """Whether a sentence says what could not be done or known, which no witness can bear."""
    return _ADMITS.search(masked(claim)) is not None


def uncited(claim: str) -> str:
    """A sentence without its cites."""
    spans = [m.span() for m in re.finditer(rf"\s*{CITE.pattern}", masked(claim))]
    for start, end in reversed(spans):
        claim = claim[:start] + claim[end:]
    return claim.strip()


def claims(text: str) -> list[str]:
    """An answer cut into sentences; quotations and cites stay whole."""
    blank = CITE.sub(lambda m: "\x00" * len(m[0]), masked(text))
    cuts = [m.end() for m in re.finditer(r"(?<!\d)[.!?](?:[ \x00]*\x00)?(?=\s+\S)|\n+", blank)]
    edges = [0, *cuts, len(text)]
    pieces = (text[a:b].strip() for a, b in zip(edges, edges[1:], strict=False))
    return [p for p in pieces if p]


def stripped(text: str, unknown: frozenset[str]) -> str:
    """The answer without cites that name nothing."""
    if not unknown:
        return text
    spans = [m.span() for m in CITE.finditer(masked(text))]
    for start, end in reversed(spans):
        kept = [c for c in cites_in(text[start:end]) if c not in unknown]
        cite = f"[{' '.join(kept)}]" if kept else ""
        before = text[:start] if cite else text[:start].rstrip(" ")
        text = before + cite + text[end:]
    return text
