"""Plates, signs and labels are found from the text on them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from tools.experts.find_surface import find_surface
from tools.geometry import crop, iou, place_boxes, resize
from tools.types import Boxes, Image

SURROUND = (96, 110, 100)


def drawn(
    *boards: tuple[tuple[int, int, int, int], tuple[int, int, int], str, str],
) -> tuple[Image, list[list[float]]]:
    """Boards of (box, ground, ink, lines) on a dull ground, and the box of every line."""
    picture = PilImage.new("RGB", (640, 420), SURROUND)
    draw = ImageDraw.Draw(picture)
    texts = []
    for box, ground, ink, lines in boards:
        draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=ground)
        rows = lines.split("\n")
        pitch = (box[3] - box[1]) / len(rows)
        for i, line in enumerate(rows):
            at = ((box[0] + box[2]) / 2, box[1] + (i + 0.5) * pitch)
            face = ImageFont.load_default(size=36)
            draw.text(at, line, font=face, fill=ink, anchor="mm")
            texts.append([float(v) for v in draw.textbbox(at, line, font=face, anchor="mm")])
    return Image.as_root(np.asarray(picture)), texts


def spans(image: Image, texts: list[list[float]], *labels: str) -> Boxes:
    return place_boxes(image, texts, labels or ["text"] * len(texts), np.ones(len(texts)))


@pytest.mark.parametrize(
    ("box", "ground", "ink"),
    [
        ((120, 140, 420, 220), (245, 245, 245), "black"),  # a white plate
        ((60, 60, 360, 150), (245, 205, 40), "black"),  # a yellow sign
        ((200, 250, 560, 330), (20, 60, 160), "white"),  # light letters on a dark sign
        ((0, 150, 300, 230), (245, 245, 245), "black"),  # cut by the edge of the picture
    ],
)
def test_the_board_around_a_text_is_found(ctx, box, ground, ink):
    image, texts = drawn((box, ground, ink, "AB 123 CD"))
    found = find_surface(ctx, image, spans(image, texts))
    assert iou(found.xyxy, [box])[0, 0] > 0.95
    assert found.labels == ("text",)


def test_texts_on_one_board_share_its_box(ctx):
    board = ((100, 100, 420, 260), (250, 250, 250), "black", "NORTH\nSTREET")
    image, texts = drawn(board)
    found = find_surface(ctx, image, spans(image, texts, "NORTH", "STREET"))
    assert found.labels == ("NORTH STREET",)
    assert iou(found.xyxy, [board[0]])[0, 0] > 0.95


def test_two_boards_stay_two(ctx):
    boards = (
        ((40, 60, 300, 140), (245, 205, 40), "black", "LEFT"),
        ((340, 60, 600, 140), (20, 60, 160), "white", "RIGHT"),
    )
    image, texts = drawn(*boards)
    found = find_surface(ctx, image, spans(image, texts, "LEFT", "RIGHT"))
    assert found.labels == ("LEFT", "RIGHT")
    assert np.diag(iou(found.xyxy, [b[0] for b in boards])).min() > 0.95


def test_text_on_open_ground_gets_a_margin_only(ctx):
    image, texts = drawn(((60, 60, 360, 150), SURROUND, "white", "NO BOARD"))
    found = find_surface(ctx, image, spans(image, texts))
    line = texts[0][3] - texts[0][1]
    grown = np.array(texts[0]) + np.array([-1, -1, 1, 1]) * 0.3 * line
    assert found.xyxy[0] == pytest.approx(grown, abs=1.5)


def test_a_speck_of_text_gets_a_margin_inside_the_picture(ctx):
    image = Image.as_root(np.full((40, 40, 3), 90, np.uint8))
    found = find_surface(ctx, image, spans(image, [[0, 0, 3, 3]]))
    x1, y1, x2, y2 = found.xyxy[0]
    assert (x1, y1) == (0, 0)
    assert 3 < x2 < 12
    assert 3 < y2 < 12


def test_no_text_is_no_surface(ctx):
    image, _ = drawn()
    assert len(find_surface(ctx, image, spans(image, []))) == 0


@pytest.mark.parametrize("scale", [1, 3])
def test_what_is_found_in_a_view_lies_right_in_the_root(ctx, scale):
    box = (260, 180, 500, 250)
    image, texts = drawn((box, (245, 245, 245), "black", "EXIT"))
    view = crop(image, [200, 120, 640, 420])
    view = resize(view, (view.width * scale, view.height * scale))
    found = find_surface(ctx, view, spans(image, texts))
    assert found.frame == image.frame
    assert iou(found.xyxy, [box])[0, 0] > 0.93
