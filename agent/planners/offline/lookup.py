"""Goals that look a value up: the number, price, time or date in the row that the words name.

The price behind a dish, the kilometres to a town, the hours of a shop. Knows nothing of how rows
are found (``tools/textrows.py``) or of how well one fits (``matches.py``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.answer_type import is_question, named_units, wanted
from agent.planners.offline.entries import entries
from agent.planners.offline.matches import best_place, places, running, said_value
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.terms import SOFT, content
from agent.planners.offline.work import Fragment, Ref, listed, quoted
from tools.rows import amount
from tools.textkinds import kind_of, values
from tools.textrows import Page, Value, Wanted
from tools.types import Table, TextSpans

SORTS = frozenset("temperature speed limit fast percentage rate hourly weekday week hot".split())
"""Words that name the sort of value and no place."""
ONLY = ("quantity", "speed", "percent", "time", "date", "weekday", "price")
"""Kinds of which a sole value is the answer to a question without further words."""


def distance(scope: Scope) -> Fragment | None:
    """How far it is to a place that is written on a sign."""
    match = patterns.match(
        r"^(?:how (?:far|many \w+|long)|what is the distance)(?: away)?(?: (?:is|are)(?: it| there| left)*| away)*(?: still| left)? ?(?:to |until |till )?(?:the )?(?P<n>[\w' .-]+?)(?: away)?(?: from here| from this \w+)?$",
        scope.text,
    )
    if match is None or patterns.search(
        r"\b(?:apart|from|between|and|in|does|do|on)\b", match.group("n")
    ):
        return None
    if scope.noun(scope.target(match.group("n"))) is not None:
        return None
    if patterns.match(r"^how many", scope.text) and not named_units(scope):
        return None
    words, kinds = content(scope, match.group("n")), wanted(scope)
    for detail in ("normal", "fine"):
        spans = scope.spans(detail)
        found = best_place(scope, spans, words, kinds, strict=True)
        if found is not None:
            return running(scope, spans, found, kinds) or said_value(scope, spans, found)
    return None


def value_for(scope: Scope) -> Fragment | None:
    """The value that stands by a name: the price of one thing, the kilometres to a place."""
    label = _label_asked(scope)
    if not label:
        return None
    for detail in ("normal", "fine"):
        ref = scope.row_ref(detail, label=label)
        table = scope.work.see(ref, Table)
        if len(table) and _fits(scope, table):
            row = next(iter(table))
            place = scope.work.call("row_boxes", table=ref)
            text = f"{row['label'] or label}{scope.work.cite(place, [0])}: {row['value']}"
            return Fragment(text + _for_one(scope, detail, row), focus=place)
        spans = scope.spans(detail)
        words = content(scope, label)
        found = best_place(scope, spans, words, wanted(scope), strict=True) if words else None
        found = found or best_place(scope, spans, content(scope), wanted(scope), strict=True)
        if found is not None:
            return said_value(scope, spans, found)
    return _any_price(scope, label)


def _for_one(scope: Scope, detail: str, row: dict[str, str]) -> str:
    """What one costs, where the line is for several: "2 Cheeseburger  23.98"."""
    if not patterns.search(
        r"\b(?:one|each|single|apiece|per (?:piece|item|unit)|a piece)\b", scope.text
    ):
        return ""
    value = amount(row["value"])
    for text in scope.work.see(scope.spans(detail), TextSpans).texts:
        said = patterns.match(rf"^(\d{{1,2}})\s?[x×*]?\s?{re.escape(row['label'])}", text, re.I)
        if said and value and int(said.group(1)) > 1:
            count = int(said.group(1))
            return f" for {count}, so one is {value / count:.2f}"
    return ""


def _fits(scope: Scope, table: Table) -> bool:
    """Whether a row that was found is of the kind the question wants; distances want a number."""
    kind = next(iter(table)).get("kind", "")
    if patterns.search(r"\b(?:cost|costs|price|fee|fare)\b", scope.text):
        return any(ch.isdigit() for ch in next(iter(table))["value"])
    return kind not in ("address", "url", "email", "plate")


def _label_asked(scope: Scope) -> str:
    text = scope.text
    units = "|".join(f"{u}s?" for u in scope.words.table("units"))
    forms = (
        r"\b(?:price|cost|amount|value|charge|fee|fare|rate)s? (?:of|for) (?:the |a |an |one )?(.+)$",
        r"\bhow much (?:is|are|do|does|for|was|were|did|would|will) (?:the |a |an |one )?(.+?)(?: costs?| each| pay| be)?$",
        r"\bwhat (?:does|do|did|would|will) (?:the |a |an |one )?(.+?) cost\b",
        rf"\bhow (?:far|long|many (?:{units})) (?:is it|are there|it is|away is|is|are)?(?: still| left)? ?(?:to|until|till|for) (?:the )?(.+)$",
        r"\bhow far (?:away )?is (?:the )?(.+?)(?: away)?$",
        r"\b(?:distance|way) to (?:the )?(.+)$",
    )
    for pattern in forms:
        match = patterns.search(pattern, text)
        if match:
            label = patterns.sub(
                r"\s+(?:in|on|at|from|of) (?:this|the|that|here|total).*$| (?:from )?here$",
                "",
                match.group(1),
            )
            label = patterns.sub(
                r"^(?:it|this|that|they|one|both|these|those)\b(?: costs?\b.*| together)?$",
                "",
                label,
            )
            label = unquote(label, scope.clause.quotes).strip(" ?.,")
            return "" if label in ("it", "there", "that", "this", "they", "one", "") else label
    return ""


def _any_price(scope: Scope, label: str) -> Fragment | None:
    """No row has the name: the only prices that are written, or that there is none for it."""
    if not patterns.search(r"\b(costs?|price|fee|fare|how much)\b", scope.text):
        return None
    named = [w for w in content(scope, label) if w.lower() not in SOFT]
    if named and not named_units(scope) and len(entries(scope, "normal")) >= 2:
        return Fragment(scope.absent(f"price for {quoted([label])}", scope.fields()))
    ref = scope.grouped(scope.spans())
    rows = scope.work.see(ref, TextSpans)
    priced = [i for i, t in enumerate(rows.texts) if "price" in kind_of(t)]
    prices = list(dict.fromkeys(p for i in priced for p in values(rows.texts[i], "price")))
    if not 1 <= len(prices) <= 3:
        return None
    return Fragment(f"The price is {quoted(prices)}{scope.work.cite(ref, priced[:3])}", focus=ref)


def quantity(scope: Scope) -> Fragment | None:
    """A number, a time or a date in the row that speaks of it; or the only one of its kind."""
    kinds = wanted(scope)
    units = (
        rf"(?:{'|'.join(map(re.escape, (*scope.words.table('units'), 'percent', 'percentage')))})s?"
    )
    asked = (
        patterns.sub(r"\b(?:per|in) (?:an? |each |\d+ ?)?\w+$", "", scope.text)
        if named_units(scope)
        else ""
    )
    words = [
        w
        for w in content(scope, asked)
        if not (named_units(scope) and patterns.fullmatch(units, w))
    ]
    if not kinds.kinds or not is_question(scope) or _detectable(scope):
        return None
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        found = best_place(scope, ref, words, kinds)
        if found is not None:
            alike = _all_alike(scope, ref, words, kinds, found)
            return alike or running(scope, ref, found, kinds) or said_value(scope, ref, found)
    return _only_one(scope, words, kinds)


def _all_alike(
    scope: Scope, ref: Ref, words: list[str], kinds: Wanted, found: Value
) -> Fragment | None:
    """Several rows that say the same of different days: "On which days is it closed?"."""
    if "weekday" not in kinds.kinds:
        return None
    alike = [p for p in places(scope, ref, words, kinds) if p.named == found.named]
    rows = sorted({s for p in alike for s in p.spans})
    alike.sort(key=lambda p: min(p.spans))
    days = dict.fromkeys(p.text for p in alike)
    return Fragment(f"{found.label}{scope.work.cite(ref, rows)}: {listed(list(days))}", focus=ref)


def _detectable(scope: Scope) -> bool:
    """Whether what is to be counted is a thing that a detector finds."""
    if patterns.search(
        r"\b(?:serves?|seats?|feeds?|live[sd]?|population|pack|packet|box|container)\b", scope.text
    ):
        return False
    match = patterns.match(r"^how many (.+?)(?: (?:are|is|do|does|can|have|has)\b.*)?$", scope.text)
    return match is not None and scope.noun(scope.target(match.group(1))) is not None


def _only_one(scope: Scope, words: list[str], kinds: Wanted) -> Fragment | None:
    """The one value of a telling kind that the picture has, where nothing else is asked."""
    first = kinds.kinds[0]
    hard = [w for w in words if w.lower() not in SOFT and w not in SORTS]
    if len(hard) > (first == "price") or first not in ONLY:
        return None
    ref = scope.spans()
    page = Page(scope.work.see(ref, TextSpans))
    tries = (first, "number") if first == "speed" else (first,)
    for kind in tries:
        found = page.all_of(Wanted((kind,), kinds.units))
        if kind == "number":
            found = [v for v in found if v.text == v.label]
        if len({v.spans for v in found}) == 1 and found:
            chosen = found[-1] if kinds.last else found[0]
            chosen = replace(chosen, text=chosen.label) if kinds.whole else chosen
            return said_value(scope, ref, chosen)
    return None
