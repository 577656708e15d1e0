"""Goals about the marks of a menu: which dishes, or how many, are vegan, vegetarian, gluten free.

A dish is what its name or the mark behind it says, never more. Knows nothing of food.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.entries import Entry, entries
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment
from tools.samewords import written_in

MARKS = {
    "vegan": ("vegan", "vg", "ve", "vgn"),
    "vegetarian": ("vegetarian", "veggie", "veg", "v", "vegan", "vg", "ve", "vgn"),
    "gluten": ("gluten", "gf"),
    "dairy": ("dairy", "df"),
    "nuts": ("nuts", "nut", "n"),
    "spicy": ("spicy", "hot", "chilli", "chili"),
}
"""What is asked for -> the words and marks that say so behind the name of a dish."""
SAID = {"veggie": "vegetarian", "gluten-free": "gluten", "dairy-free": "dairy"}
ASKED = r"^(?:which|what|how many|are there any|is there anything|do they have any|is there a)\b.*\b(?P<d>{})\b"


def marked(scope: Scope) -> Fragment | None:
    """Such as "How many vegetarian dishes are there?", "Which dish is gluten free?"."""
    diets = [w for w in (*MARKS, *SAID) if patterns.match(ASKED.format(re.escape(w)), scope.text)]
    if not diets:
        return None
    found = entries(scope, "normal")
    if len(found) < 2 or found[0].place == scope.spans():
        return None
    marks = {m for d in diets for m in MARKS[SAID.get(d, d)]}
    mine = [e for e in found if _is_marked(e, marks)]
    what = " or ".join(dict.fromkeys(SAID.get(d, d) for d in diets))
    what = f"{what} free" if patterns.search(r"\bfree\b", scope.text) else what
    if not mine:
        return Fragment(scope.absent(f"dish marked {what}", scope.fields()))
    cites = scope.work.cite(mine[0].place, [r for e in mine for r in e.rows])
    names = ", ".join(e.label for e in mine)
    if scope.text.startswith("how many"):
        return Fragment(f"{len(mine)} are marked {what}: {names}{cites}", focus=mine[0].place)
    return Fragment(f"{names}{cites}", focus=mine[0].place)


def _is_marked(entry: Entry, marks: set[str]) -> bool:
    """Whether the name says it in words, or a mark of capitals or in brackets stands by it."""
    if written_in([m for m in marks if len(m) > 3], entry.label):
        return True
    short = "|".join(m for m in marks if len(m) <= 3)
    if not short:
        return False
    text = entry.label
    return bool(patterns.search(rf"[(\[/,*]\s*(?:{short})\s*[)\]/,*]", text, re.I) or patterns.search(rf"\b(?:{short.upper()})\b", text))  # fmt: skip
