"""Which row of a page of text some words name, and which part of it is the value asked for.

A price beside its dish, a time behind its weekday, a seat under the word SEAT, a cell where a row
and a column meet. Words agree as in ``samewords``; works on ``layout.cell_rows``. Knows nothing of
pictures or of how a question is worded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tools.layout import Cell, cell_rows
from tools.samewords import TOKEN, day_of, tokens, written_in
from tools.textkinds import values
from tools.types import TextSpans

LIKE_SIZE = 0.25
"""Difference of heights up to which two cells are set alike."""
TALLER = 1.1
"""How many times taller than its label a value is that stands out from it."""
MARKER = re.compile(r"^\s*(?:\(?\d{1,2}[.)](?!\d)|[•●▪■◦‣·–-])\s*")
_NUMBER = re.compile(r"(?<![\w.,:/])[#№]?\d(?:[\d.,]*\d)?(?![\w:/]|[.,]\d)")
_ROUTE = re.compile(r"\b(?:[ABEMNDL]|SR|US|I|Route|Hwy)[- ]?\d{1,4}(?:\(M\))?\b")


@dataclass(frozen=True)
class Wanted:
    """What kind of value is asked for."""

    kinds: tuple[str, ...] = ()
    """Kinds of ``textkinds``, or ``number``, ``quantity``, ``route``; tried in this order."""
    units: tuple[str, ...] = ()
    """For ``quantity``: the spellings a number's unit may have."""
    last: bool = False
    """The last of several values in a row: when it closes, not when it opens."""
    whole: bool = False
    """All that stands with the value: the hours, not the hour."""


@dataclass(frozen=True)
class Value:
    """Something that a row says about the words that named it."""

    text: str
    label: str
    """The row or cell that was named."""
    spans: tuple[int, ...]
    """Rows of the text spans that say so."""
    score: float
    """How much of what was asked the place names."""
    named: frozenset[str] = field(default=frozenset())
    """The words of the question that are written there."""
    row: tuple[int, ...] = ()
    """All the spans of its row."""


def pieces(text: str, wanted: Wanted) -> list[str]:
    """The parts of a text that are of a wanted kind, as printed; of the first kind that is there."""
    text = MARKER.sub("", text)
    for kind in wanted.kinds:
        found = _of_kind(text, kind, wanted.units)
        if found:
            return found
    return []


def _of_kind(text: str, kind: str, units: Sequence[str]) -> list[str]:
    if kind == "quantity":
        spelled = "|".join(re.escape(u) for u in sorted(units, key=len, reverse=True))
        pattern = rf"\d[\d.,/]*(?:\s?[-–]\s?\d[\d.,]*)?\s?(?:{spelled})(?![^\W\d_])"
        return [m.group() for m in re.finditer(pattern, text, re.I)]
    if kind in ("number", "count"):
        found = [m.group() for m in _NUMBER.finditer(text)]
        return (
            found
            if kind == "number"
            else [n for n in found if re.fullmatch(r"\d{1,6}|\d{1,3}(?:,\d{3})+", n)]
        )
    if kind == "weekday":
        return [t for t in tokens(text) if day_of(t) >= 0]
    if kind == "route":
        return [m.group() for m in _ROUTE.finditer(text)]
    return values(text, kind)


class Page:
    """The rows of cells of a page of text."""

    def __init__(self, spans: TextSpans) -> None:
        self.rows: list[list[Cell]] = cell_rows(spans) if len(spans) else []

    def named(self, words: Sequence[str], wanted: Wanted = Wanted()) -> list[Value]:
        """What the page says about `words`, best first: where most of them are written together.

        The first word weighs most, a word that is written everywhere least. With kinds `wanted`
        only places count that have such a value; without, the rest of the row is the value.
        """
        found = [written_in(words, self._text(row)) for row in self.rows]
        often = {w: max(1, sum(w in there for there in found)) for w in words}
        made = []
        for k, there in enumerate(found):
            if not there:
                continue
            weight = sum((1.4 if w == words[0] else 1.0) / often[w] ** 0.5 for w in there)
            for value in self._values(k, there, wanted):
                spare = 0.01 * len(tokens(self._text(self.rows[k])))
                line = tuple(s for c in self.rows[k] for s in c.spans)
                made.append(Value(*value, weight - spare, there, line))
        return sorted(made, key=lambda v: -v.score)

    def lines(self, words: Sequence[str]) -> list[Value]:
        """The rows in which words are written, most of them first; each row is its own value."""
        made = []
        for row in self.rows:
            there, text = written_in(words, self._text(row)), self._text(row)
            if there:
                spans = tuple(s for c in row for s in c.spans)
                weight = sum(1.4 if w == words[0] else 1.0 for w in there)
                made.append(Value(text, text, spans, weight, there, spans))
        return sorted(made, key=lambda v: -v.score)

    def all_of(self, wanted: Wanted) -> list[Value]:
        """Every value of a kind on the page."""
        return [
            Value(said, cell.text, cell.spans, 0.0)
            for row in self.rows
            for cell in row
            for said in pieces(cell.text, wanted)
        ]

    def column(self, word: str) -> list[Cell]:
        """The cells under the one that `word` heads; empty where it heads no column."""
        for k, row in enumerate(self.rows[:-2]):
            heads = [c for c in row if written_in([word], c.text) and len(tokens(c.text)) <= 3]
            if heads and len(row) >= 2:
                below = (_in_column(heads[0], row, line) for line in self.rows[k + 1 :])
                return [cell for cell in below if cell is not None]
        return []

    def cell_where(self, words: Sequence[str]) -> Value | None:
        """The cell in the column that one word heads and the row that another names."""
        best: Value | None = None
        for k, row in enumerate(self.rows[:-2]):
            heads = [(c, written_in(words, c.text)) for c in row]
            for head, up in heads:
                if not up or len(row) < 2 or (best and best.named >= up):
                    continue
                for below in self.rows[k + 1 :]:
                    across = written_in(set(words) - up, self._text(below))
                    cell = _in_column(head, row, below)
                    if across and cell and not written_in(across, cell.text):
                        total = up | across
                        if best is None or len(total) > len(best.named):
                            label = f"{self._text(below[:1])}, {head.text}"
                            spans = (*cell.spans, *head.spans, *below[0].spans)
                            best = Value(cell.text, label, spans, float(len(total)), total)
        return best

    @staticmethod
    def _text(row: Sequence[Cell]) -> str:
        return " ".join(cell.text for cell in row)

    def _values(
        self, k: int, there: frozenset[str], wanted: Wanted
    ) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """(value, label, spans) for row `k`, whose words `there` were asked for."""
        row = self.rows[k]
        at = max(range(len(row)), key=lambda j: (len(written_in(there, row[j].text)), -j))
        cell, label = row[at], row[at].text
        behind = [c for c in row[at + 1 :]]
        under = self._under(k, at)
        before = [[c] for c in reversed(row[:at])]
        order = [[cell], behind, [under] if under else [], *before]
        if under is None and len(row) > 2 and self._is_heads(k):
            order = [[cell]]  # what stands behind is another head
        elif under and self._is_heads(k):
            stacked = not self._is_table(k, at)
            order = [[cell], [under], behind] if stacked else [[cell], behind, *before]
        for kind in wanted.kinds or ("",):
            for group in order:
                said = _said(group, cell, there, wanted, kind)
                if said:
                    yield said, label, tuple({s for c in (cell, *group) for s in c.spans})
                    return

    def _is_heads(self, k: int) -> bool:
        """Whether row `k` names what stands under it: words only, each with a cell of its own below."""
        row = self.rows[k]
        if any(c.isdigit() for c in self._text(row)):
            return False
        under = [c.spans for j in range(len(row)) if (c := self._under(k, j)) is not None]
        return len(set(under)) == len(under) >= len(row) - (len(row) > 2)

    def _is_table(self, k: int, j: int) -> bool:
        """Whether more than one row stands under cell `j` of row `k`."""
        under = self._under(k, j)
        if under is None or (k + 2 < len(self.rows) and self._is_heads(k + 2)):
            return False
        third = self._under(k + 1, self.rows[k + 1].index(under))
        if third is None:
            return False
        label = self.rows[k][j].height
        if under.height > TALLER * label > third.height:  # label, value, label
            return False
        return abs(third.height / under.height - 1) < LIKE_SIZE

    def _under(self, k: int, j: int) -> Cell | None:
        """The cell right below cell `j` of row `k`, begun at the same place or centred on it."""
        cell = self.rows[k][j]
        if k + 1 >= len(self.rows):
            return None
        for other in self.rows[k + 1]:
            size = max(cell.height, other.height)
            left = abs(float(other.place[0] - cell.place[0])) < size
            middle = (
                abs(float((other.place[0] + other.place[2] - cell.place[0] - cell.place[2]) / 2))
                < size
            )
            near = float(other.place[1] - cell.place[3]) < 1.5 * size
            if near and (left or middle):
                return other
        return None


def _said(
    group: Sequence[Cell], cell: Cell, there: frozenset[str], wanted: Wanted, kind: str
) -> str:
    """What cells say of a kind beside `cell`, which was named; '' for nothing."""
    text = " ".join(c.text for c in group)
    own = group[:1] == [cell]
    if not kind:
        return _remainder(text, there) if own else text
    searched = _without(text, there) if own else text
    found = pieces(searched, Wanted((kind,), wanted.units))
    if not found:
        return ""
    if wanted.whole and not own:
        return text
    return found[-1] if wanted.last else _nearest(text, found, there)


def _in_column(head: Cell, heads: Sequence[Cell], row: Sequence[Cell]) -> Cell | None:
    """The cell of `row` that stands under `head` rather than under another of `heads`."""
    for cell in row:
        middle = float(cell.place[0] + cell.place[2]) / 2
        nearest = min(
            heads,
            key=lambda h: min(
                abs(float(h.place[0] + h.place[2]) / 2 - middle),
                abs(float(h.place[0] - cell.place[0])),
            ),
        )
        if nearest is head:
            return cell
    return None


def _remainder(text: str, there: Iterable[str]) -> str:
    """What a cell says beside the words that named it, where they stand at one of its ends."""
    words = text.split()
    known = [bool(written_in(there, w)) for w in words]
    while known and known[0]:
        words, known = words[1:], known[1:]
    while known and known[-1]:
        words, known = words[:-1], known[:-1]
    rest = " ".join(words).strip(" .:·-–—=")
    return rest if rest != text.strip(" .:·-–—=") and any(c.isalnum() for c in rest) else ""


def _without(text: str, there: Iterable[str]) -> str:
    """A text less the numbers of the question, which are no answer to it."""
    asked = [w for w in there if w[:1].isdigit()]
    return " ".join(w for w in text.split() if not (asked and written_in(asked, w)))


def _nearest(text: str, found: Sequence[str], there: Iterable[str]) -> str:
    """The one of several values that stands nearest to a word that was asked for."""
    if len(found) < 2:
        return found[0]
    low = text.casefold()
    places = [m.start() for m in TOKEN.finditer(text) if written_in(there, m.group())]
    if not places:
        return found[0]
    return min(found, key=lambda v: min(abs(low.find(v.casefold()) - p) for p in places))
