"""Goals about way signs: which way a place lies, and which places lie one way.

By the arrow that stands nearest to a name. Knows nothing of distances.
"""

from __future__ import annotations

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.naming import LEGIBLE
from agent.planners.offline.scope import Scope
from agent.planners.offline.terms import content
from agent.planners.offline.work import Fragment, Ref, listed
from tools.geometry import centres
from tools.layout import line_heights
from tools.samewords import written_in
from tools.types import Boxes, TextSpans

ASKS = (
    r"\b(?:which|what) (?:way|direction)\b|\bin (?:which|what) direction\b|\bdo i (?:have to |need to |must )?"
    r"(?:turn|go) (?:left|right|straight)\b|\b(?:left|right),? or (?:right|left|straight)\b|\bwhere do i (?:turn|go)\b"
    r"|\bhow do i get to\b|\bwhich arrow\b"
)
WAYS = frozenset(
    "turn left right go going straight ahead on direction way arrow point points pointing lies lie head "
    "follow get drive walk sign forward back reach".split()
)
"""Words of such a question that are no place."""
ASIDE = 2.0
"""How much farther an arrow above or below a name counts than one beside it."""
TOWN = r"(?:towns?|cit(?:y|ies)|places?|villages?|destinations?|roads?|streets?|exits?|stations?|names?)"


def way(scope: Scope) -> Fragment | None:
    """Which way the arrow beside a name points; or which names an arrow of that way stands by."""
    back = patterns.match(
        rf"^(?:which|what) {TOWN} (?:is|are|lies?|do i (?:reach|get to)|can i reach|comes?)\b.*?\b(?P<w>left|right|straight (?:on|ahead)|ahead)(?: (?:side|hand side))?$",
        scope.text,
    )
    if back is not None:
        return _names_on(scope, back.group("w"))
    if not patterns.search(ASKS, scope.text):
        return None
    words = [w for w in content(scope) if w.lower() not in WAYS]
    if not words:
        return None
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    rows = [i for i, t in enumerate(spans.texts) if len(written_in(words, t)) == len(words)]
    if not rows:
        return None
    arrows, boxes = _arrows(scope)
    place = spans.texts[rows[0]]
    if not len(boxes):
        middle = centres(spans.xyxy[rows[:1]])[0][0]
        side = "left" if middle < spans.frame.width / 2 else "right"
        said = f"I find no arrow; {place}{scope.work.cite(ref, rows[:1])} stands on the {side} side"
        return Fragment(said, focus=ref)
    nearest = int(np.argmin(_away(spans.xyxy[rows[0]], boxes.xyxy)))
    said = (
        f"The arrow{scope.work.cite(arrows, [nearest])} by {place}{scope.work.cite(ref, rows[:1])}"
    )
    return Fragment(f"{said} points {_way_of(boxes, nearest)}", focus=ref)


def _arrows(scope: Scope) -> tuple[Ref, Boxes]:
    ref = scope.work.call("detect", image=scope.image, phrases=["arrow"])
    return ref, scope.work.see(ref, Boxes)


def _way_of(arrows: Boxes, row: int) -> str:
    said = arrows.labels[row].replace("arrow", "").strip()
    return "up: straight ahead" if said == "up" else said


def _away(name: np.ndarray, arrows: np.ndarray) -> np.ndarray:
    apart = np.abs(centres(arrows) - centres(name[None])) * (1.0, ASIDE)
    return np.asarray(np.linalg.norm(apart, axis=1))


def _names_on(scope: Scope, wanted: str) -> Fragment | None:
    """The names whose nearest arrow points the wanted way, or that stand on that side."""
    ref = scope.spans()
    spans = scope.work.see(ref, TextSpans)
    heights = line_heights(spans)
    names = [
        i
        for i, text in enumerate(spans.texts)
        if sum(c.isalpha() for c in text) >= 3
        and not any(c.isdigit() for c in text)
        and spans.scores[i] >= LEGIBLE
        and heights[i] >= 0.5 * heights.max()
    ]
    arrows, boxes = _arrows(scope)
    side = {"left": "left", "right": "right"}.get(wanted, "up")
    if len(boxes) and names:
        near = [int(np.argmin(_away(spans.xyxy[i], boxes.xyxy))) for i in names]
        rows = [i for i, n in zip(names, near, strict=True) if boxes.labels[n].split()[-1] == side]
        if rows:
            said = listed([f"{spans.texts[i]}{scope.work.cite(ref, [i])}" for i in rows[:8]])
            return Fragment(f"{said}, by the arrow beside it", focus=ref)
    if side == "up" or len(names) < 2:
        return None
    pick = min if side == "left" else max
    row = pick(names, key=lambda i: float(centres(spans.xyxy[i : i + 1])[0][0]))
    return Fragment(
        f"{spans.texts[row]}{scope.work.cite(ref, [row])} stands farthest {side}", focus=ref
    )
