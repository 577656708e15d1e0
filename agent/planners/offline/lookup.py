"""Goals that look a thing up in the text: the value in the row that the question's words name.

The price behind a dish, the platform of a train, the seat on a ticket, the line that speaks of it.
Knows nothing of how rows are found (``tools/textrows.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.planners.offline import patterns
from agent.planners.offline.entries import entries
from agent.planners.offline.parse import DETERMINERS, Target, unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sentences import sentences
from agent.planners.offline.work import Fragment, Ref, listed, quoted
from tools.rows import amount
from tools.textkinds import heading, kind_of, values
from tools.textrows import Page, Value, Wanted, tokens, written_in
from tools.types import Table, TextSpans

STOP = frozenset(
    "what which who whom whose when where why how much many long far is are was were be been am do does did "
    "done the a an this that these those it its there here of in on at for from to and or by with as than "
    "then i me my we us our you your he him his she her they them their one ones not no any some all each "
    "can could may might must should would will shall have has had s t d ll re ve please tell me give show "
    "find get say says said so if about into out up per number name value word text thing things kind type "
    "exactly currently now written printed mentioned listed stated indicated shown displayed called named".split()
)
"""Words of a question that say nothing about where to look."""
SOFT = frozenset(
    "open opens opened close closes closed start starts begin begins end ends leave leaves depart departs "
    "arrive arrives go goes need needs take takes use apply applies last serve serves served sell buy play "
    "playing run runs come comes make makes pay cost costs price contain contains include includes day date "
    "time times hour hours year shop store place first last next today total amount left right eat drink "
    "want like order read reads mean means valid expire expires stand stands belong got hold train bus flight "
    "people person customer customers car drive driver page line row entry send sent write wrote".split()
)
"""Words that help to find the place but need not be written there."""


SORTS = frozenset("temperature speed limit fast percentage rate hourly weekday week hot".split())
"""Words that name the sort of value and no place."""
ONLY = ("quantity", "speed", "percent", "time", "date", "weekday", "price")
"""Kinds of which a sole value is the answer to a question without further words."""
GROWN = r"\b(?:difference|grow|grew|grown|increase[ds]?|decrease[ds]?|change[ds]?|fall|fell|rise|rose|more|less|fewer)\b"


def content(scope: Scope, text: str = "") -> list[str]:
    """The words of the clause that may be written in the picture, the most telling first."""
    said = unquote(text or scope.text, scope.clause.quotes)
    said = patterns.sub(r"\b(?:in|to|for) the us\b", " usa ", said)
    nouns = "|".join(re.escape(n) for n in scope.words.list("carriers"))
    said = patterns.sub(rf"\b{DETERMINERS} (?:{nouns})s?\b", " ", said)
    words = [w for w in tokens(said) if w.lower() not in STOP and not scope.words.is_picture(w)]
    return list(dict.fromkeys(w.removesuffix("'s") for w in words))


def expanded(scope: Scope, words: list[str]) -> list[str]:
    """Words with what may be written in their stead: "expiry" with "exp", "use by"."""
    table = scope.words.table("written_as")
    return [*words, *(other for w in words for other in table.get(w, ()))]


def wanted(scope: Scope) -> Wanted:
    """The kind of value that a question asks for."""
    text = scope.text
    last = patterns.search(
        r"\b(?:close|closes|end|ends|until|till|how late|finish|finishes|shut|shuts|over)\b", text
    )
    units = _units(scope)
    if patterns.match(r"^how late (?:is|was|are|were)\b(?!.*\bopen)", text):
        return Wanted(("quantity",), tuple(scope.words.table("units")["minute"]))
    for pattern, kinds in (
        (r"\bday of the week\b|\bweekday|\b(?:what|which) days\b", ("weekday",)),
        (r"\b(?:what|which) (?:times?|hours)\b|\bhow (?:late|early)\b|\b(?:hours|times?)\b|\buntil when\b", ("time",)),
        (r"^when (?:was|were|is) .*\b(?:printed|issued|dated|written|bought|made|sent|paid|signed)\b", ("date",)),
        (r"^(?:when|since when|from when)\b", ("time", "date")),
        (r"\b(?:what|which) (?:date|day)\b|\bwhat is the date\b", ("date",)),
        (r"\bper ?cent(?:age)?\b|\b(?:vat|tax|interest|gst)\b.* rate\b", ("percent",)),
        (r"\b(?:tax|vat|gst|tip|fare|fee|charge|bill|total|deposit|rent|salary)\b|\bper (?:hour|day|week|month|night|person)\b.*|\b(?:hourly|daily|weekly|monthly) rate\b", ("price",)),
        (r"\bhow fast\b|\bspeed\b", ("speed", "number")),
        (r"\bhow far\b|\bdistance\b", ("distance", "quantity", "number")),
        (r"\bwhich (?:road|route|motorway|highway)\b|\b(?:road|route) number\b", ("route", "street")),
        (r"\bhow many\b", ("quantity", "count", "number") if units else ("count", "number")),
        (r"\b(?:costs?|price|fee|fare|charge|rate|admission|how expensive)\b", ("price", "number")),
        (r"\bhow long\b", ("quantity", "time")),
        (r"\bhow (?:much|heavy|big|hot|warm|large|tall|strong)\b|\btemperature|\bweigh|\bdose|\bstrength", ("price", "quantity", "number") if "how much" in text else ("quantity", "number")),
    ):  # fmt: skip
        if patterns.search(pattern, text):
            whole = patterns.search(r"\b(?:hours|times|days|how long)\b", text) is not None
            return Wanted(kinds, units or _all_units(scope, text), last is not None, whole)
    return Wanted()


def _units(scope: Scope) -> tuple[str, ...]:
    """The spellings of a unit that the question names."""
    table = scope.words.table("units")
    return next(
        (tuple(table[u]) for u in table if patterns.search(rf"\b{re.escape(u)}s?\b", scope.text)),
        (),
    )


def _all_units(scope: Scope, text: str) -> tuple[str, ...]:
    """The units that may stand where none is named, by what is measured."""
    families = (
        (r"\bhow long\b", ("minute", "hour", "day", "week", "month", "year", "metre")),
        (r"\btemperature|\bhot\b|\bwarm\b", ("degree",)),
        (r"\bhow far\b|\bdistance\b", ("kilometre", "mile", "metre", "minute")),
    )
    table = scope.words.table("units")
    rest = tuple(u for u in table if u != "percent")
    chosen = next((names for pattern, names in families if patterns.search(pattern, text)), rest)
    return tuple(spelling for name in chosen for spelling in table.get(name, ()))


# -- goals ------------------------------------------------------------------------------------------


def cell(scope: Scope) -> Fragment | None:
    """The cell of a table where a named row and a named column meet."""
    words = content(scope)
    if patterns.match(
        r"^where (?:does|do|is|will)\b.*\b(?:go|going|run|lead|head|fly|travel)", scope.text
    ):
        words = [*words, "destination"]
    if len(words) < 2 or not _is_question(scope):
        return None
    ref = scope.spans()
    page = Page(scope.work.see(ref, TextSpans))
    nth = _nth_of_column(scope, ref, page, words)
    if nth is not None:
        return nth
    found = page.cell_where(_spelled(scope, ref, words))
    years = [w for w in words if w.isdigit()]
    if found is not None and len(years) == 2 and patterns.search(GROWN, scope.text):
        return _grown(scope, ref, page, words, years)
    hard = [w for w in words if w.lower() not in SOFT]
    if found is None or len(found.named & set(expanded(scope, hard))) * 2 < len(hard):
        return None
    if written_in(words, found.text):
        return None
    return _said(scope, ref, found)


def _spelled(scope: Scope, ref: Ref, words: list[str]) -> list[str]:
    """Words as the page writes them: "platform" as "Plat" where that is what it says."""
    page = " ".join(scope.work.see(ref, TextSpans).texts)
    table = scope.words.table("written_as")
    there = written_in(words, page)
    instead = (
        next((o for o in table.get(w, ()) if written_in([o], page)), w) if w not in there else w
        for w in words
    )
    return list(dict.fromkeys(instead))


def _nth_of_column(scope: Scope, ref: Ref, page: Page, words: list[str]) -> Fragment | None:
    """The first, second … last cell of a column: "the first destination on the board"."""
    ordinals = scope.words.table("ordinals")
    said = [w for w in words if w.lower() in ordinals]
    heads = [w for w in words if w not in said]
    if len(said) != 1 or len(heads) != 1:
        return None
    cells, index = page.column(heads[0]), int(ordinals[said[0].lower()])
    if not 0 < abs(index) <= len(cells):
        return None
    cell = cells[index - 1 if index > 0 else index]
    said_text = quoted([cell.text])
    return Fragment(f"It reads {said_text}{scope.work.cite(ref, cell.spans)}", focus=ref)


def _grown(
    scope: Scope, ref: Ref, page: Page, words: list[str], columns: list[str]
) -> Fragment | None:
    """By how much the cells of one row differ between two columns."""
    rest = [w for w in words if w not in columns]
    cells = [page.cell_where([*rest, column]) for column in columns]
    numbers = [amount(c.text) if c else None for c in cells]
    if None in numbers:
        return None
    said = ", ".join(
        f"{c.label}{scope.work.cite(ref, c.spans)}: {c.text}" for c in cells if c is not None
    )
    apart = abs(float(numbers[1] or 0) - float(numbers[0] or 0))
    return Fragment(f"{said}; the difference is {apart:g}", focus=ref)


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
    if patterns.match(r"^how many", scope.text) and not _units(scope):
        return None
    words, kinds = content(scope, match.group("n")), wanted(scope)
    for detail in ("normal", "fine"):
        spans = scope.spans(detail)
        found = _best(scope, spans, words, kinds, strict=True)
        if found is not None:
            return _running(scope, spans, found, kinds) or _said(scope, spans, found)
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
        found = _best(scope, spans, words, wanted(scope), strict=True) if words else None
        found = found or _best(scope, spans, content(scope), wanted(scope), strict=True)
        if found is not None:
            return _said(scope, spans, found)
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
    if named and not _units(scope) and len(entries(scope, "normal")) >= 2:
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
        if _units(scope)
        else ""
    )
    words = [
        w for w in content(scope, asked) if not (_units(scope) and patterns.fullmatch(units, w))
    ]
    if not kinds.kinds or not _is_question(scope) or _detectable(scope):
        return None
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        found = _best(scope, ref, words, kinds)
        if found is not None:
            alike = _all_alike(scope, ref, words, kinds, found)
            return alike or _running(scope, ref, found, kinds) or _said(scope, ref, found)
    return _only_one(scope, words, kinds)


def _running(scope: Scope, ref: Ref, found: Value, kinds: Wanted) -> Fragment | None:
    """A time in running text, with all that its sentence says of it: from when until when."""
    if "time" not in kinds.kinds or len(found.label.split()) < 5 or found.text in found.label:
        return None
    home = [
        s
        for s in sentences(scope.work.see(ref, TextSpans))
        if set(found.spans) <= set(s.rows) and (kinds.whole or found.text in s.text)
    ]
    if not home:
        return None
    said = quoted([home[0].text])
    return Fragment(f"It reads {said}{scope.work.cite(ref, home[0].rows)}", focus=ref)


def _all_alike(
    scope: Scope, ref: Ref, words: list[str], kinds: Wanted, found: Value
) -> Fragment | None:
    """Several rows that say the same of different days: "On which days is it closed?"."""
    if "weekday" not in kinds.kinds:
        return None
    alike = [p for p in _places(scope, ref, words, kinds) if p.named == found.named]
    rows = sorted({s for p in alike for s in p.spans})
    alike.sort(key=lambda p: min(p.spans))
    days = dict.fromkeys(p.text for p in alike)
    return Fragment(f"{found.label}{scope.work.cite(ref, rows)}: {listed(list(days))}", focus=ref)


def _is_question(scope: Scope) -> bool:
    return (
        patterns.match(
            r"^(?:(?:in|on|at|from|by|to|for|until|since) )?(?:what|which|how|when|who|whose|where)\b",
            scope.text,
        )
        is not None
    )


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
            return _said(scope, ref, chosen)
    return None


def labelled(scope: Scope, ref: Ref, attribute: Target, owner: Target | None) -> Fragment | None:
    """The value by a label that names the attribute: the seat, the passenger, the flight number."""
    if attribute.head in ("text", "name", "word", "line", "brand", "title") and owner is None:
        return None
    named = (*attribute.modifiers, attribute.head)
    if owner is not None and attribute.head in ("name", "number", "brand"):
        named = (*named, *owner.modifiers, owner.head)
    words = [w for w in named if w not in STOP and not scope.words.is_picture(w)]
    if not words:
        return None
    field = _form_field(scope, words)
    if field is not None:
        return field
    spans = scope.work.see(ref, TextSpans)
    inline = _inline(scope, ref, [w for w in words if w != "number"])
    if inline is not None:
        return inline
    found = Page(spans).named(expanded(scope, words), Wanted())
    for value in found:
        short = len(tokens(value.label)) <= 3 + len(value.named)
        if value.label.startswith(value.text):
            continue  # the words stand behind: "THE EMPIRE STATE" gives no state
        if short and _says_more(value) and _whole(value, words):
            return _said(scope, ref, value)
    return None


def _inline(scope: Scope, ref: Ref, words: list[str]) -> Fragment | None:
    """A number behind its name in the middle of a line: "Best before 11/26  Batch L2207"."""
    for word in expanded(scope, words):
        pattern = rf"(?<!\w){re.escape(word)}(?!\w)[\s.:#]*(?:no\b|nr\b|number\b)?[\s.:#]*(?P<v>[A-Z]{{0,3}}\d[\w/-]*)$"
        for row, text in enumerate(scope.work.see(ref, TextSpans).texts):
            match = patterns.search(pattern, text, re.I) if len(word) >= 3 else None
            if match and len(text.split()) > 3:
                said = f"It reads {quoted([text])}{scope.work.cite(ref, [row])}"
                return Fragment(f"{said}: {match.group('v')}", focus=ref)
    return None


def form(scope: Scope) -> Fragment | None:
    """A field of a form by its label, however the question is built: "Who served?" — "Staff"."""
    if not _is_question(scope):
        return None
    side = patterns.match(
        r"^(from|to) (?:which|what)\b|^(?:which|what|where) .* (from|to)$"
        r"|^where (?:is|are|does|do|will) .*\b(?:fly|flying|go|going|travel|travelling|traveling|heading|headed)$",
        scope.text,
    )
    if side is not None:
        head = "origin" if "from" in side.groups() else "destination"
        said = labelled(scope, scope.spans(), Target(head, head), None)
        if said is not None:
            return said
    words = [w for w in content(scope) if w.lower() not in SOFT or w in ("table",)]
    if not words or len(words) > 3 or patterns.match(r"^(?:how|where)\b", scope.text):
        return None
    return _form_field(scope, words)


def _form_field(scope: Scope, words: list[str]) -> Fragment | None:
    for row in scope.rows():
        label = row["label"]
        named = written_in(expanded(scope, words), label)
        spare = [t for t in tokens(label) if not written_in(named, t) and not t.isdigit()]
        if (
            row["kind"] not in ("pair", "id", "date", "time", "phone")
            or not named
            or len(spare) > 1
        ):
            continue
        if row["kind"] in ("date", "time") and len(named) < len(words):
            continue
        if words[0] in named or written_in(expanded(scope, words[:1]), label):
            place = scope.work.call("row_boxes", table=scope.row_ref(label=label))
            return Fragment(f"{label}{scope.work.cite(place, [0])}: {row['value']}", focus=place)
    return None


def _whole(value: Value, words: list[str]) -> bool:
    """Whether a label consists of little but the words that were asked for."""
    label = [t for t in tokens(value.label) if t not in tokens(value.text)]
    spare = [
        t
        for t in label
        if not written_in(value.named, t) and not patterns.match(r"n[or]\b|nr|#", t.lower())
    ]
    return len(spare) <= 1 and (len(words) < 3 or len(value.named) >= 2)


def _says_more(value: Value) -> bool:
    """Whether a value is a value: something with a digit, a name, not the rest of a sentence."""
    said = value.text.strip()
    return bool(patterns.search(r"\d", said) or said[:1].isupper()) and len(said.split()) <= 6


def mentioned(scope: Scope) -> Fragment | None:
    """The lines in which the words of the question are written, quoted."""
    words = content(scope)
    if not words or not _is_question(scope):
        return None
    hard = [w for w in words if w.lower() not in SOFT] or words
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        spans = scope.work.see(ref, TextSpans)
        places = Page(spans).lines(expanded(scope, words))
        known = places[0].named & set(expanded(scope, hard)) if places else set()
        if not known or len(known) * 2 < len(hard):
            continue
        alike = [p for p in places if p.named == places[0].named]
        if patterns.match(r"^(?:which|what|on which|who)\b", scope.text) and 1 < len(alike) <= 6:
            said = "; ".join(" ".join(spans.texts[r] for r in p.row) for p in alike)
            rows = [r for p in alike for r in p.row]
            return Fragment(
                f"It reads {quoted(said.split('; '))}{scope.work.cite(ref, rows)}", focus=ref
            )
        return _line_or_block(scope, ref, places[0])
    return None


def _line_or_block(scope: Scope, ref: Ref, found: Value) -> Fragment:
    """A row of several cells as it stands, a line of running text as the sentences in it."""
    rows = list(found.row)
    spans = scope.work.see(ref, TextSpans)
    texts = [spans.texts[r] for r in rows]
    if len(texts) > 1:
        return Fragment(f"It reads {quoted(texts)}{scope.work.cite(ref, rows)}", focus=ref)
    home = [s for s in sentences(spans) if rows[0] in s.rows]
    home = [s for s in home if len(written_in(found.named, s.text)) == len(found.named)] or home[:1]
    if not home:
        return Fragment(f"It reads {quoted(texts)}{scope.work.cite(ref, rows)}", focus=ref)
    cites = scope.work.cite(ref, home[0].rows)
    return Fragment(f"It reads {quoted([home[0].text])}{cites}", focus=ref)


# -- shared -----------------------------------------------------------------------------------------


def _best(
    scope: Scope, ref: Ref, words: list[str], kinds: Wanted, *, strict: bool = False
) -> Value | None:
    """The best place whose named words are enough of what was asked for.

    With `strict` every word must be written somewhere in the picture, if not in that place.
    """
    hard = [w for w in words if w.lower() not in SOFT]
    if not words:
        return None
    titled = _title_words(scope, ref, hard)
    hard = [w for w in hard if w not in titled] if not strict else hard
    if strict:
        everything = " ".join(scope.work.see(ref, TextSpans).texts)
        if any(not written_in(expanded(scope, [w]), everything) for w in hard):
            return None
    for found in _places(scope, ref, words, kinds):
        known = found.named & set(expanded(scope, hard or words))
        first = found.named & set(expanded(scope, (hard or words)[:1])) or not patterns.search(
            r"\bhow (?:many|much)\b", scope.text
        )
        also = written_in(expanded(scope, words[:1]), found.label)
        if known and len(known) * 2 >= len(hard) and (first or also):
            return found
    return None


def _title_words(scope: Scope, ref: Ref, words: list[str]) -> frozenset[str]:
    """Words that only the heading says: "library" tells whose opening hours are meant."""
    spans = scope.work.see(ref, TextSpans)
    titles = heading(spans)
    rest = " ".join(t for i, t in enumerate(spans.texts) if i not in titles)
    there = written_in(words, " ".join(spans.texts[i] for i in titles))
    return frozenset(there - written_in(words, rest)) if rest else frozenset()


def _places(scope: Scope, ref: Ref, words: list[str], kinds: Wanted) -> Iterator[Value]:
    page = Page(scope.work.see(ref, TextSpans))
    yield from page.named(expanded(scope, words), kinds)


def _said(scope: Scope, ref: Ref, found: Value) -> Fragment:
    """Label, cite and value, the value last."""
    label = " ".join(found.label.split())
    if label == found.text or not label:
        return Fragment(
            f"It reads {quoted([found.text])}{scope.work.cite(ref, found.spans)}", focus=ref
        )
    cites = scope.work.cite(ref, found.spans)
    whole = patterns.search(rf"(?<!\w){re.escape(found.text)}(?!\w)", label)
    if whole or (len(found.text) > 2 and found.text in label):
        return Fragment(f"It reads {quoted([label])}{cites}: {found.text}", focus=ref)
    return Fragment(f"{label}{cites}: {found.text}", focus=ref)
