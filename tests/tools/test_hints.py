"""What was given to cut out by, in a view's own pixels; and what is kept of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.geometry import crop, resize
from tools.hints import hints
from tools.kept import Kept
from tools.types import Boxes, Image, Masks, Points


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.zeros((100, 200, 3), np.uint8))


def boxes(image: Image, *corners: tuple[float, ...]) -> Boxes:
    names = tuple("abcdefghij"[: len(corners)])
    return Boxes(image.frame, np.array(corners, np.float32), names, np.ones(len(names), np.float32))


def test_boxes_come_in_the_pixels_of_the_view_and_end_at_its_edge(image):
    view = resize(crop(image, [50, 20, 150, 80]), (200, 120))
    given = hints(view, boxes(image, (60, 30, 70, 40), (140, 0, 190, 50), (0, 0, 40, 20)), None)
    assert [thing.name for thing in given.things] == ["a", "b"]
    assert given.things[0].box == (20, 20, 40, 40)
    assert given.things[1].box == (180, 0, 200, 60)


def test_a_mask_is_seen_as_the_view_shows_it(image):
    mask = np.zeros((1, 100, 200), np.bool_)
    mask[0, 30:40, 60:70] = True
    drawn = Masks(image.frame, mask, ("a",), np.ones(1, np.float32))
    rough = hints(crop(image, [50, 20, 150, 80]), drawn, None).things[0].rough
    assert rough.shape == (60, 100)
    assert rough[10:20, 10:20].all()
    assert rough.sum() == 100


def test_one_click_alone_is_ambiguous_and_no_click_is_most_of_the_picture(image):
    one = Points(image.frame, np.array([[5, 5]], np.float32), (True,))
    assert hints(image, None, one).ambiguous
    assert not hints(image, boxes(image, (0, 0, 9, 9)), one).ambiguous
    two = Points(image.frame, np.array([[5, 5], [9, 9]], np.float32), (True, False))
    assert not hints(image, None, two).ambiguous
    assert hints(image, None, None).things[0].box == (6, 3, 194, 97)


def test_only_clicks_beside_the_thing_are_refused(image):
    beside = Points(image.frame, np.array([[5, 5]], np.float32), (False,))
    with pytest.raises(BadArguments, match="beside"):
        hints(image, None, beside)


def test_things_come_in_groups(image):
    given = hints(image, boxes(image, *[(i, 0, i + 5, 5) for i in range(5)]), None)
    assert [len(group) for group in given.batches(2)] == [2, 2, 1]


def test_the_least_recently_used_is_forgotten():
    kept, made = Kept(2), list[str]()

    def get(key: str) -> list[np.ndarray]:
        return kept.get(key, lambda: [made.append(key), np.zeros(4, np.float32)][1:])

    for key in ("a", "b", "a", "c", "a", "b"):
        get(key)
    assert made == ["a", "b", "c", "b"]
    assert len(kept) == 2
    assert kept.nbytes() == 32
