"""Goals about distance from the camera: which is nearer, how far, the depth map itself.

Only things that are seen are compared; distances that are written on a sign are read elsewhere.
Knows nothing of how depth is estimated.
"""

from __future__ import annotations

from agent.planners.offline import patterns
from agent.planners.offline.phrases import Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.sighted import called, need, picture_of, visible
from agent.planners.offline.work import Fragment, Ref, listed
from tools.types import DepthMap, Image, Placed, Table

CAMERA = r"(?: to| from)?(?: (?:the )?(?:camera|viewer|lens|photographer|observer|us|me|you|here|front))?"
NEAR = r"(?:nearest|nearer|closest|closer|in front|foremost|in the front|at the front)"
FAR = r"(?:farthest|furthest|farther|further|more distant|most distant|deepest|deeper|in the back|at the back|behind|hindmost|farthest back|furthest back)"
EITHER = rf"^(?:which|what|who)(?: (?:one|thing|object|of (?:them|these|the two)))* (?:is|are|stands|lies|looks|seems)(?: the)? (?P<r>{NEAR}|{FAR})(?: away)?{CAMERA}[:,]? (?P<l>(?:the|an?|this|that|my|his|her) .+ or .+)$"
KIND = rf"^(?:which|what)(?: of the)? (?P<k>[\w ]+?) (?:is|are|stands|lies|looks|seems)(?: the)? (?P<r>{NEAR}|{FAR})(?: away)?(?P<c>{CAMERA})$"
SUPERLATIVE = rf"^(?:find|locate|where is|show|which is|what is|box|point to) the (?P<r>nearest|closest|farthest|furthest|foremost|most distant) (?P<k>[\w ]+?)(?P<c>{CAMERA})$"
ANYTHING = rf"^(?:what|which(?: (?:thing|object|one))?|who)(?: (?:is|are|stands|lies))(?: the)? (?P<r>{NEAR}|{FAR})(?: away)?{CAMERA}$"
WHETHER = (
    rf"^(?:is|are) (?P<a>(?:the|a|this|that) .+?) (?P<r>closer|nearer|farther|further)(?: away)?{CAMERA} than (?P<b>.+)$",
    r"^(?:is|are|does|do) (?P<a>(?:the|a|this|that) .+?) (?:stand |sit |lie )?(?P<r>in front of|behind) (?P<b>(?:the|a|this|that) .+)$",
)  # fmt: skip
HOW_FAR = rf"^(?:how (?:far|near|close|deep|distant)(?: away)?|what is the (?:distance|depth) (?:of|to))(?: (?:is|are|stands?))?(?: away)? (?P<o>(?:the|a|this|that|each|every|all|my) .+?)(?: away)?{CAMERA}$"
ORDERED = r"^(?:order|sort|rank|arrange|list|compare) (?P<l>.+?) (?:by|in order of|from|according to) (?:their |the )?(?:distance|depth|nearness|closeness|near(?:est)?|clos(?:e|est)|front|far(?:thest)?|how (?:far|near|close))\b.*$"
MAP = (
    r"^(?:(?:show|make|draw|give|create|compute|estimate|get|what is|generate|produce|render|find|see|return|output|i (?:want|need))\b(?: me)? )?(?:an? |the |its )?(?:\w+ )?depth (?:map|image|picture|estimate|estimation)\b.*$",
    r"^(?:estimate|map|compute|show|measure|predict)(?: me)? (?:the )?depths?(?: (?:of|for|in|at) .+)?$",
    r"^(?:show|tell)?(?: me)? ?how (?:far(?: away)?|near|close|deep) (?:everything|all|each (?:pixel|point|thing)|every (?:pixel|point|thing)|things)(?: (?:is|are))?\b.*$",
)  # fmt: skip


def compared(scope: Scope) -> Fragment | None:
    """Which of several things is nearer or farther, or in which order they stand."""
    text = scope.text
    match = patterns.match(EITHER, text)
    if match:
        wanted = _seen(scope, match.group("l"))
        return _nearest(scope, wanted, match.group("r")) if wanted else None
    match = patterns.match(ORDERED, text)
    if match:
        wanted = _seen(scope, match.group("l"))
        return _in_order(scope, wanted) if wanted else None
    for pattern in (SUPERLATIVE, KIND):
        match = patterns.match(pattern, text)
        if match and not patterns.fullmatch(r"(?:thing|object|one)s?", match.group("k")):
            wanted = _seen(scope, match.group("k"))
            return _nearest(scope, [_all(t) for t in wanted], match.group("r")) if wanted else None
    if patterns.match(ANYTHING, text):
        return _foremost(scope)
    return _whether(scope)


def _all(wanted: Target) -> Target:
    return Target(wanted.text, wanted.head, wanted.modifiers, many=True, colors=wanted.colors)


def _seen(scope: Scope, phrase: str) -> list[Target]:
    """The things of a phrase where every one of them is seen; else none."""
    wanted = scope.targets(phrase)
    return wanted if wanted and all(visible(scope, t) for t in wanted) else []


def _table(scope: Scope, things: Ref) -> tuple[Ref, Table]:
    """Things in order of their depth, nearest first."""
    need(scope, "depth")
    depth = scope.work.call("depth", image=scope.image)
    ref = scope.work.call("compare_depth", depth=depth, things=things)
    return ref, scope.work.see(ref, Table)


def _gathered(scope: Scope, wanted: list[Target]) -> tuple[Ref | None, list[tuple[Target, Ref]]]:
    """All that was found of several things as one result, and what was not found."""
    need(scope, "depth")
    found = [(t, scope.find(t)) for t in wanted]
    counts = [len(scope.work.see(ref, Placed)) for _, ref in found]
    held = [ref for (_, ref), n in zip(found, counts, strict=True) if n]
    together = held[0] if held else None
    for other in held[1:]:
        together = scope.work.call("gather", first=together, second=other)
    return together, [pair for pair, n in zip(found, counts, strict=True) if not n]


def _missing(scope: Scope, absent: list[tuple[Target, Ref]]) -> str:
    return scope.absent(listed([called(t) for t, _ in absent]), *(ref for _, ref in absent))


def _nearest(scope: Scope, wanted: list[Target], relation: str) -> Fragment:
    things, absent = _gathered(scope, wanted)
    if things is None or (absent and len(wanted) > 1):
        said = _missing(scope, absent)
        return Fragment(f"{said}, so there is nothing to compare", "cannot")
    ref, table = _table(scope, things)
    placed = scope.work.see(things, Placed)
    near = patterns.fullmatch(NEAR, relation) is not None
    name, value = table.rows[0 if near else -1][1:]
    word = "nearest" if near else "farthest"
    if len(wanted) == 1 and len(placed) == 1:
        return Fragment(f"There is only one {name}{scope.work.cite(things)}: {_measured(table, value)}", focus=things)  # fmt: skip
    box = table.cells[0 if near else -1, 1] if table.cells is not None else None
    place = f", the one at {', '.join(str(round(float(v))) for v in box)}" if box is not None and len(wanted) == 1 else ""  # fmt: skip
    return Fragment(
        f"The {name} is {word}{place} ({_measured(table, value)}); in order: {_said(table)}"
        f"{scope.work.cite(things)}{scope.work.cite(ref)}",
        focus=things,
    )


def _measured(table: Table, value: str) -> str:
    return f"{value} m away" if "(m)" in table.columns[2] else f"at {value} % of the depth seen"


def _said(table: Table) -> str:
    unit = " m" if "(m)" in table.columns[2] else " %"
    return ", ".join(f"{name} {value}{unit}" for _, name, value in table.rows[:12])


def _in_order(scope: Scope, wanted: list[Target]) -> Fragment:
    things, absent = _gathered(scope, wanted)
    if things is None:
        return Fragment(_missing(scope, absent), "cannot")
    ref, table = _table(scope, things)
    tail = f". {_missing(scope, absent)}" if absent else ""
    return Fragment(f"Nearest first: {_said(table)}{scope.work.cite(things)}{scope.work.cite(ref)}{tail}", focus=things)  # fmt: skip


def _foremost(scope: Scope) -> Fragment:
    """What stands nearest of all that can be told apart."""
    need(scope, "depth")
    if scope.text.startswith("who"):
        things = scope.find(scope.target("people"))
    else:
        need(scope, "segment_all")
        things = scope.work.call("segment_all", image=scope.image, region=scope.given)
    if not len(scope.work.see(things, Placed)):
        what = "person" if scope.text.startswith("who") else "thing"
        return Fragment(scope.absent(what, things))
    ref, table = _table(scope, things)
    near = patterns.search(rf"\b{FAR}\b", scope.text) is None
    name, value = table.rows[0 if near else -1][1:]
    word = "nearest" if near else "farthest"
    return Fragment(f"The {word} is {name} ({_measured(table, value)}){scope.work.cite(ref)}", focus=things)  # fmt: skip


def _whether(scope: Scope) -> Fragment | None:
    """Such as "Is the cup closer than the book?", "Is the dog in front of the car?"."""
    match = next((m for m in (patterns.match(p, scope.text) for p in WHETHER) if m), None)
    if match is None:
        return None
    wanted = [scope.target(match.group(g)) for g in "ab"]
    if not all(visible(scope, t) for t in wanted):
        return None
    things, absent = _gathered(scope, wanted)
    if things is None or absent:
        return Fragment(f"{_missing(scope, absent)}, so there is nothing to compare", "cannot")
    ref, table = _table(scope, things)
    first = table.rows[0][1]
    one = scope.work.see(scope.find(wanted[0]), Placed).labels
    nearer = first in one
    asks_near = match.group("r") in ("closer", "nearer", "in front of")
    return Fragment(
        f"{'Yes' if nearer == asks_near else 'No'}: nearest first, {_said(table)}{scope.work.cite(ref)}",
        focus=things,
    )


def how_far(scope: Scope) -> Fragment | None:
    """How far a thing that is seen is from the camera."""
    match = patterns.match(HOW_FAR, scope.text)
    if match is None or patterns.search(r"\b(?:between|apart|and|from|to) ", match.group("o")):
        return None
    wanted = _seen(scope, match.group("o"))
    if not wanted:
        return None
    things, absent = _gathered(scope, wanted)
    if things is None:
        return Fragment(_missing(scope, absent), "cannot")
    ref, table = _table(scope, things)
    metric = "(m)" in table.columns[2]
    caveat = "" if metric else "; the map orders depths, 0 % is nearest and 100 % farthest, and knows no metres"  # fmt: skip
    return Fragment(f"{_said(table)}{scope.work.cite(things)}{scope.work.cite(ref)}{caveat}", focus=things)  # fmt: skip


def depth_map(scope: Scope) -> Fragment | None:
    """The depth of every pixel, as a map that can be looked at."""
    if not any(patterns.match(p, scope.text) for p in MAP):
        return None
    need(scope, "depth")
    depth = scope.work.call("depth", image=scope.image)
    said = scope.work.see(depth, DepthMap).describe()
    if "control_map" not in scope.work.view.catalog.tools:
        return Fragment(f"{said}{scope.work.cite(depth)}", focus=depth)
    ref = scope.work.call("control_map", image=scope.image, kind="depth", depth=depth)
    scope.work.see(ref, Image)
    return picture_of(scope, ref, f"Here is the depth map, lighter is nearer: {said}{scope.work.cite(depth)}")  # fmt: skip
