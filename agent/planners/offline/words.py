"""The words of the offline planner: the lexicon, and the nouns and verbs that tools declare.

A new tool brings its own words with ``@tool(verbs=…, nouns=…)`` and a new model the names it can
find with ``ModelSpec.labels``; nothing here has to change. Knows nothing of grammar or plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.planners.offline import patterns
from agent.prompts import load_toml
from tools.catalog import ANY, Catalog, ToolSpec
from tools.graph import ToolGraph
from tools.types import Boxes

COLORS = frozenset(
    "black white grey gray red green blue yellow orange purple pink brown cyan turquoise gold golden "
    "silver beige cream maroon navy olive lilac lavender teal magenta violet ginger tan crimson "
    "scarlet khaki indigo".split()
)
IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot",
    "teeth": "tooth", "mice": "mouse", "geese": "goose", "knives": "knife", "wives": "wife",
    "leaves": "leaf", "shelves": "shelf", "halves": "half", "loaves": "loaf", "lives": "life",
    "buses": "bus", "series": "series", "species": "species", "glasses": "glasses", "lens": "lens",
    "qr": "qr", "gps": "gps", "gas": "gas", "this": "this", "its": "its", "is": "is", "has": "has",
    "bus": "bus", "address": "address", "business": "business", "always": "always", "plus": "plus",
    "us": "us", "across": "across", "canvas": "canvas", "atlas": "atlas", "status": "status",
    "movies": "movie", "cookies": "cookie", "veggies": "veggie", "selfies": "selfie", "ties": "tie",
    "pies": "pie", "potatoes": "potato", "tomatoes": "tomato", "was": "was", "does": "does",
}  # fmt: skip


def singular(word: str) -> str:
    """The singular of an English noun, by rule and a short list of exceptions."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if patterns.search(r"(sses|xes|ches|shes|zes)$", word):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not patterns.search(r"(ss|us|is)$", word):
        return word[:-1]
    return word


def singular_phrase(phrase: str) -> str:
    """A noun phrase with its last word in the singular."""
    *first, last = phrase.split(" ")
    return " ".join([*first, singular(last)])


@dataclass(frozen=True)
class Words:
    """The lexicon joined with the words of a catalogue."""

    lexicon: dict[str, Any]
    nouns: dict[str, tuple[str, str]]
    """Noun -> (tool that finds it, the label to ask for; '' where the tool needs none)."""
    verbs: dict[str, str]
    """Verb or verb phrase -> tool of effect ``edit`` or ``read``."""
    graph: ToolGraph
    """The tools that are there, by what they take and make."""

    def list(self, name: str) -> tuple[str, ...]:
        """A word list of the lexicon, longest first."""
        return tuple(sorted(self.lexicon[name], key=len, reverse=True))

    def table(self, name: str) -> dict[str, Any]:
        """A table of the lexicon."""
        found: dict[str, Any] = self.lexicon[name]
        return found

    def is_picture(self, noun: str) -> bool:
        """Whether a noun stands for the whole picture."""
        return singular_phrase(noun) in self.lexicon["pictures"]

    def is_carrier(self, noun: str) -> bool:
        """Whether a noun names something that is known by the text on it."""
        return singular_phrase(noun) in self.lexicon["carriers"]


@cache
def _lexicon() -> dict[str, Any]:
    return load_toml("offline/lexicon.toml")


_BUILT: dict[int, tuple[Catalog, Words]] = {}


def words_of(catalog: Catalog) -> Words:
    """The words for this catalogue; made once."""
    known = _BUILT.get(id(catalog))
    if known is None or known[0] is not catalog:
        known = (catalog, Words(_lexicon(), _nouns(catalog), _verbs(catalog), ToolGraph(catalog)))
        _BUILT[id(catalog)] = known
    return known[1]


def _nouns(catalog: Catalog) -> dict[str, tuple[str, str]]:
    nouns: dict[str, tuple[str, str]] = {}
    for spec in catalog.tools.values():
        for noun in spec.nouns:
            label = noun if "phrases" in spec.params else ""
            nouns.setdefault(singular_phrase(noun), (spec.name, label))
    for by_box in (True, False):
        for model in catalog.models.values():
            tool = _finder(catalog, model.ability)
            if tool is None or issubclass(tool.returns, Boxes) != by_box or model.missing():
                continue
            for label in () if model.labels == ANY else model.labels:
                noun = singular_phrase(label)
                if by_box:
                    nouns[noun] = (tool.name, label)
                nouns.setdefault(noun, (tool.name, label))
    return nouns


def _finder(catalog: Catalog, ability: str) -> ToolSpec | None:
    return next(
        (t for t in catalog.tools.values() if t.needs == ability and "phrases" in t.params), None
    )


def _verbs(catalog: Catalog) -> dict[str, str]:
    verbs: dict[str, str] = {}
    for spec in catalog.tools.values():
        for verb in spec.verbs:
            if verb.split()[0] not in ("how", "what", "which", "where", "is", "are"):
                verbs.setdefault(verb, spec.name)
    return dict(sorted(verbs.items(), key=lambda item: -len(item[0])))
