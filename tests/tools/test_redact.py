"""What is redacted is gone, and nothing else has changed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from tools import geometry
from tools.errors import BadArguments
from tools.experts.redact import redact
from tools.types import Boxes, Image, Masks, TextSpans


def boxes(image: Image, *rows: tuple[float, ...]) -> Boxes:
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, ("x",) * len(rows), np.ones(len(rows), np.float32))


def lettering(scale: float = 2.0) -> tuple[Image, Boxes]:
    """A plate with letters, and the box around them."""
    pixels = np.full((300, 700, 3), 225, np.uint8)
    place, thick = (40, 180), max(2, int(3 * scale))
    cv2.putText(pixels, "KX 7291 B", place, cv2.FONT_HERSHEY_DUPLEX, scale, (20, 20, 60), thick)
    (w, h), _ = cv2.getTextSize("KX 7291 B", cv2.FONT_HERSHEY_DUPLEX, scale, thick)
    image = Image.as_root(pixels)
    return image, boxes(image, (40, 180 - h, 40 + w, 184))


def sharpness(pixels: np.ndarray, area: tuple[slice, slice]) -> float:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F)[area].var())


def inside(box: np.ndarray) -> tuple[slice, slice]:
    x1, y1, x2, y2 = (int(v) for v in box)
    return slice(y1, y2), slice(x1, x2)


@pytest.mark.parametrize("style", ["blur", "pixelate", "fill"])
@pytest.mark.parametrize("scale", [0.8, 2.0, 3.5])
def test_letters_of_any_size_lose_their_sharpness(ctx, style, scale):
    image, place = lettering(scale)
    place = geometry.place_boxes(image, place.xyxy, ("x",), [1.0])
    edited = redact(ctx, image, place, style=style)
    area = inside(place.xyxy[0])
    assert sharpness(edited.pixels, area) < 0.2 * sharpness(image.pixels, area)


@pytest.mark.parametrize("style", ["blur", "pixelate"])
def test_a_face_keeps_no_detail(ctx, style):
    image = Image.as_root(data.astronaut())
    face = boxes(image, (175, 62, 270, 174))
    edited = redact(ctx, image, face, style=style, shape="ellipse")
    area = slice(90, 150), slice(195, 250)
    assert sharpness(edited.pixels, area) < 0.2 * sharpness(image.pixels, area)


def test_no_finer_pattern_survives_to_be_sharpened_back(ctx):
    """Two pictures that differ in fine detail only become the same once redacted."""
    ys, xs = np.mgrid[:120, :240]
    first = np.repeat((((xs // 3 + ys // 3) % 2) * 200 + 20).astype(np.uint8)[..., None], 3, 2)
    second = np.roll(first, 3, axis=1)
    edited = []
    for pixels in (first, second):
        image = Image.as_root(pixels)
        edited.append(redact(ctx, image, boxes(image, (0, 0, 240, 120))).pixels.astype(int))
    assert np.abs(first.astype(int) - second).max() == 200
    assert np.abs(edited[0] - edited[1]).max() <= 12


@pytest.mark.parametrize("style", ["blur", "pixelate", "fill"])
def test_outside_nothing_changes(ctx, style):
    image, place = lettering()
    edited = redact(ctx, image, place, style=style)
    x1, y1, x2, y2 = place.xyxy[0]
    margin = 0.05 * (y2 - y1) + 2
    outside = np.ones(image.pixels.shape[:2], np.bool_)
    outside[int(y1 - margin) : int(y2 + margin) + 1, int(x1 - margin) : int(x2 + margin) + 1] = 0
    changed = (edited.pixels != image.pixels).any(axis=2)
    assert changed.any()
    assert not (changed & outside).any()


def test_a_slanted_line_is_covered_along_its_slant(ctx):
    image = Image.as_root(np.full((200, 300, 3), 200, np.uint8))
    quad = np.float32([[[50, 40], [250, 120], [238, 150], [38, 70]]])
    line = TextSpans(image.frame, quad, ("a line",), np.ones(1, np.float32))
    edited = redact(ctx, image, line, style="fill", color="red")
    red = (edited.pixels == (255, 0, 0)).all(axis=2)
    assert red[95, 144]
    for x, y in ((52, 60), (236, 130)):  # near both ends, on the line
        assert red[y, x]
    for x, y in ((240, 50), (60, 140)):  # the free corners of its upright box
        assert not red[y, x]
    upright = redact(ctx, image, line, style="fill", color="red", shape="box")
    assert (upright.pixels[50, 240] == (255, 0, 0)).all()


def test_a_mask_is_covered_in_its_shape(ctx):
    image = Image.as_root(np.full((100, 100, 3), 200, np.uint8))
    disc = np.zeros((100, 100), np.uint8)
    cv2.circle(disc, (50, 50), 30, 1, -1)
    region = Masks(image.frame, disc[None] > 0, ("disc",), np.ones(1, np.float32))
    edited = redact(ctx, image, region, style="fill", color="#0000ff")
    blue = (edited.pixels == (0, 0, 255)).all(axis=2)
    assert blue[disc > 0].all()
    assert not blue[22, 22]


def test_in_a_crop_of_a_zoom_the_same_place_is_covered(ctx):
    image, place = lettering()
    x1, y1, x2, y2 = place.xyxy[0]
    view = geometry.scale(geometry.crop(image, [x1 - 30, y1 - 30, x2 + 30, y2 + 30]), 1.5)
    edited = redact(ctx, view, place, style="fill", color="lime")
    lime = (edited.pixels == (0, 255, 0)).all(axis=2)
    corners = geometry.to_image(view, [[x1, y1], [x2, y2]])
    (left, top), (right, bottom) = corners.astype(int)
    assert lime[top : bottom + 1, left : right + 1].all()
    assert not lime[:20].any()
    assert edited.to_root is view.to_root


def test_two_regions_are_both_covered(ctx):
    image = Image.as_root(np.full((60, 200, 3), 9, np.uint8))
    edited = redact(ctx, image, boxes(image, (5, 5, 40, 40), (150, 5, 190, 50)), "fill", "white")
    assert (edited.pixels[20, [20, 170]] == 255).all()


def test_nonsense_is_refused(ctx):
    image, place = lettering()
    with pytest.raises(BadArguments, match="no colour"):
        redact(ctx, image, place, style="fill", color="blorp")
    with pytest.raises(BadArguments, match="nothing to redact"):
        redact(ctx, image, boxes(image))
    away = geometry.crop(image, [0, 0, 30, 30])
    with pytest.raises(BadArguments, match="outside what the picture shows"):
        redact(ctx, away, place)
    with pytest.raises(BadArguments, match="another picture"):
        redact(ctx, Image.as_root(np.zeros((300, 700, 3), np.uint8)), place)
