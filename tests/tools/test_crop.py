"""Parts of pictures, and the panels of collages."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools.errors import BadArguments
from tools.experts.crop import crop
from tools.experts.find_panels import find_panels
from tools.geometry import iou, rot90, scale
from tools.types import Boxes, Image, TextSpans


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))


def boxes(image: Image, *rows) -> Boxes:
    n = len(rows)
    xyxy = np.array(rows, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, ("x",) * n, np.ones(n, np.float32))


def test_a_thing_is_cut_out_exactly(ctx, image):
    part = crop(ctx, image, boxes(image, (10, 20, 40, 60)))
    assert (part.pixels == image.pixels[20:60, 10:40]).all()


def test_several_things_are_cut_out_together(ctx, image):
    part = crop(ctx, image, boxes(image, (10, 20, 40, 60), (70, 5, 80, 15)))
    assert (part.pixels == image.pixels[5:60, 10:80]).all()


def test_margin_is_a_share_of_the_longer_side_and_stops_at_the_edge(ctx, image):
    part = crop(ctx, image, boxes(image, (40, 30, 60, 40)), margin=0.5)
    assert (part.pixels == image.pixels[20:50, 30:70]).all()
    assert crop(ctx, image, boxes(image, (0, 0, 120, 90)), margin=1).size_wh == (120, 90)


@pytest.mark.parametrize(
    ("part", "rows", "columns"),
    [
        ("top half", (0, 45), (0, 120)),
        ("bottom half", (45, 90), (0, 120)),
        ("left half", (0, 90), (0, 60)),
        ("right third", (0, 90), (80, 120)),
        ("middle third", (30, 60), (0, 120)),
        ("top right quarter", (0, 45), (60, 120)),
    ],
)
def test_named_parts(ctx, image, part, rows, columns):
    view = crop(ctx, image, part=part)
    assert (view.pixels == image.pixels[slice(*rows), slice(*columns)]).all()


def test_part_of_a_thing_and_of_a_turned_zoomed_view(ctx, image):
    view = crop(ctx, image, boxes(image, (10, 20, 50, 60)), part="left half")
    assert (view.pixels == image.pixels[20:60, 10:30]).all()
    turned = scale(rot90(image, 1), 2)
    top = crop(ctx, turned, part="top half")
    assert (top.pixels == turned.pixels[:120]).all()


def test_odd_sizes_lose_no_pixel_between_halves(ctx, rng):
    image = Image.as_root(rng.integers(0, 255, (91, 121, 3), dtype=np.uint8))
    top, bottom = (crop(ctx, image, part=p) for p in ("top half", "bottom half"))
    assert (np.concatenate([top.pixels, bottom.pixels]) == image.pixels).all()


def test_nothing_to_cut_out_is_refused(ctx, image):
    with pytest.raises(BadArguments, match="nothing to cut out"):
        crop(ctx, image, boxes(image))
    other = Image.as_root(np.zeros((90, 120, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        crop(ctx, other, boxes(image, (1, 1, 5, 5)))


def test_turned_text_is_cut_by_the_box_around_it(ctx, image):
    quad = np.array([[[20, 10], [60, 30], [50, 50], [10, 30]]], np.float32)
    text = TextSpans(image.frame, quad, ("a",), np.ones(1, np.float32))
    assert crop(ctx, image, text).size_wh == (50, 40)


# --- panels ------------------------------------------------------------------------------------


def scene(rng: np.random.Generator, size: tuple[int, int], seed: tuple[int, int, int]):
    """Something like a photograph: smooth light, a few soft shapes, noise."""
    w, h = size
    small = PilImage.fromarray(rng.integers(40, 220, (4, 5, 3), dtype=np.uint8))
    base = np.asarray(small.resize(size, PilImage.Resampling.BICUBIC), np.float32)
    base = 0.5 * base + 0.5 * np.array(seed)
    picture = PilImage.fromarray((base + rng.normal(0, 4, (h, w, 3))).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(3):
        x, y, r = rng.integers(0, w), rng.integers(0, h), rng.integers(10, 40)
        pen.ellipse(
            (x - r, y - r, x + r, y + r), fill=tuple(int(v) for v in rng.integers(0, 255, 3))
        )
    return picture


def composed(parts, size, ground="white") -> Image:
    picture = PilImage.new("RGB", size, ground)
    for part, at in parts:
        picture.paste(part, at)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return Image.as_root(np.asarray(PilImage.open(file).convert("RGB")))


COLOURS = [(230, 120, 60), (40, 90, 200), (60, 190, 90), (30, 30, 40)]


@pytest.mark.parametrize("gutter", [0, 4, 14])
@pytest.mark.parametrize("stacked", [True, False])
def test_two_photographs_are_told_apart(ctx, rng, gutter, stacked):
    a, b = (scene(rng, (320, 240), colour) for colour in COLOURS[:2])
    at = (0, 240 + gutter) if stacked else (320 + gutter, 0)
    size = (at[0] + 320, at[1] + 240)
    found = find_panels(ctx, composed([(a, (0, 0)), (b, at)], size))
    wanted = [(0, 0, 320, 240), (*at, *size)]
    assert len(found) == 2
    assert np.diag(iou(found.xyxy, wanted)).min() > 0.97


def test_a_grid_is_read_row_by_row(ctx, rng):
    places = [(6, 6), (252, 6), (6, 198), (252, 198)]
    parts = [
        (scene(rng, (240, 186), colour), at) for colour, at in zip(COLOURS, places, strict=True)
    ]
    found = find_panels(ctx, composed(parts, (498, 390)))
    assert len(found) == 4
    wanted = [(x, y, x + 240, y + 186) for x, y in places]
    assert np.diag(iou(found.xyxy, wanted)).min() > 0.9


def test_a_caption_is_no_panel(ctx, rng):
    a, b = (scene(rng, (320, 240), colour) for colour in COLOURS[:2])
    image = composed([(a, (0, 90)), (b, (0, 330))], (320, 570))
    picture = PilImage.fromarray(image.pixels)
    words = "when it works at last"
    ImageDraw.Draw(picture).text((20, 20), words, fill="black", font=ImageFont.load_default(24))
    found = find_panels(ctx, Image.as_root(np.asarray(picture)))
    assert np.diag(iou(found.xyxy, [(0, 90, 320, 330), (0, 330, 320, 570)])).min() > 0.95


def test_one_photograph_and_one_page_are_no_collage(ctx, rng):
    assert (
        len(find_panels(ctx, composed([(scene(rng, (400, 300), COLOURS[0]), (0, 0))], (400, 300))))
        == 0
    )
    page = PilImage.new("RGB", (400, 500), "white")
    pen = ImageDraw.Draw(page)
    for y in range(20, 460, 24):
        pen.text(
            (20, y),
            "the quick brown fox jumps over it",
            fill="black",
            font=ImageFont.load_default(18),
        )
    assert len(find_panels(ctx, Image.as_root(np.asarray(page)))) == 0
    assert len(find_panels(ctx, Image.as_root(np.full((30, 20, 3), 9, np.uint8)))) == 0


def test_panels_of_a_view_lie_in_the_root(ctx, rng):
    a, b = (scene(rng, (320, 240), colour) for colour in COLOURS[:2])
    image = composed([(a, (0, 0)), (b, (0, 240))], (320, 480))
    found = find_panels(ctx, rot90(image, 1))
    assert iou(found.xyxy, [(0, 0, 320, 240)]).max() > 0.97
    assert iou(found.xyxy, [(0, 240, 320, 480)]).max() > 0.97
