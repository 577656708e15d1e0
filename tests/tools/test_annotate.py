"""Marks are where they belong, in exactly the colour that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.experts.annotate import annotate
from tools.geometry import crop, scale
from tools.types import Boxes, Image, TextSpans

RED = (255, 0, 0)


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.full((300, 400, 3), 120, np.uint8))


def boxes(image: Image, *rows, labels=None) -> Boxes:
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    names = labels or ("cup",) * len(xyxy)
    return Boxes(image.frame, xyxy, tuple(names), np.ones(len(xyxy), np.float32))


def painted(image: Image, colour=RED) -> np.ndarray:
    return (image.pixels == colour).all(axis=2)


def test_box_runs_just_outside_the_thing(ctx, image):
    after = annotate(ctx, image, boxes(image, (100, 80, 200, 160)))
    red = painted(after)
    assert not red[80:160, 100:200].any()
    assert red[77:80, 97:203].all()
    assert red[160:163, 97:203].all()
    assert red[77:163, 97:100].all()
    assert red[77:163, 200:203].all()
    assert red.sum() == 106 * 86 - 100 * 80
    assert (after.pixels[~red] == 120).all()


def test_box_at_the_edge_stays_whole(ctx, image):
    red = painted(annotate(ctx, image, boxes(image, (0, 0, 400, 300)), width=5))
    assert red[:5].all()
    assert red[-5:].all()
    assert red[:, :5].all()
    assert red[:, -5:].all()
    assert not red[6:-6, 6:-6].any()


def test_width_grows_with_the_picture_and_can_be_given(ctx, image):
    large = scale(image, 6)
    small_red = painted(annotate(ctx, image, boxes(image, (100, 80, 200, 160))))
    large_red = painted(annotate(ctx, large, boxes(image, (100, 80, 200, 160))))
    assert large_red[:, 900].sum() > small_red[:, 150].sum()
    given = painted(annotate(ctx, image, boxes(image, (100, 80, 200, 160)), width=9))
    assert given[:, 150].sum() == 18


def test_marks_follow_things_into_a_view(ctx, image):
    view = scale(crop(image, [50, 50, 250, 250]), 2)
    red = painted(annotate(ctx, view, boxes(image, (100, 80, 200, 160))))
    ys, xs = np.nonzero(red)
    assert (xs.min(), ys.min()) == pytest.approx((100, 60), abs=4)
    assert (xs.max(), ys.max()) == pytest.approx((300, 220), abs=4)


@pytest.mark.parametrize("color", ["lime", "dark blue", "#123456"])
def test_colours_are_exact(ctx, image, color):
    from tools.colorwords import rgb_of

    after = annotate(ctx, image, boxes(image, (100, 80, 200, 160)), color=color)
    assert painted(after, rgb_of(color)).any()
    assert len(np.unique(after.pixels.reshape(-1, 3), axis=0)) == 2


def test_ellipse_goes_round(ctx, image):
    red = painted(annotate(ctx, image, boxes(image, (150, 100, 250, 200)), "ellipse"))
    assert not red[140:160, 150:250].any()
    assert red[150, 120:150].any()
    assert not red[95:100, 145:150].any()  # the corner stays free


@pytest.mark.parametrize(
    ("row", "side"),
    [
        ((300, 100, 390, 200), "left"),
        ((10, 100, 100, 200), "right"),
        ((150, 200, 250, 295), "above"),
        ((150, 5, 250, 100), "below"),
    ],
)
def test_arrow_comes_from_the_side_with_room_and_stops_at_the_thing(ctx, image, row, side):
    x1, y1, x2, y2 = row
    red = painted(annotate(ctx, image, boxes(image, row), "arrow"))
    ys, xs = np.nonzero(red)
    assert red.sum() > 60
    edge = {
        "left": xs.max() - x1,
        "right": x2 - xs.min(),
        "above": ys.max() - y1,
        "below": y2 - ys.min(),
    }
    assert abs(edge[side]) <= 2


def test_highlight_tints_the_thing_only(ctx, image):
    after = annotate(ctx, image, boxes(image, (100, 80, 200, 160)), "highlight", color="yellow")
    changed = (after.pixels != image.pixels).any(axis=2)
    assert changed.sum() == 100 * 80
    assert after.pixels[100, 150].tolist() == [174, 174, 72]


def test_cross_and_underline(ctx, image):
    cross = painted(annotate(ctx, image, boxes(image, (100, 80, 200, 160)), "cross"))
    assert cross[80, 100]
    assert cross[120, 150]
    quad = np.array([[[100, 100], [200, 100], [200, 130], [100, 130]]], np.float32)
    text = TextSpans(image.frame, quad, ("abc",), np.ones(1, np.float32))
    line = painted(annotate(ctx, image, text, "underline"))
    ys, xs = np.nonzero(line)
    assert ys.min() >= 130
    assert ys.max() <= 136
    assert (xs.min(), xs.max()) == pytest.approx((100, 200), abs=2)


@pytest.mark.parametrize("row", [(100, 80, 200, 160), (0, 0, 60, 30), (340, 260, 400, 300)])
@pytest.mark.parametrize("shape", ["label", "number"])
def test_labels_stay_inside_and_off_the_thing_where_they_can(ctx, image, row, shape):
    after = annotate(ctx, image, boxes(image, row), shape, color="navy")
    ys, xs = np.nonzero(painted(after, (0, 0, 128)))
    assert len(xs) > 30
    x1, y1, x2, y2 = row
    assert ys.max() < y1 or ys.min() >= y2


def test_text_beside_a_box_and_long_words(ctx, image):
    plain = annotate(ctx, image, boxes(image, (100, 80, 200, 160)))
    worded = annotate(ctx, image, boxes(image, (100, 80, 200, 160)), text="my cup")
    assert painted(worded).sum() > painted(plain).sum()
    long = annotate(ctx, image, boxes(image, (100, 80, 200, 160)), "label", text="word " * 40)
    assert long.size_wh == image.size_wh


def test_each_thing_gets_its_mark(ctx, image):
    two = boxes(image, (50, 50, 100, 100), (250, 150, 300, 200))
    red = painted(annotate(ctx, image, two))
    assert red[:, 40:110].any()
    assert red[:, 240:310].any()


def test_nothing_nonsense_and_strangers_are_refused(ctx, image):
    with pytest.raises(BadArguments, match="nothing to mark"):
        annotate(ctx, image, boxes(image))
    with pytest.raises(BadArguments, match="no colour"):
        annotate(ctx, image, boxes(image, (1, 1, 9, 9)), color="loud")
    other = Image.as_root(np.zeros((300, 400, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        annotate(ctx, other, boxes(image, (1, 1, 9, 9)))
