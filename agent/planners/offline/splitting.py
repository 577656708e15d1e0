"""Splits a question into clauses, each one question or order in plain words.

Rules over words, no model. Knows nothing of what a clause asks for, nor of tools being run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agent.planners.offline import patterns
from agent.planners.offline.quotations import take_quotes
from agent.planners.offline.words import Words

COUNTING = (
    r"^(?:(?:what (?:is|was)|find|get|work out|return) )?(?:the |a )?(?:total |overall )?(?:number|count) of "
    r"(?!the (?:bus|house|page)\b)(?:the )?(?=.*s\b|people|men|women|children)"
    r"|^(?:count|tally)(?: up)? (?:all )?(?:of )?(?:the |these |those )?(?!from\b)(?=\w)"
)
"""The ways to ask for a count that are not "how many"."""
TURNED = r"^((?:what|where|who|how)(?: (?:much|many|big|large|old|colou?r))?) (it|they|that|this|he|she|there) (is|are|was|were)$"
"""Such as "(tell me) what it is" for "what is it"."""
TOLD = r"^(what|how much) (it|they|this|that) (says?|reads?|shows?|costs?|contains?|means?)$"
JOINED = re.compile(
    r"^(?P<v>(?:what (?:is|are)|give|find|read|show|tell) )(?P<a>(?:the |its |their |his |her )[\w' -]+?) and (?P<b>(?:the |its |their |his |her )[\w' -]+?)(?P<o> (?:on|of|in|from) .+)?$"
)
"""Two things asked for at once: "what are the date and the total"."""
STARTERS = frozenset(
    "what what's which who who's whose when where where's how is are does do did was were has have "
    "can could will whether".split()
)
AUXILIARIES = frozenset("is are does do did was were has have can could will be am".split())


@dataclass(frozen=True)
class Clause:
    """One question or order."""

    text: str
    """Lower case, politeness and picture references taken out; ⟦0⟧ stands for quoted text."""
    pictures: tuple[int, ...] = ()
    """1-based numbers of pictures it speaks of."""
    quotes: tuple[str, ...] = field(default=(), repr=False)

    def words(self) -> list[str]:
        """The words of the clause."""
        return patterns.findall(r"⟦\d+⟧|[#$]?[\w×€£%°]+(?:[-'’.,/&]\w+)*", self.text)


def clauses(question: str, words: Words) -> list[Clause]:
    """The questions and orders of a text, in order."""
    text, quotes = take_quotes(question)
    found = []
    for sentence in patterns.split(r"(?<=[?!])\s+|(?<=[.;])\s+|\n+|[?!;]+", text):
        for piece in _split(sentence.strip(" .,:"), words):
            cleaned = _clean(piece, words)
            if cleaned:
                rest, pictures = _pictures(cleaned, words)
                found += [Clause(one, pictures, quotes) for one in _each_asked(rest, words)]
    return found


def _each_asked(text: str, words: Words) -> list[str]:
    """Questions for two written things as one each; other text as it is."""
    match = JOINED.match(text)
    if match is None:
        return [text]
    told = {**words.table("kinds"), **words.table("fields")}
    both = [patterns.sub(r"^(?:the|its|their|his|her) ", "", match.group(g)) for g in "ab"]
    if not all(b in told for b in both):
        return [text]
    owner = match.group("o") or ""
    return [f"{match.group('v')}{match.group(g)}{owner}" for g in "ab"]


def _split(sentence: str, words: Words) -> list[str]:
    """One sentence into clauses at a joint after which a new question or order begins."""
    pieces = [""]
    parts = patterns.split(
        r"((?:,\s*)?\b(?:and then|and also|and|then|but|before you|after that)\b\s+|,\s+)", sentence
    )
    for joint, part in zip(["", *parts[1::2]], parts[0::2], strict=True):
        if joint and not (_starts_clause(part, words) and _has_verb(pieces[-1], words)):
            pieces[-1] += joint + part
        else:
            pieces.append(part)
    return [p.strip(" ,") for p in pieces if p.strip(" ,")]


def _starts_clause(text: str, words: Words) -> bool:
    if patterns.match(r"(?:tell|give|show|let) me\b", text):
        return True
    text = _strip_polite(text, words)
    first = text.split(" ", 1)[0].strip(",")
    if first in STARTERS or (first in ("in", "from", "by", "at", "on", "of", "to", "for") and patterns.match(
        r"\w+ (which|what|how|whom)\b", text)):  # fmt: skip
        return True
    return starts_with_verb(text, words) != ""


def starts_with_verb(text: str, words: Words) -> str:
    """The verb that an order begins with; '' when it begins otherwise."""
    plain = (
        "give",
        "show",
        "tell",
        "find",
        "save",
        "keep",
        "leave",
        "make",
        "turn",
        "put",
        "return",
    )
    for verb in (*words.verbs, *plain):
        if patterns.match(rf"{re.escape(verb)}\b", text):
            return verb
    return ""


def _has_verb(text: str, words: Words) -> bool:
    text = _strip_polite(text, words)
    if patterns.match(r"how many \w", text):
        return True
    said = set(text.split())
    verbs = set(words.list("text_verbs"))
    return bool(starts_with_verb(text, words) or said & AUXILIARIES or said & verbs or "'s" in text)


def _strip_polite(text: str, words: Words) -> str:
    text = text.strip(" ,.")
    changed = True
    while changed:
        changed = False
        for phrase in words.list("politeness"):
            match = patterns.match(rf"{re.escape(phrase)}\b[ ,:]*", text)
            if match and len(text) > match.end():
                text, changed = text[match.end() :], True
    return patterns.sub(r"[ ,]*\b(please|thanks|thank you|for me|now)$", "", text).strip(" ,.")


def _clean(text: str, words: Words) -> str:
    text = _strip_polite(text, words)
    text = patterns.sub(r"\b(what|who|where|that|it|there|which)'s\b", r"\1 is", text)
    text = patterns.sub(r"\b(is|are|do|does|did|was|were|can|has|have)n't\b", r"\1 not", text)
    text = patterns.sub(r"^(?:and|but|or) ", "", text)
    text = patterns.sub(COUNTING, "how many ", text)
    text = patterns.sub(r"^what is (.+) (say|read|mean)$", r"what does \1 \2", text)
    text = patterns.sub(TURNED, r"\1 \3 \2", text)
    text = patterns.sub(TOLD, r"\1 does \2 \3", text)
    text = patterns.sub(
        r"\b(cost|costs|set|owe) (?:me|us|them|him|her)(?: back)?(?= |$)", r"\1", text
    )
    text = patterns.sub(r"\b(?:takes? off|taking off)\b", "depart", text)
    return patterns.sub(r"\s+", " ", text)


def _pictures(text: str, words: Words) -> tuple[str, tuple[int, ...]]:
    """Takes "in the second picture" and "image 1" out, unless the picture itself is asked for."""
    nouns = "|".join(f"{re.escape(n)}s?" for n in words.list("pictures"))
    ordinals = words.table("ordinals")
    found: list[int] = []

    def note(match: re.Match[str]) -> str:
        said = match.group("n") or match.group("o")
        found.append(int(said) if said.isdigit() else int(ordinals.get(said, 1)))
        return " it " if match.start() == 0 or not match.group("p") else " "

    names = "|".join(ordinals)
    pattern = rf"(?P<p>\b(?:in|on|of|from|for|with) )?(?:the )?(?:\b(?:{nouns}) (?:number |no\.? ?|#)?(?P<n>\d)\b|\b(?P<o>{names}) (?:one of the )?(?:{nouns})\b)"
    rest = patterns.sub(pattern, note, text)
    if len(found) == 1 or len(set(found)) > 1:
        return patterns.sub(r"\s+", " ", rest).strip(), tuple(found)
    return text, ()
