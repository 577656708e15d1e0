"""Facts about how things lie."""

from __future__ import annotations

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.experts.relate import relate, relations
from tools.types import Boxes, Frame

FRAME = Frame("r", 400, 300)


def boxes(**named) -> Boxes:
    xyxy = np.array(list(named.values()), np.float32).reshape(-1, 4)
    return Boxes(FRAME, xyxy, tuple(named), np.ones(len(named), np.float32))


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ((0, 0, 10, 10), (50, 0, 60, 10), {"left of", "same row"}),
        ((50, 0, 60, 10), (0, 0, 10, 10), {"right of", "same row"}),
        ((0, 0, 10, 10), (0, 50, 10, 60), {"above", "same column"}),
        ((0, 50, 10, 60), (0, 0, 10, 10), {"below", "same column"}),
        ((0, 0, 10, 10), (50, 50, 60, 60), {"left of", "above"}),
        ((10, 10, 20, 20), (0, 0, 40, 40), {"inside", "same row", "same column"}),
        ((0, 0, 40, 40), (10, 10, 20, 20), {"contains", "same row", "same column"}),
        ((0, 0, 20, 20), (8, 0, 28, 20), {"overlaps", "same row", "same column"}),
        ((0, 0, 20, 20), (14, 0, 34, 20), {"overlaps", "left of", "same row"}),
    ],
)
def test_relations_of_two(a, b, wanted):
    assert set(relations(np.array(a, float), np.array(b, float))) == wanted


def facts(table) -> set[tuple[str, ...]]:
    return set(table.rows)


def test_one_kind_to_another(ctx):
    found = facts(relate(ctx, boxes(bear=(0, 0, 50, 50)), boxes(bottle=(100, 0, 130, 50))))
    assert ("bear", "left of", "bottle") in found
    assert not any("right of" in fact for fact in found)


def test_superlatives_and_neighbours_of_one_kind(ctx):
    things = boxes(a=(0, 100, 10, 110), b=(50, 0, 90, 50), c=(100, 40, 110, 60))
    found = facts(relate(ctx, things))
    assert {
        ("a", "leftmost", "of all"),
        ("c", "rightmost", "of all"),
        ("b", "topmost", "of all"),
        ("a", "bottommost", "of all"),
        ("b", "largest", "of all"),
        ("b", "nearest to", "c"),
    } <= found


def test_nearest_of_several_to_another(ctx):
    found = facts(relate(ctx, boxes(a=(0, 0, 9, 9), b=(60, 0, 70, 9)), boxes(x=(80, 0, 90, 9))))
    assert ("b", "nearest to", "x") in found
    assert ("a", "nearest to", "x") not in found


def test_things_of_one_name_are_numbered(ctx):
    two = Boxes(
        FRAME,
        np.array([[0, 0, 9, 9], [50, 0, 60, 9]], np.float32),
        ("face", "face"),
        np.ones(2, np.float32),
    )
    assert ("face 1", "left of", "face 2") in facts(relate(ctx, two))


def test_few_and_many(ctx):
    assert len(relate(ctx, boxes())) == 0
    assert len(relate(ctx, boxes(a=(0, 0, 9, 9)))) == 0
    many = {f"t{i}": (i * 9, 0, i * 9 + 5, 5) for i in range(40)}
    assert len(relate(ctx, boxes(**many))) <= 120


def test_things_of_two_pictures_are_refused(ctx):
    other = Boxes(
        Frame("s", 400, 300),
        np.ones((1, 4), np.float32) * [0, 0, 9, 9],
        ("x",),
        np.ones(1, np.float32),
    )
    with pytest.raises(BadArguments, match="another picture"):
        relate(ctx, boxes(a=(0, 0, 9, 9)), other)
