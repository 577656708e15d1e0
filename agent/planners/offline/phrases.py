"""Reads a noun phrase into a target: which thing, and the conditions that tell it from others.

Rules over words, no model: enough for how people ask for the abilities Ocelli has. Knows nothing
of clauses, nor of tools being run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agent.planners.offline import patterns
from agent.planners.offline.quotations import unquote
from agent.planners.offline.words import COLORS, Words, singular, singular_phrase

RELATIONS = (
    (r"(?:to|on|at) the (left|right)(?:-hand side| side)? of", "{} of"),
    (r"(left|right) of", "{} of"),
    (r"(?:right |directly |just |immediately )?(?:above|over|on top of)", "above"),
    (r"(?:right |directly |just |immediately )?(?:below|under|underneath|beneath)", "below"),
    (r"next to|beside|nearest to|nearest|closest to|close to|near to|near|alongside|by", "near"),
    (r"between", "between"),
    (r"inside of|inside|within", "inside"),
)
"""How a phrase says where a thing is by another -> value of `pick.relation`."""
DETERMINERS = r"(?:the|a|an|this|that|these|those|my|his|her|its|their|our|your|some|any)"
SAYING = (
    r"\b(?:that|which|who)?\s*(?:says?|reads?|saying|reading|labell?ed|marked|titled|named|called|"
    r"with the (?:text|words?|inscription|label)|containing the (?:text|words?)|contains the words?)\s+"
)
FILLING = r" (?:here|anywhere|somewhere|at all|in total|altogether|visible|that you can see|you can see|to be seen|exactly)$"
SIDE = r"(?:far |very |extreme )?(top left|top right|bottom left|bottom right|upper left|upper right|lower left|lower right|left-hand|right-hand|left|right|top|bottom|middle|centre|center|upper|lower)"


@dataclass(frozen=True)
class Target:
    """A noun phrase: which thing, and by which conditions it is told from others."""

    text: str = ""
    """As said."""
    head: str = ""
    """Head noun, singular; '' for "it" and the like."""
    modifiers: tuple[str, ...] = ()
    """Words before the head that are no condition: names, materials, other adjectives."""
    many: bool = False
    """Plural, every, all, both."""
    quantity: int = 0
    """How many were named (both = 2); 0: not said."""
    colors: tuple[str, ...] = ()
    part: str = ""
    """Part of the picture (value of `pick.region`)."""
    position: str = ""
    """The outermost one on this side."""
    index: int = 0
    """1-based from `order`; negative from its end; 0: not said."""
    order: str = ""
    size: str = ""
    contains: str = ""
    """Text that is on it."""
    relation: str = ""
    to: Target | None = None
    """The other side of `relation`."""
    also: Target | None = None
    """Second other side, for ``between``."""
    of: Target | None = None
    """What it belongs to: "the plate of the red car"."""
    other: bool = False
    """Said "the other one"."""
    pronoun: bool = False
    """"it", "them", "this", "here": whatever is in focus."""

    @property
    def is_plain(self) -> bool:
        """Whether it names a kind of thing without any condition."""
        return not (
            self.colors or self.part or self.position or self.index or self.size or self.contains
            or self.relation or self.of or self.other
        )  # fmt: skip


def target(phrase: str, words: Words, quotes: tuple[str, ...] = ()) -> Target:
    """A noun phrase as a target."""
    text = " ".join(phrase.lower().split()).strip(" ,.?!")
    text = patterns.sub(FILLING, "", text)
    if text in ("he", "she", "him", "her"):
        return Target(phrase, "person")
    if patterns.fullmatch(
        r"(it|they|them|both|(?:both|all|each) of them|this|that|these|those|here|this (one|thing|area|region|part|spot|place)|the (box|selection|region|area|marked area|selected area|thing))( here| i marked| i drew| (in|inside|within) (the|my) (box|selection|rectangle))?",
        text,
    ):
        return Target(phrase, pronoun=True, many=text in ("them", "these", "those"))
    made = Target(phrase)
    text, made = _take_saying(text, made, quotes)
    text, made = _take_relation(text, made, words, quotes)
    text, made = _take_side(text, made, words)
    text, made = _take_of(text, made, words, quotes)
    text, made = _take_counting(text, made, words)
    return _take_head(text, made, words)


def _take_saying(text: str, made: Target, quotes: tuple[str, ...]) -> tuple[str, Target]:
    match = patterns.search(SAYING + r"(.+)$", text)
    if match and match.start() > 0:
        said = patterns.sub(r"\b(in|on|at) the (picture|photo|image)$", "", match.group(1))
        return text[: match.start()].strip(), replace(made, contains=unquote(said, quotes))
    match = patterns.match(r"(?:the )?(?:words?|phrase) (?!(?:of|on|in|at|to|that|which|above|below|under|near|by|left|right|from|with|next|are|is)\b)(.+)$", text)  # fmt: skip
    if match:
        return "text", replace(made, contains=unquote(match.group(1), quotes))
    match = patterns.search(r"⟦\d+⟧", text)
    if match:
        rest = (text[: match.start()] + text[match.end() :]).strip()
        return rest or "text", replace(made, contains=unquote(match.group(), quotes))
    return text, made


def _take_relation(
    text: str, made: Target, words: Words, quotes: tuple[str, ...]
) -> tuple[str, Target]:
    for pattern, relation in RELATIONS:
        match = patterns.search(
            rf"^(.*?)\s*\b(?:that (?:is|are) |which (?:is|are) |who (?:is|are) )?(?:{pattern})\s+(.+)$",
            text,
        )
        if match is None or not match.group(1):
            continue
        *sides, rest = match.groups()[1:]
        if words.is_picture(_bare(rest)):
            continue
        if relation == "between" and " and " in rest:
            first, second = rest.split(" and ", 1)
            made = replace(made, also=target(second, words, quotes))
            rest = first
        to = target(rest, words, quotes)
        return match.group(1), replace(made, relation=relation.format(*sides), to=to)
    return text, made


def _bare(phrase: str) -> str:
    return patterns.sub(rf"^(?:of |in |on )?{DETERMINERS} ", "", phrase.strip())


def _take_side(text: str, made: Target, words: Words) -> tuple[str, Target]:
    ordinals = "|".join(words.table("ordinals"))
    counted = patterns.search(
        rf"\b({ordinals})\b(?: (?:one|\w+))?(?: counting)? from (?:the )?(left|right|top|bottom)",
        text,
    )
    orders = {"left": "left-to-right", "right": "right-to-left", "top": "top-to-bottom", "bottom": "bottom-to-top"}  # fmt: skip
    if counted:
        index = int(words.table("ordinals")[counted.group(1)])
        made = replace(made, index=index, order=orders[counted.group(2)])
        kept = patterns.sub(
            rf"^{ordinals}\b|from$|counting$", "", counted.group(0).split(" from ")[0]
        )
        kept = patterns.sub(rf"^(?:{ordinals})\b", "", kept)
        return (text[: counted.start()] + kept + text[counted.end() :]).strip(), made
    pictures = "|".join(words.list("pictures"))
    tail = rf"(?: corner| edge| side| half| part| end| area| border| hand side| third)?(?: of (?:the |this |my )?(?:{pictures}))?"
    match = patterns.search(
        rf"\s*\b(?:that (?:is|are) |which (?:is|are) )?(?:along|on|at|in|to|near|from|towards?) the {SIDE}{tail}(?= |$)",
        text,
    )
    if match:
        after = text[match.end() :]
        if not patterns.match(r"\s*of\b", after):
            text = (text[: match.start()] + after).strip()
            return text, _sided(made, match.group(1), words)
        text = (text[: match.start()] + after).strip()
    match = patterns.match(rf"({DETERMINERS} )?(?:\w+ )??{SIDE}(?: one)?\b(?! of)", text)
    if match and not text.endswith((" left", " right")) or (match and match.end() == len(text)):
        assert match is not None
        side = match.group(2)
        text = patterns.sub(rf"\b{side}\b\s*", "", text, count=1).strip()
        return text, _sided(made, side, words)
    return _take_extremes(text, made, words)


def _take_extremes(text: str, made: Target, words: Words) -> tuple[str, Target]:
    for word, position in words.table("extremes").items():
        if patterns.search(rf"\b{word}\b", text):
            return patterns.sub(rf"\b{word}\b\s*", "", text), replace(made, position=position)
    return text, made


def _sided(made: Target, side: str, words: Words) -> Target:
    return replace(made, part=str(words.table("parts")[side]))


def _take_of(text: str, made: Target, words: Words, quotes: tuple[str, ...]) -> tuple[str, Target]:
    """Cuts off what it belongs to: ``of``, ``on``, ``in``, ``from`` another thing."""
    match = patterns.match(
        r"^(.+?)\s+(?:of|on|in|from|for|at|along|across|onto)\s+(.+)$", text
    ) or _having(text, words)
    if not match:
        return text, made
    rest = _bare(match.group(2))
    if words.is_picture(rest) or rest in ("it", "here", "there", "them", "view", "question"):
        return match.group(1), made
    owner = target(match.group(2), words, quotes)
    if owner.head and words.is_picture(owner.head):
        return match.group(1), replace(made, part=made.part or owner.part)
    return match.group(1), replace(made, of=owner)


def _having(text: str, words: Words) -> re.Match[str] | None:
    """Such as "the person with the umbrella": somebody told by what is seen with them."""
    match = patterns.match(r"^(.+?)\s+(?:who (?:is |has )?)?(?:with|wearing|holding|carrying|riding|pushing|having)\s+(.+)$", text)  # fmt: skip
    if match is None:
        return None
    person = singular(match.group(1).split()[-1]) in ("person", *words.lexicon["sorts_of_person"])
    seen = singular(match.group(2).split()[-1]) in words.lexicon["sights"]
    return match if person and seen else None


def _take_counting(text: str, made: Target, words: Words) -> tuple[str, Target]:
    if patterns.search(r"\b(all|every|each|any|both)\b", text):
        made = replace(made, many=True, quantity=2 if patterns.search(r"\bboth\b", text) else 0)
        text = patterns.sub(r"\b(all of|all|every|each of|each|any|both of|both)\b\s*", "", text)
    made = replace(made, other=bool(patterns.search(r"\bother\b", text)))
    text = patterns.sub(r"\b(other|another)\b\s*", "", text)
    text = patterns.sub(rf"^{DETERMINERS}\b\s*", "", text.strip())
    kept: list[str] = []
    for word in text.split():
        made, used = _count_word(word, made, words, first=not kept)
        if not used:
            kept.append(word)
    return " ".join(kept), made


def _count_word(word: str, made: Target, words: Words, *, first: bool) -> tuple[Target, bool]:
    if word in COLORS:
        return replace(made, colors=(*made.colors, word)), True
    if word in words.table("ordinals"):
        return replace(made, index=int(words.table("ordinals")[word])), True
    if word in words.table("sizes"):
        return replace(made, size=str(words.table("sizes")[word])), True
    numbers = words.table("number_words")
    if first and (word in numbers or word.isdigit()):
        value = int(word) if word.isdigit() else int(numbers[word])
        return replace(made, quantity=value, many=made.many or value > 1), True
    return made, False


def _take_head(text: str, made: Target, words: Words) -> Target:
    """The head noun: the longest known phrase at the end, else the last word."""
    text = patterns.sub(rf"^(?:of )?{DETERMINERS}\b\s*", "", text.strip())
    said = text.split()
    if not said or said in (["one"], ["ones"], ["it"], ["them"]):
        return replace(
            made, pronoun=not made.is_plain or bool(said), many=made.many or said == ["ones"]
        )
    for size in range(min(4, len(said)), 0, -1):
        phrase = singular_phrase(" ".join(said[-size:]))
        if size == 1 or _known(phrase, words):
            plural = phrase != " ".join(said[-size:])
            first = tuple(w for w in said[:-size] if w not in ("of", "the", "and"))
            return replace(made, head=phrase, modifiers=first, many=made.many or plural)
    return replace(made, head=singular(said[-1]))


def _known(phrase: str, words: Words) -> bool:
    return (
        phrase in words.nouns
        or phrase in words.table("kinds")
        or phrase in words.table("fields")
        or words.is_picture(phrase)
        or words.is_carrier(phrase)
    )


def targets(phrase: str, words: Words, quotes: tuple[str, ...] = ()) -> list[Target]:
    """Noun phrases joined by ``and`` or commas."""
    if patterns.search(r"\bbetween\b", phrase):
        return [target(phrase, words, quotes)]
    pieces = patterns.split(r",\s*(?:and )?|\s+and\s+|\s+or\s+|\s+as well as\s+|\s+plus\s+", phrase)
    found = [target(piece, words, quotes) for piece in pieces if piece.strip()]
    return [_completed(said, found[-1]) for said in found]


def _completed(said: Target, last: Target) -> Target:
    """As in "the yellow and the blue sign": the noun of the last goes for those before it."""
    elided = not said.head and not said.is_plain and last.head
    return replace(said, head=last.head, pronoun=False) if elided else said
