"""What a person's own words ask to have changed: their sentences cut into orders and questions.

An order begins with a verb ("blur the faces", "could you make it brighter"), wants something
("I want the sky blue") or is a fragment ("in black and white, please"); what asks or tells orders
nothing ("is the label blurred?", "tell me what is circled"). Quotations and what is negated do not
count. Knows nothing of tools: words are looked up by who asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.claims import QUOTE
from agent.prompts import load_toml

IRREGULAR = {
    "hide": ("hid", "hidden"), "draw": ("drew", "drawn"), "make": ("made",), "put": ("put",),
    "cut": ("cut",), "get": ("got", "gotten"), "take": ("took", "taken"), "blow": ("blew", "blown"),
    "swap": ("swapped",), "write": ("wrote", "written"), "give": ("gave", "given"),
    "set": ("set",), "keep": ("kept",), "dye": ("dyed", "dyeing"), "show": ("shown",),
    "paint": ("painted",), "lose": ("lost",), "send": ("sent",), "cut out": ("cut out",),
}  # fmt: skip
DETERMINERS = frozenset(
    "a an the this that these those my your his her its our their each every any some no which".split()
)
STOP = ","
"""Stands among the words of an order where a new piece of it begins."""
OBJECTS = DETERMINERS | set("it them him her everything everyone everybody all both".split())
GAP = 4
"""Words that may stand between the words of a phrase: make THE DOG disappear."""
_WORD = re.compile(r"#\d+|[a-z0-9]+(?:[-'][a-z0-9]+)*")
_CUT = re.compile(r"[.;!?\n]+|,\s*|\s+(?:and|then|but|or|before|after|while)\s+|\s+-\s+|:\s+")
_NEGATED = re.compile(
    r"\b(?:do not|don't|dont|never|not|no|please don't|without(?= \w+ing\b))\s+(?:\w+\s+(?=\w*(?:ing|ed)\b))?\w+"
)
_AGAIN = re.compile(
    r"\b(?:again|same|instead|too|as well|also|another|other|rest|remaining|likewise|undo|redo|more|less|"
    r"stronger|weaker|go ahead|do it|do that|do so|yes|yep|sure|ok|okay|previous|last|before|earlier|"
    r"(?:and|now|but) (?:the|this|that|these|those|for|with|#\d+)|with #\d+|make (?:it|them|that|#\d+))\b|#\d+"
)
_SUPPOSED = re.compile(r"\bwould\b.*\blook\b|\blook(?:s|ed)? (?:like )?(?:in|as|with|without|if)\b")


@dataclass(frozen=True)
class Order:
    """One clause that wants something."""

    words: tuple[str, ...]
    lead: str
    """The verb it begins with in the form of an order, '' where there is none."""

    def says(self, phrase: str) -> bool:
        """Whether the words of a phrase are in it, in any usual form."""
        return _place(self.words, phrase) is not None

    def orders(self, verb: str) -> bool:
        """Whether it orders this: the verb leads, follows "to", or is a participle."""
        first, *rest = verb.split()
        for at, word in enumerate(self.words):
            if word not in forms(first) or not self._verbal(at, first):
                continue
            if not rest or _place(self.words[at + 1 :], " ".join(rest)) is not None:
                return True
        return False

    def _verbal(self, at: int, verb: str) -> bool:
        before = self.words[at - 1] if at else ""
        if self.words[at] == verb:
            after = self.words[at + 1 : at + 2]
            begins = before == STOP and bool(after) and (after[0] in OBJECTS or "#" in after[0])
            return not at or begins or before in ("to", "you", "just", "be", "get")
        return before not in DETERMINERS


@dataclass(frozen=True)
class Wishes:
    """All that somebody ordered."""

    orders: tuple[Order, ...] = ()
    words: str = ""
    """All that was said, quotations included."""


def wishes_of(*questions: str) -> Wishes:
    """What these words of a person order."""
    orders = [o for q in questions for o in _orders(q)]
    return Wishes(tuple(orders), "\n".join(questions))


def refers_back(question: str) -> bool:
    """Whether a question goes on with what was said before: "the other one too"."""
    plain = plainly(question)
    return bool(_AGAIN.search(plain)) and not _tells(_WORD.findall(_impolite(plain)))


def plainly(text: str) -> str:
    """Lower case, quotations out, one spelling."""
    text = QUOTE.sub(" ", text.lower().replace("’", "'"))
    text = re.sub(r"(?:^|(?<=\s))'[^'\n]+'(?=[\s.,;:!?]|$)", " ", text)
    text = re.sub(r"colour", "color", text)
    text = re.sub(r"black(?: and |-and-| & )white", "black-white", re.sub("grey", "gray", text))
    return re.sub(r"(?<=\w{3})is(?=(?:e[sd]?|ing)\b)", "iz", text)


@cache
def forms(verb: str) -> frozenset[str]:
    """The usual forms of a regular or common English verb, or of a noun."""
    verb = plainly(verb)
    found = {verb, verb + "s", verb + "es", *IRREGULAR.get(verb, ())}
    stem = verb[:-1] if verb.endswith("e") else verb
    found |= {stem + "ing", stem + "ed"}
    if verb.endswith("y"):
        found |= {verb[:-1] + "ies", verb[:-1] + "ied"}
    if re.search(r"[^aeiou][aeiou][bdgklmnprt]$", verb):
        found |= {verb + verb[-1] + "ing", verb + verb[-1] + "ed"}
    return frozenset(found)


def _place(words: tuple[str, ...], phrase: str) -> int | None:
    """Where a phrase begins among words, with gaps between its words; None where it does not."""
    wanted = _WORD.findall(plainly(phrase))
    starts = [n for n, w in enumerate(words) if wanted and w in forms(wanted[0])]
    for start in starts:
        at: int | None = start
        for part in wanted[1:]:
            near = range(at + 1, min(at + 2 + GAP, len(words))) if at is not None else range(0)
            at = next((n for n in near if words[n] in forms(part)), None)
        if at is not None:
            return start
    return None


@cache
def lexicon() -> dict[str, Any]:
    """The words of ``prompts/authority.toml``."""
    return load_toml("authority.toml")


@cache
def _starts(name: str) -> re.Pattern[str]:
    said = sorted((plainly(w) for w in lexicon()[name]), key=len, reverse=True)
    return re.compile(rf"^(?:{'|'.join(map(re.escape, said))})(?![\w'-])[\s,]*")


def _impolite(clause: str) -> str:
    """A clause without what stands before its order."""
    clause = clause.strip(" ,")
    while True:
        found = _starts("polite").match(clause)
        if not found or not found[0].strip():
            return clause
        clause = clause[found.end() :].strip(" ,")


def _tells(words: list[str]) -> bool:
    clause = " ".join(words)
    return bool(_starts("telling").match(clause) or _starts("asking").match(clause))


def _orders(question: str) -> list[Order]:
    """The orders of a question; a piece that begins nothing belongs to the one before it."""
    clauses: list[tuple[bool, list[str]]] = []
    for piece in _CUT.split(_NEGATED.sub(" ", plainly(question))):
        supposed = bool(_SUPPOSED.search(piece))
        words = _WORD.findall(_impolite(piece))
        if not words:
            continue
        wants = supposed or not _tells(words)
        goes_on = wants and clauses and not (supposed or words[0] in _leads() or _has_verb(words))
        if goes_on:
            clauses[-1][1].extend([STOP, *words])
        else:
            clauses.append((wants, words))
    return [Order(tuple(w), _lead(w)) for wants, w in clauses if wants]


def _has_verb(words: list[str]) -> bool:
    return bool({"you", "to", "be"} & set(words[:3]))


@cache
def _leads() -> frozenset[str]:
    known = lexicon()
    general = [f for verb in known["general"] for f in (verb,)]
    special = [verb.split()[0] for verbs in known["verbs"].values() for verb in verbs]
    return frozenset(plainly(v) for v in (*general, *special, *known["showing"], *_declared()))


@cache
def _declared() -> frozenset[str]:
    from tools.catalog import discover

    tools = discover().tools.values()
    return frozenset(v.split()[0] for t in tools if t.effect != "read" for v in t.verbs)


def _lead(words: list[str]) -> str:
    return words[0] if words[0] in _leads() else ""
