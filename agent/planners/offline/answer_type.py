"""The answer type of a question: the kind of value it asks for, and in which unit.

Knows nothing of the picture or of where such a value stands.
"""

from __future__ import annotations

import re

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from tools.textrows import Wanted


def wanted(scope: Scope) -> Wanted:
    """The kind of value that a question asks for."""
    text = scope.text
    last = patterns.search(
        r"\b(?:close|closes|end|ends|until|till|how late|finish|finishes|shut|shuts|over)\b", text
    )
    units = named_units(scope)
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


def named_units(scope: Scope) -> tuple[str, ...]:
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


def is_question(scope: Scope) -> bool:
    """Whether a clause opens with a question word, as "what" or "until when"."""
    return (
        patterns.match(
            r"^(?:(?:in|on|at|from|by|to|for|until|since) )?(?:what|which|how|when|who|whose|where)\b",
            scope.text,
        )
        is not None
    )
