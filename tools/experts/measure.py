"""Sizes, distances, areas, angles and overlaps, in pixels or in units of a thing.

Knows places only: no pixels beyond the size of the picture, no models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import gcd
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.geometry import areas, centres, iou
from tools.geometry import covered as covered_share
from tools.places import check_root, corners_of, decimal, names, part_of
from tools.types import Boxes, Codes, Image, Masks, Placed, Table, TextSpans

What = Literal[
    "size", "width", "height", "area", "aspect", "position", "distance", "gap", "angle", "overlap"
]
COLUMNS = ("what", "value", "unit")
MOST_PAIRS = 10
"""Pairs measured at most."""
MOST_THINGS = 50
"""Things measured at most."""

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Unit:
    """In what lengths are said."""

    px: float
    """Root pixels that one unit is long."""
    name: str
    area_px: float
    """Root pixels² of one unit of area."""
    area_name: str


@dataclass(frozen=True)
class Pair:
    """Two things to measure between."""

    first: Placed
    i: int
    second: Placed
    j: int
    between: str
    """Both names, in words."""


@tool(
    verbs=("measure", "how far", "how big", "how large", "how wide", "how high", "how tall",
           "how long", "how steep", "how much overlap", "what size"),
    nouns=("size", "dimensions", "resolution", "width", "height", "length", "distance", "gap",
           "area", "angle", "tilt", "slope", "aspect ratio", "position", "location", "coordinates",
           "overlap", "iou", "apart", "measurement", "pixels"),
)  # fmt: skip
def measure(
    ctx: ToolContext,
    image: Image,
    what: What = "size",
    first: Placed | None = None,
    second: Placed | None = None,
    unit: Placed | None = None,
) -> Table:
    """Measure the picture, things, or the distance, gap, angle or overlap between two things.

    Without things the picture itself is measured. ``distance`` is from centre to centre, ``gap``
    from edge to edge. ``angle`` is the tilt of a text or mask, or of the line between two things;
    positive falls to the right. With `unit` lengths are said in widths of that thing ("face
    widths"). Things of `first` are paired with those of `second`, or among themselves.
    """
    check_root(image, first, second, unit)
    lengths = _unit(unit)
    if what in ("distance", "gap", "overlap") or (what == "angle" and _between(first, second)):
        if first is None:
            raise BadArguments(f"{what} wants things to measure between", hint="Find them first")
        return _table([row for p in _pairs(what, first, second) for row in _PAIR[what](p, lengths)])
    if first is None:
        return _table(_picture(image, what))
    rows = [
        row
        for i, name in enumerate(names(first)[:MOST_THINGS])
        for row in _SINGLE[what](first, i, name, lengths)
    ]
    return _table(rows)


def _table(rows: list[Row]) -> Table:
    return Table(COLUMNS, tuple(rows))


def _unit(thing: Placed | None) -> Unit:
    if thing is None:
        return Unit(1.0, "px", 1.0, "px²")
    if not len(thing):
        raise BadArguments("the unit is an empty result", hint="Take a thing that was found")
    sides = thing.xyxy[:, 2:] - thing.xyxy[:, :2]
    label = thing.labels[0] if isinstance(thing, Boxes | Masks) and thing.labels[0] else thing.KIND
    area = float(np.prod(sides, axis=1).mean())
    return Unit(float(sides[:, 0].mean()), f"{label} widths", area, f"{label} areas")


def _between(first: Placed | None, second: Placed | None) -> bool:
    """Whether an angle is that of a line between things rather than of a thing."""
    tilted = isinstance(first, TextSpans | Codes | Masks)
    return second is not None or (first is not None and len(first) > 1 and not tilted)


def _pairs(what: str, first: Placed, second: Placed | None) -> list[Pair]:
    if second is not None:
        a, b = names(first), names(second)
        pairs = [
            Pair(first, i, second, j, f"{a[i]} and {b[j]}") for i in range(len(a)) for j in range(len(b))
        ]  # fmt: skip
        return pairs[:MOST_PAIRS]
    if len(first) == 1:
        raise BadArguments(f"{what} wants two things, got one", hint="Give the other as second")
    a = names(first)
    pairs = [
        Pair(first, i, first, j, f"{a[i]} and {a[j]}") for i, j in combinations(range(len(a)), 2)
    ]
    return pairs[:MOST_PAIRS]


def _picture(image: Image, what: str) -> list[Row]:
    width, height = image.size_wh
    side = gcd(width, height)
    rows: dict[str, Row] = {
        "width": ("width of the picture", str(width), "px"),
        "height": ("height of the picture", str(height), "px"),
        "area": ("area of the picture", str(width * height), "px²"),
        "aspect": ("aspect of the picture", decimal(width / height, 3), "width / height"),
        "ratio": ("aspect ratio of the picture", f"{width // side}:{height // side}", ""),
    }
    wanted = {"size": ("width", "height"), "aspect": ("aspect", "ratio")}.get(what, (what,))
    if not set(wanted) <= set(rows):
        raise BadArguments(f"a whole picture has no {what}", hint="Give the thing as first")
    return [rows[name] for name in wanted]


# --- one thing -----------------------------------------------------------------------------


def _sides(things: Placed, i: int) -> tuple[float, float]:
    """Width and height along the thing's own axes for texts and codes, else of its box."""
    if isinstance(things, TextSpans | Codes):
        quad = corners_of(things)[i]
        top, left = quad[1] - quad[0], quad[3] - quad[0]
        return float(np.hypot(*top)), float(np.hypot(*left))
    x1, y1, x2, y2 = things.xyxy[i].astype(np.float64)
    return x2 - x1, y2 - y1


def _width(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    return [(f"width of {name}", decimal(_sides(things, i)[0] / unit.px), unit.name)]


def _height(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    return [(f"height of {name}", decimal(_sides(things, i)[1] / unit.px), unit.name)]


def _size(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    return _width(things, i, name, unit) + _height(things, i, name, unit)


def _aspect(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    width, height = _sides(things, i)
    return [(f"aspect of {name}", decimal(width / max(height, 1e-6), 3), "width / height")]


def _area(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    if isinstance(things, Masks):
        area = float(np.count_nonzero(things.masks[i]))
    elif isinstance(things, TextSpans | Codes):
        x, y = corners_of(things)[i].T
        area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
    else:
        area = float(areas(things.xyxy[i])[0])
    whole = things.frame.width * things.frame.height
    return [
        (f"area of {name}", decimal(area / unit.area_px), unit.area_name),
        (f"share of the picture of {name}", decimal(100 * area / whole), "%"),
    ]


def _position(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    (x, y), box = centres(things.xyxy[i])[0], things.xyxy[i]
    return [
        (f"centre x of {name}", decimal(x, 1), "px"),
        (f"centre y of {name}", decimal(y, 1), "px"),
        (f"box of {name}", ",".join(decimal(float(v), 0) for v in box), "px"),
        (f"part of the picture of {name}", part_of(float(x), float(y), things.frame), ""),
    ]


def _tilt(things: Placed, i: int, name: str, unit: Unit) -> list[Row]:
    if isinstance(things, TextSpans | Codes):
        quad = corners_of(things)[i]
        along = (quad[1] - quad[0]) + (quad[2] - quad[3])
    elif isinstance(things, Masks):
        ys, xs = np.nonzero(things.masks[i])
        spread = np.cov(np.stack([xs, ys])) if len(xs) > 1 else np.eye(2)
        along = np.linalg.eigh(spread)[1][:, 1]
    else:
        raise BadArguments(
            f"a single {things.KIND} has no angle",
            hint="Texts, codes and masks have, or two things",
        )
    return [(f"angle of {name}", decimal(_degrees(along), 1), "°")]


def _degrees(along: NDArray[np.float64]) -> float:
    """Slope from -90 to 90, positive where it falls to the right (clockwise)."""
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    return (angle + 90) % 180 - 90


# --- two things ----------------------------------------------------------------------------


def _centres(pair: Pair) -> NDArray[np.float64]:
    a, b = centres(pair.first.xyxy[pair.i])[0], centres(pair.second.xyxy[pair.j])[0]
    return np.asarray(b - a)


def _distance(pair: Pair, unit: Unit) -> list[Row]:
    length = float(np.hypot(*_centres(pair)))
    return [(f"distance between {pair.between}", decimal(length / unit.px), unit.name)]


def _gap(pair: Pair, unit: Unit) -> list[Row]:
    a, b = pair.first.xyxy[pair.i], pair.second.xyxy[pair.j]
    apart = np.maximum(np.maximum(a[:2] - b[2:], b[:2] - a[2:]), 0)
    return [(f"gap between {pair.between}", decimal(float(np.hypot(*apart)) / unit.px), unit.name)]


def _line(pair: Pair, unit: Unit) -> list[Row]:
    angle = _degrees(_centres(pair))
    return [(f"angle of the line between {pair.between}", decimal(angle, 1), "°")]


def _overlap(pair: Pair, unit: Unit) -> list[Row]:
    first, second = pair.first, pair.second
    if isinstance(first, Masks) and isinstance(second, Masks):
        a, b = first.masks[pair.i], second.masks[pair.j]
        both = np.count_nonzero(a & b)
        sizes = (np.count_nonzero(a | b), np.count_nonzero(a), np.count_nonzero(b))
        shares = [float(both / size) for size in sizes]
    else:
        box_a, box_b = first.xyxy[pair.i], second.xyxy[pair.j]
        shares = [
            float(iou(box_a[None], box_b[None])[0, 0]),
            float(covered_share(box_a[None], box_b[None])[0, 0]),
            float(covered_share(box_b[None], box_a[None])[0, 0]),
        ]
    what = ("intersection over union", "share of the first inside", "share of the second inside")
    return [
        (f"{name} of {pair.between}", decimal(100 * value), "%")
        for name, value in zip(what, shares, strict=True)
    ]


_SINGLE: dict[str, Callable[[Placed, int, str, Unit], list[Row]]] = {
    "size": _size, "width": _width, "height": _height, "area": _area, "aspect": _aspect,
    "position": _position, "angle": _tilt,
}  # fmt: skip
_PAIR: dict[str, Callable[[Pair, Unit], list[Row]]] = {
    "distance": _distance, "gap": _gap, "angle": _line, "overlap": _overlap,
}  # fmt: skip
