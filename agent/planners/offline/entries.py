"""The entries of a list in a picture: names with a price, a distance or another number.

From the fields of a receipt, menu or price tag where there are such, else from the rows of the
text itself (a road sign). Knows nothing of the wording of questions.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Ref
from tools.layout import cell_rows
from tools.rows import SURE, amount, similarity
from tools.samewords import written_in
from tools.textrows import MARKER
from tools.types import Table, TextSpans

GENERIC = frozenset(
    "item dish product meal drink article thing purchase position entry food price one option "
    "place city town village destination everything all choice".split()
)
"""Nouns that any entry may be called."""


@dataclass(frozen=True)
class Entry:
    """A name with a number."""

    label: str
    value: str
    """As printed."""
    number: float
    section: str
    """The heading it stands under; '' for none."""
    place: Ref
    """What to cite."""
    rows: tuple[int, ...]

    def said(self, scope: Scope) -> str:
        """Name, cite and value: "Rye Loaf [#3]: 4.20"."""
        return f"{self.label}{scope.work.cite(self.place, self.rows)}: {self.value}"


def entries(scope: Scope, detail: str, kind: str = "item") -> list[Entry]:
    """The entries of the picture, in reading order."""
    found = _fields(scope, detail, kind)
    return found if len(found) >= 2 else _rows(scope, detail)


def _fields(scope: Scope, detail: str, kind: str) -> list[Entry]:
    ref = scope.row_ref(detail, kind=f"{kind}|section")
    place = scope.work.call("row_boxes", table=ref)
    table = scope.work.see(ref, Table)
    made, section = [], ""
    for i, row in enumerate(table):
        number = amount(row["value"])
        if row["kind"] == "section":
            section = row["value"]
        elif number is not None and row["label"]:
            made.append(Entry(row["label"], row["value"], number, section, place, (i,)))
    return made


def _rows(scope: Scope, detail: str) -> list[Entry]:
    """Lines of words that end in a number: the towns of a road sign, the rows of a table."""
    ref = scope.spans(detail)
    made = []
    for row in cell_rows(scope.work.see(ref, TextSpans)):
        words = [c for c in row if sum(ch.isalpha() for ch in c.text) >= 3]
        last = row[-1]
        number = amount(last.text)
        heads = all(patterns.fullmatch(r"(?:19|20)\d\d", c.text) for c in row[1:])
        if not words or words[0] is last or number is None or not last.text[:1].isdigit() or heads:
            continue
        spans = tuple(s for c in (words[0], last) for s in c.spans)
        made.append(Entry(words[0].text, last.text, number, "", ref, spans))
    return made


def of_kind(found: list[Entry], noun: str) -> list[Entry]:
    """The entries that are a `noun`: by their own name, or by the heading they stand under."""
    under = [e for e in found if noun and written_in([noun], e.section)]
    if under or noun not in GENERIC:
        return under or [e for e in found if noun and is_a(e.label, noun)]
    return found


def is_a(label: str, noun: str) -> bool:
    """Whether a label names a `noun`: "Bacon Cheeseburger" is a burger."""
    words = MARKER.sub("", label).casefold().split()
    return bool(written_in([noun], label)) or any(
        len(noun) >= 4 and w.rstrip("s").endswith(noun) for w in words
    )


def named(found: list[Entry], name: str) -> Entry | None:
    """The entry that a name means; None where none is like it."""
    best = max(found, key=lambda e: similarity(name, e.label), default=None)
    return best if best is not None and similarity(name, best.label) >= SURE else None
