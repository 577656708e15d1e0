"""Lengths, areas, angles and overlaps are those of the drawing board."""

from __future__ import annotations

import numpy as np
import pytest

from tools.errors import BadArguments
from tools.experts.measure import measure
from tools.types import Boxes, Image, Masks, TextSpans


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.zeros((480, 640, 3), np.uint8))


def boxes(image: Image, *rows, label="face") -> Boxes:
    n = len(rows)
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, (label,) * n, np.ones(n, np.float32))


def values(table) -> dict[str, str]:
    return {row["what"]: f"{row['value']} {row['unit']}".strip() for row in table}


def test_the_picture_itself(ctx, image):
    assert values(measure(ctx, image)) == {
        "width of the picture": "640 px",
        "height of the picture": "480 px",
    }
    assert values(measure(ctx, image, "aspect"))["aspect ratio of the picture"] == "4:3"
    assert values(measure(ctx, image, "area"))["area of the picture"] == "307200 px²"
    with pytest.raises(BadArguments, match="no position"):
        measure(ctx, image, "position")


def test_one_thing(ctx, image):
    face = boxes(image, (100, 50, 164, 130))
    assert values(measure(ctx, image, "size", face)) == {
        "width of face": "64 px",
        "height of face": "80 px",
    }
    area = values(measure(ctx, image, "area", face))
    assert area == {"area of face": "5120 px²", "share of the picture of face": "1.67 %"}
    place = values(measure(ctx, image, "position", face))
    assert place["box of face"] == "100,50,164,130 px"
    assert place["centre x of face"] == "132 px"
    assert place["part of the picture of face"] == "top left"
    assert values(measure(ctx, image, "aspect", face))["aspect of face"].startswith("0.8")


def test_distance_and_gap_in_pixels_and_in_face_widths(ctx, image):
    faces = boxes(image, (0, 0, 50, 50), (150, 0, 200, 50))
    assert values(measure(ctx, image, "distance", faces)) == {
        "distance between face 1 and face 2": "150 px"
    }
    assert values(measure(ctx, image, "gap", faces)) == {"gap between face 1 and face 2": "100 px"}
    widths = measure(ctx, image, "distance", faces, unit=faces)
    assert values(widths) == {"distance between face 1 and face 2": "3 face widths"}


def test_distance_to_another_kind(ctx, image):
    faces, cup = boxes(image, (0, 0, 20, 20)), boxes(image, (30, 40, 50, 60), label="cup")
    assert values(measure(ctx, image, "distance", faces, cup)) == {
        "distance between face and cup": "50 px"
    }


def test_all_pairs_up_to_a_cap(ctx, image):
    faces = boxes(image, *[(30 * i, 0, 30 * i + 20, 20) for i in range(4)])
    assert len(measure(ctx, image, "distance", faces)) == 6
    many = boxes(image, *[(30 * i, 0, 30 * i + 20, 20) for i in range(12)])
    assert len(measure(ctx, image, "gap", many)) == 10


def test_overlap_of_boxes_and_masks(ctx, image):
    a, b = boxes(image, (0, 0, 10, 10)), boxes(image, (5, 0, 15, 10), label="cup")
    said = values(measure(ctx, image, "overlap", a, b))
    assert said["intersection over union of face and cup"] == "33.33 %"
    assert said["share of the first inside of face and cup"] == "50 %"
    grid = np.zeros((2, 480, 640), bool)
    grid[0, :10, :10] = grid[1, :5, :10] = True
    masks = Masks(image.frame, grid, ("m", "m"), np.ones(2, np.float32))
    said = values(measure(ctx, image, "overlap", masks))
    assert said["intersection over union of m 1 and m 2"] == "50 %"
    assert said["share of the second inside of m 1 and m 2"] == "100 %"


@pytest.mark.parametrize(
    ("end", "degrees"),
    [((100, 0), "0"), ((100, 100), "45"), ((100, -100), "-45"), ((0, 100), "-90")],
)
def test_angle_between_two_things(ctx, image, end, degrees):
    x, y = 200 + end[0], 200 + end[1]
    things = boxes(image, (195, 195, 205, 205), (x - 5, y - 5, x + 5, y + 5))
    assert list(values(measure(ctx, image, "angle", things)).values()) == [f"{degrees} °"]


def test_tilt_of_text_and_mask(ctx, image):
    angle = np.radians(20)
    along, down = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    start = np.array([100.0, 100.0])
    quad = np.stack(
        [start, start + 200 * along, start + 200 * along + 30 * down, start + 30 * down]
    )
    text = TextSpans(image.frame, quad[None].astype(np.float32), ("STOP",), np.ones(1, np.float32))
    assert values(measure(ctx, image, "angle", text)) == {'angle of "STOP"': "20 °"}
    assert values(measure(ctx, image, "size", text)) == {
        'width of "STOP"': "200 px",
        'height of "STOP"': "30 px",
    }
    area = values(measure(ctx, image, "area", text))['area of "STOP"']
    assert float(area.split()[0]) == pytest.approx(6000, rel=1e-3)
    ys, xs = np.mgrid[:480, :640]
    grid = np.abs((ys - 200) - np.tan(angle) * (xs - 300)) < 6
    grid &= np.abs(xs - 300) < 150
    mask = Masks(image.frame, grid[None], ("bar",), np.ones(1, np.float32))
    tilt = values(measure(ctx, image, "angle", mask))["angle of bar"]
    assert float(tilt.split()[0]) == pytest.approx(20, abs=0.5)


def test_things_of_a_zoomed_crop_are_measured_in_root_pixels(ctx, image):
    from tools.geometry import crop, scale

    view = scale(crop(image, [0, 0, 100, 100]), 3)
    face = boxes(image, (10, 10, 30, 40))
    assert values(measure(ctx, view, "width", face)) == {"width of face": "20 px"}


def test_nothing_found_is_an_empty_table(ctx, image):
    assert len(measure(ctx, image, "size", boxes(image))) == 0
    assert len(measure(ctx, image, "distance", boxes(image))) == 0


def test_what_cannot_be_measured_is_refused(ctx, image):
    one = boxes(image, (0, 0, 9, 9))
    with pytest.raises(BadArguments, match="two things"):
        measure(ctx, image, "distance", one)
    with pytest.raises(BadArguments, match="wants things"):
        measure(ctx, image, "gap")
    with pytest.raises(BadArguments, match="no angle"):
        measure(ctx, image, "angle", one)
    with pytest.raises(BadArguments, match="empty"):
        measure(ctx, image, "width", one, unit=boxes(image))
    other = Image.as_root(np.ones((480, 640, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        measure(ctx, other, "size", one)
