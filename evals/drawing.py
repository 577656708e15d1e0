"""Pictures drawn for questions: receipts, signs, labels with codes, panels of shapes.

Same words in, same pixels out, with the font that comes inside Pillow. Everything is drawn at
once the size of its answer is known, so the answers are right by construction. Knows nothing of
questions or agents.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

WHITE, BLACK, GREY = (255, 255, 255), (20, 20, 20), (200, 200, 200)
PAPER = (250, 248, 240)


def font(size: int) -> ImageFont.FreeTypeFont:
    """The font inside Pillow, at a size in pixels."""
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return found


def receipt(
    head: Sequence[str],
    items: Sequence[tuple[str, str]],
    totals: Sequence[tuple[str, str]],
    foot: Sequence[str] = (),
) -> Image.Image:
    """A till receipt: lines in the middle, then names on the left and amounts on the right."""
    width, line = 520, 40
    height = line * (len(head) + len(items) + len(totals) + len(foot) + 4)
    picture = Image.new("RGB", (width, height), PAPER)
    draw, y = ImageDraw.Draw(picture), line
    for n, words in enumerate(head):
        draw.text((width // 2, y), words, BLACK, font(34 if n == 0 else 24), anchor="mm")
        y += line
    for group in (items, totals):
        draw.line((30, y - 8, width - 30, y - 8), BLACK, 2)
        for name, amount in group:
            draw.text((40, y + 12), name, BLACK, font(26), anchor="lm")
            draw.text((width - 40, y + 12), amount, BLACK, font(26), anchor="rm")
            y += line
        y += line // 2
    for words in foot:
        draw.text((width // 2, y + 8), words, BLACK, font(22), anchor="mm")
        y += line
    return picture


def boards(signs: Sequence[tuple[str, Colour, Colour]]) -> Image.Image:
    """Street signs beside one another under a sky: (words, colour of board, colour of letters)."""
    wide, gap, height = 400, 40, 420
    picture = Image.new("RGB", (gap + (wide + gap) * len(signs), height), (168, 200, 225))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 330, picture.width, height), (110, 125, 100))
    for n, (words, board, ink) in enumerate(signs):
        x = gap + n * (wide + gap)
        draw.rectangle((x + wide // 2 - 8, 180, x + wide // 2 + 8, 380), (90, 90, 95))
        draw.rounded_rectangle((x, 80, x + wide, 200), 14, board, ink, 5)
        draw.text((x + wide // 2, 140), words, ink, font(50), anchor="mm")
    return picture


def label(title: str, price: str, qr: str, ean: str) -> Image.Image:
    """A shelf label with a QR code on the left and an EAN-13 on the right."""
    picture = Image.new("RGB", (900, 420), WHITE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 899, 90), (190, 30, 45))
    draw.text((30, 45), title, WHITE, font(44), anchor="lm")
    draw.text((870, 45), price, WHITE, font(48), anchor="rm")
    for text, kind, box in (
        (qr, "QRCode", (50, 120, 320, 390)),
        (ean, "EAN13", (430, 140, 850, 370)),
    ):
        paste_code(picture, text, kind, box)
    return picture


def paste_code(picture: Image.Image, text: str, kind: str, box: Box) -> None:
    """Draw a barcode into `picture`, as large as whole modules allow within `box`."""
    import zxingcpp

    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    room = box[2] - box[0], box[3] - box[1]
    scale = 1
    while True:
        code = Image.fromarray(np.asarray(made.to_image(scale=scale + 1)))
        if code.width > room[0] or code.height > room[1]:
            break
        scale += 1
    code = Image.fromarray(np.asarray(made.to_image(scale=scale))).convert("RGB")
    picture.paste(
        code, (box[0] + (room[0] - code.width) // 2, box[1] + (room[1] - code.height) // 2)
    )


def shapes(size_wh: tuple[int, int], things: Sequence[tuple[str, Colour, Box]]) -> Image.Image:
    """Filled ellipses and rectangles on light grey."""
    picture = Image.new("RGB", size_wh, (235, 235, 235))
    draw = ImageDraw.Draw(picture)
    for shape, colour, box in things:
        (draw.ellipse if shape == "ellipse" else draw.rectangle)(box, fill=colour)
    return picture
