"""Pictures drawn for the tests of whole questions: a receipt, boards, codes, a poster."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int] | str


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def receipt() -> np.ndarray:
    """A till receipt with four items, subtotal, tax, total, cash and change."""
    picture = Image.new("RGB", (560, 860), (250, 249, 245))
    draw = ImageDraw.Draw(picture)
    draw.text((120, 30), "HARBOUR BAKERY", font=font(38), fill="black")
    draw.text((150, 85), "14 Quay Street, Leith", font=font(24), fill="black")
    draw.text((150, 120), "Tel: 0131 496 0822", font=font(24), fill="black")
    draw.text((40, 175), "Date 14/03/2025", font=font(26), fill="black")
    draw.text((380, 175), "Time 09:41", font=font(26), fill="black")
    rows = [
        ("Rye Loaf", "4.20"), ("Cinnamon Bun", "2.75"), ("Oat Scone", "1.95"), ("Filter Coffee", "3.10"),
        ("", ""),
        ("SUBTOTAL", "12.00"), ("VAT", "2.40"), ("TOTAL", "14.40"), ("CASH", "20.00"), ("CHANGE", "5.60"),
    ]  # fmt: skip
    for i, (label, value) in enumerate(rows):
        draw.text((40, 240 + i * 52), label, font=font(30), fill="black")
        draw.text((430, 240 + i * 52), value, font=font(30), fill="black")
    draw.text((90, 790), "THANK YOU FOR YOUR VISIT", font=font(26), fill="black")
    return np.asarray(picture)


def boards() -> np.ndarray:
    """Three boards: yellow above left, blue above right, white with red letters below."""
    picture = Image.new("RGB", (1000, 640), (120, 135, 120))
    draw = ImageDraw.Draw(picture)
    for box, ground, text, size, ink in (
        ((60, 60, 460, 190), (245, 205, 40), "HEATHER LANE", 50, "black"),
        ((560, 60, 940, 190), (25, 60, 160), "MARKET SQUARE", 42, "white"),
        ((300, 400, 720, 520), (250, 250, 250), "NO ENTRY", 64, (200, 20, 20)),
    ):
        draw.rectangle(box, fill=ground)
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        draw.text((x, y), text, font=font(size), fill=ink, anchor="mm")
    return np.asarray(picture)


def poster() -> np.ndarray:
    """A heading, four numbered rules and an e-mail address."""
    picture = Image.new("RGB", (900, 620), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((60, 40), "Pool Rules", font=font(64), fill=(10, 60, 120))
    for i, rule in enumerate(
        ("Shower before you swim", "No running", "No glass bottles", "Children need an adult")
    ):
        draw.text((70, 160 + i * 80), f"{i + 1}. {rule}", font=font(36), fill="black")
    draw.text((70, 540), "Questions: pool@leith.example.org", font=font(30), fill="black")
    return np.asarray(picture)


def codes() -> np.ndarray:
    """A QR code on the left and an EAN-13 on the right."""
    import zxingcpp

    def code(text: str, kind: object, scale: int) -> Image.Image:
        made = zxingcpp.create_barcode(text, kind)
        return Image.fromarray(np.array(made.to_image(scale=scale))).convert("RGB")

    picture = Image.new("RGB", (900, 420), "white")
    picture.paste(code("https://ocelli.example/eyes", zxingcpp.BarcodeFormat.QRCode, 8), (60, 60))
    picture.paste(code("4006381333931", zxingcpp.BarcodeFormat.EAN13, 4), (460, 90))
    return np.asarray(picture)


def menu() -> np.ndarray:
    """Two sections of priced dishes."""
    picture = Image.new("RGB", (700, 800), (30, 30, 34))
    draw = ImageDraw.Draw(picture)
    y = 40
    for section, dishes in (
        ("SOUPS", (("Leek Soup", "5.50"), ("Pea Soup", "5.00"), ("Fish Soup", "7.25"))),
        (
            "SALADS",
            (
                ("Beet Salad", "6.80"),
                ("Bean Salad", "6.20"),
                ("Egg Salad", "5.90"),
                ("Crab Salad", "9.40"),
            ),
        ),
    ):
        draw.text((50, y), section, font=font(48), fill=(250, 220, 120))
        y += 80
        for dish, price in dishes:
            draw.text((60, y), dish, font=font(32), fill="white")
            draw.text((540, y), price, font=font(32), fill="white")
            y += 54
        y += 40
    return np.asarray(picture)


def departures() -> np.ndarray:
    """A board of five coaches: time, destination, bay, status."""
    picture = Image.new("RGB", (900, 440), (16, 16, 28))
    draw = ImageDraw.Draw(picture)
    rows = (
        ("Time", "Destination", "Plat", "Status"), ("09:05", "Durham", "2", "On time"),
        ("09:20", "Hexham", "4", "Delayed 12 min"), ("09:35", "Alnwick", "2", "Cancelled"),
        ("09:50", "Berwick", "3", "On time"),
    )  # fmt: skip
    for r, row in enumerate(rows):
        for x, cell in zip((40, 200, 460, 580), row, strict=True):
            draw.text((x, 40 + r * 72), cell, font=font(32), fill=(250, 210, 60))
    return np.asarray(picture)


def notice() -> np.ndarray:
    """A notice of five sentences under a heading, with a name below."""
    picture = Image.new("RGB", (900, 520), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((60, 40), "Notice to all tenants", font=font(48), fill="black")
    for i, line in enumerate((
        "The lift in Rowan House will be out of order on", "Tuesday 6 May between 8 am and 2 pm. A fitter has to",
        "change the old cable. Please use the stairs.", "", "Do not leave bicycles in the hall.",
    )):  # fmt: skip
        draw.text((60, 130 + i * 48), line, font=font(30), fill="black")
    draw.text((60, 440), "Joan Petrie", font=font(30), fill="black")
    return np.asarray(picture)


def hours() -> np.ndarray:
    """Opening hours of a library, with points in the times."""
    picture = Image.new("RGB", (760, 460), (30, 75, 110))
    draw = ImageDraw.Draw(picture)
    draw.text((60, 30), "MOSSLEY LIBRARY", font=font(48), fill="white")
    for i, (day, times) in enumerate(
        (("Monday", "Closed"), ("Tuesday", "9.30 - 17.00"), ("Thursday", "11.00 - 19.30"), ("Saturday", "9.00 - 12.30"), ("Sunday", "Closed"))
    ):  # fmt: skip
        draw.text((60, 120 + i * 62), day, font=font(34), fill="white")
        draw.text((360, 120 + i * 62), times, font=font(34), fill="white")
    return np.asarray(picture)
