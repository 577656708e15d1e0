"""Worked phrasings that edit a picture, judged by the pixels of the picture that comes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from agent_pictures import boards, codes, font, menu, receipt
from looking_pictures import astronaut, coffee, discs, notice, three
from PIL import Image as PilImage
from reading_pictures import card, parcel

from agent import Agent

Pixels = np.ndarray
Box = tuple[int, int, int, int]
Check = Callable[[Pixels, Pixels], bool]

PICTURES: dict[str, Callable[[], Pixels]] = {
    "astronaut": astronaut, "boards": boards, "card": card, "codes": codes, "coffee": coffee,
    "discs": discs, "menu": menu, "notice": notice, "parcel": parcel, "receipt": receipt,
    "three": three,
}  # fmt: skip


def edited(agent: Agent, picture: str, question: str) -> Pixels:
    answer = agent.ask(question, [PICTURES[picture]()])
    assert answer.status == "answered", answer.text
    assert len(answer.images) == 1
    with PilImage.open(answer.images[0]) as image:
        return np.asarray(image.convert("RGB"))


def lettering(text: str, x: int, y: int, size: int) -> Box:
    """The box of a text as it is drawn."""
    left, top, right, bottom = font(size).getbbox(text)
    return round(x + left), round(y + top), round(x + right), round(y + bottom)


def disc(x: int, y: int, r: int) -> Box:
    return x - r, y - r, x + r, y + r


def inside(shape: tuple[int, ...], boxes: tuple[Box, ...], margin: int) -> Pixels:
    mask = np.zeros(shape[:2], bool)
    for x1, y1, x2, y2 in boxes:
        mask[max(0, y1 - margin) : y2 + margin, max(0, x1 - margin) : x2 + margin] = True
    return mask


def only(*boxes: Box, margin: int = 14, least: float = 0.02) -> Check:
    """Each of these places has changed, and not one pixel beyond a margin around them."""

    def check(before: Pixels, after: Pixels) -> bool:
        if after.shape != before.shape:
            return False
        differs = (before != after).any(axis=2)
        shares = [float(differs[y1:y2, x1:x2].mean()) for x1, y1, x2, y2 in boxes]
        return min(shares) >= least and not differs[~inside(before.shape, boxes, margin)].any()

    return check


def filled(color: tuple[int, int, int], *boxes: Box) -> Check:
    """These places, and nothing beyond them, are of one colour."""

    def check(before: Pixels, after: Pixels) -> bool:
        same = all((after[y1:y2, x1:x2] == color).all() for x1, y1, x2, y2 in boxes)
        return same and only(*boxes)(before, after)

    return check


def part(box: Box, slack: int = 0) -> Check:
    """The picture is this part of the one before, give or take some pixels at its edges."""

    def check(before: Pixels, after: Pixels) -> bool:
        x1, y1, x2, y2 = box
        h, w = after.shape[:2]
        if abs(w - (x2 - x1)) > 2 * slack or abs(h - (y2 - y1)) > 2 * slack:
            return False
        places = (
            before[y : y + h, x : x + w]
            for y in range(max(0, y1 - slack), y1 + slack + 1)
            for x in range(max(0, x1 - slack), x1 + slack + 1)
        )
        return any(p.shape == after.shape and (p == after).all() for p in places)

    return check


def exactly(change: Callable[[Pixels], Pixels]) -> Check:
    return lambda before, after: np.array_equal(change(before), after)


def both(*checks: Check) -> Check:
    return lambda before, after: all(check(before, after) for check in checks)


def read(pixels: Pixels) -> set[str]:
    import zxingcpp

    return {code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(pixels))}


def codes_are(*texts: str) -> Check:
    return lambda _, after: read(after) == set(texts)


def color_at(x: int, y: int, color: tuple[int, int, int], near: int = 0) -> Check:
    """The colour of a place, within some grey levels."""
    return lambda _, after: bool((np.abs(after[y, x].astype(int) - color) <= near).all())


def sharper(before: Pixels, after: Pixels) -> bool:
    def edges(p: Pixels) -> float:
        return float(np.abs(np.diff(p.astype(float).mean(axis=2), axis=1)).mean())

    return after.shape == before.shape and edges(after) > 1.1 * edges(before)


def grey(before: Pixels, after: Pixels) -> bool:
    luma = before.astype(float) @ (0.299, 0.587, 0.114)
    alike = (after[..., 0] == after[..., 1]).all() and (after[..., 1] == after[..., 2]).all()
    return bool(alike) and float(np.abs(luma - after[..., 0]).mean()) < 3


def smooth_but_for(box: Box) -> Check:
    """What lies inside the box is untouched, and the rest has lost its detail."""

    def check(before: Pixels, after: Pixels) -> bool:
        x1, y1, x2, y2 = box
        kept = np.array_equal(before[y1:y2, x1:x2], after[y1:y2, x1:x2])
        rest = ~inside(before.shape, (box,), 40)[:, 1:]

        def detail(p: Pixels) -> float:
            return float(np.abs(np.diff(p.astype(float).mean(axis=2), axis=1))[rest].mean())

        return kept and detail(after) < 0.5 * detail(before)

    return check


TOTAL = lettering("14.40", 430, 604, 30)
SHOP = lettering("HARBOUR BAKERY", 120, 30, 38)
DATE = lettering("14/03/2025", 40 + round(font(26).getlength("Date ")), 175, 26)
MAIL = lettering("ines@harrow.example.org", 60, 330, 30)
PHONE = lettering("Tel: +44 20 7946 0958", 60, 275, 30)
ADDRESS = lettering("8 Slip Road, Whitby", 60, 440, 30)
PRICES = tuple(
    lettering(price, 540, y, 32)
    for price, y in zip(
        ("5.50", "5.00", "7.25", "6.80", "6.20", "5.90", "9.40"),
        (120, 174, 228, 402, 456, 510, 564),
        strict=True,
    )
)
RED = tuple(disc(*circle) for circle in ((120, 120, 60), (340, 140, 40), (760, 450, 30)))
GREEN = disc(180, 430, 90)
FACE = (170, 60, 275, 175)
SMALLEST_FACE = (1092, 146, 1174, 236)
"""The face of the third person, drawn at 400/512 from (960, 100)."""
QR, EAN = "https://ocelli.example/eyes", "4006381333931"

# picture, order, what must hold of the pixels before and after
TABLE: list[tuple[str, str, Check]] = [
    # hiding
    ("receipt", "Redact the total", both(only((40, TOTAL[1], TOTAL[2], TOTAL[3])), color_at(460, 622, (0, 0, 0)))),
    ("receipt", "Pixelate the name of the shop", only(SHOP, least=0.3)),
    ("card", "Blur the e-mail address and the phone number", only(MAIL, PHONE, margin=20, least=0.3)),
    ("card", "Cover the address with white", filled((255, 255, 255), ADDRESS)),
    ("menu", "Black out every price", filled((0, 0, 0), *PRICES)),
    ("boards", "Blur the text on the blue sign", only(lettering("MARKET SQUARE", 570, 100, 42), margin=24)),
    ("codes", "Pixelate the QR code", both(only((92, 92, 292, 292), margin=20, least=0.5), codes_are(EAN))),
    ("parcel", "Black out the barcode", codes_are()),
    ("discs", "Blur all the red circles", only(*RED, margin=20)),
    ("astronaut", "Pixelate the face", only(FACE, margin=30, least=0.5)),
    ("astronaut", "Blur everything except the face", smooth_but_for((190, 90, 255, 160))),
    ("three", "Blur every face except the largest", only(FACE, SMALLEST_FACE, margin=40)),
    # removing
    ("card", "Remove the phone number", both(only(PHONE, margin=20), lambda _, after: bool((after[PHONE[1]:PHONE[3], PHONE[0]:PHONE[2]] > 225).all()))),
    ("discs", "Erase the green circle", both(only(GREEN, margin=30, least=0.7), color_at(180, 430, (240, 240, 235), 12))),
    # colouring and drawing
    ("discs", "Make the green circle yellow", both(
        only(GREEN, least=0.7),
        lambda _, after: bool((after[430, 180, :2] > 90).all()) and bool(after[430, 180, 2] < 90),
    )),
    ("boards", "Paint the yellow sign green", both(
        only((60, 60, 460, 190), least=0.5), lambda _, after: int(after[70, 70].argmax()) == 1,
    )),
    ("discs", "Draw a red box around the green circle", both(
        only(GREEN, margin=16, least=0.0), color_at(180, 430, (0x18, 0xA0, 0x38)),
        lambda before, after: bool((before != after).any()),
    )),
    ("notice", "Underline the first line", only((50, 50, 620, 135), margin=10, least=0.005)),
    # cutting out
    ("receipt", "Crop to the date", part((DATE[0], DATE[1], DATE[2], DATE[3]), slack=80)),
    ("codes", "Crop the QR code", both(part((92, 92, 292, 292), slack=20), codes_are(QR))),
    ("discs", "Crop the largest circle", part(GREEN, slack=6)),
    ("coffee", "Crop the left half", part((0, 0, 300, 400))),
    ("coffee", "Cut out the top right quarter", part((300, 0, 600, 200))),
    # the picture as a whole
    ("coffee", "Turn the picture upside down", exactly(lambda p: p[::-1, ::-1])),
    ("coffee", "Mirror the picture", exactly(lambda p: p[:, ::-1])),
    ("coffee", "Flip it vertically", exactly(lambda p: p[::-1])),
    ("coffee", "Rotate the image by 90 degrees clockwise", exactly(lambda p: np.rot90(p, -1))),
    ("coffee", "Invert the colours", exactly(lambda p: 255 - p)),
    ("coffee", "Convert it to greyscale", grey),
    ("coffee", "Make it half as large", lambda before, after: after.shape == (200, 300, 3) and abs(float(after.mean()) - float(before.mean())) < 2),
    ("coffee", "Make it 30% brighter", lambda before, after: 1.2 < float(after.mean()) / float(before.mean()) < 1.4),
    ("coffee", "Increase the contrast", lambda before, after: float(after.std()) > 1.1 * float(before.std())),
    ("coffee", "Sharpen the picture", sharper),
]  # fmt: skip


@pytest.mark.parametrize(
    ("picture", "order", "check"), TABLE, ids=[f"{p}-{o}" for p, o, _ in TABLE]
)
def test_an_order_is_carried_out(agent: Agent, picture: str, order: str, check: Check) -> None:
    after = edited(agent, picture, order)
    assert check(PICTURES[picture](), after), order


def test_a_cut_out_face_is_enlarged(agent: Agent) -> None:
    after = edited(agent, "astronaut", "Crop the face and enlarge it four times")
    height, width = after.shape[:2]
    assert 4 * 70 <= width <= 4 * 150
    assert 4 * 80 <= height <= 4 * 160
    assert width % 4 == height % 4 == 0


def test_of_two_pictures_the_one_that_is_named_is_edited(agent: Agent) -> None:
    answer = agent.ask("Make the second picture black and white", [astronaut(), coffee()])
    with PilImage.open(answer.images[0]) as image:
        assert grey(coffee(), np.asarray(image.convert("RGB")))


def test_what_is_not_there_is_not_edited(agent: Agent) -> None:
    answer = agent.ask("Blur the face", [coffee()])
    assert answer.images == ()
    assert "no face" in answer.text
