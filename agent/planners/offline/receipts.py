"""Goals about the fields of a receipt, bill, invoice, ticket, card or form.

Knows nothing of lists of prices.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.terms import expanded
from agent.planners.offline.work import Fragment, quoted
from tools.rows import SURE, amount, score_row
from tools.samewords import written_in
from tools.types import Table

MONEY = ("total", "subtotal", "tax", "change", "cash", "balance", "discount", "tip")
FIRMS = (
    r"(?:shop|store|restaurant|merchant|caf[eé]|business|supermarket|seller|vendor|retailer|chain|"
    r"place|company|firm|bakery|pharmacy|bar|pub|hotel|market)"
)
WHICH_FIRM = (
    rf"^(?:from |at |in |by )?(?:which|what) {FIRMS}\b(?! (?:hours|number|address))"
    rf"|\bname of (?:the |this |that )?{FIRMS}\b|\b(?:the |this ){FIRMS}(?:'s)? (?:name|called)\b"
    rf"|^(?:what|which|who) (?:is|was) (?:the|this) {FIRMS}(?: called| named)?$"
    r"|^where (?:is|was|does|did) (?:this|the) (?:receipt|bill|invoice) (?:come )?(?:from|issued|printed)"
    r"|^where (?:did|do) (?:they|he|she|we|i|the customers?) (?:eat|shop|buy|dine|drink)"
    r"|^who (?:issued|printed|wrote) (?:this|the) (?:receipt|bill|invoice)"
)
SPENT = (
    r"^(?:what|how much)\b.*\b(?:pay|paid|spend|spent|owe|owed|cost|come to|altogether|in total|in all|"
    r"the bill|the damage)\b"
)
PLAIN = frozenset(
    "what how much was is did does do are it this that everything all they i we he she you the a an bill "
    "receipt meal order purchase whole thing things pay paid spend spent owe owed cost costs come to "
    "altogether in total for on at of here customer customers people person dinner lunch breakfast "
    "shopping have has had get amount money final must need to be were together up end finally there "
    "their his her my our your visit groceries damage sum".split()
)
"""Words of a question for the total that say nothing about which line is meant."""
UNTAXED = (
    r"(?:without|before|excluding|excl|ex|minus) (?:the |any )?(?:sales )?(?:tax|taxes|vat|gst)"
)
NOT_IDS = r"\b(?:gst|vat|tax|ust|abn|tin)\b"


def shares(scope: Scope) -> Fragment | None:
    """What each pays: "Split the total between 4 people"."""
    numbers = scope.words.table("number_words")
    match = patterns.search(
        r"\b(?:split|divided?|shared?)\b.*\b(?:between|among|amongst|by|into|for) (?P<n>\w+)(?: (?:people|persons|friends|of us|ways|diners|guests))?\b",
        scope.text,
    ) or patterns.search(r"\bsplit (?P<n>\w+) ways\b", scope.text)
    each = r"^(?:how much|what) (?:is|does|do|will|would|must|should) (?:that |it )?(?:each|everyone|everybody|we each|they each|each one)(?: of \w+| person| one)?(?: have to)?(?: pay| owe)?$"
    if match is None and scope.focus is not None and patterns.search(each, scope.text):
        return Fragment("")  # said in the clause before
    said = match.group("n") if match else ""
    people = int(said) if said.isdigit() else int(numbers.get(said, 0))
    if people < 2:
        return None
    for kind in ("total", "subtotal"):
        rows = scope.rows(kind=kind)
        whole = amount(rows[0]["value"]) if rows else None
        if whole is not None:
            place = scope.work.call("row_boxes", table=scope.row_ref(kind=kind))
            cites = scope.work.cite(place, [0])
            text = f"The {kind} is {rows[0]['value']}{cites}; each of the {people} pays {whole / people:.2f}"
            return Fragment(text, focus=place)
    return None


def field(scope: Scope) -> Fragment | None:
    """A field of a receipt, bill, card or form: total, change, tax, date and the like."""
    if patterns.search(WHICH_FIRM, scope.text):
        return _merchant(scope)
    name, kind = _field_named(scope)
    if patterns.search(rf"^(?:how much|what)\b.*\b{UNTAXED}\b", scope.text):
        name = kind = "subtotal"
    if not kind or kind == "merchant":
        return None
    if kind == "total" and not scope.rows(kind="total") and scope.rows(kind="subtotal"):
        kind = name = "subtotal"  # a short bill may stop there
    for detail in ("normal", "fine"):
        rows = list(scope.work.see(scope.row_ref(detail, kind=kind), Table))
        label = _own_label(scope, detail, name, kind)
        if label:
            ref = scope.row_ref(detail, label=label)
        elif rows:
            ref = scope.row_ref(detail, kind=kind)
        else:
            continue
        table = scope.work.see(ref, Table)
        row = 0 if label else _best_row(scope, list(table), name, kind)
        if row < 0:
            continue
        place = scope.work.call("row_boxes", table=ref)
        value = table.rows[row][table.columns.index("value")]
        cites = scope.work.cite(place, [row])
        return Fragment(f"The {label.lower() or name} is {value}{cites}", focus=place)
    return None


def no_field(scope: Scope) -> Fragment | None:
    """The honest end for a field that the receipt does not have."""
    name, kind = _field_named(scope)
    if kind not in MONEY or patterns.search(
        r"\bchanged?\b (?:the|it|this)|what changed", scope.text
    ):
        return None
    if not any(row["kind"] in ("item", "amount", *MONEY) for row in scope.rows()):
        return None
    return Fragment(scope.absent(f"line that gives the {name}", scope.fields()))


def _field_named(scope: Scope) -> tuple[str, str]:
    """The field that a clause names, and its kind."""
    fields = scope.words.table("fields")
    for name in sorted(fields, key=len, reverse=True):
        if not patterns.search(rf"\b{re.escape(name)}s?\b", scope.text):
            continue
        kind = str(fields[name])
        if kind == "tax" and patterns.search(rf"{name} (?:rate|percentage|in percent)", scope.text):
            continue
        if kind == "tax" and patterns.search(rf"{name} (?:reg\w* )?(?:id|no|number)\b", scope.text):
            return f"{name} number", "id"
        if kind == "change" and patterns.search(
            r"\bchanged?\b (?:the|it|this)|what changed", scope.text
        ):
            continue
        asks = patterns.search(r"\b(?:which|what|name|from|who|where|read|give|find)\b", scope.text)
        if kind in ("merchant", "address") and not asks:
            continue
        if kind == "address" and patterns.search(r"\b(?:web|e-?mail|internet|site)\b", scope.text):
            continue
        return name, kind
    words = set(patterns.findall(r"[\w']+", scope.text))
    if patterns.search(
        r"\b(?:hand(?:ed)? over|tendered|g[ai]ven?|pay with|paid with)\b", scope.text
    ):
        return ("cash", "cash") if patterns.match(r"^(?:how much|what)\b", scope.text) else ("", "")
    if patterns.search(SPENT, scope.text) and words <= PLAIN:
        return "total", "total"
    return "", ""


def _own_label(scope: Scope, detail: str, name: str, kind: str) -> str:
    """A label of the receipt that says what is asked for in more words than the field's name."""
    asked = patterns.search(rf"\b((?:\w+ )?{re.escape(name)}\b(?: \w+){{1,3}})$", scope.text)
    if asked is None or kind == "id":
        return ""
    words = [w for w in asked.group(1).split() if w not in PLAIN or w == name]
    if len(words) < 2:
        return ""
    for row in scope.rows(detail):
        if len(written_in(words, row["label"])) == len(words):
            return row["label"]
    return ""


def _best_row(scope: Scope, rows: list[dict[str, str]], name: str, kind: str) -> int:
    """Which of several rows of the kind is meant; −1 where none can be."""
    scores = [score_row(r, name) for r in rows]
    best = max(range(len(rows)), key=lambda i: scores[i], default=-1)
    if best >= 0 and scores[best] >= SURE:
        return best
    if kind != "id":
        return 0 if rows else -1
    words = expanded(scope, [w for w in name.split() if w not in ("number", "no", "id")])
    short = [w[:3] for w in words]
    mine = [
        i
        for i, r in enumerate(rows)
        if written_in(words, r["label"]) or any(r["label"].lower().startswith(s) for s in short)
    ]
    plain = [i for i, r in enumerate(rows) if not patterns.search(NOT_IDS, r["label"].lower())]
    return next(iter([*mine, *plain]), -1)


def _merchant(scope: Scope) -> Fragment | None:
    ref = scope.row_ref(kind="merchant")
    table = scope.work.see(ref, Table)
    if not len(table):
        return None
    place = scope.work.call("row_boxes", table=ref)
    value = table.rows[0][table.columns.index("value")]
    name = patterns.search(rf"\b{FIRMS}\b", scope.text)
    what = name.group() if name else "merchant"
    return Fragment(f"The {what} is {quoted([value])}{scope.work.cite(place, [0])}", focus=place)
