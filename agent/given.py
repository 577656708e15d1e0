"""What a person drew on a picture, as artefacts: boxes and points in root pixels.

Knows nothing of where the drawing was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments, InputError
from tools.types import Artefact, Boxes, Image, Points

Given = Sequence[Any] | NDArray[Any] | Mapping[int, Any] | None
"""Boxes (x1, y1, x2, y2) or points (x, y[, whether it says "this"]) of the first picture, or a
mapping from the index of a picture to its own."""


def drawn(boxes: Given, points: Given, pictures: Sequence[Image]) -> list[Artefact]:
    """The drawings as artefacts, in the order of their pictures.

    Raises:
        InputError: a coordinate is no number or outside its picture, or there is no such picture.
    """
    found: list[Artefact] = []
    for index, rows in _by_picture(boxes, pictures, "box"):
        found.append(_checked(_boxes, rows, pictures[index], "box (x1, y1, x2, y2)"))
    for index, rows in _by_picture(points, pictures, "point"):
        found.append(_checked(_points, rows, pictures[index], "point (x, y)"))
    return found


def _by_picture(
    given: Given, pictures: Sequence[Image], what: str
) -> list[tuple[int, NDArray[np.float64]]]:
    if given is None:
        return []
    by_index = given if isinstance(given, Mapping) else {0: given}
    result = []
    for index, rows in sorted(by_index.items()):
        table = _table(rows, what)
        if not len(table):
            continue
        if not 0 <= index < len(pictures):
            raise InputError(
                f"a {what} was drawn on picture {index}, but there are {len(pictures)} pictures",
                hint="Pictures are counted from 0",
            )
        result.append((index, table))
    return result


def _table(rows: Any, what: str) -> NDArray[np.float64]:
    try:
        table = np.asarray(rows, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"a {what} is not made of numbers: {str(rows)[:80]}") from None
    if not table.size:
        return np.zeros((0, 4))
    return table[None] if table.ndim == 1 else table.reshape(len(table), -1)


def _checked(make: Any, rows: NDArray[np.float64], picture: Image, form: str) -> Artefact:
    try:
        made: Artefact = make(rows, picture)
    except BadArguments as error:
        raise InputError(str(error), hint=f"Give each {form} in pixels of the picture") from None
    return made


def _boxes(rows: NDArray[np.float64], picture: Image) -> Boxes:
    n = len(rows)
    if rows.shape[1] != 4:
        raise BadArguments(f"a box has 4 numbers, not {rows.shape[1]}")
    ones = np.ones(n, np.float32)
    found = Boxes(picture.frame, rows.astype(np.float32), ("box",) * n, ones)
    size = [*picture.frame.size_wh] * 2
    return Boxes(picture.frame, np.clip(found.xyxy, 0, size).astype(np.float32), found.labels, ones)


def _points(rows: NDArray[np.float64], picture: Image) -> Points:
    if rows.shape[1] not in (2, 3):
        raise BadArguments(f"a point has 2 numbers, not {rows.shape[1]}")
    positive = tuple(bool(v) for v in rows[:, 2]) if rows.shape[1] == 3 else (True,) * len(rows)
    return Points(picture.frame, rows[:, :2].astype(np.float32), positive)


def coordinates(artefact: Artefact) -> list[list[float]]:
    """The numbers of a drawing, for the trace."""
    if isinstance(artefact, Boxes):
        return [[round(float(v), 2) for v in row] for row in artefact.xyxy]
    if isinstance(artefact, Points):
        pairs = zip(artefact.xy, artefact.positive, strict=True)
        return [[round(float(x), 2), round(float(y), 2), float(p)] for (x, y), p in pairs]
    return []
