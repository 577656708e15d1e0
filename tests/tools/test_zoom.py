"""Enlarging keeps what is there and where it is."""

from __future__ import annotations

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.experts.zoom import zoom
from tools.geometry import place_boxes
from tools.types import Boxes, Image


@pytest.fixture
def image() -> Image:
    pixels = np.full((60, 80, 3), 40, np.uint8)
    pixels[20:40, 30:50] = (200, 30, 30)
    return Image.as_root(pixels)


def box(image: Image, *row) -> Boxes:
    xyxy = np.array(row, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, ("x",) * len(xyxy), np.ones(len(xyxy), np.float32))


@pytest.mark.parametrize(("factor", "size"), [(2, (160, 120)), (0.5, (40, 30)), (2.5, (200, 150))])
def test_size_follows_the_factor(ctx, image, factor, size):
    assert zoom(ctx, image, factor).size_wh == size


def test_a_thing_fills_the_zoomed_picture_and_maps_back(ctx, image):
    view = zoom(ctx, image, 3, box(image, 30, 20, 50, 40))
    assert view.size_wh == (60, 60)
    assert view.pixels[30, 30].tolist() == [200, 30, 30]
    found = place_boxes(view, [[30, 30, 60, 60]], ["corner"], [1.0])
    assert found.xyxy[0] == pytest.approx([40, 30, 50, 40])


def test_nothing_and_too_much_are_refused(ctx, image):
    with pytest.raises(BadArguments, match="nothing to zoom into"):
        zoom(ctx, image, 2, box(image))
    spec = zoom.spec
    with pytest.raises(BadArguments, match="factor"):
        spec.check({"image": image, "factor": 9})
