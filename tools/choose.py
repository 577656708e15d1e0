"""Rows of things that fit a description: colour, text, relation, part, size, place, order.

Each function takes the rows that are still in question and gives back those that stay, so that
conditions combine by being applied one after another. Knows nothing of tools or models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools import textkinds
from tools.colorwords import canonical, is_color
from tools.errors import BadArguments
from tools.geometry import areas, box_corners, centres, covered, iou
from tools.inks import ground_share, ink_share, shaded_white
from tools.layout import reading_order
from tools.places import corners_of, part_box
from tools.types import Codes, Image, Placed, TextSpans

Order = Literal[
    "", "left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top", "largest-first",
    "smallest-first", "reading",
]  # fmt: skip
Position = Literal[
    "", "left", "right", "top", "bottom", "middle", "top-left", "top-right", "bottom-left",
    "bottom-right",
]  # fmt: skip
Size = Literal[
    "", "largest", "smallest", "longest", "shortest", "tallest", "widest", "narrowest"
]  # fmt: skip
Relation = Literal[
    "", "left of", "right of", "above", "below", "inside", "on", "near", "next to", "between",
    "around", "not",
]  # fmt: skip

Rows = list[int]
Truth = NDArray[np.bool_]
Real = NDArray[np.float64]
COLOR_LEAST = 0.2
"""Share of a thing that must fit the colour at least."""
GROUND_LEAST = 0.3
"""Share of the best ground below which the colour of the letters is asked instead."""
COLOR_BEST = 0.5
"""Share of the best fitting thing's share from which others count too."""
INSIDE = 0.6
"""Share of a box that must lie in another to be inside it."""
MATRIX = ("qr", "micro", "datamatrix", "data matrix", "aztec", "maxicode")
"""How the names of two-dimensional codes begin."""


def by_color(image: Image, things: Placed, rows: Rows, color: str) -> Rows:
    """Rows whose fill or ground has the colour; relative to the best, since light shifts it.

    Where no text stands on the colour, a white ground may lie in the shade; else texts that are
    written in the colour are meant.

    Raises:
        BadArguments: the word is no colour.
    """
    if not is_color(color):
        raise BadArguments(f"{color!r} is no colour I know", hint="Say red, navy, cream …")
    shares = {row: ground_share(image, things, row, color) for row in rows}
    best = max(shares.values(), default=0.0)
    written = isinstance(things, TextSpans | Codes)
    if best < GROUND_LEAST and written and canonical(color) == "white":
        shaded = [row for row in rows if shaded_white(image, things, row)]
        if shaded:
            return shaded
    if best < GROUND_LEAST and written:
        shares = {row: ink_share(image, things, row, color) for row in rows}
        best = max(shares.values(), default=0.0)
    least = max(COLOR_LEAST, COLOR_BEST * best)
    return [row for row in rows if shares[row] >= least]


def as_spans(things: Placed) -> TextSpans:
    """Things by the texts they carry: themselves, payloads or labels."""
    if isinstance(things, TextSpans):
        return things
    quads = corners_of(things).astype(np.float32)
    return TextSpans(things.frame, quads, tuple(things.labels), things.scores)


def by_text(things: Placed, rows: Rows, wanted: str) -> Rows:
    """Rows that carry the text, confusions of reading forgiven; only the best ones."""
    found = textkinds.find(as_spans(things).take(rows), wanted)
    best = max((score for _, score in found), default=0.0)
    kept = {rows[i] for i, score in found if score >= 0.9 * best}
    return [row for row in rows if row in kept]


def by_kind(things: Placed, rows: Rows, kind: str) -> Rows:
    """Rows of a kind: of text (phone, date, heading …), of code (QR) or of label (face).

    Raises:
        BadArguments: there is no such kind of text.
    """
    word = kind.lower().strip()
    if isinstance(things, Codes):
        return [row for row in rows if _code_is(things.formats[row], word)]
    if not isinstance(things, TextSpans):
        return [row for row in rows if word.rstrip("s") in things.labels[row].lower()]
    if word in ("heading", "title", "headline"):
        return [rows[i] for i in textkinds.heading(things.take(rows))]
    if word in ("numbered item", "item", "list item", "bullet"):
        return [rows[i] for i in textkinds.numbered_items(things.take(rows))]
    if word not in textkinds.KINDS:
        known = ", ".join((*textkinds.KINDS, "heading", "numbered item"))
        raise BadArguments(f"{kind!r} is no kind of text", hint=f"Known: {known}")
    return [row for row in rows if word in textkinds.kind_of(things.texts[row])]


def _code_is(code_format: str, word: str) -> bool:
    name = code_format.lower()
    if word in ("barcode", "bar code", "linear"):
        return not name.startswith(MATRIX)
    bare = "".join(re.findall(r"[a-z0-9]+", word.removesuffix("code").removesuffix("bar")))
    return bare in re.sub(r"[^a-z0-9]", "", name)


def is_code_word(word: str) -> bool:
    """Whether a word before "code" names a format: ``aztec``, ``data``, ``ean-13``."""
    bare = re.sub(r"[^a-z]", "", word.lower())
    return bare in ("qr", "micro", "data", "datamatrix", "matrix", "aztec", "maxi", "pdf", "ean", "upc",
                    "itf", "codabar", "isbn")  # fmt: skip


def by_part(things: Placed, rows: Rows, part: str) -> Rows:
    """Rows whose centre lies in a named part of the root."""
    x1, y1, x2, y2 = part_box(part, things.frame.width, things.frame.height)
    middle = centres(things.xyxy)
    return [r for r in rows if x1 <= middle[r, 0] <= x2 and y1 <= middle[r, 1] <= y2]


# --- relations -------------------------------------------------------------------------------


def by_relation(things: Placed, rows: Rows, relation: str, to: Placed) -> Rows:
    """Rows that stand in a relation to any thing of `to` (to all of them for ``between``)."""
    if not rows or not len(to):
        return rows if relation == "not" else []
    a, b = things.xyxy[rows].astype(np.float64), to.xyxy.astype(np.float64)
    keep: Truth
    if relation in ("near", "next to"):
        return [rows[i] for i in _nearest(a, b)]
    if relation == "between":
        keep = _between(a, b)
    elif relation in ("inside", "on"):
        keep = np.asarray((covered(a, b) >= INSIDE).any(axis=1) & ~_same(a, b))
    elif relation == "around":
        keep = np.asarray((covered(b, a) >= INSIDE).any(axis=0) & ~_same(a, b))
    elif relation == "not":
        keep = np.asarray(~((covered(a, b) >= INSIDE) | (iou(a, b) >= 0.5)).any(axis=1))
    else:
        keep = _beyond(a, b, relation)
    return [row for row, stays in zip(rows, keep, strict=True) if stays]


def _same(a: Real, b: Real) -> Truth:
    return np.asarray((iou(a, b) > 0.9).any(axis=1))


def _gaps(a: Real, b: Real) -> Real:
    low = np.maximum(a[:, None, :2] - b[None, :, 2:], b[None, :, :2] - a[:, None, 2:])
    apart = np.linalg.norm(centres(a)[:, None] - centres(b)[None], axis=2)
    return np.asarray(np.linalg.norm(np.maximum(low, 0), axis=2) + 1e-3 * apart)


def _nearest(a: Real, b: Real) -> Rows:
    """For each thing of `b` the nearest of `a` that is not itself."""
    gaps = np.where(iou(a, b) > 0.9, np.inf, _gaps(a, b))
    return sorted(
        {int(gaps[:, j].argmin()) for j in range(len(b)) if np.isfinite(gaps[:, j]).any()}
    )


def _between(a: Real, b: Real) -> Truth:
    """Centres that lie between the outermost centres of `b`, and not off their line."""
    middle, ends = centres(a), centres(b)
    low, high = ends.min(axis=0), ends.max(axis=0)
    axis = int((high - low).argmax())
    cross = 1 - axis
    along = (middle[:, axis] > low[axis]) & (middle[:, axis] < high[axis])
    beside = (middle[:, cross] > b[:, cross].min()) & (middle[:, cross] < b[:, cross + 2].max())
    within = along & beside
    return np.asarray((within if within.any() else along) & ~_same(a, b))


def _beyond(a: Real, b: Real, relation: str) -> Truth:
    """Left of, right of, above or below any of `b`; what lies straight that way goes first."""
    axis = 0 if relation in ("left of", "right of") else 1
    sign = -1.0 if relation in ("left of", "above") else 1.0
    first, second = centres(a)[:, None, axis], centres(b)[None, :, axis]
    half = (b[:, axis + 2] - b[:, axis])[None] / 2
    clear = sign * (first - second) > 0.5 * half
    cross = 1 - axis
    low = np.maximum(a[:, None, cross], b[None, :, cross])
    high = np.minimum(a[:, None, cross + 2], b[None, :, cross + 2])
    straight = (clear & (high > low)).any(axis=1)
    return np.asarray(straight if straight.any() else clear.any(axis=1))


# --- order -----------------------------------------------------------------------------------


def extents(things: Placed) -> tuple[Real, Real]:
    """(n,) widths and heights along the things' own axes."""
    corners = corners_of(things)
    wide = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    return wide, np.linalg.norm(corners[:, 3] - corners[:, 0], axis=1)


def _bulk(things: Placed) -> Real:
    """(n,) how large things look: height of letters for text, else area."""
    return extents(things)[1] if isinstance(things, TextSpans) else areas(things.xyxy)


def by_size(things: Placed, rows: Rows, size: str) -> Rows:
    """The one row of extreme size. Large text is tall text; long text is wide text."""
    if not rows:
        return []
    wide, high = extents(things)
    ranks = {
        "largest": -_bulk(things), "smallest": _bulk(things), "widest": -wide, "narrowest": wide,
        "longest": -np.maximum(wide, high), "shortest": np.maximum(wide, high), "tallest": -high,
    }  # fmt: skip
    rank = ranks[size]
    return [min(rows, key=lambda row: float(rank[row]))]


def ordered(things: Placed, rows: Rows, order: str) -> Rows:
    """Rows in a named order."""
    if order == "reading":
        known = reading_order(as_spans(things))
        return sorted(rows, key=known.index)
    x, y = centres(things.xyxy).T if len(things) else (np.zeros(0), np.zeros(0))
    ranks = {
        "left-to-right": x, "right-to-left": -x, "top-to-bottom": y, "bottom-to-top": -y,
        "largest-first": -_bulk(things), "smallest-first": _bulk(things),
    }  # fmt: skip
    rank = ranks[order]
    return sorted(rows, key=lambda row: float(rank[row]))


def nth(rows: Sequence[int], index: int) -> Rows:
    """The row of a place in the order, 1 the first, -1 the last; none where there are fewer."""
    place = index - 1 if index > 0 else index
    return [rows[place]] if -len(rows) <= place < len(rows) else []


def by_position(things: Placed, rows: Rows, position: str) -> Rows:
    """The one row that lies farthest that way, nearest a corner, or in the middle."""
    if not rows:
        return []
    middle = centres(things.xyxy)[rows]
    if position == "middle":
        return [rows[_middle(middle, things)]]
    goal = {
        "left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1),
        "top-left": (-1, -1), "top-right": (1, -1), "bottom-left": (-1, 1), "bottom-right": (1, 1),
    }[position]  # fmt: skip
    share = middle / things.frame.size_wh
    return [rows[int((share @ np.array(goal)).argmax())]]


def _middle(middle: Real, things: Placed) -> int:
    """The median of an odd row of things, else the one nearest the centre of the picture."""
    if len(middle) % 2 and len(middle) > 1:
        axis = int(np.ptp(middle, axis=0).argmax())
        return int(np.argsort(middle[:, axis], kind="stable")[len(middle) // 2])
    centre = np.array(things.frame.size_wh) / 2
    return int(np.linalg.norm(middle - centre, axis=1).argmin())


def blocks(things: Placed) -> list[Rows]:
    """Rows grouped by nearness: lines of one sign or paragraph stand less than a line apart."""
    boxes = box_corners(things.xyxy)[:, [0, 2]].reshape(-1, 4)
    high = extents(things)[1] if len(things) else np.zeros(0)
    groups: list[Rows] = []
    for row in range(len(boxes)):
        touching = [g for g in groups if any(_neighbours(boxes, high, row, other) for other in g)]
        groups = [g for g in groups if g not in touching]
        groups.append([*(r for g in touching for r in g), row])
    return [sorted(group) for group in groups]


def _neighbours(boxes: Real, high: Real, i: int, j: int) -> bool:
    gap = _gaps(boxes[i][None], boxes[j][None])[0, 0]
    small, large = sorted((float(high[i]), float(high[j])))
    return bool(gap < 0.9 * large and large < 2.5 * small)
