"""Goals about the rows of a table that meet a condition: trains on time, courses in room 4.

Which rows, or how many of them. Knows nothing of prices or of lists without columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.terms import expanded
from agent.planners.offline.words import singular
from agent.planners.offline.work import Fragment, quoted
from tools.layout import Cell
from tools.samewords import tokens, written_in
from tools.textrows import Page
from tools.types import TextSpans

COLUMNS = 3
"""So many columns make a table; two are a list with values."""
NOT_NAMES = frozenset("time times day days date dates number price prices".split())


def rows_where(scope: Scope) -> Fragment | None:
    """Such as "Which trains are on time?", "How many trains leave from platform 3?"."""
    match = patterns.match(
        r"^(?P<q>which|what|how many) (?:of the |of these )?(?P<n>[a-z]+s|train|bus|flight|course) (?P<c>.+)$",
        scope.text,
    )
    if match is None or singular(match.group("n")) in NOT_NAMES:
        return None
    name = singular(match.group("n"))
    seen = scope.noun(Target(name, name, many=True)) is not None
    if seen or patterns.match(r"(?:are|is) there\b", match.group("c")):
        return None  # counted or chosen by what is seen: nothing has to be read for it
    ref = scope.spans()
    table = _table(Page(scope.work.see(ref, TextSpans)).rows)
    if len(table) < COLUMNS or _heads(scope, table[0], match.group("n")):
        return None
    wanted = _conditions(scope, table, match.group("c"))
    rows = [row for row in table[1:] if wanted and _meets(row, wanted)]
    if not rows or len(rows) == len(table) - 1:
        return None
    spans = [s for row in rows for cell in row for s in cell.spans]
    cites = scope.work.cite(ref, spans)
    if match.group("q") == "how many":
        said = " and ".join(f'"{wanted[k]}" under "{table[0][k].text}"' for k in sorted(wanted))
        return Fragment(f"Rows with {said}{cites}: {len(rows)}", focus=ref)
    said = quoted(" ".join(cell.text for cell in row) for row in rows[:8])
    return Fragment(f"{said}{cites}", focus=ref)


def _table(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """The row of heads and the rows below it that have as many cells; empty where there is none."""
    for k, row in enumerate(rows):
        if len(row) >= COLUMNS and not any(c.isdigit() for cell in row for c in cell.text):
            below = [list(r) for r in rows[k + 1 :] if len(r) == len(row)]
            if len(below) >= COLUMNS - 1:
                return [list(row), *below]
    return []


def _heads(scope: Scope, row: Sequence[Cell], noun: str) -> bool:
    return any(written_in(expanded(scope, [singular(noun)]), cell.text) for cell in row)


def _conditions(scope: Scope, table: list[list[Cell]], said: str) -> dict[int, str]:
    """Column -> what its cell has to say, as far as the question says it."""
    wanted: dict[int, str] = {}
    words = patterns.findall(r"[\w:.']+", said)
    for column, head in enumerate(table[0]):
        named = written_in(expanded(scope, words), head.text)
        for row in table[1:]:
            text = row[column].text.strip()
            plain = patterns.search(rf"(?<!\w){re.escape(text.casefold())}(?!\w)", said)
            number = patterns.fullmatch(r"\d{1,2}", text) is not None
            alike = len(tokens(text)) == 1 and not number and written_in(words, text)
            first = tokens(text)[:1]
            state = bool(first) and len(first[0]) >= 6 and first[0].casefold() in words
            if ((plain and (named or not number)) or alike or state) and column not in wanted:
                wanted[column] = first[0] if state and not plain else text
    return wanted


def _meets(row: Sequence[Cell], wanted: dict[int, str]) -> bool:
    return all(
        row[column].text.strip().casefold() == text.casefold()
        or row[column].text.casefold().startswith(f"{text.casefold()} ")
        for column, text in wanted.items()
    )
