"""Every foreign convention goes out and comes back, and refuses what cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools import convert
from tools.errors import BadArguments

SIZES = st.tuples(st.integers(8, 4096), st.integers(8, 4096))


@st.composite
def sized_boxes(draw):
    size = draw(SIZES)
    n = draw(st.integers(0, 4))
    rows = []
    for _ in range(n):
        x1 = draw(st.floats(0, size[0] - 4))
        y1 = draw(st.floats(0, size[1] - 4))
        x2 = draw(st.floats(x1 + 2, size[0]))
        y2 = draw(st.floats(y1 + 2, size[1]))
        rows.append((x1, y1, x2, y2))
    return np.array(rows, np.float32).reshape(-1, 4), size


EXACT = ["xyxy_norm", "cxcywh_norm", "xywh_px", "cxcywh_px"]
GRIDS = {"xyxy_1000": 1000, "yxyx_1000": 1000, "yxyx_1024": 1023}


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=40, deadline=None)
@given(case=sized_boxes())
def test_exact_conventions_round_trip(name, case):
    boxes, size = case
    there = getattr(convert, f"to_{name}")(boxes, size)
    back = getattr(convert, f"from_{name}")(there, size)
    assert back.shape == boxes.shape
    assert np.allclose(back, boxes, atol=1e-2)


@pytest.mark.parametrize("name", GRIDS)
@settings(max_examples=40, deadline=None)
@given(case=sized_boxes())
def test_grids_round_trip_within_a_step_and_never_shrink(name, case):
    boxes, size = case
    there = getattr(convert, f"to_{name}")(boxes, size)
    back = getattr(convert, f"from_{name}")(there, size)
    step = max(size) / GRIDS[name]
    assert there.dtype == np.int64
    assert np.abs(back - boxes).max(initial=0) <= step + 1e-2
    assert (back[:, :2] <= boxes[:, :2] + 1e-2).all()
    assert (back[:, 2:] >= boxes[:, 2:] - 1e-2).all()


@settings(max_examples=40, deadline=None)
@given(steps=arrays(np.int64, (3, 2), elements=st.integers(0, 999)), size=SIZES)
def test_points_as_steps_mean_their_middle_and_come_back(steps, size):
    points = convert.from_xy_bins(steps, size)
    assert points == pytest.approx((steps + 0.5) * size / 1000, abs=1e-2)
    assert (convert.to_xy_bins(points, size) == steps).all()


@settings(max_examples=40, deadline=None)
@given(case=sized_boxes())
def test_location_tokens_round_trip(case):
    boxes, size = case
    tokens = convert.to_loc_tokens(boxes, size)
    back = convert.from_loc_tokens(f"{tokens} cat", size)
    assert tokens.count("<loc") == 4 * len(boxes)
    assert np.abs(back - boxes).max(initial=0) <= max(size) / 1023 + 1e-2


@settings(max_examples=40, deadline=None)
@given(case=sized_boxes(), seen=SIZES)
def test_resized_frame_round_trips(case, seen):
    boxes, size = case
    there = convert.to_resized_px(boxes, seen, size)
    assert (there <= np.tile(seen, 2) + 1e-3).all()
    back = convert.from_resized_px(there, seen, size)
    assert np.allclose(back, boxes, atol=0.05)


@pytest.mark.parametrize("centred", [True, False])
@settings(max_examples=40, deadline=None)
@given(case=sized_boxes(), seen=st.tuples(st.integers(300, 2000), st.integers(300, 2000)))
def test_letterbox_round_trips(centred, case, seen):
    boxes, size = case
    there = convert.to_letterbox_px(boxes, seen, size, centred)
    back = convert.from_letterbox_px(there, seen, size, centred)
    assert np.allclose(back, boxes, atol=0.05)


@pytest.mark.parametrize(
    ("name", "foreign", "pixels"),
    [
        ("xyxy_norm", [0.1, 0.2, 0.5, 0.6], [20, 20, 100, 60]),
        ("cxcywh_norm", [0.5, 0.5, 0.5, 0.2], [50, 40, 150, 60]),
        ("xywh_px", [10, 20, 30, 40], [10, 20, 40, 60]),
        ("cxcywh_px", [50, 50, 20, 10], [40, 45, 60, 55]),
        ("xyxy_1000", [100, 200, 500, 600], [20, 20, 100, 60]),
        ("yxyx_1000", [200, 100, 600, 500], [20, 20, 100, 60]),
        ("yxyx_1024", [0, 0, 1023, 1023], [0, 0, 200, 100]),
    ],
)
def test_known_values(name, foreign, pixels):
    got = getattr(convert, f"from_{name}")([foreign], (200, 100))
    assert got[0] == pytest.approx(pixels)


def test_letterbox_knows_where_its_borders_are():
    # 200×100 in 400×400: twice as large, 100 px of border above
    there = convert.to_letterbox_px([[10, 10, 20, 20]], (400, 400), (200, 100))
    assert there[0] == pytest.approx([20, 120, 40, 140])
    corner = convert.to_letterbox_px([[10, 10, 20, 20]], (400, 400), (200, 100), centred=False)
    assert corner[0] == pytest.approx([20, 20, 40, 40])


def test_letterbox_cuts_off_the_border_and_refuses_what_lies_on_it():
    cut = convert.from_letterbox_px([[0, 50, 40, 140]], (400, 400), (200, 100))
    assert cut[0] == pytest.approx([0, 0, 20, 20])
    with pytest.raises(BadArguments, match="200×100"):
        convert.from_letterbox_px([[0, 10, 40, 60]], (400, 400), (200, 100))


@settings(max_examples=40, deadline=None)
@given(
    size=SIZES,
    share=arrays(np.float64, (3, 2), elements=st.floats(0, 1)),
)
def test_points_round_trip(size, share):
    points = share * size
    for name, step in (("xy_norm", 0.0), ("xy_100", 0.0), ("yx_1000", max(size) / 1000)):
        there = getattr(convert, f"to_{name}")(points, size)
        back = getattr(convert, f"from_{name}")(there, size)
        assert np.abs(back - points).max() <= step + 0.01


@settings(max_examples=40, deadline=None)
@given(case=sized_boxes())
def test_quads_round_trip(case):
    boxes, size = case
    quads = convert.to_quads(boxes, size)
    assert quads.shape == (len(boxes), 4, 2)
    assert np.allclose(convert.from_quads(quads, size), boxes, atol=1e-3)


@pytest.mark.parametrize(
    "bad",
    [
        [np.nan, 0, 10, 10],  # no number
        [0, 0, np.inf, 10],
        [20, 0, 10, 10],  # inverted
        [10, 10, 10, 20],  # empty
        [0, 0, 250, 10],  # beyond the right edge
        [-9, 0, 10, 10],  # before the left edge
        [200, 0, 200.9, 10],  # only overshoot
    ],
)
def test_impossible_boxes_are_refused_with_the_true_size(bad):
    with pytest.raises(BadArguments) as error:
        convert.boxes_px([bad], (200, 100))
    assert "200×100" in str(error.value) or "finite" in str(error.value)


def test_overshoot_of_rounding_is_clipped():
    assert convert.boxes_px([[-0.4, 0, 200.6, 100]], (200, 100))[0] == pytest.approx(
        [0, 0, 200, 100]
    )


def test_wrong_shapes_and_sizes_are_refused():
    with pytest.raises(BadArguments, match="4 numbers"):
        convert.from_xyxy_norm([[0, 0, 1]], (10, 10))
    with pytest.raises(BadArguments, match="0×10"):
        convert.from_xyxy_norm([[0, 0, 1, 1]], (0, 10))
    with pytest.raises(BadArguments, match="location tokens"):
        convert.from_loc_tokens("<loc0001><loc0002>", (10, 10))
    with pytest.raises(BadArguments, match="outside"):
        convert.from_xy_norm([[1.5, 0.5]], (10, 10))
    assert convert.from_xyxy_1000([], (10, 10)).shape == (0, 4)


MASKS = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@settings(max_examples=40, deadline=None)
@given(mask=MASKS)
def test_masks_round_trip_through_polygons_and_run_lengths(mask):
    size = (mask.shape[1], mask.shape[0])
    assert (convert.from_polygons(convert.to_polygons(mask, size), size) == mask).all()
    assert (convert.from_rle(convert.to_rle(mask, size), size) == mask).all()
    assert (convert.from_rle(convert.to_rle_string(mask, size), size) == mask).all()


def test_run_lengths_go_down_the_columns():
    mask = np.zeros((2, 3), bool)
    mask[1, 0] = mask[0, 1] = True
    assert convert.to_rle(mask, (3, 2)) == [1, 2, 3]


def test_compressed_run_lengths_as_coco_writes_them():
    # long runs need several letters; the string is what pycocotools 2 writes
    mask = np.zeros((100, 200), bool)
    mask[10:60, 20:90] = True
    packed = convert.to_rle_string(mask, (200, 100))
    assert (convert.from_rle(packed, (200, 100)) == mask).all()
    assert packed.startswith("jn1b1")  # 2010 zeros, then 50 ones
    small = np.zeros((9, 7), bool)
    small[2:5, 1:4] = small[6:, 5:] = True
    assert convert.to_rle_string(small, (7, 9)) == ";36000=0C0"
    assert (convert.from_rle(b";36000=0C0", (7, 9)) == small).all()


def test_polygon_follows_pixel_centres_and_cuts_holes():
    outer, inner = [0, 0, 6, 0, 6, 6, 0, 6], [2, 2, 4, 2, 4, 4, 2, 4]
    mask = convert.from_polygons([outer, inner], (8, 8))
    assert mask.sum() == 36 - 4
    assert mask[0, 0]
    assert not mask[2, 2]
    triangle = convert.from_polygons([[(0, 0), (8, 0), (0, 8)]], (8, 8))
    assert triangle.sum() == pytest.approx(32, abs=5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: convert.from_rle([3, 2], (3, 2)),  # five pixels of six
        lambda: convert.from_rle([-1, 7], (3, 2)),
        lambda: convert.from_rle("!", (3, 2)),  # no letter of the alphabet
        lambda: convert.from_rle("o", (3, 2)),  # ends within a number
        lambda: convert.from_polygons([[0, 0, 1, 1]], (3, 2)),  # two corners
        lambda: convert.from_polygons([[0, 0, 9, 0, 9, 9]], (3, 2)),  # outside
        lambda: convert.to_rle(np.zeros((3, 2), bool), (3, 2)),  # (W, H) for (H, W)
    ],
)
def test_damaged_masks_are_refused(call):
    with pytest.raises(BadArguments):
        call()
