"""Verdicts follow what was done to a picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageEnhance, ImageFilter

from tools import looks
from tools.experts.quality import quality
from tools.types import Image


@pytest.fixture(scope="module")
def photo() -> PilImage.Image:
    """Crisp shapes of many sizes on soft light."""
    rng = np.random.default_rng(5)
    small = PilImage.fromarray(rng.integers(60, 190, (6, 8, 3), dtype=np.uint8))
    picture = small.resize((800, 600), PilImage.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(400):
        x, y, r = (
            int(v) for v in (rng.integers(0, 800), rng.integers(0, 600), rng.integers(2, 30))
        )
        pen.ellipse(
            (x - r, y - r, x + r, y + r), fill=tuple(int(v) for v in rng.integers(0, 255, 3))
        )
    return picture


def verdicts(ctx, picture: PilImage.Image, info=()) -> dict[str, str]:
    image = Image.as_root(np.asarray(picture.convert("RGB")), info=info)
    return {row["property"]: row["verdict"] for row in quality(ctx, image)}


def test_a_good_picture(ctx, photo):
    said = verdicts(ctx, photo)
    assert said["blur"] == "sharp"
    assert said["exposure"] == "well exposed"
    assert said["noise"] == "clean"
    assert said["orientation"] == "landscape"
    assert said["colour cast"] == "neutral"


def test_blur_is_seen(ctx, photo):
    assert verdicts(ctx, photo.filter(ImageFilter.GaussianBlur(5)))["blur"] == "blurry"
    numbers = [
        looks.blur(np.asarray(photo.filter(ImageFilter.GaussianBlur(r)))) for r in (0, 1, 3, 6)
    ]
    assert numbers == sorted(numbers)


def test_light_is_seen(ctx, photo):
    dark = verdicts(ctx, ImageEnhance.Brightness(photo).enhance(0.15))
    assert dark["brightness"] in ("dark", "very dark")
    bright = verdicts(ctx, photo.point(lambda v: min(255, v + 110)))
    assert bright["brightness"] in ("bright", "very bright")
    assert bright["exposure"] == "overexposed"
    night = PilImage.blend(photo, PilImage.new("RGB", photo.size), 0.99)
    assert verdicts(ctx, night)["exposure"] == "underexposed"


def test_a_white_page_is_not_overexposed(ctx):
    page = PilImage.new("RGB", (400, 300), "white")
    ImageDraw.Draw(page).rectangle((50, 50, 120, 60), fill="black")
    said = verdicts(ctx, page)
    assert said["exposure"] == "well exposed"
    assert said["colourfulness"] == "greyscale"


def test_noise_is_measured_in_grey_levels(ctx, photo, rng):
    for sigma in (5, 12):
        noisy = np.asarray(photo, float) + rng.normal(0, sigma, (600, 800, 1))
        pixels = noisy.clip(0, 255).astype(np.uint8)
        assert looks.noise(pixels) == pytest.approx(sigma, rel=0.35)
    assert verdicts(ctx, PilImage.fromarray(pixels))["noise"] == "noisy"


def test_contrast_and_colour(ctx, photo):
    flat = PilImage.blend(photo, PilImage.new("RGB", photo.size, (128, 128, 128)), 0.85)
    assert verdicts(ctx, flat)["contrast"] == "low"
    assert verdicts(ctx, photo.convert("L"))["colourfulness"] == "greyscale"
    warm = np.clip(np.asarray(photo) * (1.15, 1.0, 0.55), 0, 255).astype(np.uint8)
    assert verdicts(ctx, PilImage.fromarray(warm))["colour cast"] in (
        "leans to yellow",
        "leans to red",
    )


def test_format(ctx, photo):
    assert verdicts(ctx, photo.rotate(90, expand=True))["orientation"] == "portrait"
    assert verdicts(ctx, photo.resize((50, 50)))["orientation"] == "square"
    turned = verdicts(ctx, photo, info=[("exif.Orientation", "turned by 90° clockwise")])
    assert turned["EXIF orientation"] == "applied"


def test_the_smallest_and_the_plainest_pictures_are_judged(ctx):
    for size in ((1, 1), (2, 3), (20, 20)):
        said = verdicts(ctx, PilImage.new("RGB", size, (10, 200, 30)))
        assert said["blur"] == "plain"
