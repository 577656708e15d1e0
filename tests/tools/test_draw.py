"""Overlays show things where they are, keep tags inside and leave the rest alone."""

from __future__ import annotations

import numpy as np
import pytest

from tools import draw, geometry
from tools.errors import BadArguments
from tools.types import (
    Boxes,
    Codes,
    DepthMap,
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
)  # fmt: skip


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.full((240, 320, 3), 128, np.uint8))


def boxes_of(image: Image, *rows) -> Boxes:
    n = len(rows)
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, ("x",) * n, np.ones(n, np.float32))


def changed(before: Image, after: Image) -> np.ndarray:
    return (before.pixels != after.pixels).any(axis=2)


def test_outline_lies_on_the_edge_and_the_inside_stays(image):
    after = draw.overlay(image, boxes_of(image, (100, 80, 200, 160)))
    spots = changed(image, after)
    assert spots[80, 150]
    assert spots[120, 100]
    assert not spots[100:140, 120:180].any()
    assert not spots[200:].any()
    assert after.pixels[80, 150].tolist() == list(draw.PALETTE[0])


def test_things_of_a_crop_are_drawn_where_they_lie_in_it(image):
    view = geometry.scale(geometry.crop(image, [80, 60, 240, 180]), 2)
    after = draw.overlay(view, boxes_of(image, (100, 80, 200, 160), (0, 0, 20, 20)))
    spots = changed(view, after)
    assert spots[40, 150]
    assert not spots[60:180, 60:220].any()
    assert not spots[220:].any()  # the second box is not in view


@pytest.mark.parametrize(
    "row", [(0, 0, 30, 20), (290, 0, 320, 20), (0, 220, 30, 240), (0, 0, 320, 240)]
)
def test_tags_stay_inside(image, row, monkeypatch):
    placed = []
    real = draw._free_place
    monkeypatch.setattr(draw, "_free_place", lambda *a: placed.append(real(*a)) or placed[-1])
    draw.overlay(image, boxes_of(image, row))
    ((x1, y1, x2, y2),) = placed
    assert 0 <= x1 < x2 < 320
    assert 0 <= y1 < y2 < 240


def test_tags_do_not_cover_each_other_where_there_is_room(image, monkeypatch):
    placed = []
    real = draw._free_place
    monkeypatch.setattr(draw, "_free_place", lambda *a: placed.append(real(*a)) or placed[-1])
    rows = [(100 + dx, 100 + dy, 150 + dx, 130 + dy) for dx in (0, 3, 6) for dy in (0, 3)]
    draw.overlay(image, boxes_of(image, *rows))
    overlap = geometry.intersections(placed, placed)
    np.fill_diagonal(overlap, 0)
    assert len(placed) == 6
    assert overlap.max() == 0


def test_numbers_choose_the_colour(image):
    boxes = boxes_of(image, (100, 80, 200, 160))
    first, seventh = draw.numbered(image, boxes, [1]), draw.numbered(image, boxes, [7])
    assert first.pixels[160, 150].tolist() == list(draw.PALETTE[0])
    assert seventh.pixels[160, 150].tolist() == list(draw.PALETTE[6])
    again = draw.numbered(image, boxes, [8])
    assert again.pixels[160, 150].tolist() == list(draw.PALETTE[0])


def test_wrong_counts_and_strange_pictures_are_refused(image):
    boxes = boxes_of(image, (1, 1, 9, 9))
    with pytest.raises(BadArguments, match="1 boxes"):
        draw.numbered(image, boxes, [1, 2])
    other = Image.as_root(np.zeros((240, 320, 3), np.uint8))
    with pytest.raises(BadArguments, match="another"):
        draw.overlay(other, boxes)


def test_masks_are_translucent_and_have_a_rim(image):
    mask = np.zeros((1, 240, 320), bool)
    mask[0, 60:120, 60:140] = True
    after = draw.overlay(image, Masks(image.frame, mask, ("m",), np.ones(1, np.float32)))
    colour = np.array(draw.PALETTE[0])
    assert after.pixels[90, 100] == pytest.approx(0.6 * 128 + 0.4 * colour, abs=2)
    assert after.pixels[119, 100].tolist() == colour.tolist()
    assert not changed(image, after)[130:].any()


def test_turned_text_is_outlined_along_its_quad(image):
    quad = np.array([[[100, 100], [200, 130], [190, 160], [90, 130]]], np.float32)
    for things in (
        TextSpans(image.frame, quad, ("a",), np.ones(1, np.float32)),
        Codes(image.frame, quad, ("a",), ("QR Code",)),
    ):
        spots = changed(image, draw.overlay(image, things))
        assert spots[114:117, 150].any()
        assert not spots[103:110, 180].any()  # within the upright box, off the quad


def test_points_keypoints_cells_and_depth_are_shown(image):
    point = Points(image.frame, np.array([[50, 60]], np.float32), (True,))
    assert changed(image, draw.overlay(image, point))[60, 50]
    body = Keypoints(
        image.frame, np.full((1, 1, 2), 90, np.float32), np.ones((1, 1), np.float32), ("n",), ("p",)
    )
    assert changed(image, draw.overlay(image, body))[90, 90]
    cells = np.full((1, 2, 4), np.nan, np.float32)
    cells[0, 0] = (20, 30, 60, 50)
    table = Table(("a", "b"), (("1", "2"),), image.frame, cells)
    assert changed(image, draw.overlay(image, table))[30, 40]
    values = np.tile(np.linspace(1, 5, 320, dtype=np.float32), (240, 1))
    depth = draw.overlay(image, DepthMap(image.frame, values))
    assert depth.pixels[0, 0].sum() > depth.pixels[0, -1].sum()
    part = draw.overlay(geometry.crop(image, [0, 0, 50, 40]), DepthMap(image.frame, values))
    assert part.size_wh == (50, 40)


def test_what_has_no_place_changes_nothing(image):
    nothing = [
        boxes_of(image), Text("a"), Number(1), Labels(("a",), np.ones(1, np.float32)),
        Table(("a",), (("1",),)), image,
    ]  # fmt: skip
    for artefact in nothing:
        assert draw.overlay(image, artefact) is image
        assert artefact.draw(image) is image


def test_lines_and_letters_grow_with_the_picture():
    small = Image.as_root(np.zeros((100, 100, 3), np.uint8))
    large = Image(np.zeros((3000, 4000, 3), np.uint8), Frame("x", 4000, 3000), np.eye(2, 3))
    assert draw.line_width(small) == 2
    assert draw.line_width(large) > 6
