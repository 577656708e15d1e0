"""Colours get the names people give them, and words find their colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools import colorwords as words
from tools.errors import BadArguments
from tools.experts.colors import colors
from tools.types import Boxes, Codes, Image, Masks, TextSpans


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"),
        ((20, 18, 22), "black"), ((240, 240, 238), "white"), ((90, 88, 92), "grey"),
        ((255, 0, 0), "red"), ((180, 20, 25), "red"), ((255, 128, 0), "orange"),
        ((255, 230, 0), "yellow"), ((0, 128, 0), "green"), ((60, 179, 60), "green"),
        ((0, 0, 255), "blue"), ((30, 80, 180), "blue"), ((120, 180, 240), "blue"),
        ((128, 0, 128), "purple"), ((255, 150, 190), "pink"), ((110, 60, 20), "brown"),
        ((0, 255, 255), "cyan"), ((0, 128, 128), "teal"), ((64, 224, 208), "turquoise"),
        ((0, 0, 70), "navy"), ((100, 5, 30), "maroon"), ((128, 128, 0), "olive"),
        ((200, 160, 235), "lilac"), ((245, 230, 205), "beige"), ((255, 253, 200), "cream"),
        ((212, 175, 40), "gold"), ((235, 20, 220), "magenta"),
    ],
)  # fmt: skip
def test_common_colours_have_their_common_names(rgb, name):
    assert words.name_of(rgb) == name


@pytest.mark.parametrize("word", sorted(words.NAMES))
def test_every_name_is_found_again_through_its_own_colour(word):
    assert words.matches(words.name_of(words.rgb_of(word)), word)


@pytest.mark.parametrize("word", sorted({*words.FAMILIES, *words.SYNONYMS, *words.EXACT} - {"sky"}))
def test_every_word_is_known(word):
    assert words.is_color(word)
    assert words.basic_of(word) in words.NAMES


@pytest.mark.parametrize(
    ("name", "wanted", "same"),
    [
        ("lilac", "purple", True), ("purple", "violet", True), ("navy", "blue", True),
        ("navy", "dark blue", True), ("orange", "ginger", True), ("brown", "ginger", True),
        ("yellow", "golden", True), ("grey", "gray", True), ("grey", "silver", True),
        ("teal", "turquoise", True), ("cyan", "aqua", True), ("maroon", "burgundy", True),
        ("red", "green", False), ("beige", "gold", False), ("navy", "teal", False),
        ("white", "black", False), ("pink", "blue", False), ("white", "cream", True),
    ],
)  # fmt: skip
def test_families(name, wanted, same):
    assert words.matches(name, wanted) is same


@pytest.mark.parametrize(
    ("word", "rgb"),
    [
        ("red", (255, 0, 0)), ("Light Blue", (173, 216, 230)), ("navy", (0, 0, 128)),
        ("#ff8000", (255, 128, 0)), ("gray", (128, 128, 128)), ("bright yellow", (255, 255, 0)),
    ],
)  # fmt: skip
def test_words_to_colours(word, rgb):
    assert words.rgb_of(word) == rgb


def test_shades_move_the_right_way_and_nonsense_is_refused():
    assert sum(words.rgb_of("very dark orange")) < sum(words.rgb_of("orange"))
    assert sum(words.rgb_of("pale orange")) > sum(words.rgb_of("orange"))
    with pytest.raises(BadArguments, match="yelow") as error:
        words.rgb_of("yelow")
    assert "yellow" in error.value.hint
    assert not words.is_color("table")


def test_shares_add_up_and_come_largest_first():
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[:7] = (255, 0, 0)
    pixels[7:] = (0, 0, 255)
    assert words.share(pixels) == [("red", pytest.approx(0.7)), ("blue", pytest.approx(0.3))]
    assert words.share(np.zeros((0, 3), np.uint8)) == []


def test_likeness_is_full_by_name_partial_for_near_misses_and_zero_far_off():
    scores = words.likeness([[255, 255, 0], [0, 0, 255], [214, 150, 60]], "yellow")
    assert scores[0] == 1
    assert scores[1] == 0
    assert 0 <= scores[2] <= 1
    greyish = words.likeness([[205, 205, 205]], "white")[0]
    assert 0 < greyish <= 0.5


def test_white_balance_takes_a_cast_away(rng):
    grey = rng.integers(40, 200, (30, 30, 1)).repeat(3, axis=2)
    warm = np.clip(grey * (1.2, 1.0, 0.7), 0, 255).astype(np.uint8)
    spread = words.white_balanced(warm).reshape(-1, 3).mean(axis=0)
    assert np.ptp(spread) < 0.2 * np.ptp(warm.reshape(-1, 3).mean(axis=0))


# --- the tool ---------------------------------------------------------------------------------


@pytest.fixture
def sign() -> Image:
    """White letters on a green sign before a brown wall, a blue disc beside it."""
    picture = PilImage.new("RGB", (400, 240), (120, 70, 30))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 60, 260, 140), fill=(0, 110, 40))
    pen.text((60, 70), "EXIT 12", fill="white", font=ImageFont.load_default(48))
    pen.ellipse((300, 80, 380, 160), fill=(20, 60, 210))
    return Image.as_root(np.asarray(picture))


def test_colours_of_the_whole_picture(ctx, sign):
    found = colors(ctx, sign)
    assert found.texts[:2] == ("brown", "green")
    assert found.scores.sum() > 0.9
    assert (np.diff(found.scores) <= 0).all()


@pytest.mark.parametrize("kind", [TextSpans, Codes])
def test_text_says_background_first_then_ink(ctx, sign, kind):
    quad = np.array([[[58, 74], [240, 74], [240, 116], [58, 116]]], np.float32)
    extra = ("QR Code",) if kind is Codes else np.ones(1, np.float32)
    found = colors(ctx, sign, kind(sign.frame, quad, ("EXIT 12",), extra))
    assert found.texts == ("green", "white")
    assert "background" in found.of


def test_box_of_a_round_thing_names_the_thing(ctx, sign):
    box = Boxes(
        sign.frame, np.array([[300, 80, 380, 160]], np.float32), ("disc",), np.ones(1, np.float32)
    )
    found = colors(ctx, sign, box)
    assert found.texts[0] == "blue"
    assert found.scores[0] > 0.95
    assert "disc" in found.of


def test_mask_is_followed_exactly(ctx, sign):
    mask = np.zeros((1, 240, 400), bool)
    mask[0, 60:140, 245:255] = True
    found = colors(ctx, sign, Masks(sign.frame, mask, ("edge",), np.ones(1, np.float32)))
    assert found.texts == ("green",)
    assert found.scores.tolist() == [1.0]


def test_nothing_has_no_colours_and_another_picture_is_refused(ctx, sign):
    nothing = Boxes(sign.frame, np.zeros((0, 4), np.float32), (), np.zeros(0, np.float32))
    assert colors(ctx, sign, nothing).texts == ()
    other = Image.as_root(np.zeros((240, 400, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        colors(ctx, other, nothing)
