"""Goals about how a thing lies: in which part of the picture, and which way it points.

Knows nothing of how two things lie to each other (``relating.py``).
"""

from __future__ import annotations

import numpy as np

from agent.planners.offline import patterns
from agent.planners.offline.counting import people
from agent.planners.offline.phrases import SIDE, Target
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment, Ref, listed
from tools.geometry import centres
from tools.places import part_of
from tools.types import Labels, Placed

AREA = r"(?:corner|half|part|side|quadrant|quarter|third|area|region|section|edge|end|place|spot|position)"


# -- parts of the picture ---------------------------------------------------------------------------


def position(scope: Scope) -> Fragment | None:
    """In which corner, half or part of the picture something is, or whether it is on that side."""
    pictures = "|".join(scope.words.list("pictures"))
    whole = rf"(?: (?:of|in|on) (?:the |this |that |my )?(?:whole |entire )?(?:{pictures}))?"
    match = patterns.match(
        rf"^(?:(?:in|on|at|to|near|towards?) )?(?:which|what) (?P<k>{AREA}){whole} (?:is|are|does|do|can (?:i|you) (?:see|find)|contains?|holds?|has|shows?|includes?)\s+(?P<a>.+?)(?: (?:lie|located|placed|positioned|situated|appear|stand|sit|found|in|on|at))?$",
        scope.text,
    )
    if match:
        return _parts_said(scope, match.group("a"), match.group("k"))
    side = rf"(?:(?:more |further )?(?:on|at|in|to|near|towards?) )?(?:the )?(?:very |far )?(?P<s{{n}}>{SIDE[SIDE.index('(', 3) :]})(?:[- ](?:hand ))?(?: (?:side|half|part|corner|edge|third|end))?{whole}"
    match = patterns.match(
        rf"^(?:is|are) (?P<a>(?!there\b).+?) (?:located |placed |positioned |standing |sitting )?(?=(?:more |further )?(?:on|at|in|to|near|towards?) the ){side.format(n=1)}(?:(?:,? or) {side.format(n=2)})?$",
        scope.text,
    )
    if not match:
        return None
    return _on_side(scope, match.group("a"), match.group("s1"), match.group("s2"))


def _seen(scope: Scope, phrase: str) -> tuple[Target, Ref, Placed, str]:
    wanted = scope.target(patterns.sub(r"^(?:one|any|either|some) of ", "", phrase))
    if wanted.pronoun and scope.mentioned is not None:
        wanted = scope.mentioned
    ref = scope.find(wanted)
    return wanted, ref, scope.work.see(ref, Placed), people(scope, wanted)[0] or wanted.text


def _parts_said(scope: Scope, phrase: str, kind: str) -> Fragment | None:
    wanted, ref, placed, name = _seen(scope, phrase)
    if not len(placed):
        return Fragment(scope.absent(name, ref), focus=ref)
    shares = centres(placed.xyxy) / placed.frame.size_wh
    parts = [_part(kind, float(x), float(y), placed) for x, y in shares[:6]]
    article = "" if len(placed) == 1 else f"{len(placed)} {name}: "
    where = listed(list(dict.fromkeys(parts)))
    said = f"{article}{where}" if article else f"The {name} is in the {where}"
    return Fragment(f"{said}{scope.where()}{scope.work.cite(ref)}", focus=ref)


def _part(kind: str, x: float, y: float, placed: Placed) -> str:
    across, down = ("left" if x < 0.5 else "right"), ("top" if y < 0.5 else "bottom")
    if kind in ("corner", "quadrant", "quarter"):
        return f"{down} {across} {kind}"
    if kind in ("side", "half", "edge", "end"):
        sideways = abs(x - 0.5) >= abs(y - 0.5)
        main, other = (across, down) if sideways else (down, across)
        return (
            f"{main} {kind} ({down} {across})"
            if min(abs(x - 0.5), abs(y - 0.5)) > 0.1
            else f"{main} {kind}"
        )
    part = part_of(x * placed.frame.width, y * placed.frame.height, placed.frame)
    return f"{part} {kind}" if part != "centre" else "centre"


def _on_side(scope: Scope, phrase: str, side: str, other: str | None) -> Fragment | None:
    wanted, ref, placed, name = _seen(scope, phrase)
    if not len(placed):
        return Fragment(scope.absent(name, ref), focus=ref)
    places = centres(placed.xyxy) / placed.frame.size_wh
    some = patterns.match(r"(?:one|any|either|some) of ", phrase) is not None
    x, y = max(places, key=lambda p: _fit(side, float(p[0]), float(p[1]))) if some else places[0]
    fits = [_fit(s, float(x), float(y)) for s in (side, other) if s]
    words = [_plain(s) for s in (side, other) if s]
    cite = scope.work.cite(ref, [0])
    if other:
        best = words[int(np.argmax(fits))]
        half = patterns.search(r"\b(half|corner|third|quarter)\b", scope.text)
        place = f"in the {best} {half.group(1)}" if half else _at(best)
        return Fragment(f"The {name} is {place}{scope.where()}{cite}", focus=ref)
    true = part_of(float(x) * placed.frame.width, float(y) * placed.frame.height, placed.frame)
    yes = fits[0] > 0
    return Fragment(
        f"{'Yes' if yes else 'No'}, the {name} is {_at(words[0] if yes else true)}{scope.where()}{cite}",
        focus=ref,
    )


def _plain(side: str) -> str:
    words = {"upper": "top", "lower": "bottom", "middle": "centre", "center": "centre", "left-hand": "left", "right-hand": "right"}  # fmt: skip
    return " ".join(words.get(word, word) for word in side.split())


def _at(side: str) -> str:
    if side == "centre":
        return "in the centre"
    return f"at the {side}" if side.split()[0] in ("top", "bottom") else f"on the {side}"


def _fit(side: str, x: float, y: float) -> float:
    """How far a point (0..1) lies on a side: above 0 where it does."""
    if _plain(side) == "centre":
        return 0.2 - max(abs(x - 0.5), abs(y - 0.5))
    ways = {"left": 0.5 - x, "right": x - 0.5, "top": 0.5 - y, "bottom": y - 0.5}
    return min(ways[word] for word in _plain(side).split())


# -- directions ---------------------------------------------------------------------------------------


def direction(scope: Scope) -> Fragment | None:
    """Which way an arrow points, nearest to what is in focus."""
    asks = patterns.search(
        r"\b(which|what) (?:way|direction)\b|\bin which direction\b|\bdirection do\b|\barrows? (?:point|pointing|show)",
        scope.text,
    )
    if not asks:
        return None
    if any(m.knows("arrow") and not m.missing() for m in scope.work.view.catalog.models.values()):
        ref = scope.find(Target("arrow", "arrow", many=True))
        arrows = scope.work.see(ref, Placed)
        if len(arrows):
            return _arrow_said(scope, ref, arrows)
    if scope.focus is None:
        return None
    placed = scope.work.see(scope.focus, Placed)
    if not len(placed):
        return None
    side = "left" if centres(placed.xyxy[:1])[0][0] < placed.frame.width / 2 else "right"
    return Fragment(
        f"I find no arrow; it stands on the {side} side of the picture{scope.work.cite(scope.focus, [0])}"
    )


def _arrow_said(scope: Scope, ref: Ref, arrows: Placed) -> Fragment:
    row = _nearest_row(scope, arrows)
    ways = [label.replace("arrow", "").strip() for label in arrows.labels]
    alone = scope.focus is None or scope.focus.call_id == ref.call_id
    if alone and len(arrows) > 1:
        said = listed([f"{way}{scope.work.cite(ref, [i])}" for i, way in enumerate(ways[:6])])
        return Fragment(f"The {len(arrows)} arrows point {said}", focus=ref)
    near = " nearest to it" if len(arrows) > 1 else ""
    return Fragment(f"The arrow{near} points {ways[row]}{scope.work.cite(ref, [row])}", focus=ref)


def _nearest_row(scope: Scope, things: Placed) -> int:
    if scope.focus is None or not is_placed(scope, scope.focus):
        return 0
    focus = scope.work.see(scope.focus, Placed)
    if not len(focus):
        return 0
    away = np.linalg.norm(centres(things.xyxy) - centres(focus.xyxy[:1]), axis=1)
    return int(np.argmin(away))


def is_placed(scope: Scope, ref: Ref) -> bool:
    """Whether a reference stands for things with a place; unknown handles do not."""
    return issubclass(scope.work.view.kinds.get(ref.name, Labels), Placed)
