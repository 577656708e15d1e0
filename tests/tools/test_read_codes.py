"""Decoding codes that zxing's own writer made."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from PIL import Image as PilImage
from PIL import ImageFilter

from tools import geometry
from tools.context import ToolContext
from tools.experts.read_codes import read_codes
from tools.types import Boxes, Image


def code(text: str, kind: str, scale: int = 4) -> PilImage.Image:
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    return PilImage.fromarray(np.array(zxingcpp.write_barcode_to_image(made, scale=scale)))


def page(*codes: tuple[PilImage.Image, int, int], size: tuple[int, int] = (800, 600)) -> Image:
    sheet = PilImage.new("RGB", size, (225, 225, 220))
    for picture, x, y in codes:
        sheet.paste(picture.convert("RGB"), (x, y))
    return Image.as_root(np.asarray(sheet))


FORMATS = [
    ("ahoy https://example.org/x", "QRCode", "QR Code"),
    ("4006381333931", "EAN13", "EAN-13"),
    ("036000291452", "UPCA", "UPC-A"),
    ("96385074", "EAN8", "EAN-8"),
    ("Crate-7/19", "Code128", "Code 128"),
    ("CRATE-719", "Code39", "Code 39"),
    ("CRATE719", "Code93", "Code 93"),
    ("00712345678907", "ITF", "ITF"),
    ("A lot of pallets", "PDF417", "PDF417"),
    ("tiny part 12", "DataMatrix", "Data Matrix"),
    ("boarding 4C", "Aztec", "Aztec"),
    ("A12345B", "Codabar", "Codabar"),
]


@pytest.mark.parametrize(("text", "kind", "name"), FORMATS)
def test_format_is_read_and_named(ctx: ToolContext, text: str, kind: str, name: str) -> None:
    codes = read_codes(ctx, page((code(text, kind), 150, 200)))
    assert codes.formats == (name,)
    assert codes.texts[0].strip("AB") == text.strip("AB")  # Codabar: with or without guards


def test_two_codes_are_both_read_with_their_places(ctx: ToolContext) -> None:
    qr, ean = code("left one", "QRCode", 6), code("4006381333931", "EAN13", 3)
    sheet = page((qr, 40, 50), (ean, 430, 330))
    codes = read_codes(ctx, sheet)
    assert codes.texts == ("left one", "4006381333931")
    outer = np.array([[40, 50, 40 + qr.width, 50 + qr.height]])
    assert geometry.covered(codes.xyxy[:1], outer)[0, 0] > 0.99
    assert codes.xyxy[0] == pytest.approx([64, 74, 16 + qr.width, 26 + qr.height], abs=4)


def test_same_payload_twice_stays_two_codes(ctx: ToolContext) -> None:
    qr = code("twin", "QRCode")
    assert read_codes(ctx, page((qr, 20, 20), (qr, 500, 400))).texts == ("twin", "twin")


@pytest.mark.parametrize("degrees", [90, 180, 33])
def test_turned_code_is_read(ctx: ToolContext, degrees: float) -> None:
    turned = geometry.rotate(page((code("4006381333931", "EAN13", 4), 200, 200)), degrees)
    assert "4006381333931" in read_codes(ctx, Image.as_root(turned.pixels)).texts


def test_second_look_finds_soft_faint_codes(ctx: ToolContext) -> None:
    soft = code("faint but there", "QRCode", 3).filter(ImageFilter.GaussianBlur(1.4))
    faint = PilImage.fromarray((np.asarray(soft) * 0.12 + 150).astype(np.uint8))
    assert read_codes(ctx, page((faint, 300, 250))).texts == ("faint but there",)


def test_inverted_code_is_read(ctx: ToolContext) -> None:
    white = PilImage.fromarray(255 - np.asarray(code("night", "QRCode")))
    assert read_codes(ctx, page((white, 100, 100))).texts == ("night",)


def test_region_leaves_the_other_code_out(ctx: ToolContext) -> None:
    left, right = code("port", "QRCode"), code("starboard", "QRCode")
    sheet = page((left, 40, 100), (right, 500, 100))
    box = np.array([[490, 90, 510 + right.width, 110 + right.height]], np.float32)
    here = Boxes(sheet.frame, box, ("here",), np.ones(1, np.float32))
    codes = read_codes(ctx, sheet, here)
    assert codes.texts == ("starboard",)
    assert codes.xyxy[0, 0] > 490


def test_shared_code_of_two_regions_is_said_once(ctx: ToolContext) -> None:
    sheet = page((code("once", "QRCode"), 300, 200))
    boxes = np.array([[280, 180, 520, 420], [250, 150, 560, 460]], np.float32)
    both = Boxes(sheet.frame, boxes, ("a", "b"), np.ones(2, np.float32))
    assert read_codes(ctx, sheet, both).texts == ("once",)


def test_stripes_and_noise_are_no_codes(ctx: ToolContext, rng: np.random.Generator) -> None:
    fence = np.zeros((300, 400, 3), np.uint8)
    fence[:, (np.arange(400) // 8) % 2 == 0] = 230
    assert len(read_codes(ctx, Image.as_root(fence))) == 0
    noise = Image.as_root(rng.integers(0, 255, (200, 300, 3), np.uint8))
    assert read_codes(ctx, noise).describe() == "no codes"
