"""What goes where in a picture that is yet to be made, from plain words to labelled boxes.

Words such as ``dog: left; red ball: bottom right``. Things that share a place stand side by side
in it. Knows nothing of how a picture is made.
"""

from __future__ import annotations

import re

import numpy as np

from tools.errors import BadArguments
from tools.types import Boxes, Frame

ROOT = "arranged"
"""Stands for the picture that is not there yet."""
NEAR, HALF, FAR = 0.04, 0.48, 0.52
"""Shares of a side: where a place at the border begins, and where two halves meet."""
MIDDLE = (0.26, 0.74)
"""Shares of a side between which the middle lies."""
WIDE = {"left": (NEAR, HALF), "right": (FAR, 1 - NEAR)}
HIGH = {"top": (NEAR, HALF), "bottom": (FAR, 1 - NEAR)}
ALSO = {"upper": "top", "lower": "bottom", "center": "centre", "middle": "centre"}
PLACES = ("left", "right", "top", "bottom", "centre", "top left", "top right", "bottom left", "bottom right")  # fmt: skip
TALL = (0.2, 0.92)
"""Shares of the height that a thing at the left or right takes up."""


def arranged(said: str, size_wh: tuple[int, int]) -> Boxes:
    """Labelled boxes in a picture of this size; none where nothing is said.

    Args:
        said: ``thing: place`` for each, with semicolons between.
        size_wh: of the picture.

    Raises:
        BadArguments: a thing has no name, or its place is no place.
    """
    rows = [_row(part) for part in re.split(r"[;\n]", said) if part.strip()]
    labels, boxes = [], []
    for number, (thing, place) in enumerate(rows):
        alike = [n for n, (_, other) in enumerate(rows) if other == place]
        boxes.append(_share(_cell(place), alike.index(number), len(alike)))
        labels.append(thing)
    shares = np.asarray(boxes, np.float32).reshape(-1, 4)
    xyxy = shares * np.asarray([*size_wh, *size_wh], np.float32)
    ones = np.ones(len(labels), np.float32)
    return Boxes(Frame(ROOT, *size_wh), xyxy, tuple(labels), ones)


def place_of(words: str) -> str:
    """The place that words name, '' for none: "top left quarter" is ``top left``."""
    found = [ALSO.get(word, word) for word in re.findall(r"[a-z]+", words.lower())]
    place = " ".join(sorted({w for w in found if w in (*WIDE, *HIGH)}, key=lambda w: w in WIDE))
    return place if place in PLACES else "centre" if "centre" in found else ""


def _row(part: str) -> tuple[str, str]:
    thing, _, words = part.rpartition(":")
    place = place_of(words)
    if not thing.strip() or not place:
        raise BadArguments(
            f"{' '.join(part.split())!r} does not say what goes where",
            hint=f"Write 'dog: left; cat: right'; places are {', '.join(PLACES)}",
        )
    return " ".join(thing.split()), place


def _cell(place: str) -> tuple[float, float, float, float]:
    """A place as shares of the sides: x1, y1, x2, y2."""
    words = place.split()
    wide = next((WIDE[w] for w in words if w in WIDE), MIDDLE)
    high = next((HIGH[w] for w in words if w in HIGH), MIDDLE if place == "centre" else TALL)
    return wide[0], high[0], wide[1], high[1]


def _share(
    cell: tuple[float, float, float, float], number: int, count: int
) -> tuple[float, float, float, float]:
    """The part of a place that one of several things has, from the left."""
    x1, y1, x2, y2 = cell
    each = (x2 - x1) / count
    return x1 + number * each, y1, x1 + (number + 1) * each, y2
