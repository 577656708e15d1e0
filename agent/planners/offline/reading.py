"""Goals about what is written: texts, codes, fields, prices, lists.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from agent.planners.offline.parse import Target, unquote
from agent.planners.offline.scope import SURE_TEXT, Scope
from agent.planners.offline.words import singular_phrase
from agent.planners.offline.work import Cannot, Fragment, Ref, listed, quoted
from tools.rows import SURE, amount, score_row
from tools.textkinds import find, heading, kind_of, values
from tools.types import Codes, Number, Placed, Table, TextSpans

CODE = r"\b(qr|qr-code|qr code|bar ?code|barcode|code|codes|barcodes|data ?matrix|aztec|pdf417|upc|ean)s?\b"
WRITTEN = r"(?:written|printed|said|inscribed|engraved|stamped|painted|displayed|shown|stated|listed|spelled|spelt|mentioned)"
LEGIBLE = 0.8
"""Certainty of the reading below which lettering is not taken for a name."""
SUPERLATIVE = {
    "highest": r"most expensive|dearest|priciest|costliest|highest|largest amount|costs? the most|farthest|furthest|farther|further away|further|most",
    "lowest": r"cheapest|least expensive|lowest|costs? the least|closest|closer|nearest|nearer|shortest distance|least",
}


STOP = frozenset(
    "what which how much many is are does do did the a an this that these those it its of in on at for "
    "from to and or cost costs price book here there my me i you".split()
)
"""Words of a question that say nothing about which row is meant."""


# -- codes --------------------------------------------------------------------------------------


def codes(scope: Scope) -> Fragment | None:
    """What a barcode or matrix code contains."""
    if not (re.search(CODE, scope.text) or _meant_code(scope)) or re.search(
        r"post ?code|zip code|dress code|country code|area code", scope.text
    ):
        return None
    if re.match(
        r"^(?:is|are|how (?:many|big|wide|far)|where (?:is|are)|find|locate|count|any)\b",
        scope.text,
    ):
        return None
    found = scope.work.call("read_codes", image=scope.image, region=scope.given)
    held = scope.work.see(found, Codes)
    rows = _codes_meant(scope.text, held)
    if not rows:
        return _printed_digits(scope)
    said = [f"the {held.formats[r]} contains {quoted([held.texts[r]])}" for r in rows]
    text = listed(said) + scope.work.cite(found, rows)
    return Fragment(text[0].upper() + text[1:], focus=found)


def _meant_code(scope: Scope) -> bool:
    """Whether "it" in "what does it say" is a code spoken of before."""
    asks = re.match(
        r"^(?:what|where) (?:does|do|is|are|did) (?:it|they|each(?: one)?|both|that|this|these|them)(?: of them)?\b.*"
        r"\b(?:say|contain|read|lead|hold|mean|encode|go|link|stand for|in it)\b",
        scope.text,
    )
    if asks is None or scope.mentioned is None:
        return False
    noun = scope.noun(scope.mentioned)
    return noun is not None and issubclass(scope.work.view.catalog.tool(noun[0]).returns, Codes)


def _codes_meant(text: str, held: Codes) -> list[int]:
    rows = list(range(len(held)))
    square = ("qr", "data matrix", "aztec", "maxicode")
    if re.search(r"\bqr", text) and not re.search(r"bar ?code", text):
        rows = [r for r in rows if "qr" in held.formats[r].lower()] or rows
    elif re.search(r"bar ?code", text) and not re.search(r"\bqr\b", text):
        rows = [r for r in rows if not held.formats[r].lower().startswith(square)] or rows
    return rows


def _printed_digits(scope: Scope) -> Fragment:
    """No code decodes: the digits printed with the bars, said to be just that."""
    for detail in ("normal", "fine"):
        ref = scope.spans(detail)
        spans = scope.work.see(ref, TextSpans)
        rows = [i for i, t in enumerate(spans.texts) if _is_code_text(t)]
        if rows:
            wanted = scope.target(scope.text)
            if wanted.part.startswith(("bottom", "top")):
                order = sorted(rows, key=lambda r: spans.xyxy[r][1], reverse=wanted.part[0] == "b")
                rows = order[:1]
            text = f"No code decodes, but the digits printed read {quoted(spans.texts[r] for r in rows[:3])}"
            return Fragment(text + scope.work.cite(ref, rows[:3]), focus=ref)
    found = scope.work.call("read_codes", image=scope.image, region=scope.given)
    return Fragment(scope.absent("QR code or barcode that can be decoded", found))


def _is_code_text(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    kinds = kind_of(text)
    ratio = len(digits) / max(1, len(re.sub(r"\s", "", text)))
    return len(digits) >= 7 and ratio > 0.7 and not kinds & {"phone", "date", "amount", "price"}


# -- prices, totals and other rows ----------------------------------------------------------------


def sums(scope: Scope) -> Fragment | None:
    """What several named things cost together."""
    text = scope.text
    if re.match(
        r"^(?:what|how much) (?:do|does|would|will|should|did|must) (?:i|we|that|it|this|he|she|they)\b.*\b(?:pay|owe|cost|come to|make|be)\b",
        text,
    ):
        return Fragment("") if scope.focus is not None else None
    asks = re.search(
        r"\b(together|altogether|in total|in all|do i (?:have to )?pay|would i pay|will i pay|owe|"
        r"total (?:price|cost) (?:of|for)|sum of|how much (?:is|are|do|does|would|will)|what (?:do|does|would|will|is|are)|cost of|price of)\b",
        text,
    )
    match = re.search(
        r"(?:\border(?:ed|ing)?|\bbuy|\bhave|\bget|\bfor|\bof|\btake|\bdo|\bdoes|\bwould|\bare|\bis|\bwant)\s+(.+?)"
        r"(?:\s+(?:cost|costs|together|altogether|in total|in all|come to|be)\b.*)?$",
        text,
    )
    if not asks or not match:
        return None
    items = _items(match.group(1), scope)
    if len(items) < 2 and not any(not i.startswith("1 ") for i in items):
        return None
    return _add_up(scope, items)


def order(scope: Scope) -> Fragment | None:
    """An order stated in one sentence and its price asked in the next."""
    match = re.match(
        r"(?:if )?(?:i|we|someone|he|she|they)\s+(?:\w+\s+){0,2}?(?:order|buy|take|get|have|want|pick|choose)\s+(.+)$",
        scope.text,
    )
    if not match:
        return None
    items = _items(match.group(1), scope)
    return _add_up(scope, items) if items else None


def _items(phrase: str, scope: Scope) -> list[str]:
    """Such as "two coffees and a scone" -> ["2 coffee", "1 scone"]."""
    phrase = re.sub(
        r"\b(together|altogether|in total|each|please|cost|what|how much).*$", "", phrase
    )
    pieces = re.split(r",\s*(?:and )?|\s+and\s+|\s+plus\s+|\s+with\s+|\s*\+\s*", phrase.strip())
    items, numbers = [], scope.words.table("number_words")
    for piece in pieces:
        said = re.sub(r"^(?:the|some|my|our)\s+", "", piece.strip()).split()
        if not said:
            continue
        count = numbers.get(said[0], said[0] if said[0].isdigit() else None)
        name = " ".join(said[1:] if count is not None else said)
        name = re.sub(
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
        names = [re.sub(r"^[\d.]+ ", "", i) for i in items]
        if all(any(score_row(r, n) >= SURE for r in table) for n in names):
            done = scope.work.result(scope.work.call("add_up", table=fields, items=items))
            if isinstance(done.artefact, Number):
                asked = listed([re.sub(r"^1 ", "", i) for i in items])
                text = f"{done.artefact.value:.2f} is the price of {asked}"
                return Fragment(f"{text} [{done.handle}]", focus=Ref(done.handle, done.call.id))
    return None


def extreme_row(scope: Scope) -> Fragment | None:
    """The dearest, cheapest, nearest, farthest … of the rows that are listed."""
    way = next((w for w, p in SUPERLATIVE.items() if re.search(rf"\b({p})\b", scope.text)), "")
    distance = re.search(
        r"\b(closer|closest|nearer|nearest|farther|farthest|further|furthest)\b", scope.text
    )
    listed_thing = re.search(
        r"\b(item|dish|product|meal|drink|article|price|pizza|burger|thing|purchase|position|entry|food|"
        r"city|cities|town|towns|place|places|destination|village|expensive|cheapest|cost|costs|costly|dearest|priciest)s?\b",
        scope.text,
    )
    if not way or not listed_thing:
        return None
    kind = "distance" if distance else "item"
    named = re.match(
        r"^(?:what|which)(?: is| was)? (?:the )?(?:\w+ )*?(\w+) (?:is|was|costs?|has)\b", scope.text
    )
    labels = [singular_phrase(named.group(1)), ""] if named else [""]
    looks = [(detail, label) for detail in ("normal", "fine") for label in labels]
    for detail, label in looks:
        wanted = {"kind": kind, "order": way} | ({"label": label} if label else {})
        ref = scope.row_ref(detail, **wanted)
        table = scope.work.see(ref, Table)
        if len(table):
            row = next(iter(table))
            place = scope.work.call("row_boxes", table=ref)
            text = f"{row['label'] or 'It'}: {row['value']}"
            return Fragment(text + scope.work.cite(place), focus=place)
    return Fragment(
        scope.absent("list of priced or measured things that I could compare"), "cannot"
    )


def field(scope: Scope) -> Fragment | None:
    """A field of a receipt, bill, card or form: total, change, tax, date and the like."""
    name, kind = _field_named(scope)
    if not kind:
        return None
    if kind == "merchant":
        return _merchant(scope, name)
    for detail in ("normal", "fine"):
        ref = scope.row_ref(detail, kind=kind)
        table = scope.work.see(ref, Table)
        if len(table):
            place = scope.work.call("row_boxes", table=ref)
            row = _best_row(list(table), name)
            cites = scope.work.cite(
                place, [row] if len(scope.work.see(place, Placed)) > row else [0]
            )
            value = table.rows[row][table.columns.index("value")]
            return Fragment(f"The {name} is {value}{cites}", focus=place)
    return None


def _field_named(scope: Scope) -> tuple[str, str]:
    if re.match(
        r"^(?:how much|what) (?:was|is|did|does|do|are) (?:it|this|that|everything|they|i|we|he|she|the (?:bill|receipt|meal|order|purchase|whole thing))\b.*"
        r"\b(?:altogether|in total|in all|cost|pay|spend|come to|owe|spent|paid)?$",
        scope.text,
    ) and re.search(
        r"\b(?:how much|altogether|in total|in all|cost|pay|spend|come to|owe)\b", scope.text
    ):
        return "total", "total"
    fields = scope.words.table("fields")
    for name in sorted(fields, key=len, reverse=True):
        if re.search(rf"\b{re.escape(name)}s?\b", scope.text):
            if fields[name] == "change" and re.search(
                r"\bchanged?\b (?:the|it|this)|what changed", scope.text
            ):
                continue
            if fields[name] in ("merchant", "address") and not re.search(
                r"\b(which|what|name|from|who|where|read|give|find)\b", scope.text
            ):
                continue
            return name, str(fields[name])
    return "", ""


def _best_row(rows: list[dict[str, str]], name: str) -> int:
    scores = [score_row(r, name) for r in rows]
    best = int(np.argmax(scores))
    return best if scores[best] >= SURE else 0


def _merchant(scope: Scope, name: str) -> Fragment | None:
    ref = scope.row_ref(kind="merchant")
    table = scope.work.see(ref, Table)
    if not len(table):
        return None
    place = scope.work.call("row_boxes", table=ref)
    value = table.rows[0][table.columns.index("value")]
    return Fragment(f"The {name} is {quoted([value])}{scope.work.cite(place, [0])}", focus=place)


def value_for(scope: Scope) -> Fragment | None:
    """The value that stands by a name: the price of one thing, the kilometres to a place."""
    label = _label_asked(scope)
    if not label:
        return None
    for detail in ("normal", "fine"):
        ref = scope.row_ref(detail, label=label)
        table = scope.work.see(ref, Table)
        if len(table):
            row = next(iter(table))
            place = scope.work.call("row_boxes", table=ref)
            text = f"{row['label'] or label}: {row['value']}"
            return Fragment(text + scope.work.cite(place, [0]), focus=place)
        near = _value_near(scope, detail, label)
        if near is not None:
            return near
    return _any_price(scope) if re.search(r"\b(costs?|price|fee|fare)\b", scope.text) else None


def _any_price(scope: Scope) -> Fragment | None:
    """The prices that are written; the one whose row has a word of the question, where one has."""
    ref = scope.grouped(scope.spans())
    rows = scope.work.see(ref, TextSpans)
    priced = [i for i, t in enumerate(rows.texts) if "price" in kind_of(t)]
    said = {w for w in scope.clause.words() if len(w) > 1} - STOP
    named = [i for i in priced if said & set(re.findall(r"\w+", rows.texts[i].lower()))]
    chosen = named or priced
    if not chosen:
        return None
    parts = [_own_price(rows.texts[i], said) for i in chosen[:6]]
    return Fragment(f"The price is {quoted(parts)}{scope.work.cite(ref, chosen[:6])}", focus=ref)


def _own_price(text: str, said: set[str]) -> str:
    """The price in a row that stands next to a word of the question."""
    prices = values(text, "price")
    word = next((w for w in re.findall(r"\w+", text) if w.lower() in said), "")
    if len(prices) < 2 or not word:
        return prices[0] if prices else text
    place = text.index(word)
    return min(
        prices, key=lambda p: min(abs(text.index(p) - place), abs(text.index(p) + len(p) - place))
    )


def _label_asked(scope: Scope) -> str:
    text = scope.text
    units = "|".join(f"{u}s?" for u in scope.words.table("units"))
    patterns = (
        r"\b(?:price|cost|amount|value|charge|fee|fare|rate)s? (?:of|for) (?:the |a |an |one )?(.+)$",
        r"\bhow much (?:is|are|does|do|for|was|were|did) (?:the |a |an |one )?(.+?)(?: cost| costs)?$",
        r"\bwhat (?:does|do|did) (?:the |a |an |one )?(.+?) cost",
        rf"\bhow (?:far|long|many (?:{units})) (?:is it|are there|it is|away is|is|are)?(?: still| left)? ?(?:to|until|till|for) (?:the )?(.+)$",
        r"\bhow far (?:away )?is (?:the )?(.+?) away$",
        r"\b(?:distance|way) to (?:the )?(.+)$",
    )
    for pattern in patterns:
        match = re.search(pattern, text)
        if match:
            label = re.sub(
                r"\s+(?:in|on|at|from|of) (?:this|the|that|here|total).*$| (?:from )?here$",
                "",
                match.group(1),
            )
            label = unquote(label, scope.clause.quotes).strip(" ?.,")
            return "" if label in ("it", "there", "that", "this", "they", "one", "") else label
    return ""


def _value_near(scope: Scope, detail: str, label: str) -> Fragment | None:
    """A number that stands nearest to the text that spells the label."""
    ref = scope.spans(detail)
    spans = scope.work.see(ref, TextSpans)
    hits = [r for r, score in find(spans, label) if score >= SURE_TEXT]
    rows = [i for i, t in enumerate(spans.texts) if amount(t) is not None and i not in hits]
    if not hits:
        return None
    own = amount(spans.texts[hits[0]])
    if own is not None and re.search(r"\d", spans.texts[hits[0]].lower().replace(label, "")):
        return Fragment(f"{spans.texts[hits[0]]}{scope.work.cite(ref, hits[:1])}", focus=ref)
    if not rows:
        return None
    best = min(rows, key=lambda r: _reading_distance(spans.xyxy[hits[0]], spans.xyxy[r]))
    rows = [hits[0], best]
    text = f"{spans.texts[hits[0]]}: {spans.texts[best]}"
    return Fragment(text + scope.work.cite(ref, rows), focus=ref)


def _reading_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Small for what stands right of `a` in its row, then for what stands below it."""
    height = max(1.0, float(a[3] - a[1]))
    dx = max(0.0, float(b[0] - a[2]), float(a[0] - b[2]))
    dy = abs(float(a[1] + a[3] - b[1] - b[3])) / 2
    behind = 3.0 if b[2] < a[0] else 1.0
    return behind * (dx + 3.0 * dy) / height


# -- lists ----------------------------------------------------------------------------------------


def count_written(scope: Scope) -> Fragment | None:
    """How many words, lines, digits, entries of a list or of a menu are written."""
    match = re.search(r"\b(?:how many|number of|count)\b(.*)$", scope.text)
    if not match:
        return None
    wanted = scope.target(
        re.split(r"\b(?:are|is|do|does|can|appear|have|has)\b", match.group(1))[0]
    )
    if scope.noun(wanted) is not None:
        return None
    if wanted.contains or re.search(r"\btimes\b", match.group(1)):
        return _count_occurrences(scope, wanted)
    noun = wanted.head
    if noun in ("word", "line", "letter", "character", "digit", "paragraph"):
        return _count_units(scope, noun)
    if re.search(
        r"\b(item|piece|tip|point|bullet|step|rule|instruction|reason|advice|entry|entries|task|question|ingredient|option|hint|fact)s?\b",
        " ".join([*wanted.modifiers, noun, match.group(1)]),
    ):
        return _count_list(scope, wanted)
    return _count_rows(scope, noun)


def _count_occurrences(scope: Scope, wanted: Target) -> Fragment | None:
    said = wanted.contains or unquote(scope.text, scope.clause.quotes)
    match = re.search(r"(?:the word|word|name) (\S+)", said)
    sought = wanted.contains or (match.group(1) if match else "")
    if not sought:
        return None
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    pattern = rf"(?<!\w){re.escape(sought.lower())}(?!\w)"
    rows = [i for i, t in enumerate(spans.texts) if re.search(pattern, t.lower())]
    times = sum(len(re.findall(pattern, spans.texts[r].lower())) for r in rows)
    return Fragment(
        f"{quoted([sought])} is written{scope.work.cite(ref, rows) if rows else ''} this many times: {times}"
    )


def _count_units(scope: Scope, noun: str) -> Fragment:
    ref = scope.spans()
    texts = scope.work.see(ref, TextSpans).texts
    joined = " ".join(texts)
    counts = {
        "word": len(joined.split()),
        "line": len(texts),
        "letter": sum(c.isalpha() for c in joined),
        "character": sum(not c.isspace() for c in joined),
        "digit": sum(c.isdigit() for c in joined),
    }
    if noun == "paragraph":
        blocks = scope.work.call("read_text", image=scope.image, region=scope.given, level="block")
        return Fragment(
            f"I count {len(scope.work.see(blocks, TextSpans))} paragraphs{scope.work.cite(blocks)}"
        )
    return Fragment(f"{counts[noun]} {noun}s can be read{scope.work.cite(ref)}", focus=ref)


def _count_list(scope: Scope, wanted: Target) -> Fragment | None:
    priced = scope.rows(kind="item")
    if wanted.head == "item" and priced:
        return Fragment(
            f"{len(priced)} items are listed{scope.work.cite(scope.row_ref(kind='item'))}"
        )
    spans = scope.spans()
    numbered = scope.work.call("pick", things=spans, image=scope.image, kind="item")
    n = len(scope.work.see(numbered, Placed))
    if n >= 2:
        return Fragment(f"{n} {wanted.text} are listed{scope.work.cite(numbered)}", focus=numbered)
    return _count_paragraphs(scope, wanted)


def _count_paragraphs(scope: Scope, wanted: Target) -> Fragment | None:
    """A list without numbers or bullets: its entries are the paragraphs of one size of lettering."""
    ref = scope.grouped(scope.spans(), "block")
    blocks = scope.work.see(ref, TextSpans)
    if len(blocks) < 2:
        return None
    sizes = scope.work.see(scope.spans(), TextSpans)
    heights = np.array([_lettering(sizes, text) for text in blocks.texts])
    words = np.array([len(t.split()) for t in blocks.texts])
    usual = float(np.median(np.repeat(heights, words)))
    titles = heading(blocks)
    rows = [
        i
        for i, text in enumerate(blocks.texts)
        if words[i] >= 3
        and abs(heights[i] / usual - 1) < 0.18
        and not text.rstrip().endswith(":")
        and not (len(titles) <= 2 and i in titles)
        and not kind_of(text) & {"name", "url", "email", "phone"}
    ]
    if len(rows) < 2:
        return None
    n = len(rows)
    return Fragment(
        f"{n} {' '.join(wanted.text.split()) or 'entries'} are listed, one a paragraph{scope.work.cite(ref)}",
        focus=ref,
    )


def _lettering(lines: TextSpans, text: str) -> float:
    """Mean height of the lines whose text is part of a paragraph."""
    sides = np.linalg.norm(lines.quads[:, 3] - lines.quads[:, 0], axis=1)
    mine = [float(s) for s, t in zip(sides, lines.texts, strict=True) if t in text]
    return float(np.mean(mine)) if mine else 0.0


def _count_rows(scope: Scope, noun: str) -> Fragment | None:
    """Rows of a price list that name the noun, or stand in the section that does."""
    rows = scope.rows(kind="item")
    named = [r for r in rows if re.search(rf"\b{re.escape(noun)}", r["label"].lower())]
    if named:
        ref = scope.row_ref(kind="item", label=noun)
        return Fragment(f"{len(named)} {noun}s are listed{scope.work.cite(ref)}", focus=ref)
    if (
        noun in ("dish", "product", "article", "position", "meal", "drink", "food", "price")
        and rows
    ):
        return Fragment(
            f"{len(rows)} are listed with a price{scope.work.cite(scope.row_ref(kind='item'))}"
        )
    lines = scope.work.see(scope.spans(), TextSpans)
    if rows and any(re.fullmatch(rf"\W*{re.escape(noun)}s?\W*", t.lower()) for t in lines.texts):
        return Fragment(
            f"{len(rows)} are listed with a price{scope.work.cite(scope.row_ref(kind='item'))}"
        )
    return None


def list_item(scope: Scope) -> Fragment | None:
    """One entry of a numbered list: "read rule number 2", "what is the third step"."""
    noun = (
        r"(?:rule|step|point|item|tip|entry|question|instruction|ingredient|answer|reason|option)"
    )
    ordinals = scope.words.table("ordinals")
    match = re.search(rf"\b{noun} (?:number |no\.? ?|#)?(\d+)\b", scope.text) or re.search(
        rf"\b({'|'.join(ordinals)}) {noun}\b", scope.text
    )
    if not match:
        return None
    said = match.group(1)
    index = int(said) if said.isdigit() else int(ordinals[said])
    items = scope.work.call(
        "pick", things=scope.spans(), image=scope.image, kind="item", index=index
    )
    if not len(scope.work.see(items, Placed)):
        return None
    return Fragment(f"It reads {scope.say_text(items)}", focus=items)


# -- free reading -----------------------------------------------------------------------------------


def read(scope: Scope) -> Fragment | None:
    """What is written, wholly or where the conditions of the question point."""
    asked = _asked(scope)
    if asked is None:
        return None
    attribute, carrier = asked
    scope_text = carrier_text(scope, carrier)
    if attribute is None:
        return _whole(scope, scope_text, carrier)
    kind = scope.kind_of(attribute)
    if kind:
        found = _of_kind(scope, scope_text, kind, attribute)
        if found is not None:
            return found
    labelled = _labelled(scope, attribute)
    if labelled is not None:
        return labelled
    return _prominent(scope, scope_text, attribute, carrier, exact_kind=bool(kind))


def _asked(scope: Scope) -> tuple[Target | None, Target | None] | None:
    """(what attribute of the text, of which carrier); None where nothing written is asked for."""
    text = scope.text
    verbs = "|".join(re.escape(v) for v in scope.words.list("text_verbs"))
    make = scope.target
    patterns: tuple[tuple[str, str], ...] = (
        (rf"^what (?:is|are|was|does it) (?:all )?{WRITTEN} (?P<c>.+)$", "text "),
        (rf"^what (?:does|do|did) (?P<c>.+?) (?:{verbs})\b(?: about.*| to.*)?$", ""),
        (rf"^(?:what|which) (?P<a>.+?) (?:is|are|was|were) {WRITTEN}(?P<c> .+)?$", "text"),
        (r"^(?:what|which) (?P<a>(?:is|are) .+? called)$", ""),
        (
            r"^(?:read|transcribe|spell out|ocr|extract|copy out|list|write down)(?: out| aloud| off)?(?: me)? (?P<c>.+)$",
            "",
        ),
        (r"^(?:the |all )?(?:text|writing)$", ""),
    )
    for pattern, prefix in patterns:
        match = re.match(pattern, text)
        if match:
            groups = match.groupdict()
            if (groups.get("a") or "").endswith(" called"):
                return make("name"), make(re.sub(r"^(?:is|are) | called$", "", groups["a"]))
            attribute = make(groups["a"]) if groups.get("a") else None
            carrier = make((prefix + (groups.get("c") or "")).strip()) if groups.get("c") else None
            return _order(attribute, carrier, scope)
    return _wh(scope, make, verbs)


def _order(
    attribute: Target | None, carrier: Target | None, scope: Scope
) -> tuple[Target | None, Target | None]:
    """Such as "the phone number on the card" is an attribute of a carrier, not a carrier."""
    if attribute is None and carrier is not None and not carrier.pronoun:
        readable = scope.kind_of(carrier) or carrier.head in scope.words.lexicon["named"]
        if readable and not scope.words.is_carrier(carrier.head):
            return replace(carrier, of=None), carrier.of
        if readable and carrier.of is not None:
            return replace(carrier, of=None), carrier.of
    return attribute, carrier


Asked = tuple[Target | None, Target | None]
Build = Callable[[str], Target]


def _wh(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """The other ways to ask for an attribute of a text, one reader for each."""
    readers = (_which_attribute, _who_or_what_is, _attribute_named, _leads_to)
    asked = (reader(scope, build, verbs) for reader in readers)
    return next((a for a in asked if a is not None), None)


def _which_attribute(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``which ATTRIBUTE does the CARRIER say``, ``what ATTRIBUTE is on the CARRIER``."""
    copulas = "is|are|was|were|does|do|did|has|have|can|put up|issued|made|published|printed|wrote"
    match = re.match(
        rf"^(?:what|which|whose) (?P<a>[^,]+?) (?:{copulas}|{verbs})\b(?P<rest>.*)$", scope.text
    )
    if not match or match.group("a") in ("", "is", "are"):
        return None
    attribute = build(re.sub(r"\b(?:of|for|in|on|from|at)$", "", match.group("a")).strip())
    if not _readable(attribute, scope, scope.text):
        return None
    rest = re.sub(
        rf"\b(?:{verbs}|put up|made|is|are|belong to|from)\b\s*", " ", match.group("rest")
    )
    rest = rest.strip()
    if not rest:
        return attribute, None
    places = ("on ", "in ", "at ", "above", "below", "under", "along")
    return attribute, build(f"text {rest}" if rest.startswith(places) else rest)


def _who_or_what_is(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``who is the CARRIER for``, ``what is the CARRIER called``, ``what is the ATTRIBUTE of …``."""
    match = re.match(
        r"^(?:what|who|which|when) (?:is|are|was|were|does|do|did) (?P<c>.+?)(?: (?:printed|written|dated|issued|start|begin|open|close|end|expire|valid|held|due))?(?: (?:for|by|about|from|to|dedicated to|called|named))?$",
        scope.text,
    )
    if not match:
        return None
    inner = build(match.group("c"))
    if (
        scope.text.startswith("who")
        and inner.pronoun
        and not re.search(r"\b(for|by|from|to)$", scope.text)
    ):
        return None
    if scope.text.startswith("who") or scope.text.endswith((" called", " named")):
        return build("name"), inner
    if scope.text.startswith("when"):
        return build("date"), inner
    named = scope.kind_of(inner) or not scope.words.is_carrier(inner.head)
    if _readable(inner, scope, scope.text) and named:
        return replace(inner, of=None), inner.of
    return None


def _attribute_named(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``give me the ATTRIBUTE``, or the attribute alone."""
    match = re.match(
        r"^(?:give|show|tell|find|get|list)(?: me)? (?P<c>.+)$", scope.text
    ) or re.match(
        r"^(?P<c>(?:(?:the|its|their|his|her|all|any|every|each) )?[\w' -]+)$", scope.text
    )
    if not match:
        return None
    inner = build(match.group("c"))
    return (replace(inner, of=None), inner.of) if _readable(inner, scope, scope.text) else None


def _leads_to(scope: Scope, build: Build, verbs: str) -> Asked | None:
    """``where does the CARRIER lead to``, ``what does it say``."""
    match = re.match(
        r"^where does (?P<c>.+?) (?:lead|go|point|take (?:me|you|us))(?: to)?$", scope.text
    )
    if match:
        return build("destination"), build(match.group("c"))
    if re.match(rf"^what (?:does|do|did) (?:it|this|that|they|he|she) (?:{verbs})\b", scope.text):
        return None, Target("it", pronoun=True)
    return None


def _readable(attribute: Target, scope: Scope, text: str) -> bool:
    """Whether an attribute is something that lettering can tell."""
    lexicon = scope.words.lexicon
    if scope.kind_of(attribute) or attribute.head in lexicon["text_nouns"]:
        return True
    if attribute.head in lexicon["named"] or attribute.head in scope.words.table("fields"):
        return True
    verbs = r"\b(say|says|read|reads|written|printed|mention|mentions|forbid|forbids|list|lists|show|shows|issued|called|named|listed|titled|advertise|advertises)\b"
    return bool(re.search(verbs, text)) and any(
        scope.words.is_carrier(w) for w in map(singular_phrase, text.split())
    )


def carrier_text(scope: Scope, carrier: Target | None) -> Ref:
    """The text of the carrier: all of the picture's, narrowed where a condition can be met."""
    spans = scope.spans()
    if carrier is None:
        return spans
    if carrier.pronoun and carrier.is_plain:
        return _focus_text(scope, spans)
    noun = scope.noun(carrier)
    if noun is not None:
        region = scope.find(carrier)
        if len(scope.work.see(region, Placed)):
            return scope.work.call("read_text", image=scope.image, region=region)
        return spans
    for detail in ("normal", "fine"):
        narrowed = _narrow(scope, scope.spans(detail), carrier)
        if narrowed is not None:
            return narrowed
    return spans


def _focus_text(scope: Scope, spans: Ref) -> Ref:
    if scope.given is not None or scope.focus is None:
        return spans
    focus = scope.work.view.kinds.get(scope.focus.name)
    if focus is not None and issubclass(focus, TextSpans):
        return scope.focus
    if focus is not None and issubclass(focus, Placed):
        return scope.work.call("read_text", image=scope.image, region=scope.focus)
    return spans


def _narrow(scope: Scope, spans: Ref, carrier: Target) -> Ref | None:
    """Conditions one after another; one that leaves nothing fails the whole."""
    texts = scope.work.see(spans, TextSpans)
    if not len(texts):
        return None
    current, narrowed = spans, False
    for wanted in _conditions(scope, texts, carrier):
        chosen = scope.work.call("pick", things=current, image=scope.image, **wanted)
        if len(scope.work.see(chosen, Placed)):
            current, narrowed = chosen, True
    owner = carrier.of
    if owner is not None and not owner.pronoun:
        deeper = _narrow(scope, current, replace(owner, part="" if owner.of else owner.part))
        if deeper is not None:
            current, narrowed = deeper, True
    return current if narrowed or not _has_condition(carrier) else None


def _has_condition(carrier: Target) -> bool:
    return bool(carrier.colors or carrier.contains or carrier.relation or carrier.part)


def _conditions(scope: Scope, texts: TextSpans, carrier: Target) -> list[dict[str, object]]:
    wanted: list[dict[str, object]] = []
    if carrier.contains:
        wanted.append({"contains": carrier.contains})
    if carrier.relation and carrier.to is not None:
        to = _anchor(scope, texts, carrier.to)
        if to is not None:
            wanted.append({"relation": carrier.relation, "to": to})
    if carrier.colors:
        wanted.append({"color": carrier.colors[0]})
    if carrier.part and carrier.of is None:
        wanted.append({"region": carrier.part})
    if carrier.size:
        wanted.append({"size": carrier.size})
    for word in carrier.modifiers:
        if len(word) >= 4 and any(score >= SURE_TEXT for _, score in find(texts, word)):
            wanted.append({"contains": word})
    return wanted


def _anchor(scope: Scope, texts: TextSpans, other: Target) -> Ref | None:
    """The thing a relation points at, where it can be found at all."""
    if scope.noun(other) is not None:
        return scope.find(other)
    for word in (other.contains, *other.modifiers, other.head):
        if len(word) >= 3 and any(score >= SURE_TEXT for _, score in find(texts, word)):
            return scope.work.call("pick", things=scope.spans(), image=scope.image, contains=word)
    return None


def _whole(scope: Scope, ref: Ref, carrier: Target | None) -> Fragment:
    spans = scope.work.see(ref, TextSpans)
    if not len(spans):
        ref = scope.spans("fine")
        spans = scope.work.see(ref, TextSpans)
    if not len(spans):
        return Fragment(scope.absent("text that can be read", scope.spans("fine")))
    if carrier is not None and carrier.head in ("caption", "heading", "title", "headline"):
        rows = _captions(spans, carrier)
        return Fragment(f"It reads {scope.say_text(ref, rows)}", focus=ref)
    if (
        carrier is not None
        and not carrier.many
        and carrier.head in ("line", "word")
        and len(spans) > 1
        and carrier.index == 0
    ):
        rows = [0] if not carrier.part.startswith("bottom") else [len(spans) - 1]
        return Fragment(f"It reads {scope.say_text(ref, rows)}", focus=ref)
    return Fragment(f"It reads {scope.say_text(ref, limit=40)}", focus=ref)


def _captions(spans: TextSpans, carrier: Target) -> list[int]:
    heights = spans.xyxy[:, 3] - spans.xyxy[:, 1]
    rows = [i for i in range(len(spans)) if heights[i] >= 0.8 * heights.max()]
    return rows or list(range(len(spans)))


def _of_kind(scope: Scope, ref: Ref, kind: str, attribute: Target) -> Fragment | None:
    best: Ref | None = None
    for base in scope.looks(ref):
        if not len(scope.work.see(base, TextSpans)):
            continue
        wanted: dict[str, object] = {"kind": kind}
        if kind == "street":
            base = scope.grouped(base)
        if attribute.index:
            wanted |= {"index": attribute.index, "order": attribute.order or "reading"}
        found = scope.work.call("pick", things=base, image=scope.image, **wanted)
        n = len(scope.work.see(found, TextSpans))
        if best is None or n > len(scope.work.see(best, TextSpans)):
            best = found
        if n and n >= attribute.quantity:
            break
    if best is not None and len(scope.work.see(best, TextSpans)):
        return _kind_said(scope, best, kind, attribute)
    return _isbn_code(scope) if kind == "isbn" else None


def _kind_said(scope: Scope, found: Ref, kind: str, attribute: Target) -> Fragment:
    spans = scope.work.see(found, TextSpans)
    rows = None if attribute.many or kind == "year" or len(spans) <= 3 else [0, 1, 2]
    if kind == "heading" and not attribute.many:
        rows = _captions(spans, attribute)[:2]
    digits = re.search(r"\b(\d+)[- ]digit", " ".join([*attribute.modifiers, attribute.text]))
    said = scope.say_kind(found, kind, rows, int(digits.group(1)) if digits else 0)
    return Fragment(said if attribute.many else f"The {attribute.head} is {said}", focus=found)


def _isbn_code(scope: Scope) -> Fragment | None:
    found = scope.work.call("read_codes", image=scope.image)
    held = scope.work.see(found, Codes)
    rows = [i for i, t in enumerate(held.texts) if re.match(r"97[89]\d{10}$", t)]
    if not rows:
        return None
    return Fragment(
        f"The ISBN is {held.texts[rows[0]]}{scope.work.cite(found, rows[:1])}", focus=found
    )


def _labelled(scope: Scope, attribute: Target) -> Fragment | None:
    """A label in the picture that names the attribute, and the value by it."""
    name = " ".join([*attribute.modifiers, attribute.head]).strip()
    if len(name) < 3 or attribute.head in ("text", "name", "word"):
        return None
    rows = [(score_row(r, name), i, r) for i, r in enumerate(scope.rows()) if r.get("label")]
    score, _, row = max(rows, key=lambda r: (r[0], -r[1]), default=(0.0, 0, {}))
    if score < 92:
        return None
    place = scope.work.call("row_boxes", table=scope.row_ref(label=name))
    return Fragment(
        f"The {name} is {quoted([row['value']])}{scope.work.cite(place, [0])}", focus=place
    )


def _prominent(
    scope: Scope, ref: Ref, attribute: Target, carrier: Target | None, *, exact_kind: bool
) -> Fragment:
    """The most prominent lettering: what a name is mostly written in."""
    for base in scope.looks(ref):
        spans = scope.work.see(base, TextSpans)
        rows = prominent(
            spans, digits=attribute.head in ("number", "digit", "route", "platform", "gate", "line")
        )
        if not rows:
            continue
        best = spans.texts[rows[0]]
        what = attribute.head or "text"
        text = f"By its most prominent lettering, the {what} is {quoted([best])}{scope.work.cite(base, rows[:1])}"
        rest = [r for r in rows[1:9]]
        if rest and not _dominates(spans, rows):
            text += f"; also written: {scope.say_text(base, rest)}"
        return Fragment(text, focus=base)
    if exact_kind or len(scope.work.see(scope.spans("fine"), TextSpans)):
        return Fragment(scope.absent(f"text that gives the {attribute.head}"))
    return Fragment(scope.absent("text that can be read", scope.spans("fine")))


def prominent(spans: TextSpans, *, digits: bool = False) -> list[int]:
    """Rows from the most to the least prominent: height of the letters, certainty, being a name."""
    if not len(spans):
        return []
    sides = np.linalg.norm(spans.quads[:, 3] - spans.quads[:, 0], axis=1)
    ranks = []
    for row, text in enumerate(spans.texts):
        letters = sum(c.isalpha() for c in text)
        fits = sum(c.isdigit() for c in text) if digits else letters
        if fits < (1 if digits else 2) or spans.scores[row] < LEGIBLE:
            continue
        share = fits / max(1, sum(c.isalnum() for c in text))
        weight = float(spans.scores[row]) * min(1.0, fits / 3) * share**2
        ranks.append((float(sides[row]) * weight, row))
    return [row for _, row in sorted(ranks, reverse=True)]


def _dominates(spans: TextSpans, rows: list[int]) -> bool:
    sides = np.linalg.norm(spans.quads[:, 3] - spans.quads[:, 0], axis=1)
    return len(rows) == 1 or float(sides[rows[0]]) >= 1.8 * float(sides[rows[1]])


def describe_missing(scope: Scope, ability: str) -> Cannot:
    """The sentence for an ability that is not installed."""
    return Cannot(
        f"I cannot answer that: it needs the ability `{ability}`, which no ready model has. "
        "`ocelli doctor` shows what is missing and how to add it"
    )
