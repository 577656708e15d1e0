"""Reading drawn text with the real networks."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools import geometry
from tools.context import CancelToken, ToolContext
from tools.errors import Cancelled
from tools.experts.read_text import read_text
from tools.types import Boxes, Image


def drawn(
    *items: tuple[str, int, int, int], size: tuple[int, int] = (640, 400), ground: str = "white"
) -> Image:
    """A picture with texts at x, y in a size."""
    picture = PilImage.new("RGB", size, ground)
    draw = ImageDraw.Draw(picture)
    for text, x, y, px in items:
        ink = "black" if ground != "black" else "white"
        draw.text((x, y), text, fill=ink, font=ImageFont.load_default(size=px))
    return Image.as_root(np.asarray(picture))


SIGN = drawn(("Harbour Office", 40, 60, 44), ("Open 9:30 to 17:00", 40, 160, 34))


def region(image: Image, *xyxy: tuple[float, float, float, float]) -> Boxes:
    boxes = np.array(xyxy, np.float32)
    return Boxes(image.frame, boxes, ("part",) * len(xyxy), np.ones(len(xyxy), np.float32))


def test_lines_come_in_order_with_their_places(ctx: ToolContext) -> None:
    text = read_text(ctx, SIGN)
    assert text.texts == ("Harbour Office", "Open 9:30 to 17:00")
    left, top, right, bottom = ImageFont.load_default(size=44).getbbox("Harbour Office")
    wanted = [40 + left, 60 + top, 40 + right, 60 + bottom]
    assert text.xyxy[0] == pytest.approx(wanted, abs=8)
    assert (text.scores > 0.9).all()


def test_words_have_places_of_their_own(ctx: ToolContext) -> None:
    words = read_text(ctx, SIGN, level="word")
    assert words.texts == ("Harbour", "Office", "Open", "9:30", "to", "17:00")
    assert words.level == "word"
    font = ImageFont.load_default(size=44)
    start = 40 + font.getlength("Harbour ")
    assert words.xyxy[1, 0] == pytest.approx(start, abs=14)
    assert words.xyxy[0, 2] <= words.xyxy[1, 0] + 10


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_picture_reads_the_same(ctx: ToolContext, turns: int) -> None:
    turned = Image.as_root(geometry.rot90(SIGN, turns).pixels)
    text = read_text(ctx, turned)
    assert text.texts == ("Harbour Office", "Open 9:30 to 17:00")
    # The quad begins at the text's own top-left: reading direction follows the turn.
    along = text.quads[0, 1] - text.quads[0, 0]
    wanted = [(0, 1), (-1, 0), (0, -1)][turns - 1]
    assert np.dot(along / np.linalg.norm(along), wanted) > 0.98


def test_slanted_text_has_a_slanted_quad(ctx: ToolContext) -> None:
    view = geometry.rotate(drawn(("Harbour Office", 150, 170, 44)), 20)
    text = read_text(ctx, Image.as_root(view.pixels))
    assert text.texts == ("Harbour Office",)
    along = text.quads[0, 1] - text.quads[0, 0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(20, abs=3)


def test_regions_are_read_alone_and_placed_in_the_root(ctx: ToolContext) -> None:
    text = read_text(ctx, SIGN, region(SIGN, (30, 150, 500, 215)))
    assert text.texts == ("Open 9:30 to 17:00",)
    assert text.xyxy[0] == pytest.approx([40, 165, 335, 195], abs=12)
    both = read_text(ctx, SIGN, region(SIGN, (30, 150, 500, 215), (30, 60, 500, 130)))
    assert both.texts == ("Open 9:30 to 17:00", "Harbour Office")


def test_small_print_is_read_in_a_region(ctx: ToolContext) -> None:
    page = drawn(("batch 48-C made in Oslo", 300, 200, 11), size=(800, 600))
    text = read_text(ctx, page, region(page, (280, 190, 480, 225)), detail="fine")
    assert "Oslo" in " ".join(text.texts)
    assert text.xyxy[0, 0] == pytest.approx(300, abs=8)


def test_fine_look_says_each_line_once(ctx: ToolContext) -> None:
    text = read_text(ctx, SIGN, detail="fine")
    assert text.texts == ("Harbour Office", "Open 9:30 to 17:00")


def test_nothing_to_read_is_empty(ctx: ToolContext, rng: np.random.Generator) -> None:
    blank = drawn(size=(300, 200))
    assert len(read_text(ctx, blank)) == 0
    assert read_text(ctx, blank).describe() == "no text"
    tiny = Image.as_root(rng.integers(0, 255, (3, 5, 3), np.uint8))
    assert len(read_text(ctx, tiny)) == 0


def test_light_on_dark_and_tight_crop(ctx: ToolContext) -> None:
    dark = drawn(("EXIT 24", 6, 2, 60), size=(260, 72), ground="black")
    assert read_text(ctx, dark).texts == ("EXIT 24",)


def test_cancelled_run_stops(ctx: ToolContext) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        read_text(ToolContext(ctx.models, token), SIGN)


def test_loading_and_reading_touch_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.models.rapidocr import MODEL

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    text = MODEL.load()(SIGN, cancel=CancelToken())
    assert len(text) == 2
