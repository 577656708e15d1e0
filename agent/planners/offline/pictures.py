"""Goals over several pictures, and over what earlier turns made of one.

Knows nothing of the wording of other goals.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed
from agent.protocol import Call, Turn, View
from tools.types import Boxes, Placed, Table

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def which_picture(scope: Scope) -> Fragment | None:
    """Which of several pictures has more of a property, or has a thing in it."""
    if len(scope.images) < 2:
        return None
    comparatives = scope.words.table("comparatives")
    if not re.match(r"^(?:which|what|in which|on which|is|are|does|do|how many of)\b", scope.text):
        return None
    for phrase in sorted(comparatives, key=len, reverse=True):
        if re.search(rf"\b{re.escape(phrase)}\b", scope.text):
            measure, more = comparatives[phrase]
            return _extreme(scope, str(measure), bool(more), phrase)
    return _having(scope)


def _extreme(scope: Scope, measure: str, more: bool, phrase: str) -> Fragment:
    values, handles = _values(scope, measure)
    asked = scope.clause.pictures
    best = (max if more else min)(range(len(values)), key=lambda i: values[i])
    level = max(values) - min(values) <= 0.01 * max(1e-9, abs(max(values)))
    cites = f" [{handles[0]}]"
    if level:
        return Fragment(f"No picture is {phrase}: they are the same in {measure}{cites}")
    name = ORDINALS[best]
    if re.match(r"^(?:is|are)\b", scope.text) and asked:
        yes = "Yes" if best == asked[0] - 1 else "No"
        return Fragment(f"{yes}, the {name} picture is {phrase}{cites}")
    return Fragment(f"The {name} picture is {phrase}{cites}", focus=scope.images[best])


def _values(scope: Scope, measure: str) -> tuple[list[float], list[str]]:
    """The measure of every picture, from comparisons with the first."""
    first, *others = scope.images
    refs = [scope.work.call("compare", first=first, second=other) for other in others]
    values: list[float] = []
    for ref in refs:
        table = scope.work.see(ref, Table)
        row = next((r for r in table if r["what"].lower().startswith(measure[:6])), None)
        pair = (row["first"], row["second"]) if row is not None else ("0", "0")
        numbers = [_numeric(v) for v in pair]
        values = values or [numbers[0]]
        values.append(numbers[1])
    return values, [r.name for r in refs]


def _numeric(text: str) -> float:
    found = re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", ""))
    if len(found) >= 2 and re.search(r"\d\s*[x×]\s*\d", text):
        return float(found[0]) * float(found[1])
    return float(found[0]) if found else 0.0


def _having(scope: Scope) -> Fragment | None:
    match = re.search(
        r"\b(?:has|have|contains?|shows?|includes?|with|is there|are there|do you see|can i see|do i see|says?|reads?|mentions?)\b\s*(?:the (?:text|word|words)\s+)?(?:any |a |an |some |the |more than \w+ )?(.+?)(?:,? (?:the )?(?:first|1st|left) or (?:the )?(?:second|2nd|right).*)?$",
        scope.text,
    )
    if not match or not re.match(r"^(?:which|what|in which|on which)\b", scope.text):
        return None
    most = re.match(r"^(?:the )?(more|most|fewer|fewest|less|least)\s+(.+)$", match.group(1))
    wanted = scope.target(most.group(2) if most else match.group(1))
    if re.search(r"\b(?:says?|reads?|mentions?)\b", match.group()) and not wanted.contains:
        wanted = replace(wanted, contains=match.group(1), head="text")
    refs = [scope.about(image).find(replace(wanted, many=True)) for image in scope.images]
    counts = [len(scope.work.see(ref, Placed)) for ref in refs]
    name = wanted.contains or wanted.head
    if most:
        pick = min if most.group(1) in ("fewer", "fewest", "less", "least") else max
        best = counts.index(pick(counts))
        rows = ", ".join(f"{ORDINALS[i]}: {n}" for i, n in enumerate(counts))
        return Fragment(f"The {ORDINALS[best]} picture ({rows})", focus=refs[best])
    holding = [i for i, n in enumerate(counts) if n]
    if not holding:
        return Fragment(f"None of the pictures: I find no {name} in any of them")
    said = listed([f"{ORDINALS[i]}" for i in holding])
    verb = "picture has" if len(holding) == 1 else "pictures have"
    cites = "".join(scope.work.cite(refs[i]) for i in holding)
    return Fragment(
        f"The {said} {verb} a {name}{cites}".replace(" a a ", " a "), focus=refs[holding[0]]
    )


def same(scope: Scope) -> Fragment | None:
    """Whether two pictures are the same, and where they differ."""
    asks = re.search(
        r"\b(identical|the same|differences?|differ|different|what (?:has |have )?changed|changed|similar|alike|duplicates?|compare)\b",
        scope.text,
    )
    if len(scope.images) < 2 or not asks:
        return None
    first, second = scope.images[0], scope.images[1]
    table = scope.work.call("compare", first=first, second=second)
    rows = {r["what"].lower(): r for r in scope.work.see(table, Table)}
    verdict = "; ".join(
        f"{r['what']}: {r['verdict'] or r['second']}" for r in list(rows.values())[:4]
    )
    identical = next((r for what, r in rows.items() if what.startswith("identical")), None)
    if identical is not None and str(identical["verdict"]).lower().startswith(
        ("yes", "same", "identical")
    ):
        return Fragment(
            f"Yes, the two pictures are identical pixel by pixel{scope.work.cite(table)}"
        )
    text = f"The two pictures are not identical: {verdict}{scope.work.cite(table)}"
    if "find_changes" in scope.work.view.catalog.tools:
        changes = scope.work.call("find_changes", first=first, second=second)
        found = scope.work.see(changes, Boxes)
        if len(found):
            boxes = "; ".join(", ".join(str(round(float(v))) for v in b) for b in found.xyxy[:5])
            return Fragment(
                f"{text}. {len(found)} changed regions: {boxes}{scope.work.cite(changes)}",
                focus=changes,
            )
        text += ". I find no single region that stands out as changed"
    return Fragment(text)


# -- earlier turns --------------------------------------------------------------------------------------


def undo(view: View, question: str) -> Fragment | None:
    """Back to the picture before the last edit."""
    if not re.match(
        r"^(?:please )?(?:undo|revert|take (?:that|it) back|go back|restore|reset)\b",
        question.lower(),
    ):
        return None
    edits = _edits(view.turns)
    if not edits:
        return Fragment("There is no edit in this conversation to undo", "cannot")
    if re.search(r"\b(original|everything|all|reset)\b", question.lower()):
        return Fragment(
            f"Back to the original [{_origin(edits, edits[-1][0])}]",
            images=(_origin(edits, edits[-1][0]),),
        )
    made, before = _last_made(view.turns, edits)
    return Fragment(
        f"Undone: {made} is set aside and {before} stands again [{before}]", images=(before,)
    )


def _edits(turns: tuple[Turn, ...]) -> list[tuple[str, Call]]:
    """(handle made, call) of every call that made a picture from a picture."""
    return [
        (handle, call)
        for turn in turns
        for call, handle in zip(turn.calls, turn.handles, strict=True)
        if handle.startswith("img") and str(call.args.get("image", "")).startswith("img")
    ]


def parents_of(view: View) -> dict[str, str]:
    """Picture made -> picture it was made from, over the whole conversation."""
    now = [(r.handle, r.call) for r in view.results if r.ok]
    edits = _edits(view.turns) + [
        (h, c) for h, c in now if h.startswith("img") and str(c.args.get("image")).startswith("img")
    ]
    return {made: str(call.args["image"]) for made, call in edits}


def _origin(edits: list[tuple[str, Call]], handle: str) -> str:
    parents = {made: str(call.args["image"]) for made, call in edits}
    while handle in parents:
        handle = parents[handle]
    return handle


def _last_made(turns: tuple[Turn, ...], edits: list[tuple[str, Call]]) -> tuple[str, str]:
    """What stands now, and what stood before the turn that made it; undone turns are stepped over."""
    parents = {made: str(call.args["image"]) for made, call in edits}
    current = current_picture(turns)
    before = current
    turn = next((t for t in reversed(turns) if current in t.handles), None)
    mine = set(turn.handles) if turn else set()
    while before in parents and (before in mine or before == current):
        before = parents[before]
    return current, before


def current_picture(turns: tuple[Turn, ...]) -> str:
    """The picture that the last turn left standing; '' where none made any."""
    for turn in reversed(turns):
        if turn.made:
            return turn.made[-1]
    return ""


def latest(view: View) -> Ref | None:
    """The picture edits go on from: the last one made, unless new pictures came since."""
    made = "" if view.fresh else current_picture(view.turns)
    return Ref(made, "", made) if made else None
