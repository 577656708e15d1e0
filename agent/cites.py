"""The cites of an answer: ``[#1 #2]``, ``[#3–#9]``, ``[table1]``. Finds them, reads them.

Knows nothing of what they refer to.
"""

from __future__ import annotations

import re

_ITEM = r"(?:#\d{1,6}(?:\s?[–-]\s?#\d{1,6})?|[a-z]+\d+)"
CITE = re.compile(rf"\[({_ITEM}(?:[\s,;]+{_ITEM})*)\]")
"""One bracket of cites; group 1 is what stands in it."""
_ONE = re.compile(_ITEM)
MOST = 500
"""Members of a range that are read at most."""


def cites_in(group: str) -> list[str]:
    """The single cites in a bracket, ranges written out."""
    found: list[str] = []
    for item in _ONE.findall(group):
        numbers = [int(n) for n in re.findall(r"#(\d+)", item)]
        if len(numbers) == 2:
            first, last = sorted(numbers)
            found += [f"#{n}" for n in range(first, min(last, first + MOST - 1) + 1)]
        else:
            found.append(item)
    return found
