"""Descriptions choose the things they describe; conditions combine."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw

from tools.errors import BadArguments
from tools.experts.pick import pick
from tools.types import Boxes, Codes, Image, Masks, TextSpans

GREEN, YELLOW, WHITE = (0, 130, 50), (250, 210, 20), (235, 235, 235)
SIGNS = [
    # text, box of its sign, colour of the sign, colour of the letters
    ("Mill Lane", (20, 20, 180, 80), YELLOW, (0, 0, 0)),
    ("High Street", (220, 20, 380, 80), GREEN, WHITE),
    ("tel. 020 7946 0958", (420, 20, 580, 80), WHITE, (200, 0, 0)),
    ("NO ENTRY", (220, 160, 380, 200), WHITE, (0, 0, 0)),
    ("12.50", (20, 320, 180, 360), (40, 70, 200), WHITE),
]


@pytest.fixture(scope="module")
def image() -> Image:
    picture = PilImage.new("RGB", (600, 400), (120, 110, 100))
    pen = ImageDraw.Draw(picture)
    for _, box, ground, ink in SIGNS:
        x1, y1, x2, y2 = box
        pen.rectangle(box, fill=ground)
        for x in range(x1 + 22, x2 - 20, 9):  # bars stand for letters
            pen.rectangle((x, y1 + 17, x + 3, y2 - 17), fill=ink)
    return Image.as_root(np.asarray(picture))


@pytest.fixture
def texts(image) -> TextSpans:
    quads = []
    for _, (x1, y1, x2, y2), _, _ in SIGNS:
        left, top, right, bottom = x1 + 20, y1 + 15, x2 - 20, y2 - 15
        quads.append([(left, top), (right, top), (right, bottom), (left, bottom)])
    names = tuple(text for text, *_ in SIGNS)
    return TextSpans(
        image.frame, np.array(quads, np.float32), names, np.ones(len(names), np.float32)
    )


def said(things) -> list[str]:
    assert isinstance(things, TextSpans)
    return list(things.texts)


def box_of(image, *rows, label="box") -> Boxes:
    n = len(rows)
    return Boxes(
        image.frame, np.array(rows, np.float32).reshape(-1, 4), (label,) * n, np.ones(n, np.float32)
    )


@pytest.mark.parametrize(
    ("color", "wanted"),
    [
        ("yellow", ["Mill Lane"]),
        ("green", ["High Street"]),
        ("white", ["tel. 020 7946 0958", "NO ENTRY"]),
        ("blue", ["12.50"]),
        ("red", ["tel. 020 7946 0958"]),  # by its ink, as no sign is red
        ("purple", []),
    ],
)
def test_colour_is_that_of_the_sign_before_that_of_the_letters(ctx, image, texts, color, wanted):
    assert said(pick(ctx, texts, image, color=color)) == wanted


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ({"position": "left"}, ["Mill Lane"]),
        ({"position": "right"}, ["tel. 020 7946 0958"]),
        ({"position": "bottom"}, ["12.50"]),
        ({"position": "middle"}, ["High Street"]),
        ({"position": "top-right"}, ["tel. 020 7946 0958"]),
        ({"position": "bottom-left"}, ["12.50"]),
        ({"region": "top half"}, ["Mill Lane", "High Street", "tel. 020 7946 0958", "NO ENTRY"]),
        ({"region": "bottom third"}, ["12.50"]),
        ({"region": "left half", "position": "top"}, ["Mill Lane"]),
        ({"index": 2, "order": "left-to-right", "region": "top third"}, ["High Street"]),
        ({"index": -1, "order": "reading"}, ["12.50"]),
        ({"index": 2, "position": "bottom"}, ["NO ENTRY"]),
        ({"index": 9}, []),
        ({"order": "right-to-left", "region": "top third"}, ["tel. 020 7946 0958", "High Street", "Mill Lane"]),
        ({"size": "smallest"}, ["NO ENTRY"]),
        ({"kind": "phone"}, ["tel. 020 7946 0958"]),
        ({"kind": "price"}, ["12.50"]),
        ({"contains": "high street"}, ["High Street"]),
        ({"contains": "H1gh Street"}, ["High Street"]),
        ({"contains": "zebra"}, []),
    ],
)  # fmt: skip
def test_place_order_size_kind_and_text(ctx, texts, conditions, wanted):
    assert said(pick(ctx, texts, **conditions)) == wanted


@pytest.mark.parametrize(
    ("relation", "to", "wanted"),
    [
        ("below", (220, 20, 380, 80), ["NO ENTRY"]),  # straight below before anything lower
        ("above", (220, 160, 380, 200), ["High Street"]),
        ("left of", (220, 20, 380, 80), ["Mill Lane"]),
        ("right of", (220, 20, 380, 80), ["tel. 020 7946 0958"]),
        ("inside", (200, 0, 400, 100), ["High Street"]),
        ("on", (200, 0, 400, 100), ["High Street"]),
        ("near", (230, 210, 260, 240), ["NO ENTRY"]),
        ("not", (0, 0, 600, 210), ["12.50"]),
    ],
)
def test_relations(ctx, image, texts, relation, to, wanted):
    assert said(pick(ctx, texts, relation=relation, to=box_of(image, to))) == wanted


def test_between_and_around(ctx, image, texts):
    ends = box_of(image, (30, 30, 60, 60), (540, 30, 570, 60))
    between = said(pick(ctx, texts, relation="between", to=ends))
    assert "High Street" in between
    assert "NO ENTRY" not in between
    frames = box_of(image, (10, 10, 190, 90), (210, 10, 390, 90), label="sign")
    found = pick(ctx, frames, relation="around", to=texts.take([1]))
    assert found.xyxy[:, 0].tolist() == [210]


def test_relation_to_nothing(ctx, image, texts):
    assert len(pick(ctx, texts, relation="below", to=box_of(image))) == 0
    assert len(pick(ctx, texts, relation="not", to=box_of(image))) == len(texts)


def test_conditions_combine(ctx, image, texts):
    assert said(pick(ctx, texts, image, color="white", position="bottom")) == ["NO ENTRY"]
    assert said(pick(ctx, texts, image, color="white", kind="phone")) == ["tel. 020 7946 0958"]
    assert said(pick(ctx, texts, image, color="green", region="bottom third")) == []


def test_classes_are_kept(ctx, image):
    mask = np.zeros((2, 400, 600), bool)
    mask[0, :9, :9] = mask[1, 50:90, 50:90] = True
    masks = Masks(image.frame, mask, ("a", "b"), np.ones(2, np.float32))
    assert isinstance(pick(ctx, masks, size="largest"), Masks)
    assert pick(ctx, masks, size="largest").labels == ("b",)
    quad = np.array([[[0, 0], [9, 0], [9, 9], [0, 9]]] * 2, np.float32)
    codes = Codes(image.frame, quad, ("a", "b"), ("QR Code", "EAN-13"))
    assert pick(ctx, codes, kind="qr code").labels == ("a",)
    assert pick(ctx, codes, kind="barcode").labels == ("b",)
    mixed = Boxes(
        image.frame, quad[:, 0::2].reshape(-1, 4), ("face", "car"), np.ones(2, np.float32)
    )
    assert pick(ctx, mixed, kind="faces").labels == ("face",)


def test_nothing_stays_nothing(ctx, texts):
    empty = texts.take([])
    assert len(pick(ctx, empty, position="left", size="largest", region="top half", index=1)) == 0


def test_whole_block_brings_the_other_lines_of_a_sign(ctx, image):
    rows = [(20, 20, 120, 40), (20, 45, 140, 65), (20, 70, 90, 90), (400, 20, 500, 40)]
    quads = np.array([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in rows], np.float32)
    spans = TextSpans(image.frame, quads, tuple("abcd"), np.ones(4, np.float32))
    assert said(pick(ctx, spans, position="left", whole_block=True)) == ["a", "b", "c"]
    assert said(pick(ctx, spans, position="right", whole_block=True)) == ["d"]


def test_what_lacks_its_partner_is_refused(ctx, image, texts):
    with pytest.raises(BadArguments, match="picture"):
        pick(ctx, texts, color="red")
    with pytest.raises(BadArguments, match="refers to"):
        pick(ctx, texts, relation="below")
    with pytest.raises(BadArguments, match="kind"):
        pick(ctx, texts, kind="poem")
    with pytest.raises(BadArguments, match="colour"):
        pick(ctx, texts, image, color="loud")
    other = Image.as_root(np.zeros((400, 600, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        pick(ctx, texts, other, color="red")


def test_a_white_sign_in_the_shade_is_white_when_nothing_else_is(ctx, image, texts):
    shaded = Image(
        (image.pixels * 0.38).astype(np.uint8), image.frame, np.eye(2, 3)
    )  # white letters on green stay what they are
    found = said(pick(ctx, texts.take([1, 3, 4]), shaded, color="white"))
    assert found == ["NO ENTRY"]


def test_dark_green_is_not_blue(ctx, image):
    pixels = np.full((400, 600, 3), 90, np.uint8)
    pixels[50:100, 50:150], pixels[50:100, 250:350] = (0, 49, 42), (1, 55, 147)
    things = box_of(image, (50, 50, 150, 100), (250, 50, 350, 100))
    painted = image.with_pixels(pixels)
    assert pick(ctx, things, painted, color="blue").xyxy[:, 0].tolist() == [250]
    assert pick(ctx, things, painted, color="green").xyxy[:, 0].tolist() == [50]
