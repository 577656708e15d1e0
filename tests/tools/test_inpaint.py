"""What is removed is gone, fits its surroundings, and nothing else has changed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from tools import geometry
from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled
from tools.experts.inpaint import inpaint
from tools.models import cv_inpaint
from tools.types import Boxes, Image, Masks


def boxes(image: Image, *rows: tuple[float, ...]) -> Boxes:
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, ("x",) * len(rows), np.ones(len(rows), np.float32))


def rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def detail(pixels: np.ndarray, area: tuple[slice, slice]) -> float:
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F)[area].std())


def test_a_logo_on_a_gradient_vanishes(ctx):
    truth = np.tile(np.linspace(60, 200, 300)[None, :, None], (200, 1, 3)).astype(np.uint8)
    drawn = truth.copy()
    cv2.putText(drawn, "LOGO", (100, 110), cv2.FONT_HERSHEY_DUPLEX, 1.5, (255, 0, 0), 4)
    image = Image.as_root(drawn)
    edited = inpaint(ctx, image, boxes(image, (95, 70, 235, 118)))
    assert np.abs(edited.pixels.astype(int) - truth).max() <= 6


@pytest.mark.parametrize("name", ["grass", "brick", "gravel"])
def test_texture_goes_on_through_the_hole(ctx, name):
    drawn = rgb(getattr(data, name)()[:260, :320])
    area = slice(100, 150), slice(130, 200)
    want = detail(drawn, area)
    drawn[area] = (255, 0, 255)
    image = Image.as_root(drawn)
    edited = inpaint(ctx, image, boxes(image, (130, 100, 200, 150)))
    assert 0.6 * want < detail(edited.pixels, area) < 1.6 * want
    assert not (np.abs(edited.pixels[area].astype(int) - (255, 0, 255)).sum(axis=2) < 60).any()


def test_bars_go_on_through_the_hole(ctx):
    truth = rgb(np.where(np.arange(300) // 12 % 2, 200, 60).astype(np.uint8)[None].repeat(200, 0))
    drawn = truth.copy()
    cv2.circle(drawn, (150, 100), 30, (255, 120, 0), -1)
    image = Image.as_root(drawn)
    edited = inpaint(ctx, image, boxes(image, (118, 68, 182, 132)))
    wrong = np.abs(edited.pixels.astype(int) - truth).max(axis=2) > 60
    assert wrong[66:134, 116:184].mean() < 0.1


def test_outside_nothing_changes_and_the_size_stays(ctx):
    image = Image.as_root(data.coffee())
    edited = inpaint(ctx, image, boxes(image, (300, 100, 360, 150)), grow=0.1)
    changed = (edited.pixels != image.pixels).any(axis=2)
    assert changed.any()
    changed[94:157, 294:367] = False
    assert not changed.any()
    assert edited.size_wh == image.size_wh


def test_a_mask_is_filled_in_its_shape(ctx):
    drawn = np.full((120, 120, 3), 90, np.uint8)
    disc = np.zeros((120, 120), np.uint8)
    cv2.circle(disc, (60, 60), 20, 1, -1)
    drawn[disc > 0] = (250, 250, 0)
    image = Image.as_root(drawn)
    region = Masks(image.frame, disc[None] > 0, ("disc",), np.ones(1, np.float32))
    edited = inpaint(ctx, image, region)
    assert np.abs(edited.pixels.astype(int) - 90).max() <= 2


def test_several_things_go_at_once_also_in_a_crop(ctx):
    drawn = np.full((200, 300, 3), 140, np.uint8)
    for x in (60, 120, 220):
        cv2.circle(drawn, (x, 100), 12, (0, 0, 0), -1)
    image = Image.as_root(drawn)
    spots = boxes(image, (46, 86, 75, 115), (106, 86, 135, 115), (206, 86, 235, 115))
    view = geometry.crop(image, [30, 40, 260, 160])
    edited = inpaint(ctx, view, spots)
    assert edited.size_wh == view.size_wh
    assert edited.pixels.min() >= 130


def test_a_hole_at_the_edge_of_the_picture_is_filled(ctx):
    drawn = rgb(data.gravel()[:200, :200])
    drawn[:60, :60] = (255, 0, 0)
    image = Image.as_root(drawn)
    edited = inpaint(ctx, image, boxes(image, (0, 0, 60, 60)))
    spread = edited.pixels.astype(int).max(axis=2) - edited.pixels.astype(int).min(axis=2)
    assert spread.max() < 40


def test_nothing_too_much_and_foreign_regions_are_refused(ctx):
    image = Image.as_root(np.zeros((100, 100, 3), np.uint8))
    with pytest.raises(BadArguments, match="nothing to remove"):
        inpaint(ctx, image, boxes(image))
    with pytest.raises(BadArguments, match="covers 100%"):
        inpaint(ctx, image, boxes(image, (0, 0, 100, 100)))
    other = Image.as_root(np.ones((100, 100, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        inpaint(ctx, image, boxes(other, (0, 0, 10, 10)))


def test_a_stopped_run_stops_the_filling():
    stopped = CancelToken()
    stopped.cancel()
    hole = np.zeros((50, 50), np.bool_)
    hole[20:30, 20:30] = True
    with pytest.raises(Cancelled):
        cv_inpaint.load()(Image.as_root(np.zeros((50, 50, 3), np.uint8)), hole, cancel=stopped)
