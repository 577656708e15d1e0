"""Cutting things out of drawings whose exact shape is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tools import geometry
from tools.errors import BadArguments
from tools.experts.segment import segment
from tools.types import Boxes, Image, Points


def scene() -> tuple[Image, np.ndarray, np.ndarray]:
    """A picture of noise with a red blob and a blue triangle, and their true masks."""
    rng = np.random.default_rng(1)
    pixels = np.full((360, 500, 3), (120, 130, 110), np.float64)
    blob, triangle = np.zeros((360, 500), np.uint8), np.zeros((360, 500), np.uint8)
    cv2.ellipse(blob, (150, 170), (80, 50), 30, 0, 360, 1, -1)
    cv2.circle(blob, (200, 210), 45, 1, -1)
    cv2.fillPoly(triangle, [np.array([[330, 300], [450, 280], [380, 100]])], 1)
    pixels[blob > 0], pixels[triangle > 0] = (190, 60, 50), (40, 60, 180)
    pixels = (pixels + rng.normal(0, 8, pixels.shape)).clip(0, 255).astype(np.uint8)
    return Image.as_root(pixels), blob > 0, triangle > 0


def boxes(image: Image, *rows: tuple[float, ...]) -> Boxes:
    names = tuple(f"thing {i}" for i in range(len(rows)))
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, names, np.ones(len(rows), np.float32))


def clicks(image: Image, *rows: tuple[float, float, bool]) -> Points:
    xy = np.array([row[:2] for row in rows], np.float32)
    return Points(image.frame, xy, tuple(row[2] for row in rows))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_each_box_gives_its_mask_under_its_name(ctx):
    image, blob, triangle = scene()
    around = boxes(image, (55, 90, 260, 270), (320, 90, 460, 310))
    found = segment(ctx, image, region=around)
    assert found.labels == ("thing 0", "thing 1")
    assert overlap(found.masks[0], blob) > 0.9
    assert overlap(found.masks[1], triangle) > 0.9
    assert found.scores.min() > 0.7


@pytest.mark.parametrize(
    "marks",
    [
        [(150, 170, True)],  # one click
        [(110, 150, True), (150, 175, True), (200, 215, True)],  # a stroke
        [(150, 170, True), (380, 220, False), (20, 20, False)],  # with what is not meant
    ],
)
def test_clicks_mark_one_thing(ctx, marks):
    image, blob, _ = scene()
    found = segment(ctx, image, points=clicks(image, *marks))
    assert len(found) == 1
    assert overlap(found.masks[0], blob) > 0.9


def test_a_click_beside_the_object_takes_that_part_away(ctx):
    image, blob, triangle = scene()
    wide = boxes(image, (40, 60, 470, 330))
    found = segment(ctx, image, wide, clicks(image, (150, 170, True), (385, 230, False)))
    assert overlap(found.masks[0], blob) > 0.9
    assert not (found.masks[0] & triangle).any()


def test_without_a_hint_what_stands_out_is_cut_out(ctx):
    image, blob, triangle = scene()
    found = segment(ctx, image)
    assert overlap(found.masks[0], blob | triangle) > 0.9


def test_masks_of_a_crop_lie_in_the_root(ctx):
    image, _, triangle = scene()
    view = geometry.scale(geometry.crop(image, [300, 60, 500, 340]), 2.0)
    found = segment(ctx, view, region=boxes(image, (320, 90, 460, 310)))
    assert overlap(found.masks[0], triangle) > 0.9


def test_a_box_over_nothing_scores_low(ctx):
    rng = np.random.default_rng(2)
    noise = rng.normal(120, 2, (200, 200, 3)).clip(0, 255).astype(np.uint8)
    image = Image.as_root(noise)
    found = segment(ctx, image, region=boxes(image, (50, 50, 150, 150)))
    assert (found.scores < 0.6).all()


def test_the_same_call_gives_the_same_mask(ctx):
    image, _, _ = scene()
    first, again = (segment(ctx, image, boxes(image, (55, 90, 260, 270))) for _ in range(2))
    assert (first.masks == again.masks).all()


def test_a_box_at_the_edge_of_the_picture_works(ctx):
    image, blob, _ = scene()
    cut = geometry.crop(image, [100, 100, 280, 280])
    found = segment(ctx, cut, region=boxes(image, (100, 100, 265, 270)))
    inside = np.zeros_like(blob)
    inside[100:280, 100:280] = blob[100:280, 100:280]
    assert overlap(found.masks[0], inside) > 0.85


def test_only_negative_clicks_are_refused(ctx):
    image, _, _ = scene()
    with pytest.raises(BadArguments, match="beside the object"):
        segment(ctx, image, points=clicks(image, (10, 10, False)))


def test_an_empty_region_and_a_foreign_one_are_refused(ctx):
    image, _, _ = scene()
    with pytest.raises(BadArguments, match="nothing to cut out"):
        segment(ctx, image, region=boxes(image))
    other = Image.as_root(np.zeros((360, 500, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        segment(ctx, image, region=boxes(other, (0, 0, 10, 10)))
