"""Artefacts refuse what cannot be, keep their rows together and say how much they show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.errors import BadArguments
from tools.types import (
    ARTEFACTS,
    Artefact,
    Boxes,
    Clip,
    Codes,
    DepthMap,
    Embeddings,
    Frame,
    Image,
    Keypoints,
    Labels,
    Masks,
    Number,
    Points,
    Table,
    Text,
    TextSpans,
)

FRAME = Frame("r", 200, 100)


def f32(values) -> np.ndarray:
    return np.asarray(values, np.float32)


def boxes(*rows, labels=None) -> Boxes:
    n = len(rows)
    names = tuple(labels or (f"thing{i}" for i in range(n)))
    return Boxes(FRAME, f32(rows).reshape(-1, 4), names, np.full(n, 0.5, np.float32))


@pytest.mark.parametrize(
    "row",
    [
        (0, 0, 250, 10),  # right of the picture
        (0, 0, 10, 120),  # below it
        (-20, 0, 10, 10),  # left of it
        (30, 0, 10, 10),  # inverted
        (10, 10, 10, 20),  # no width
        (10, 10, 20, 10),  # no height
    ],
)
def test_impossible_boxes_name_the_true_size(row):
    with pytest.raises(BadArguments, match="200×100 px"):
        boxes(row)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_coordinates_must_be_finite(value):
    with pytest.raises(BadArguments, match="finite"):
        boxes((0, 0, value, 10))
    with pytest.raises(BadArguments, match="finite"):
        Points(FRAME, f32([[value, 1]]), (True,))


@settings(max_examples=60, deadline=None)
@given(
    row=st.tuples(*[st.floats(-50, 300, width=32)] * 4),
)
def test_a_box_is_accepted_exactly_when_it_fits(row):
    x1, y1, x2, y2 = row
    inside = min(x1, y1, x2, y2) >= -1 and max(x1, x2) <= 201 and max(y1, y2) <= 101
    if inside and x1 < x2 and y1 < y2:
        assert boxes(row).xyxy[0].tolist() == list(row)
    else:
        with pytest.raises(BadArguments):
            boxes(row)


def test_rounding_may_overshoot_by_a_pixel_only():
    boxes((-0.9, 0, 200.9, 100))
    with pytest.raises(BadArguments):
        boxes((-1.2, 0, 200, 100))


@pytest.mark.parametrize("score", [-0.1, 1.1, np.nan])
def test_scores_are_between_zero_and_one(score):
    with pytest.raises(BadArguments, match="scores"):
        Boxes(FRAME, f32([[0, 0, 5, 5]]), ("a",), f32([score]))
    with pytest.raises(BadArguments, match="scores"):
        Labels(("a",), f32([score]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Boxes(FRAME, f32([[0, 0, 5, 5]]), ("a", "b"), f32([1, 1])),
        lambda: Boxes(FRAME, f32([[0, 0, 5, 5]]), ("a",), f32([1, 1])),
        lambda: TextSpans(FRAME, f32(np.zeros((1, 4, 2))), ("a", "b"), f32([1, 1])),
        lambda: TextSpans(FRAME, f32([[[0, 0], [300, 0], [300, 9], [0, 9]]]), ("a",), f32([1])),
        lambda: Codes(FRAME, f32(np.zeros((1, 4, 2))), ("a",), ()),
        lambda: Keypoints(FRAME, f32(np.zeros((1, 2, 2))), f32([[1, 1]]), ("nose",), ("p",)),
        lambda: Keypoints(FRAME, f32([[[500, 0]]]), f32([[1]]), ("nose",), ("p",)),
        lambda: Points(FRAME, f32([[1, 1]]), (True, False)),
        lambda: Masks(FRAME, np.zeros((1, 50, 50), bool), ("a",), f32([1])),
        lambda: Masks(FRAME, np.zeros((1, 100, 200), bool), ("a",), f32([1])),  # empty mask
        lambda: Masks(FRAME, np.ones((1, 100, 200), np.uint8), ("a",), f32([1])),
        lambda: Number(float("nan")),
        lambda: Table(("a", "b"), (("1",),)),
        lambda: Table(("a",), (("1",),), None, f32(np.zeros((1, 1, 4)))),
        lambda: DepthMap(FRAME, f32(np.zeros((5, 5)))),
        lambda: Clip(np.zeros((2, 5, 5), np.uint8), 1.0),
        lambda: Embeddings(f32(np.zeros((2, 3))), ("a",)),
        lambda: Image.as_root(np.zeros((5, 5), np.uint8)),
        lambda: Image.as_root(np.zeros((5, 0, 3), np.uint8)),
        lambda: Image(np.zeros((5, 5, 3), np.uint8), FRAME, np.full((2, 3), np.nan)),
        lambda: Image(np.zeros((5, 5, 3), np.uint8), FRAME, np.eye(3)),
        lambda: Image.as_root(np.zeros((5, 5, 3), np.uint8)).with_pixels(
            np.zeros((4, 5, 3), np.uint8)
        ),
    ],
)
def test_columns_that_do_not_fit_are_refused(make):
    with pytest.raises(BadArguments):
        make()


def every_placed():
    quads = f32([[[0, 0], [20, 0], [20, 9], [0, 9]]] * 3) + f32([[[0, 0]], [[30, 0]], [[60, 5]]])
    masks = np.zeros((3, 100, 200), bool)
    masks[0, 2:5, 3:9] = masks[1, 50, 60] = masks[2, 90:, 190:] = True
    names, ones = ("a", "b", "c"), np.ones(3, np.float32)
    return [
        boxes((0, 0, 5, 5), (5, 5, 9, 9), (10, 10, 19, 19), labels=names),
        Masks(FRAME, masks, names, ones),
        TextSpans(FRAME, quads, names, ones),
        Codes(FRAME, quads, names, ("QR Code", "EAN-13", "QR Code")),
        Keypoints(FRAME, f32(np.full((3, 2, 2), 7)), f32(np.ones((3, 2))), ("n", "e"), names),
    ]


@pytest.mark.parametrize("things", every_placed(), ids=lambda t: t.KIND)
def test_take_keeps_rows_together_and_the_class(things):
    taken = things.take([2, 0])
    assert type(taken) is type(things)
    assert taken.labels == ("c", "a")
    assert (taken.xyxy == things.xyxy[[2, 0]]).all()
    assert (taken.scores == things.scores[[2, 0]]).all()
    nothing = things.take([])
    assert len(nothing) == 0
    assert nothing.xyxy.shape == (0, 4)
    assert nothing.describe() == f"no {things.KIND}"
    assert isinstance(things.boxes(), Boxes)
    assert len(nothing.boxes()) == 0


def test_mask_boxes_are_tight():
    masks = every_placed()[1]
    assert masks.xyxy[0].tolist() == [3, 2, 9, 5]
    assert masks.xyxy[1].tolist() == [60, 50, 61, 51]


def test_a_thin_quad_still_has_a_box():
    flat = TextSpans(FRAME, f32([[[5, 5], [20, 5], [20, 5], [5, 5]]]), ("-",), f32([1]))
    assert flat.boxes().xyxy[0].tolist() == [5, 5, 20, 6]


@given(n=st.integers(0, 30), cap=st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_descriptions_say_how_many_of_how_many(n, cap):
    things = boxes(*[(i, 0, i + 2, 5) for i in range(n)])
    table = Table(("a",), tuple((f"cell{i}",) for i in range(n)))
    said = things.describe(cap)
    assert said.count("thing") == min(n, cap)
    assert (f"showing {cap} of {n}" in said) == (n > cap)
    assert table.describe(cap).count("cell") == min(n, cap)
    assert (f"showing {cap} of {n}" in table.describe(cap)) == (n > cap)


def test_every_kind_describes_itself_in_one_line(rng):
    ones = np.ones(1, np.float32)
    others = [
        Image.as_root(np.zeros((5, 6, 3), np.uint8)),
        Points(FRAME, f32([[1, 2]]), (True,)),
        DepthMap(FRAME, rng.random((100, 200), np.float32)),
        Labels(("red",), ones, "colours"),
        Text("a cat", "img1"),
        Number(3, "faces", "count"),
        Table(("a",), (("1",),)),
        Clip(np.zeros((2, 5, 6, 3), np.uint8), 25),
        Embeddings(f32(np.ones((1, 3))), ("a",), "m"),
    ]
    artefacts: list[Artefact] = [*every_placed(), *others]
    assert {type(a) for a in artefacts} == set(ARTEFACTS)
    for artefact in artefacts:
        said = artefact.describe()
        assert said
        assert "\n" not in said
    assert len({kind.KIND for kind in ARTEFACTS}) == len(ARTEFACTS)


def test_pictures_are_named_by_their_content_and_cannot_be_changed():
    pixels = np.zeros((5, 6, 3), np.uint8)
    first, second = Image.as_root(pixels.copy(), "a.png"), Image.as_root(pixels.copy(), "b.png")
    assert first.sha256 == second.sha256 == first.frame.root
    assert Image.as_root(np.zeros((6, 5, 3), np.uint8)).sha256 != first.sha256
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0, 0] = 1
    edited = first.with_pixels(pixels + 1)
    assert edited.is_root
    assert edited.frame == first.frame
    assert edited.sha256 != first.sha256


def test_table_cells_have_boxes_where_they_were_read():
    cells = np.full((1, 2, 4), np.nan, np.float32)
    cells[0, 1] = (5, 5, 30, 20)
    table = Table(("item", "price"), (("tea", "2.30"),), FRAME, cells)
    assert table.box(0, 0) is None
    found = table.box(0, 1)
    assert found is not None
    assert found.labels == ("2.30",)
    assert list(table) == [{"item": "tea", "price": "2.30"}]
