"""What goes where, in words, becomes boxes of the new picture."""

from __future__ import annotations

import numpy as np
import pytest

from tools.arranged import PLACES, arranged, place_of
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.experts.generate import generate
from tools.geometry import centres
from tools.types import Boxes, Frame, Image


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_where_its_name_says(place):
    found = arranged(f"red ball: {place}", (200, 100))
    assert found.labels == ("red ball",)
    x, y = centres(found.xyxy)[0] / (200, 100)
    assert (x < 0.4) == ("left" in place)
    assert (x > 0.6) == ("right" in place)
    assert (y < 0.4) == ("top" in place)
    assert (y > 0.6) == ("bottom" in place)
    assert (found.xyxy >= 0).all()
    assert (found.xyxy <= [200, 100, 200, 100]).all()


def test_things_of_one_place_stand_side_by_side():
    found = arranged("dog: left; cat: right;\ndog: left half", (512, 512))
    assert found.labels == ("dog", "cat", "dog")
    first, cat, second = found.xyxy
    assert first[2] == pytest.approx(second[0])
    assert first[2] - first[0] == pytest.approx(second[2] - second[0])
    assert second[2] < cat[0]


def test_nothing_said_is_no_box():
    assert len(arranged(" ; ", (10, 10))) == 0


@pytest.mark.parametrize("said", ["dog", "dog: somewhere", ": left", "dog: left; cat"])
def test_what_is_no_place_is_refused_with_those_there_are(said):
    with pytest.raises(BadArguments, match="what goes where") as caught:
        arranged(said, (10, 10))
    assert "bottom right" in caught.value.hint


@pytest.mark.parametrize(
    ("words", "place"),
    [("top left quarter", "top left"), ("left half", "left"), ("upper right", "top right"),
     ("centre", "centre"), ("Middle", "centre"), ("top centre", "top"), ("garden", "")],
)  # fmt: skip
def test_places_by_other_names(words, place):
    assert place_of(words) == place


class Heard:
    """A model that keeps what it was told."""

    def use(self, ability, prompt, *, labels, cancel, **told):
        self.labels, self.told = labels, told
        return Image.as_root(np.zeros((8, 8, 3), np.uint8))


def test_the_model_is_told_boxes_in_the_shape_of_the_picture():
    heard = Heard()
    generate(ToolContext(heard), "a yard", arrange="dog: left", width=640, height=320)
    assert heard.labels == ("layout",)
    assert heard.told["layout"].frame.size_wh == (640, 320)
    generate(ToolContext(heard), "a yard", arrange="dog: left")
    assert heard.told["layout"].frame.size_wh == (512, 512)
    generate(ToolContext(heard), "a yard")
    assert heard.labels == ("text",)
    assert "layout" not in heard.told


def test_boxes_and_words_together_are_refused():
    one = Boxes(Frame("x", 9, 9), np.array([[0, 0, 4, 4]], np.float32), ("a",), np.ones(1, np.float32))  # fmt: skip
    with pytest.raises(BadArguments, match="not both"):
        generate(ToolContext(Heard()), "a yard", layout=one, arrange="dog: left")
