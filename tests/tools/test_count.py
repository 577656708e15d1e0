"""Counting says the number and what was counted."""

from __future__ import annotations

import numpy as np
import pytest

from tools.experts.count import count, plural
from tools.types import Boxes, Frame, TextSpans

FRAME = Frame("r", 100, 100)


def boxes(*labels) -> Boxes:
    n = len(labels)
    xyxy = np.tile(np.array([0, 0, 9, 9], np.float32), (n, 1))
    return Boxes(FRAME, xyxy, labels, np.ones(n, np.float32))


@pytest.mark.parametrize(
    ("labels", "value", "unit"),
    [
        (("face", "face"), 2, "faces"),
        (("face",), 1, "face"),
        (("face", "car"), 2, "things"),
        ((), 0, "things"),
        (("person",) * 3, 3, "people"),
    ],
)
def test_number_and_noun(ctx, labels, value, unit):
    number = count(ctx, boxes(*labels))
    assert (number.value, number.unit) == (value, unit)


def test_given_noun_wins_and_lines_are_lines(ctx):
    assert count(ctx, boxes("a", "b"), of="coins").unit == "coins"
    quads = np.zeros((2, 4, 2), np.float32)
    lines = TextSpans(FRAME, quads, ("a", "b"), np.ones(2, np.float32))
    assert count(ctx, lines).unit == "lines"


@pytest.mark.parametrize(
    ("one", "many"),
    [("box", "boxes"), ("berry", "berries"), ("key", "keys"), ("number plate", "number plates"),
     ("bus", "bus"), ("glass", "glasses"), ("man", "men")],
)  # fmt: skip
def test_plurals(one, many):
    assert plural(one) == many
