"""Goals that reckon with the entries of a list: orders, sums, differences, the dearest, the nearest.

Knows nothing of how the entries were read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agent.planners.offline import patterns
from agent.planners.offline.entries import Entry, entries, named, of_kind
from agent.planners.offline.scope import Scope
from agent.planners.offline.words import singular, singular_phrase
from agent.planners.offline.work import Fragment, Ref, listed
from tools.rows import SURE, score_row
from tools.types import Number, Table

NEAR = r"closest|closer|nearest|nearer|shortest distance"
FAR = r"farthest|furthest|farther|further away|further|longest distance"
HIGHEST = rf"most expensive|dearest|priciest|costliest|costly|highest|largest amount|costs? the most|more expensive|dearer|pricier|{FAR}|most"
LOWEST = rf"cheapest|least expensive|less expensive|cheaper|lowest|costs? the least|{NEAR}|least"
ALWAYS = r"expensive|dear(?:est|er)|pric(?:ie|ey)\w*|costl\w+|cheap\w*|costs? the (?:most|least)|price|costs?"
"""Words by which a superlative is surely about prices."""
THINGS = r"(?:item|dish|product|meal|drink|article|thing|purchase|entry|food|city|cities|town|place|destination|village|amount|charge)"
NOTES = {"fiver": 5.0, "tenner": 10.0, "twenty": 20.0, "fifty": 50.0, "hundred": 100.0}
SIGNS: tuple[tuple[str, Callable[[float, float], bool]], ...] = (
    (r"(?:no more than|at most|up to|maximum(?: of)?|max)", lambda a, b: a <= b),
    (r"(?:at least|no less than|from)", lambda a, b: a >= b),
    (r"(?:less than|under|below|cheaper than|for less than|fewer than)", lambda a, b: a < b),
    (r"(?:more than|over|above|dearer than|more expensive than)", lambda a, b: a > b),
    (r"(?:exactly|precisely|just|only|at|for)?", lambda a, b: abs(a - b) < 0.005),
)
MONEY = r"(?P<sign>[£$€]\s?)?(?P<n>\d+(?:[.,]\d+)?)\s?(?P<u>p\b|pence|pounds?|dollars?|euros?|cents?|[£$€]|km|kms|kilomet(?:er|re)s?|miles?|mi\b|m\b)?"


# -- orders and sums ------------------------------------------------------------------------------


def order(scope: Scope) -> Fragment | None:
    """An order stated in one sentence and its price asked in the next."""
    match = patterns.match(
        r"(?:if )?(?:i|we|someone|he|she|they)(?:'d|'ll|'ve)?\s+(?:\w+\s+){0,2}?"
        r"(?:order(?:ed)?|buy|bought|take|took|get|have|had|want|pick|choose|chose|like)\s+(.+)$",
        scope.text,
    )
    if not match:
        return None
    items = _items(match.group(1), scope)
    return _add_up(scope, items) if items else None


def sums(scope: Scope) -> Fragment | None:
    """What several named things cost together."""
    text = scope.text
    if patterns.match(
        r"^(?:what|how much) (?:do|does|would|will|should|did|must|is|are) (?:i|we|that|it|this|he|she|they|those)\b.*\b(?:pay|owe|cost|come to|make|be|that|altogether)$",
        text,
    ):
        return Fragment("") if _is_sum(scope) else None
    asks = patterns.search(
        r"\b(together|altogether|in total|in all|do i (?:have to )?pay|would i pay|will i pay|owe|come to|"
        r"total (?:price|cost) (?:of|for)|sum of|how much (?:is|are|do|does|would|will)|what (?:do|does|would|will|is|are)|cost of|price of)\b",
        text,
    )
    match = patterns.search(
        r"(?:\border(?:ed|ing)?|\bbuy|\bhave|\bget|\bfor|\bof|\btake|\bdo|\bdoes|\bwould|\bare|\bis|\bwant)\s+(.+?)"
        r"(?:\s+(?:cost|costs|together|altogether|in total|in all|come to|be)\b.*)?$",
        text,
    )
    if not asks or not match or patterns.match(r"(?:both|these|those|they|all)\b", match.group(1)):
        return None
    items = _items(match.group(1), scope)
    if len(items) < 2 and not any(not i.startswith("1 ") for i in items):
        return None
    return _add_up(scope, items)


def _is_sum(scope: Scope) -> bool:
    """Whether what was said before is a sum already."""
    kinds = scope.work.view.kinds
    return scope.focus is not None and kinds.get(scope.focus.name) is Number


def _items(phrase: str, scope: Scope) -> list[str]:
    """Such as "two coffees and a scone" -> ["2 coffee", "1 scone"]."""
    phrase = patterns.sub(
        r"\b(together|altogether|in total|each|please|cost|what|how much).*$", "", phrase
    )
    pieces = patterns.split(
        r",\s*(?:and )?|\s+and\s+|\s+plus\s+|\s+with\s+|\s*\+\s*", phrase.strip()
    )
    items, numbers = [], scope.words.table("number_words")
    for piece in pieces:
        said = patterns.sub(r"^(?:the|some|my|our)\s+", "", piece.strip()).split()
        if not said:
            continue
        count = numbers.get(said[0], said[0] if said[0].isdigit() else None)
        name = " ".join(said[1:] if count is not None else said)
        name = patterns.sub(
            r"^(?:of|x|times|orders? of|portions? of|pieces? of|cups? of|glasses? of|bottles? of)\s+",
            "",
            name,
        )
        if name:
            items.append(f"{count or 1} {singular_phrase(name)}")
    return items


def _add_up(scope: Scope, items: list[str]) -> Fragment | None:
    for detail in ("normal", "fine"):
        fields = scope.fields(detail)
        table = scope.work.see(fields, Table)
        names = [patterns.sub(r"^[\d.]+ ", "", i) for i in items]
        if all(any(score_row(r, n) >= SURE for r in table) for n in names):
            done = scope.work.result(scope.work.call("add_up", table=fields, items=items))
            if isinstance(done.artefact, Number):
                asked = listed([patterns.sub(r"^1 ", "", i) for i in items])
                text = f"The price of {asked} [{done.handle}] is {done.artefact.value:.2f}"
                return Fragment(text, focus=Ref(done.handle, done.call.id))
    return None


def money_back(scope: Scope) -> Fragment | None:
    """The change from a note: "I pay for the soup with a tenner, how much do I get back?"."""
    match = patterns.search(
        r"\bpay(?:s|ing)?(?: for)?(?P<a> .+?)? with (?:a |an )?[£$€]?(?P<n>\d+(?:\.\d\d)?|\w+)(?:[- ](?:pound|dollar|euro)s?)?(?:[- ](?:note|bill))?(?: for (?P<b>.+?))?(?:,| and how| how|$)",
        scope.text,
    )
    if not match or not patterns.search(r"\b(?:change|back|left)\b", scope.text):
        return None
    given = NOTES.get(match.group("n")) or _number(match.group("n"))
    name = patterns.sub(
        r"^\s*(?:the|a|an)\s+", "", (match.group("b") or match.group("a") or "").strip()
    )
    for detail in ("normal", "fine"):
        found = named(entries(scope, detail), name) if name and given else None
        if found is not None:
            return Fragment(
                f"{found.said(scope)}; the change from {given:g} is {given - found.number:.2f}"
            )
    return None


# -- comparisons ----------------------------------------------------------------------------------


def difference(scope: Scope) -> Fragment | None:
    """By how much one entry differs from another, or two from each other."""
    text = patterns.sub(r"\b(?:the|a|an|it|to|for|from)\b ?", "", scope.text)
    match = patterns.search(
        r"\bhow (?:much|many \w+) (?:more|less|cheaper|dearer|pricier|farther|further|closer|nearer|higher|lower)(?: expensive| money)?(?: away)? (?:does|do|is|are|was|were|did) (?P<a>.+?)(?: costs?| away)? than (?P<b>.+)$",
        text,
    ) or patterns.search(r"\bdifference (?:\w+ )*?between (?P<a>.+?) and (?P<b>.+)$", text)
    pair = [match.group("a"), match.group("b")] if match else []
    if not pair and not patterns.search(
        r"\bdifference (?:in (?:price|distance|cost)|between two)\b", text
    ):
        return None
    kind = "distance" if patterns.search(r"far|further|close|near|distance", text) else "item"
    for detail in ("normal", "fine"):
        found = entries(scope, detail, kind)
        chosen = [named(found, patterns.sub(r"\b(?:cost|price)s?(?: of)?\b", "", n)) for n in pair]
        if not pair and len(found) == 2:
            chosen = [*found]
        if len(chosen) == 2 and chosen[0] and chosen[1]:
            apart = f"{abs(chosen[0].number - chosen[1].number):.2f}".removesuffix(".00")
            said = ", ".join(e.said(scope) for e in chosen if e)
            return Fragment(f"{said}; the difference is {apart}")
    return None


def filtered(scope: Scope) -> Fragment | None:
    """The entries at, under or over a price or distance."""
    signs = "|".join(f"(?P<s{i}>{p})" for i, (p, _) in enumerate(SIGNS))
    match = patterns.search(
        rf"^(?:which|what|list|name|show|find)(?: me)?(?: all)?(?: the| of the)? ?(?P<noun>[a-z' -]*?) ?(?:that )?(?:is|are|was|were|cost|costs|costing|priced|can i (?:get|buy) for|for|under|over)(?: priced)? ?(?:at )?(?:{signs}) ?{MONEY}(?: away| each)?$",
        scope.text,
    )
    if not match:
        return None
    limit = _number(match.group("n")) / (100 if (match.group("u") or "") in ("p", "pence") else 1)
    sign = next(test for i, (p, test) in enumerate(SIGNS) if match.group(f"s{i}") is not None)
    if patterns.search(r"\bunder " + re.escape(match.group("n")), scope.text):
        sign = SIGNS[2][1]
    far = patterns.match(r"k|mi|m\b", match.group("u") or "") is not None
    noun = singular(match.group("noun").split()[-1]) if match.group("noun").split() else ""
    for detail in ("normal", "fine"):
        found = entries(scope, detail, "distance" if far else "item")
        kept = [e for e in of_kind(found, noun) or found if sign(e.number, limit)]
        if kept:
            return Fragment(listed([e.said(scope) for e in kept[:12]]), focus=kept[0].place)
        if found and detail == "fine":
            return Fragment(
                f"None of the {len(found)} entries that I can read{scope.work.cite(found[0].place)}"
            )
    return None


def extreme(scope: Scope) -> Fragment | None:
    """The dearest, cheapest, nearest, farthest … entry, or the second or third in that order."""
    text = scope.text
    way = patterns.search(rf"\b(?:(?P<high>{HIGHEST})|(?P<low>{LOWEST}))\b", text)
    far = patterns.search(rf"\b(?:{NEAR}|{FAR}|km|kilomet\w+|miles?|away)\b", text)
    surely = patterns.search(rf"\b(?:{ALWAYS}|{THINGS})s?\b", text)
    options = _options(text)
    if not way or patterns.search(r"\bhow (?:much|many|far)\b.*\b(?:than|more)\b", text):
        return None
    if not surely and not (far and (options or patterns.match(r"^(?:which|what)\b", text))):
        return None
    nouns = [singular(w) for w in scope.clause.words()]
    for detail in ("normal", "fine"):
        found = _among(entries(scope, detail, "distance" if far else "item"), options, nouns)
        if len(found) >= 2 or (found and detail == "fine"):
            return _ranked(scope, found, bool(way.group("high")), _rank(scope, way.start()))
    return None


def _among(found: list[Entry], options: Sequence[str], nouns: Sequence[str]) -> list[Entry]:
    """The entries in question: those named with "or", or all of the kind that is named."""
    meant = [e for e in (named(found, o) for o in options) if e is not None]
    if len(meant) >= 2:
        return meant
    kinds = (of_kind(found, noun) for noun in nouns)
    return next((k for k in kinds if 2 <= len(k) < len(found)), found)


def _options(text: str) -> list[str]:
    match = patterns.search(
        r"(?:,|:| -) (?:the |a )?([\w' ]+?)(?:, ([\w' ]+?))*,? or (?:the |a )?([\w' ]+)$", text
    )
    return [g for g in match.groups() if g] if match else []


def _rank(scope: Scope, before: int) -> int:
    """2 for "the second most expensive"."""
    ordinals = scope.words.table("ordinals")
    said = patterns.search(r"(\w+) $", scope.text[:before])
    return max(1, int(ordinals.get(said.group(1), 1))) if said else 1


def _ranked(scope: Scope, found: list[Entry], high: bool, rank: int) -> Fragment | None:
    steps = sorted({e.number for e in found}, reverse=high)
    if rank > len(steps):
        return None
    best = [e for e in found if e.number == steps[rank - 1]]
    return Fragment(listed([e.said(scope) for e in best[:6]]), focus=best[0].place)


def whole_list(scope: Scope) -> Fragment | None:
    """The mean or the sum of all entries of a kind."""
    mean = patterns.search(r"\b(?:average|mean)\b.*\b(?:price|cost)", scope.text)
    every = patterns.search(
        r"\b(?:everything|all (?:the |of the )?\w+|every \w+|each of the \w+|one of each)\b.*\b(?:cost|costs|price|come to|add up)\b|\b(?:sum|total) of all\b",
        scope.text,
    )
    if not mean and not every:
        return None
    nouns = [singular(w) for w in scope.clause.words()]
    for detail in ("normal", "fine"):
        found = entries(scope, detail)
        chosen = _among(found, (), nouns)
        if len(chosen) >= 2:
            total = sum(e.number for e in chosen)
            what = "mean" if mean else "sum"
            number = total / len(chosen) if mean else total
            names = listed([e.label for e in chosen[:8]])
            cite = scope.work.cite(chosen[0].place, [r for e in chosen for r in e.rows])
            return Fragment(f"For {names}{cite}, the {what} is {number:.2f}", focus=chosen[0].place)
    return None


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return 0.0
