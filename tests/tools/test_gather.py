"""Things of two results as one set."""

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.experts.gather import gather
from tools.geometry import place_boxes
from tools.types import Image, TextSpans


def picture(shade: int = 0) -> Image:
    return Image.as_root(np.full((60, 80, 3), shade, np.uint8))


def test_boxes_and_texts_become_one_set_in_order(ctx):
    image = picture()
    faces = place_boxes(image, [[0, 0, 10, 10], [20, 0, 30, 10]], ["face"] * 2, [0.9, 0.8])
    quad = np.array([[[5, 40], [25, 40], [25, 50], [5, 50]]], np.float32)
    text = TextSpans(image.frame, quad, ("hello",), np.ones(1, np.float32))
    both = gather(ctx, faces, text)
    assert both.labels == ("face", "face", "hello")
    assert both.xyxy.tolist() == [[0, 0, 10, 10], [20, 0, 30, 10], [5, 40, 25, 50]]
    assert both.scores.tolist() == pytest.approx([0.9, 0.8, 1.0])


def test_nothing_and_something_is_something(ctx):
    image = picture()
    none = place_boxes(image, np.zeros((0, 4)), [], [])
    one = place_boxes(image, [[1, 2, 3, 4]], ["dot"], [1.0])
    assert gather(ctx, none, one).labels == ("dot",)
    assert len(gather(ctx, none, none)) == 0


def test_things_of_two_pictures_are_refused(ctx):
    a, b = (place_boxes(picture(shade), [[1, 2, 3, 4]], ["x"], [1.0]) for shade in (0, 9))
    with pytest.raises(BadArguments, match="another picture"):
        gather(ctx, a, b)
