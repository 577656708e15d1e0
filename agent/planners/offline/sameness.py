"""Goals over several pictures about sameness: whether they are alike, and where they differ.

Knows nothing of which picture has more of something (``comparing.py``).
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed, plural
from tools.geometry import areas, centres
from tools.places import part_of
from tools.types import Boxes, Table


def numeric(text: str) -> float:
    """The number in a text; the product of two such as "640 x 480"."""
    found = patterns.findall(r"-?\d+(?:\.\d+)?", text.replace(",", ""))
    if len(found) >= 2 and patterns.search(r"\d\s*[x×]\s*\d", text):
        return float(found[0]) * float(found[1])
    return float(found[0]) if found else 0.0


SAME = r"(?:the |of the |have the |of )?(?:same|identical|equal|differ(?:ent|s)?(?: in)?)"
ASPECTS = {
    "size": r"size|dimensions?|resolution|big|large", "width": r"width|wide", "height": r"height|high|tall",
    "brightness": r"brightness|bright|dark", "sharpness": r"sharpness|sharp",
}  # fmt: skip


def same_aspect(scope: Scope) -> Fragment | None:
    """Whether the pictures have the same size, width or brightness."""
    if not patterns.search(r"\b(?:same|equal|identical|equally|different)\b", scope.text):
        return None
    measure = next(
        (m for m, words in ASPECTS.items() if patterns.search(rf"\b(?:{words})\b", scope.text)), ""
    )
    if not measure or not patterns.match(r"^(?:is|are|do|does|have|has)\b", scope.text):
        return None
    ref = scope.work.call("compare", first=scope.images[0], second=scope.images[1])
    row = next(r for r in scope.work.see(ref, Table) if r["what"] == measure)
    same = str(row["verdict"]) == "same"
    yes = same != bool(patterns.search(r"\bdifferent\b", scope.text))
    return Fragment(
        f"{'Yes' if yes else 'No'}: {measure} {row['first']} and {row['second']}{scope.work.cite(ref)}"
    )


def same_or_not(scope: Scope) -> Fragment | None:
    """Whether two pictures are the same, and where they differ."""
    asks = patterns.search(
        r"\b(identical|the same|same (?:picture|photo|image|scene|shot)|differences?|differs?|different|chang(?:ed?|es)|similar|alike|duplicates?|compare|altered|edited|missing|removed|added|disappeared|gone|copies|copy|version)\b",
        scope.text,
    )
    if not asks or patterns.search(
        r"\bsame (?:person|man|woman|people|place|dog|cat|car)\b", scope.text
    ):
        return None
    chosen = [scope.images[n - 1] for n in scope.clause.pictures if 0 < n <= len(scope.images)]
    first, second = chosen[:2] if len(chosen) > 1 else scope.images[:2]
    table = scope.work.call("compare", first=first, second=second)
    rows = {r["what"].split(" (")[0].lower(): r for r in scope.work.see(table, Table)}
    wants = _wanted_sameness(scope.text)
    if str(rows["identical"]["verdict"]) == "same":
        yes = {"same": "Yes, ", "other": "No, "}.get(wants, "")
        return Fragment(
            _capital(f"{yes}the two pictures are identical pixel by pixel{scope.work.cite(table)}")
        )
    no = {"same": "No, ", "other": "Yes, "}.get(wants, "")
    alike = {"same": "nearly the same", "alike": "alike", "different": "different"}
    likeness = alike[str(rows["similarity"]["verdict"])]
    if likeness == "different" and str(rows["perceptual hash distance"]["verdict"]) != "same":
        said = _capital(
            f"{no}they show different things (similarity {rows['similarity']['first']} of 1)"
        )
        return Fragment(f"{said}{scope.work.cite(table)}")
    return _where_changed(
        scope, first, second, table, f"{no}the two pictures are {likeness} but not identical"
    )


def _wanted_sameness(text: str) -> str:
    if not patterns.match(r"^(?:is|are|has|have|do|does|did|was|were)\b", text):
        return ""
    return (
        "other"
        if patterns.search(r"\b(?:differ\w*|chang\w+|altered|edited|missing|removed)\b", text)
        else "same"
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _overall(scope: Scope, table: Ref) -> str:
    """In what the second picture differs as a whole: light, colour, sharpness."""
    words = {
        "brightness": ("brighter", "darker"), "colourfulness": ("more colourful", "less colourful"),
        "sharpness": ("sharper", "blurrier"), "size": ("larger", "smaller"),
    }  # fmt: skip
    said = []
    for row in scope.work.see(table, Table):
        a, b = numeric(str(row["first"])), numeric(str(row["second"]))
        if row["what"] in words and abs(a - b) > 0.25 * max(a, b):
            said.append(words[str(row["what"])][int(b < a)])
    return f"the second is {listed(said)}" if said else ""


def _where_changed(scope: Scope, first: Ref, second: Ref, table: Ref, said: str) -> Fragment:
    changes = scope.work.call("find_changes", first=first, second=second)
    found = scope.work.see(changes, Boxes)
    overall = _overall(scope, table)
    said = _capital(f"{said} ({overall})" if overall else said)
    if (
        overall
        and len(found)
        and float(areas(found.xyxy).sum()) > 0.3 * found.frame.width * found.frame.height
    ):
        return Fragment(f"{said}{scope.work.cite(table)}")
    if not len(found):
        return Fragment(f"{said}: no single place stands out as changed{scope.work.cite(table)}")
    boxes = "; ".join(
        f"{', '.join(str(round(float(v))) for v in box)} ({part_of(float(middle[0]), float(middle[1]), found.frame)})"
        for box, middle in zip(found.xyxy[:5], centres(found.xyxy[:5]), strict=True)
    )
    n = len(found)
    return Fragment(
        f"{said}: {n} changed {plural(n, 'place')}, {boxes}{scope.work.cite(changes)}",
        focus=changes,
    )
