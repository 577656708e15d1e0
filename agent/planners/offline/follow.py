"""Follow-ups: what a question that leans on the one before it asks for in full.

"And the plates?", "do the same with this one", "in green instead", "once more". Knows nothing of
goals or of results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.planners.offline import amounts, patterns
from agent.planners.offline.orders import color_in
from agent.planners.offline.phrases import Target, target
from agent.planners.offline.splitting import Clause, clauses, starts_with_verb
from agent.planners.offline.turns import move
from agent.planners.offline.words import COLORS, Words
from agent.protocol import View

OPENING = r"(?:and|but|so|then|now|next|okay|ok|alright|right|great|thanks|thank you|nice|perfect|good|cool|super|fine|lovely|well|actually|hmm)"
OPENED = rf"^(?:(?:{OPENING}|first(?:ly)?(?: of all)?(?=,? [a-z]+ (?:the|it|this|all|every|my)\b)|to begin with)\b[,. ]+)+(?=(?:\w+ ){{0,2}}\w)"
SAME = r"(?:(?:now |and |then |please |can you |could you )*do )?(?:the |exactly the )?same(?: thing| again)?"
FOLLOWS = (
    rf"^(?:{OPENING}[, ]+)*(?:(?:what about|how about|{SAME} (?:for|with|to|on|in)|{SAME} but (?:for|with|to|on)|"
    r"do (?:it|that|this)(?: again)? (?:for|with|to|on)|also|plus|likewise(?: for)?|ditto(?: for)?|as well as|and|now|then)\b[ ,]*)(?:also |for |with |in |to |on )*(?P<p>.+?)(?: (?:too|as well|also|please|instead))*$"
)
WRONG = r"^(?:no|nope|sorry|oops|wait|i meant|i mean|not (?:that|this)(?: one)?|rather|wrong(?: one)?|actually|better)\b[, ]+(?:(?:no|sorry|i meant|i mean|but|not that(?: one)?|rather|make (?:it|that)|do|use)\b[, ]+)*(?P<p>.+?)$"
AGAIN = r"(?:(?:and|now|do (?:it|that|this)|repeat (?:it|that|this)?|one|just|please)[ ,]*)*(?:again|once more|one more time|repeat (?:it|that|this)|repeat|twice more|another time)(?: please)?"
MORE = r"(?:(?:and|even|still|a (?:little )?bit|a little|slightly|much|a lot|somewhat|go|make it|please)[ ,]*)*(?:more|further|stronger|harder)(?: please)?"
LESS = r"(?:(?:but|and|a (?:little )?bit|a little|slightly|much|a lot|somewhat|make it|please)[ ,]*)*(?:less|weaker|not (?:so|that|as) (?:much|strong)|(?:that is |that's |it is )?too (?:much|strong))(?: please)?"
OTHER_WAY = r"(?:no,? |sorry,? |i meant |oops,? |not that way,? )*(?:in |to )?(?:the )?(?:(?:other|opposite) (?:way|direction|side)|wrong (?:way|direction))(?: round| around)?(?: please)?"
NEW = rf"^(?:{OPENING}[, ]+)*(?:{SAME}(?: please| here| again| too)?|(?:{SAME} |do (?:it|that) |what about |how about )?(?:for |with |to |on |in )?(?:this|that|it|here|(?:the |this )?(?:new|next|other|second|last) (?:one|picture|photo|image)|this (?:one|picture|photo|image))(?: one| picture| photo| image)?(?: too| please| as well| here)*)$"
OTHER = r"\bother (?:picture|photo|image|one of the pictures)\b"
BARE = r"^(?:the|that|this|her|his|their|both|all|every|each|only) [\w' -]+$"
REMEMBERED = 3
"""Turns back to which "it" may reach."""
VERBS = frozenset(
    "is are does do what which how who where when make turn can could give show tell was were".split()
)


@dataclass(frozen=True)
class Follow:
    """A question in full."""

    clauses: tuple[Clause, ...]
    override: Target | None = None
    """What stands in the place of what the earlier question was about."""
    instead: bool = False
    """Whether it takes the place of the last edit rather than follow it."""


def follow(view: View, words: Words) -> Follow:
    """The clauses of the question; one that leans on an earlier one repeats that."""
    question = patterns.sub(OPENED, "", view.question, flags=re.IGNORECASE)
    question = patterns.sub(r"\s+(?:\+|&|->|→)\s+(?=[a-z]{3})", ". ", question)
    now = tuple(clauses(question, words))
    if not view.turns:
        return Follow(now)
    text = patterns.sub(r"\s+", " ", view.question.lower().replace("’", "'")).strip(" .?!")
    earlier = _earlier(view, words)
    if not earlier.clauses:
        return Follow(now)
    for reader in (_repeated, _corrected, _moved_on):
        found = reader(text, earlier, view, words)
        if found is not None:
            return found
    return Follow(now)


def _earlier(view: View, words: Words) -> Follow:
    """What the turn before asked for in full."""
    before = list(view.turns)
    while before and (wish := move(before[-1].question)) is not None and not wish.rest:
        before.pop()
    if not before:
        return Follow(())
    last = before.pop()
    return follow(replace(view, question=last.question, turns=tuple(before), fresh=last.images != (before[-1].images if before else ())), words)  # fmt: skip


def _repeated(text: str, earlier: Follow, view: View, words: Words) -> Follow | None:
    """Such as "Once more", "a bit more", "less", "the same with this one"."""
    if patterns.fullmatch(AGAIN, text):
        return replace(earlier, instead=False)
    if patterns.fullmatch(MORE, text) or patterns.fullmatch(LESS, text):
        less = patterns.fullmatch(LESS, text) is not None
        much = patterns.search(amounts.MUCH, text) and not less
        degree = (
            "much" if much else "a bit" if less or patterns.search(amounts.LITTLE, text) else ""
        )
        changed = tuple(replace(c, text=f"{_plain(c.text)} {degree}".strip()) for c in earlier.clauses)  # fmt: skip
        return Follow(changed, earlier.override, instead=less)
    if view.fresh and patterns.fullmatch(NEW.strip("^$"), text):
        return replace(earlier, instead=False)
    return None


def _plain(text: str) -> str:
    return " ".join(patterns.sub(f"{amounts.LITTLE}|{amounts.MUCH}", " ", text).split())


def _corrected(text: str, earlier: Follow, view: View, words: Words) -> Follow | None:
    """Such as "No, the left one", "in green instead"."""
    if patterns.fullmatch(OTHER_WAY, text):
        return Follow(tuple(map(_other_way, earlier.clauses)), earlier.override, instead=True)
    wrong = patterns.match(WRONG, text)
    instead = patterns.match(
        r"^(?:(?:and|but|make (?:it|that)|do|use)\b ?)*(?P<p>.+?),? instead$", text
    )
    colors = "|".join(COLORS)
    color = patterns.match(rf"^(?:(?:and|but|now|please|make (?:it|that)|do it|can you make it)\b ?)*in (?:a )?(?:\w+ )?(?P<p>{colors})(?: please)?$", text)  # fmt: skip
    found = color or wrong or instead
    if found is None:
        return None
    said = found.group("p").removesuffix(" instead").strip(" ,")
    new = patterns.fullmatch(rf"(?:in |make it )?(?:a )?(?:\w+ )?({colors})(?: one)?", said)
    if new and any(color_in(c.text) or _is_marking(c.text) for c in earlier.clauses):
        recolored = tuple(replace(c, text=_with_color(c.text, new.group(1))) for c in earlier.clauses)  # fmt: skip
        return Follow(recolored, earlier.override, instead=True)
    if starts_with_verb(said, words) or set(said.split()[:2]) & VERBS:
        return None if not instead else Follow(tuple(clauses(said, words)), None, instead=True)
    return Follow(earlier.clauses, target(_only(said), words), instead=True)


def _other_way(clause: Clause) -> Clause:
    """A turn to the left instead of to the right."""
    swapped = {"left": "right", "right": "left", "clockwise": "anticlockwise", "anticlockwise": "clockwise"}  # fmt: skip
    found = patterns.search(
        r"\b(?:anti-?clockwise|counter-?clockwise|clockwise|left|right)\b", clause.text
    )
    if found is None:
        return replace(clause, text=f"{clause.text} to the left")
    word = patterns.sub(r"^(?:anti|counter)-?", "anti", found.group())
    return replace(clause, text=clause.text[: found.start()] + swapped[word] + clause.text[found.end() :])  # fmt: skip


def _is_marking(text: str) -> bool:
    return patterns.match(r"(?:draw|mark|circle|box|frame|underline|highlight|outline|put|add|label|write|black out|cover)\b", text) is not None  # fmt: skip


def _with_color(text: str, color: str) -> str:
    old = color_in(text)
    if old:
        start = text.rindex(old)
        return text[:start] + color + text[start + len(old) :]
    return f"{text} in {color}"


def _moved_on(text: str, earlier: Follow, view: View, words: Words) -> Follow | None:
    """Such as "And the plates?", "the other one too"."""
    match = patterns.match(FOLLOWS, text)
    bare = patterns.match(BARE, patterns.sub(r"(?: too| as well| also| please)+$", "", text))
    if match is None and not (bare and _ordered(earlier, words)):
        return None
    phrase = (
        match.group("p") if match else patterns.sub(r"(?: too| as well| also| please)+$", "", text)
    )
    phrase = _only(phrase)
    if not _is_fragment(phrase, words):
        return None
    (now, *_) = (*clauses(phrase, words), Clause(""))
    if now.pictures:
        return Follow(tuple(replace(c, pictures=now.pictures) for c in earlier.clauses))
    numbered = _picture_said(phrase, words) if len(view.images) > 1 else None
    if numbered is not None:
        verb = starts_with_verb(earlier.clauses[-1].text, words)
        if numbered[1] and verb:
            return Follow((Clause(f"{verb} it {numbered[1]}", (numbered[0],)),))
        return Follow(tuple(replace(c, pictures=(numbered[0],)) for c in earlier.clauses))
    if patterns.search(OTHER, text):
        asked = earlier.clauses[-1].pictures
        others = tuple(i + 1 for i in range(len(view.images)) if i + 1 not in asked)
        return Follow(tuple(replace(c, pictures=others[:1]) for c in earlier.clauses))
    instead = _asked_instead(earlier.clauses[-1].text, phrase, words)
    if instead:
        return Follow((replace(earlier.clauses[-1], text=instead),))
    quotes = earlier.clauses[-1].quotes
    cut = next((c.tool for c in reversed(view.turns[-1].calls)), "") in ("crop", "zoom")
    wanted = target(_quoted(phrase, quotes, now), words, now.quotes or quotes)
    return Follow(earlier.clauses, wanted, instead=cut)


PRICED = re.compile(
    r"^(?P<a>how much (?:is|are|was|were|does|do|did|would) |what (?:does|do|did|would) |what (?:is|was) the (?:price|cost) (?:of|for) )"
    r"(?:the |an? |one |my |her |his |their )?(?P<x>.+?)(?P<z> costs?| each)?$"
)
TOLD = re.compile(
    r"^(?P<a>what (?:is|are|was|were) )(?:the |her |his |its |their )(?P<x>.+?)(?P<z> (?:on|of|in) .+)?$"
)


def _asked_instead(text: str, phrase: str, words: Words) -> str:
    """The question with another thing in it: the price of another dish, another field of a card."""
    new = patterns.sub(r"^(?:the|an?|one|my|her|his|its|their) ", "", phrase.strip(" ,.?"))
    price, told = PRICED.match(text), TOLD.match(text)
    if price and (price.group("z") or not price.group("a").startswith("what d")):
        named = patterns.match(r"(?:it|this|that|they|both)\b", price.group("x")) is None
        return f"{price.group('a')}the {new}{price.group('z') or ''}" if named else ""
    known = {**words.table("kinds"), **words.table("fields")}
    if told and told.group("x") in known and new in known:
        return f"{told.group('a')}the {new}{told.group('z') or ''}"
    return ""


def _picture_said(phrase: str, words: Words) -> tuple[int, str] | None:
    """The number of "the second one (to the left)", and what follows; None where there is none."""
    ordinals = words.table("ordinals")
    match = patterns.match(rf"^(?:the )?({'|'.join(ordinals)})(?: one)?(?: (.+))?$", phrase)
    number = int(ordinals[match.group(1)]) if match else 0
    return (number, match.group(2) or "") if match and number > 0 else None


def _quoted(phrase: str, quotes: tuple[str, ...], now: Clause) -> str:
    return now.text if now.quotes else phrase


def _only(phrase: str) -> str:
    """Such as "One around the blue sign" is about the blue sign."""
    return patterns.sub(r"^(?:(?:an)?other |a second |one more |one )(?:one )?(?:around|round|on|over|to|for|under|at|in) ", "", phrase.strip(" ,."))  # fmt: skip


def _ordered(earlier: Follow, words: Words) -> bool:
    return any(starts_with_verb(c.text, words) for c in earlier.clauses)


def _is_fragment(text: str, words: Words) -> bool:
    said = text.split()
    looks = words.table("adjectives")
    return bool(said) and not (set(said[:2]) & VERBS) and not starts_with_verb(text, words) and not any(
        patterns.fullmatch(rf"(?:with |in |as |a |an |even |{amounts.LITTLE} |{amounts.MUCH} |more |less )*{re.escape(w)}(?: \w+)?", text) for w in (*looks, *words.table("properties"))
    )  # fmt: skip


def mentions(view: View, words: Words) -> Iterator[Follow]:
    """What the last turns asked for, oldest first, for what "it" and "them" mean."""
    first = max(0, len(view.turns) - REMEMBERED)
    for i in range(first, len(view.turns)):
        turn = view.turns[i]
        fresh = not i or turn.images != view.turns[i - 1].images
        yield follow(
            replace(view, question=turn.question, turns=view.turns[:i], fresh=fresh), words
        )
