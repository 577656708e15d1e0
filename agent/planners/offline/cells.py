"""Goals about tables: the cell where a named row and column meet, the nth of a column, a change.

Knows nothing of how a table is told from other text (``tools/textrows.py``).
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.answer_type import is_question
from agent.planners.offline.matches import said_value
from agent.planners.offline.scope import Scope
from agent.planners.offline.terms import SOFT, content, expanded
from agent.planners.offline.work import Fragment, Ref, quoted
from tools.rows import amount
from tools.samewords import written_in
from tools.textrows import Page
from tools.types import TextSpans

GROWN = r"\b(?:difference|grow|grew|grown|increase[ds]?|decrease[ds]?|change[ds]?|fall|fell|rise|rose|more|less|fewer)\b"


def cell(scope: Scope) -> Fragment | None:
    """The cell of a table where a named row and a named column meet."""
    words = content(scope)
    if patterns.match(
        r"^where (?:does|do|is|will)\b.*\b(?:go|going|run|lead|head|fly|travel)", scope.text
    ):
        words = [*words, "destination"]
    if len(words) < 2 or not is_question(scope):
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
    return said_value(scope, ref, found)


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
