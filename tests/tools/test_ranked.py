"""Boxes come best first, and what a model is asked is what it can take."""

from __future__ import annotations

import numpy as np
import pytest

from tools.asked import boxes_within, sentence
from tools.errors import BadArguments
from tools.geometry import crop
from tools.ranked import ranked
from tools.types import Boxes, Image

CORNERS = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], np.float32)


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.zeros((40, 60, 3), np.uint8))


def test_the_best_comes_first_and_equals_keep_their_order(image):
    found = ranked(image, CORNERS, ["a", "b", "c"], [0.2, 0.9, 0.2])
    assert found.labels == ("b", "a", "c")
    assert (found.xyxy == CORNERS[[1, 0, 2]]).all()
    assert found.scores == pytest.approx([0.9, 0.2, 0.2])


def test_only_the_wanted_count_and_none_is_no_error(image):
    assert ranked(image, CORNERS, ["a", "b", "c"], [0.2, 0.9, 0.3], ("c", "a")).labels == ("c", "a")
    assert len(ranked(image, CORNERS, ["a", "b", "c"], [1, 1, 1], ())) == 0
    assert len(ranked(image, [], [], [])) == 0


def test_boxes_of_a_view_lie_in_the_root(image):
    found = ranked(crop(image, [10, 20, 60, 40]), CORNERS[:1], ["a"], [1])
    assert found.xyxy.tolist() == [[10, 20, 20, 30]]


def test_a_sentence_loses_markup_and_is_neither_empty_nor_long():
    assert sentence(" a <loc_1>\n bus ", 20) == "a loc_1 bus"
    for text in ("<>", "x" * 21):
        with pytest.raises(BadArguments, match="1 to 20 letters"):
            sentence(text, 20)


def test_boxes_are_cut_at_the_border_of_the_view(image):
    region = Boxes(image.frame, CORNERS, ("a", "b", "c"), np.ones(3, np.float32))
    view = crop(image, [5, 0, 45, 40])
    assert [box.tolist() for box in boxes_within(view, region)] == [
        [0, 0, 5, 10], [15, 0, 25, 10], [35, 0, 40, 10],
    ]  # fmt: skip
