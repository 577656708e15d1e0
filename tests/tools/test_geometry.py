"""Any chain of crops, scales, flips, turns and borders leads back to the root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import geometry
from tools.errors import BadArguments
from tools.types import Frame, Image

OPS = ("crop", "scale", "flip", "rot90", "pad")


def hollow(width: int, height: int) -> Image:
    """A picture of any size that owns three bytes."""
    pixels = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (height, width, 3))
    return Image(pixels, Frame("root", width, height), np.eye(2, 3))


def chained(image: Image, affine: np.ndarray, width: int, height: int) -> Image:
    """The picture an operation would make, without its pixels."""
    made = hollow(width, height)
    return replace(made, frame=image.frame, to_root=geometry.compose(image.to_root, affine))


@st.composite
def chains(draw):
    """Up to six operations with shares that make sense at any size."""
    share = st.floats(0.05, 0.95)
    return [
        (draw(st.sampled_from(OPS)), draw(share), draw(share), draw(st.integers(0, 3)))
        for _ in range(draw(st.integers(1, 6)))
    ]


def run(image: Image, name: str, a: float, b: float, k: int) -> Image:
    """One operation through the real functions."""
    w, h = image.size_wh
    if name == "crop":
        x1, y1 = a * w * 0.5, b * h * 0.5
        box = np.array([[x1, y1, x1 + max(2, w * 0.4), y1 + max(2, h * 0.4)]])
        root = geometry.around(geometry.to_root(image, geometry.box_corners(box)))[0]
        return geometry.crop(image, root)
    if name == "scale":
        return geometry.resize(image, (max(1, round(w * (a + 0.3))), max(1, round(h * (b + 0.3)))))
    if name == "flip":
        return geometry.flip(image, horizontal=bool(k % 2))
    if name == "rot90":
        return geometry.rot90(image, k)
    return geometry.pad(image, int(40 * a), int(40 * b), k, k * 7)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(12, 48), st.integers(12, 48)),
    chain=chains(),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_chain_of_real_pictures_maps_points_and_boxes_back(size, chain, share):
    image = Image.as_root(np.zeros((size[1], size[0], 3), np.uint8))
    for name, a, b, k in chain:
        image = run(image, name, a, b, k)
    xy = np.array(share) * image.size_wh
    there = geometry.to_image(image, geometry.to_root(image, xy))
    assert there == pytest.approx(xy, abs=1e-6)


def affine_of(name: str, a: float, b: float, k: int, w: int, h: int):
    """The map of an operation, measured on a picture that has no pixels to speak of."""
    if name == "scale":
        w2, h2 = max(1, round(w * (a + 0.3))), max(1, round(h * (b + 0.3)))
        return np.array([[w / w2, 0, 0], [0, h / h2, 0]]), w2, h2
    if name == "crop":
        left, top = int(a * w * 0.5), int(b * h * 0.5)
        return np.array([[1.0, 0, left], [0, 1.0, top]]), max(1, w // 2), max(1, h // 2)
    if name == "pad":
        left, top = int(40 * a), int(40 * b)
        return np.array([[1.0, 0, -left], [0, 1.0, -top]]), w + left + k, h + top + k
    small = Image.as_root(np.zeros((1, 1, 3), np.uint8))
    made = geometry.flip(small, bool(k % 2)) if name == "flip" else geometry.rot90(small, k)
    # a flip or turn of a unit picture, stretched to w×h, is that of the large one
    stretch = np.diag([w, h]).astype(float)
    unstretch = np.diag([1 / w, 1 / h]) if name == "flip" or k % 2 == 0 else np.diag([1 / h, 1 / w])
    linear = stretch @ made.to_root[:, :2] @ unstretch
    shift = stretch @ made.to_root[:, 2]
    w2, h2 = (w, h) if name == "flip" or k % 2 == 0 else (h, w)
    return np.concatenate([linear, shift[:, None]], axis=1), w2, h2


@settings(max_examples=120, deadline=None)
@given(
    size=st.tuples(st.integers(1000, 4096), st.integers(1000, 2304)),
    chain=chains(),
    corners=st.tuples(*[st.floats(0.02, 0.98)] * 4),
)
def test_chain_at_4k_maps_boxes_to_root_and_back_within_a_pixel(size, chain, corners):
    image = hollow(*size)
    for name, a, b, k in chain:
        affine, w, h = affine_of(name, a, b, k, *image.size_wh)
        image = chained(image, affine, w, h)
    x = sorted(np.array(corners[:2]) * image.width)
    y = sorted(np.array(corners[2:]) * image.height)
    if x[1] - x[0] < 2 or y[1] - y[0] < 2:
        return
    box = np.array([[x[0], y[0], x[1], y[1]]])
    root = geometry.around(geometry.to_root(image, geometry.box_corners(box)))
    back = geometry.boxes_in(image, root.astype(np.float32))
    error_root = np.abs(back - box).max() * geometry.scale_of(image)
    assert error_root < 1.0


@settings(max_examples=40, deadline=None)
@given(
    at=st.tuples(st.integers(0, 23), st.integers(0, 17)),
    chain=st.lists(st.tuples(st.sampled_from(["flip", "rot90", "pad"]), st.integers(0, 3)), max_size=6),
)  # fmt: skip
def test_a_bright_pixel_stays_where_the_map_says(at, chain):
    pixels = np.zeros((18, 24, 3), np.uint8)
    pixels[at[1], at[0]] = 255
    image = Image.as_root(pixels)
    for name, k in chain:
        image = run(image, name, 0.2, 0.3, k)
    ys, xs = np.nonzero(image.pixels[..., 0])
    assert len(xs) == 1
    centre = geometry.to_root(image, (xs[0] + 0.5, ys[0] + 0.5))
    assert centre == pytest.approx((at[0] + 0.5, at[1] + 0.5), abs=1e-6)


def test_crop_shows_exactly_the_pixels_of_the_box(rng):
    pixels = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)
    part = geometry.crop(Image.as_root(pixels.copy()), [5, 6, 15, 20])
    assert (part.pixels == pixels[6:20, 5:15]).all()
    again = geometry.crop(part, [8, 8, 12, 12])
    assert (again.pixels == pixels[8:12, 8:12]).all()


def test_crop_outside_names_the_size():
    image = Image.as_root(np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(BadArguments, match="40×30"):
        geometry.crop(image, [50, 0, 60, 10])
    with pytest.raises(BadArguments):
        geometry.crop(image, [np.nan, 0, 10, 10])


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (20_000, 20_000)])
def test_resize_refuses_empty_and_huge(size):
    with pytest.raises(BadArguments, match="resize"):
        geometry.resize(Image.as_root(np.zeros((3, 3, 3), np.uint8)), size)


def test_placed_boxes_are_clipped_and_nonsense_is_dropped():
    image = Image.as_root(np.zeros((30, 40, 3), np.uint8))
    boxes = [[-5, -5, 10, 10], [50, 50, 60, 60], [np.nan, 0, 5, 5], [0, 0, np.inf, 5]]
    placed = geometry.place_boxes(image, boxes, list("abcd"), [0.5, 0.5, 0.5, 2.0])
    assert placed.labels[0] == "a"
    assert "b" not in placed.labels
    assert "c" not in placed.labels
    assert placed.xyxy[0] == pytest.approx([0, 0, 10, 10])
    assert placed.scores.max() <= 1


def test_boxes_found_in_a_zoomed_crop_land_on_the_root():
    image = Image.as_root(np.zeros((100, 200, 3), np.uint8))
    view = geometry.scale(geometry.crop(image, [50, 20, 150, 80]), 3)
    placed = geometry.place_boxes(view, [[30, 30, 60, 90]], ["x"], [1.0])
    assert placed.xyxy[0] == pytest.approx([60, 30, 70, 50])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_masks_come_back_to_the_root(turns):
    image = Image.as_root(np.zeros((20, 30, 3), np.uint8))
    root = np.zeros((20, 30), bool)
    root[4:9, 10:22] = True
    view = geometry.rot90(geometry.crop(image, [5, 2, 28, 18]), turns)
    seen = geometry.mask_in(view, root)
    placed = geometry.place_masks(view, seen[None], ["m"], [1.0])
    assert (placed.masks[0] == root).all()


def test_no_masks_is_an_empty_artefact():
    image = Image.as_root(np.zeros((20, 30, 3), np.uint8))
    assert len(geometry.place_masks(image, np.zeros((0, 20, 30), bool), [], [])) == 0
    assert len(geometry.place_masks(image, np.zeros((1, 20, 30), bool), ["a"], [1.0])) == 0


@pytest.mark.parametrize("degrees", [90, 180, 270, 360, 33.0, -20.5])
def test_rotate_keeps_the_middle_in_the_middle(degrees):
    image = Image.as_root(np.zeros((40, 60, 3), np.uint8))
    turned = geometry.rotate(image, degrees)
    middle = geometry.to_root(turned, np.array(turned.size_wh) / 2)
    assert middle == pytest.approx((30, 20), abs=1e-6)
    corner = geometry.apply(geometry.invert(turned.to_root), [(0, 0), (60, 40)])
    assert corner.min() >= -1.0
    assert (corner <= np.array(turned.size_wh) + 1).all()


def test_clockwise_is_clockwise():
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[0, 0] = 255  # top left goes to the top right
    assert geometry.rot90(Image.as_root(pixels), 1).pixels[0, -1, 0] == 255
    marked = np.zeros((41, 41, 3), np.uint8)
    marked[18:23, 36:41] = 255  # the right edge sinks
    turned = geometry.rotate(Image.as_root(marked), 30, value=0)
    ys, xs = np.nonzero(turned.pixels[..., 0] > 128)
    assert xs.mean() > turned.width / 2
    assert ys.mean() > turned.height / 2


def test_overlaps_of_boxes():
    a, b = [[0, 0, 10, 10]], [[5, 0, 15, 10], [20, 20, 30, 30]]
    assert geometry.intersections(a, b).tolist() == [[50, 0]]
    assert geometry.iou(a, b)[0] == pytest.approx([50 / 150, 0])
    assert geometry.covered(b, a)[:, 0] == pytest.approx([0.5, 0])
    assert geometry.centres(a).tolist() == [[5, 5]]
