"""Two pictures: what is equal, what is more, where they differ."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFilter

from tools.experts.compare import compare
from tools.experts.find_changes import find_changes
from tools.geometry import iou
from tools.types import Image


@pytest.fixture(scope="module")
def scene() -> PilImage.Image:
    rng = np.random.default_rng(3)
    small = PilImage.fromarray(rng.integers(30, 220, (9, 12, 3), dtype=np.uint8))
    picture = small.resize((480, 360), PilImage.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(25):
        x, y = int(rng.integers(0, 460)), int(rng.integers(0, 340))
        pen.rectangle((x, y, x + 18, y + 14), fill=tuple(int(v) for v in rng.integers(0, 255, 3)))
    return picture


def as_image(picture: PilImage.Image) -> Image:
    return Image.as_root(np.asarray(picture.convert("RGB")))


def resaved(picture: PilImage.Image, quality: int = 80) -> PilImage.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return PilImage.open(file).convert("RGB")


def verdicts(ctx, first: PilImage.Image, second: PilImage.Image) -> dict[str, str]:
    return {row["what"]: row["verdict"] for row in compare(ctx, as_image(first), as_image(second))}


def test_a_picture_is_the_same_as_itself(ctx, scene):
    assert set(verdicts(ctx, scene, scene).values()) == {"same"}


def test_a_resaved_copy_is_not_identical_but_alike(ctx, scene):
    said = verdicts(ctx, scene, resaved(scene, 60))
    assert said["identical"] == "different"
    assert said["perceptual hash distance (of 64)"] == "same"
    assert said["similarity (SSIM)"] in ("same", "alike")


def test_other_pictures_are_different(ctx, scene):
    said = verdicts(ctx, scene, scene.transpose(PilImage.Transpose.ROTATE_180))
    assert said["perceptual hash distance (of 64)"] == "different"
    assert said["similarity (SSIM)"] == "different"


def test_more_of_each_is_told(ctx, scene):
    darker = scene.point(lambda v: v * 0.6)
    assert verdicts(ctx, scene, darker)["brightness"] == "first"
    assert verdicts(ctx, darker, scene)["brightness"] == "second"
    blurred = scene.filter(ImageFilter.GaussianBlur(3))
    said = verdicts(ctx, blurred, scene)
    assert (said["sharpness"], said["blur"]) == ("second", "first")
    grey = scene.convert("L").convert("RGB")
    assert verdicts(ctx, scene, grey)["colourfulness"] == "first"
    flat = PilImage.blend(scene, PilImage.new("RGB", scene.size, (128, 128, 128)), 0.6)
    assert verdicts(ctx, flat, scene)["contrast"] == "second"


def test_other_sizes_can_be_compared(ctx, scene):
    said = verdicts(ctx, scene.resize((240, 180)), scene)
    assert (said["identical"], said["size"], said["width"]) == ("different", "second", "second")
    assert said["perceptual hash distance (of 64)"] == "same"
    assert verdicts(ctx, scene, PilImage.new("RGB", (3, 1), "red"))["size"] == "first"


# --- where ------------------------------------------------------------------------------------


def altered(picture: PilImage.Image, *boxes) -> PilImage.Image:
    copy = picture.copy()
    for box in boxes:
        ImageDraw.Draw(copy).ellipse(box, fill=(250, 20, 200))
    return copy


SPOTS = [(60, 50, 110, 100), (300, 220, 360, 270)]


@pytest.mark.parametrize(
    "treat",
    [
        lambda p: p,
        lambda p: resaved(p, 70),
        lambda p: p.point(lambda v: min(255, v * 1.12 + 5)),  # another exposure
        lambda p: p.resize((960, 720), PilImage.Resampling.BICUBIC),  # another size
        lambda p: p.transform(p.size, PilImage.Transform.AFFINE, (1, 0, 3, 0, 1, -2)),  # shifted
    ],
    ids=["plain", "jpeg", "brighter", "larger", "shifted"],
)
def test_changes_are_found_and_nothing_else(ctx, scene, treat):
    found = find_changes(ctx, as_image(scene), as_image(treat(altered(scene, *SPOTS))))
    match = iou(SPOTS, found.xyxy)
    assert len(found) == 2
    assert match.max(axis=1).min() > 0.6
    assert not len(find_changes(ctx, as_image(scene), as_image(treat(scene))))


def test_the_stronger_change_comes_first_and_names_are_plain(ctx, scene):
    found = find_changes(ctx, as_image(scene), as_image(altered(scene, (20, 20, 40, 40), SPOTS[1])))
    assert found.labels == ("change", "change")
    assert found.xyxy[0, 0] > 200


def test_one_flat_colour_and_tiny_pictures(ctx):
    flat, small = PilImage.new("RGB", (64, 64), "grey"), PilImage.new("RGB", (2, 2), "grey")
    assert len(find_changes(ctx, as_image(flat), as_image(flat))) == 0
    assert len(find_changes(ctx, as_image(small), as_image(flat))) == 0
