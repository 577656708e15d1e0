"""Arrows by their outline: drawn ones of many kinds, and pictures in which there are none."""

from __future__ import annotations

import string

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont
from skimage import data

from tools import geometry
from tools.context import CancelToken
from tools.errors import Cancelled
from tools.models import arrows
from tools.models.arrows import WAYS
from tools.types import Boxes, Image

SOLID = {
    "block": [(-1, -0.25), (0.2, -0.25), (0.2, -0.7), (1, 0), (0.2, 0.7), (0.2, 0.25), (-1, 0.25)],
    "fat": [(-1, -0.4), (0, -0.4), (0, -1), (1, 0), (0, 1), (0, 0.4), (-1, 0.4)],
    "long": [(-1, -0.07), (0.6, -0.07), (0.6, -0.25), (1, 0), (0.6, 0.25), (0.6, 0.07), (-1, 0.07)],
    "barbed": [(-1, -0.15), (0.4, -0.15), (0.1, -0.6), (1, 0), (0.1, 0.6), (0.4, 0.15), (-1, 0.15)],
}
"""Outlines that point right, from -1 to 1."""
STROKES = {"thin": (0.14, 0.4, 0.6), "thick": (0.24, 0.2, 0.7)}
"""Thickness, and where the barbs end."""
KINDS = (*SOLID, *STROKES)
INKS = (("black", "white"), ("white", (10, 70, 150)), ((200, 20, 20), (230, 225, 200)))


def find(picture: PilImage.Image | np.ndarray, **wanted: float) -> Boxes:
    image = Image.as_root(np.ascontiguousarray(picture))
    return arrows.load()(image, cancel=CancelToken(), **wanted)


def put(
    picture: PilImage.Image, kind: str, degrees: float, centre: tuple[float, float], reach: float,
    ink: str | tuple[int, int, int] = "black",
) -> None:  # fmt: skip
    """Draws an arrow of twice `reach` pixels, turned clockwise from right."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def place(x: float, y: float) -> tuple[float, float]:
        return centre[0] + reach * (c * x - s * y), centre[1] + reach * (s * x + c * y)

    draw = ImageDraw.Draw(picture)
    if kind in SOLID:
        draw.polygon([place(x, y) for x, y in SOLID[kind]], fill=ink)
        return
    thick, x, y = STROKES[kind]
    width = max(2, int(reach * thick))
    draw.line([place(-1, 0), place(1, 0)], fill=ink, width=width)
    draw.line([place(x, -y), place(1, 0), place(x, y)], fill=ink, width=width, joint="curve")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("way", "name"), list(enumerate(WAYS)))
def test_an_arrow_points_where_it_points(kind: str, way: int, name: str) -> None:
    ink, ground = INKS[way % 3]
    reach = (110, 60, 32)[way % 3]
    picture = PilImage.new("RGB", (420, 380), ground)
    put(picture, kind, 45 * way, (200, 180), reach, ink)
    found = find(picture)
    assert found.labels == (f"arrow {name}",)
    inked = np.argwhere((np.asarray(picture) != np.asarray(picture)[0, 0]).any(axis=2))
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0) + 1
    assert found.xyxy[0] == pytest.approx([left, top, right, bottom], abs=3)


@pytest.mark.parametrize("tilt", [-10, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_a_leaning_arrow_keeps_its_way(kind: str, tilt: float) -> None:
    picture = PilImage.new("RGB", (300, 300), "white")
    put(picture, kind, 90 + tilt, (150, 150), 90)
    assert find(picture).labels == ("arrow down",)


def test_several_arrows_beside_text_are_told_apart() -> None:
    picture = PilImage.new("RGB", (900, 420), (20, 90, 60))
    draw = ImageDraw.Draw(picture)
    for k, (town, degrees) in enumerate((("OBAN 12", 180), ("FORT WILLIAM 40", 0), ("SKYE", 270))):
        draw.text((220, 60 + 110 * k), town, font=ImageFont.load_default(size=56), fill="white")
        put(picture, "block", degrees, (110, 95 + 110 * k), 42, "white")
    found = find(picture)
    ways = [found.labels[i] for i in np.argsort(found.xyxy[:, 1])]
    assert ways == ["arrow left", "arrow right", "arrow up"]
    assert (found.xyxy[:, 2] < 160).all()


def test_places_in_a_crop_are_said_in_root_pixels() -> None:
    picture = PilImage.new("RGB", (800, 600), "white")
    put(picture, "block", 0, (600, 400), 60)
    root = Image.as_root(np.asarray(picture))
    part = geometry.scale(geometry.crop(root, [420, 250, 800, 600]), 2)
    found = arrows.load()(part, cancel=CancelToken())
    assert found.frame == root.frame
    assert found.xyxy[0] == pytest.approx([540, 358, 661, 443], abs=3)


def test_an_arrow_in_a_large_picture_is_placed_at_full_size() -> None:
    picture = PilImage.new("RGB", (4200, 3000), "white")
    put(picture, "barbed", 180, (3000, 2000), 240)
    found = find(picture)
    assert found.labels == ("arrow left",)
    assert found.xyxy[0] == pytest.approx([2760, 1856, 3241, 2145], abs=8)


def test_a_higher_least_score_keeps_fewer() -> None:
    picture = PilImage.new("RGB", (300, 300), "white")
    put(picture, "block", 0, (150, 150), 90)
    (score,) = find(picture).scores
    assert 0.88 <= score <= 1
    assert len(find(picture, min_score=float(score) + 1e-3)) == 0


SHAPES = {
    "triangle": [(100, 100), (300, 100), (200, 320)],
    "flat triangle": [(50, 180), (350, 120), (350, 280)],
    "slanted triangle": [(80, 90), (330, 160), (140, 310)],
    "rectangle": [(60, 150), (340, 150), (340, 240), (60, 240)],
    "house": [(100, 300), (100, 180), (200, 90), (300, 180), (300, 300)],
    "fingerboard": [(60, 140), (280, 140), (340, 200), (280, 260), (60, 260)],
    "chevron": [(100, 100), (160, 100), (260, 200), (160, 300), (100, 300), (200, 200)],
    "dart": [(100, 100), (320, 200), (100, 300), (170, 200)],
    "cross": [(160, 60), (240, 60), (240, 160), (340, 160), (340, 240), (240, 240), (240, 340),
              (160, 340), (160, 240), (60, 240), (60, 160), (160, 160)],
    "double arrow": [(60, 200), (130, 130), (130, 170), (270, 170), (270, 130), (340, 200),
                     (270, 270), (270, 230), (130, 230), (130, 270)],
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("quarter", range(4))
def test_other_shapes_are_no_arrows(name: str, quarter: int) -> None:
    picture = PilImage.new("RGB", (400, 400), "white")
    ImageDraw.Draw(picture).polygon(SHAPES[name], fill=(30, 30, 120))
    assert find(np.rot90(np.asarray(picture), quarter)).labels == ()


@pytest.mark.parametrize("corners", [3, 5, 6, 8])
@pytest.mark.parametrize("degrees", [0, 20, 45])
def test_regular_polygons_are_no_arrows(corners: int, degrees: int) -> None:
    picture = PilImage.new("RGB", (400, 400), "white")
    ImageDraw.Draw(picture).regular_polygon((200, 200, 120), corners, degrees, fill="black")
    assert find(picture).labels == ()


@pytest.mark.parametrize("size", [24, 48, 120])
@pytest.mark.parametrize("ground", ["white", "black"])
def test_letters_and_digits_are_no_arrows(size: int, ground: str) -> None:
    picture = PilImage.new("RGB", (1300, 900), ground)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=size)
    x, y = 20.0, 20.0
    for letter in string.ascii_letters + string.digits + "!?&%@$#":
        draw.text((x, y), letter, font=font, fill="black" if ground == "white" else "white")
        x += 1.2 * size
        if x > 1300 - 1.2 * size:
            x, y = 20.0, y + 1.4 * size
    assert find(picture).labels == ()


@pytest.mark.parametrize(
    "name",
    ["astronaut", "coffee", "chelsea", "camera", "coins", "rocket", "page", "text", "clock",
     "brick", "moon"],
)  # fmt: skip
def test_photographs_without_arrows_have_none(name: str) -> None:
    pixels = getattr(data, name)()
    colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    assert find(colour).labels == ()


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 64)])
def test_empty_pictures_have_none(size: tuple[int, int]) -> None:
    found = find(PilImage.new("RGB", size, "white"))
    assert (len(found), found.xyxy.shape) == (0, (0, 4))


def test_a_search_can_be_stopped() -> None:
    stopped = CancelToken()
    stopped.cancel()
    picture = PilImage.new("RGB", (300, 300), "white")
    put(picture, "block", 0, (150, 150), 90)
    with pytest.raises(Cancelled):
        arrows.load()(Image.as_root(np.asarray(picture)), cancel=stopped)
