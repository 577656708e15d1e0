"""Parts of a picture as places, in root pixels."""

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.experts.area import area
from tools.geometry import crop, rot90
from tools.types import Image


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.zeros((120, 200, 3), np.uint8))


@pytest.mark.parametrize(
    ("wanted", "box"),
    [
        ({}, [0, 0, 200, 120]),  # the whole picture
        ({"part": "left half"}, [0, 0, 100, 120]),
        ({"part": "bottom right quarter"}, [100, 60, 200, 120]),
        ({"top": 0.5, "right": 0.25}, [0, 60, 50, 120]),  # by shares
        ({"part": "right half", "bottom": 0.5}, [100, 0, 200, 60]),  # shares of the part
        ({"left": 0.999}, [199, 0, 200, 120]),  # a pixel at least
    ],
)
def test_a_part_is_boxed(ctx, image, wanted, box):
    found = area(ctx, image, **wanted)
    assert found.xyxy.tolist() == [box]
    assert found.frame == image.frame


def test_the_part_is_that_of_what_the_picture_shows(ctx, image):
    view = crop(image, [100, 20, 200, 120])
    assert area(ctx, view, "top half").xyxy.tolist() == [[100, 20, 200, 70]]
    turned = rot90(image, 1)  # its left half is the lower half of the root
    assert area(ctx, turned, "left half").xyxy.tolist() == [[0, 60, 200, 120]]


@pytest.mark.parametrize("wanted", [{"left": 0.5, "right": 0.5}, {"top": 0.8, "bottom": 0.2}])
def test_an_empty_area_is_refused(ctx, image, wanted):
    with pytest.raises(BadArguments, match="is empty"):
        area(ctx, image, **wanted)
