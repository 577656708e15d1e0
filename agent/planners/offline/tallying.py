"""Goals about how many are written: words, lines, digits, entries of a list or of a menu.

Knows nothing of what the entries say (``lists.py``).
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.entries import GENERIC, Entry, entries, of_kind
from agent.planners.offline.lists import POINTS, bulleted
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.sentences import sentences
from agent.planners.offline.words import singular
from agent.planners.offline.work import Fragment, quoted
from tools.types import Table, TextSpans

KINDS_OF = r"\b(?:kinds?|types?|sorts?|different|varieties|various)\b"
LISTED = r"\b(?:list(?:ed)?|menu|sale|offer(?:ed)?|sold|available|sign(?:posted)?|board|table|receipt|bill|shown|named|mentioned|served|order(?:ed)?|there)\b"


def count_written(scope: Scope) -> Fragment | None:
    """How many words, lines, digits, entries of a list or of a menu are written."""
    match = patterns.search(r"\b(?:how many|number of|count)\b(.*)$", scope.text)
    if not match:
        return None
    phrase = patterns.split(
        r"\b(?:are|is|do|does|did|can|appear|have|has|were|was)\b", match.group(1)
    )[0]
    phrase = patterns.sub(rf"{KINDS_OF}(?: of)?", "", phrase).strip()
    wanted = scope.target(phrase)
    if scope.noun(wanted) is not None or patterns.match(r"\s*(?:dpi|mega)?pixels?\b", phrase):
        return None
    if patterns.match(r"\w+", phrase.strip()) and singular(phrase.split()[0]) in scope.words.table(
        "units"
    ):
        return None
    if wanted.contains or patterns.search(r"\btimes\b", match.group(1)):
        return _count_occurrences(scope, wanted)
    if wanted.head in ("word", "line", "letter", "character", "digit", "paragraph", "sentence"):
        return _count_units(scope, wanted.head)
    return _count_entries(scope, wanted, match.group(1))


def _count_occurrences(scope: Scope, wanted: Target) -> Fragment | None:
    said = wanted.contains or unquote(scope.text, scope.clause.quotes)
    match = patterns.search(r"(?:the word|word|name) (\S+)", said) or patterns.search(
        r"\b(?:does|is|do) (\S+) (?:appear|occur|written|mentioned)", said
    )
    sought = wanted.contains or (match.group(1) if match else "")
    if not sought:
        return None
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    pattern = rf"(?<!\w){re.escape(sought.lower())}(?!\w)"
    rows = [i for i, t in enumerate(spans.texts) if patterns.search(pattern, t.lower())]
    times = sum(len(patterns.findall(pattern, spans.texts[r].lower())) for r in rows)
    cites = scope.work.cite(ref, rows) if rows else ""
    return Fragment(f"{quoted([sought])} is written{cites} this many times: {times}")


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
    if noun == "sentence":
        counts["sentence"] = len(sentences(scope.work.see(ref, TextSpans)))
    if noun == "paragraph":
        ref = scope.grouped(ref, "block")
        counts["paragraph"] = len(scope.work.see(ref, TextSpans))
    plural = "" if counts[noun] == 1 else "s"
    return Fragment(f"{counts[noun]} {noun}{plural} can be read{scope.work.cite(ref)}", focus=ref)


def _count_entries(scope: Scope, wanted: Target, rest: str) -> Fragment | None:
    noun = wanted.head
    name = " ".join(wanted.text.split()) or "entries"
    every = noun in GENERIC or patterns.search(KINDS_OF, scope.text) is not None
    found = entries(scope, "normal")
    priced = [e for e in found if e.place != scope.spans()]
    said = _stated(scope, noun)
    if said is not None:
        return said
    if noun in GENERIC and priced:
        return _counted(scope, of_kind(priced, noun), name)
    if patterns.search(rf"\b{POINTS}s?\b", f"{name} {rest}"):
        ref, rows = bulleted(scope, noun)
        if rows:
            return Fragment(f"{len(rows)} {name} are listed{scope.work.cite(ref)}", focus=ref)
    listed = every or patterns.search(LISTED, rest)
    mine = of_kind(found, noun) or (found if every else [])
    if len(mine) >= 2 and (listed or mine[0].section):
        return _counted(scope, mine, name)
    return _count_table(scope, name) if listed else None


def _counted(scope: Scope, mine: list[Entry], name: str) -> Fragment:
    cites = scope.work.cite(mine[0].place, [r for e in mine for r in e.rows])
    return Fragment(f"{len(mine)} {name} are listed{cites}", focus=mine[0].place)


def _stated(scope: Scope, noun: str) -> Fragment | None:
    """A receipt that counts its items itself: "4 ITEMS", "# items sold 1"."""
    if noun != "item" or not any(r["kind"] in ("total", "subtotal", "cash") for r in scope.rows()):
        return None
    for row in scope.rows():
        if row["kind"] in ("pair", "number") and patterns.search(
            r"items?|qty|sold", row["label"].lower()
        ):
            number = patterns.search(r"\d+", row["value"])
            if number:
                place = scope.work.call("row_boxes", table=scope.row_ref(label=row["label"]))
                return Fragment(f"{row['label']}{scope.work.cite(place, [0])}: {number.group()}")
    return None


def _count_table(scope: Scope, name: str) -> Fragment | None:
    ref = scope.work.call("read_table", text=scope.spans())
    table = scope.work.see(ref, Table)
    full = [row for row in table.rows if all(row)]
    heads = sum(not any(c.isdigit() for c in " ".join(row)) for row in full[:1])
    count = len(full) - heads
    if len(table.columns) < 3 or count < 2:
        return None
    return Fragment(f"The table{scope.work.cite(ref)} has this many {name}: {count}", focus=ref)
