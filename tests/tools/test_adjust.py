"""Edits do what they say, inside the region only."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage

from tools import looks
from tools.colorwords import matches, name_of
from tools.errors import BadArguments
from tools.experts.adjust import adjust
from tools.geometry import crop, place_boxes
from tools.retouch import AMOUNTS, EDITS
from tools.types import Boxes, Image, Masks, TextSpans


@pytest.fixture
def image(rng) -> Image:
    small = PilImage.fromarray(rng.integers(30, 220, (12, 16, 3), dtype=np.uint8))
    return Image.as_root(np.asarray(small.resize((160, 120), PilImage.Resampling.BICUBIC)))


@pytest.fixture
def disc(image) -> Masks:
    ys, xs = np.mgrid[:120, :160]
    mask = ((xs - 80) ** 2 + (ys - 60) ** 2 < 30**2)[None]
    return Masks(image.frame, mask, ("disc",), np.ones(1, np.float32))


def extra(operation: str) -> dict[str, str]:
    return {"color": "blue"} if operation in ("recolor", "tint") else {}


@pytest.mark.parametrize("operation", sorted(EDITS))
def test_every_edit_keeps_the_outside_exactly(ctx, image, disc, operation):
    edited = adjust(ctx, image, operation, region=disc, **extra(operation))
    same = (edited.pixels == image.pixels).all(axis=2)
    inside = disc.masks[0]
    kept, changed = (inside, ~inside) if operation == "blur_background" else (~inside, inside)
    assert same[kept].all()
    assert not same[changed].all()
    assert edited.is_root
    assert edited.frame == image.frame


@pytest.mark.parametrize("operation", sorted(set(EDITS) - {"blur_background"}))
def test_every_edit_works_on_whole_and_on_tiny_pictures(ctx, image, operation):
    edited = adjust(ctx, image, operation, **extra(operation))
    assert edited.size_wh == image.size_wh
    assert (edited.pixels != image.pixels).any()
    tiny = Image.as_root(np.full((9, 8, 3), 90, np.uint8))
    assert adjust(ctx, tiny, operation, **extra(operation)).size_wh == (8, 9)


@pytest.mark.parametrize(
    ("kind", "rows", "columns"), [("box", (20, 40), (10, 50)), ("text", (20, 40), (10, 50))]
)
def test_boxes_and_texts_are_regions_too(ctx, image, kind, rows, columns):
    x1, x2, y1, y2 = *columns, *rows
    if kind == "box":
        box = np.array([[x1, y1, x2, y2]], np.float32)
        region = Boxes(image.frame, box, ("b",), np.ones(1, np.float32))
    else:
        quad = np.array([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]], np.float32)
        region = TextSpans(image.frame, quad, ("b",), np.ones(1, np.float32))
    edited = adjust(ctx, image, "invert", region=region)
    changed = (edited.pixels != image.pixels).any(axis=2)
    assert changed[slice(*rows), slice(*columns)].all()
    assert changed.sum() == 20 * 40


def test_a_region_of_the_root_lies_right_in_a_crop(ctx, image, disc):
    view = crop(image, [60, 40, 160, 120])
    edited = adjust(ctx, view, "invert", region=disc)
    changed = (edited.pixels != view.pixels).any(axis=2)
    assert changed[20, 20]
    assert not changed[70, 90]


def test_gray_has_no_colour(ctx, image):
    pixels = adjust(ctx, image, "gray").pixels
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 1] == pixels[..., 2]).all()


@pytest.mark.parametrize(
    ("operation", "measure"),
    [
        ("brightness", looks.brightness),
        ("contrast", looks.contrast),
        ("saturation", looks.colorfulness),
    ],
)
def test_factors_raise_and_lower(ctx, image, operation, measure):
    less, same, more = (
        measure(adjust(ctx, image, operation, factor).pixels) for factor in (0.6, 1.0, 1.3)
    )
    assert same == pytest.approx(measure(image.pixels), abs=0.01)
    assert less < same < more


def test_twenty_percent_brighter_is_a_fifth(ctx):
    image = Image.as_root(np.full((4, 4, 3), 100, np.uint8))
    assert adjust(ctx, image, "brightness", 1.2).pixels[0, 0, 0] == 120


def test_sharpen_smooth_denoise(ctx, image, rng):
    soft = adjust(ctx, image, "smooth", 3)
    assert looks.sharpness(soft.pixels) < looks.sharpness(image.pixels)
    sharp = adjust(ctx, soft, "sharpen", 2)
    assert looks.sharpness(sharp.pixels) > looks.sharpness(soft.pixels)
    noisy = (image.pixels + rng.normal(0, 10, image.pixels.shape)).clip(0, 255).astype(np.uint8)
    noisy = Image.as_root(noisy)
    assert looks.noise(adjust(ctx, noisy, "denoise", 10).pixels) < 0.5 * looks.noise(noisy.pixels)


def test_moves(ctx, image):
    p = image.pixels
    assert (adjust(ctx, image, "flip_horizontal").pixels == p[:, ::-1]).all()
    assert (adjust(ctx, image, "flip_vertical").pixels == p[::-1]).all()
    assert (adjust(ctx, image, "rotate").pixels == np.rot90(p, -1)).all()
    assert (adjust(ctx, image, "rotate", -90).pixels == np.rot90(p)).all()
    assert (adjust(ctx, image, "rotate", 180).pixels == p[::-1, ::-1]).all()
    slanted = adjust(ctx, image, "rotate", 30)
    assert slanted.width > image.width
    found = place_boxes(
        slanted, [[slanted.width / 2 - 5, slanted.height / 2 - 5] * 2], ["x"], [1.0]
    )
    assert len(found) == 0  # an empty box is dropped, not misplaced


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ({"amount": 0.5}, (80, 60)),
        ({"width": 80}, (80, 60)),
        ({"height": 240}, (320, 240)),
        ({"width": 50, "height": 50}, (50, 50)),
    ],
)
def test_resize(ctx, image, arguments, size):
    assert adjust(ctx, image, "resize", **arguments).size_wh == size


@pytest.mark.parametrize("color", ["red", "green", "blue", "yellow", "purple", "white", "black"])
def test_recolour_takes_the_colour_and_keeps_the_shading(ctx, color):
    shade = np.linspace(0.5, 1.2, 100)[None, :, None]
    pixels = np.broadcast_to(np.array((150, 90, 60)) * shade, (60, 100, 3)).astype(np.uint8)
    edited = adjust(ctx, Image.as_root(np.ascontiguousarray(pixels)), "recolor", color=color).pixels
    middle = edited[30, 50]
    assert matches(name_of(middle), color)
    luma = looks.grey(edited)[30].astype(float)
    assert (np.diff(luma) >= -1).all()
    assert luma[-1] > luma[0]


def test_background_blur_keeps_the_thing_and_does_not_bleed(ctx, disc):
    pixels = np.full((120, 160, 3), 40, np.uint8)
    pixels[disc.masks[0]] = (250, 20, 20)
    root = Image.as_root(pixels)
    region = Masks(root.frame, disc.masks, ("d",), np.ones(1, np.float32))
    edited = adjust(ctx, root, "blur_background", 8, region=region).pixels
    assert (edited[disc.masks[0]] == (250, 20, 20)).all()
    assert np.abs(edited[~disc.masks[0]].astype(int) - 40).max() <= 2


def test_styles(ctx, image):
    two = adjust(ctx, image, "threshold").pixels
    assert set(np.unique(two)) == {0, 255}
    assert len(np.unique(adjust(ctx, image, "posterize", 3).pixels)) == 3
    sketch = adjust(ctx, image, "sketch").pixels
    assert (sketch[..., 0] == sketch[..., 2]).all()
    assert sketch.mean() > 150
    warm = adjust(ctx, image, "sepia").pixels.reshape(-1, 3).mean(axis=0)
    assert warm[0] > warm[1] > warm[2]
    assert (adjust(ctx, adjust(ctx, image, "invert"), "invert").pixels == image.pixels).all()
    tinted = adjust(ctx, image, "tint", 1.0, color="red").pixels
    assert (tinted == (255, 0, 0)).all()


@pytest.mark.parametrize("operation", sorted(AMOUNTS))
def test_amounts_out_of_range_say_the_range(ctx, image, disc, operation):
    limits = AMOUNTS[operation]
    with pytest.raises(BadArguments) as error:
        adjust(ctx, image, operation, limits.high + 1, region=disc, **extra(operation))
    assert limits.unit in error.value.hint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"operation": "recolor"}, "wants a colour"),
        ({"operation": "recolor", "color": "loud"}, "no colour"),
        ({"operation": "resize"}, "factor"),
        ({"operation": "resize", "amount": 0}, "factor"),
        ({"operation": "resize", "amount": 900}, "factor"),
        ({"operation": "resize", "width": 30_000, "height": 30_000}, "resize"),
        ({"operation": "blur_background"}, "keep sharp"),
        ({"operation": "rotate", "amount": float("nan")}, "finite"),
    ],
)
def test_what_cannot_be_done_is_refused(ctx, image, arguments, words):
    with pytest.raises(BadArguments, match=words):
        adjust(ctx, image, **arguments)


def test_turning_a_part_and_editing_nothing_are_refused(ctx, image, disc):
    with pytest.raises(BadArguments, match="whole pictures"):
        adjust(ctx, image, "rotate", region=disc)
    with pytest.raises(BadArguments, match="nothing to edit"):
        adjust(ctx, image, "gray", region=disc.take([]))
