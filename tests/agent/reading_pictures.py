"""Pictures drawn for questions about what is written: a business card, a table, a parcel label."""

from __future__ import annotations

import numpy as np
from agent_pictures import font
from PIL import Image, ImageDraw


def card() -> np.ndarray:
    """A business card: name, trade, firm, and four ways to reach her."""
    picture = Image.new("RGB", (900, 520), (252, 250, 244))
    draw = ImageDraw.Draw(picture)
    draw.text((60, 50), "Ines Harrow", font=font(56), fill=(20, 40, 80))
    draw.text((60, 125), "Boat Builder", font=font(30), fill="black")
    draw.text((60, 195), "Harrow & Daughters Ltd", font=font(36), fill="black")
    for i, line in enumerate(
        ("Tel: +44 20 7946 0958", "ines@harrow.example.org", "www.harrow-boats.com", "8 Slip Road, Whitby")
    ):  # fmt: skip
        draw.text((60, 275 + i * 55), line, font=font(30), fill="black")
    return np.asarray(picture)


def ferries() -> np.ndarray:
    """A ruled timetable of four ferries: place, departure, pier, price."""
    picture = Image.new("RGB", (900, 480), "white")
    draw = ImageDraw.Draw(picture)
    rows = (
        ("Ferry", "Departs", "Pier", "Fare"),
        ("Oban", "08:15", "A", "14.50"), ("Mallaig", "09:40", "C", "11.20"),
        ("Ullapool", "11:05", "B", "23.00"), ("Lerwick", "17:30", "D", "41.75"),
    )  # fmt: skip
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            x, y = 40 + c * 210, 40 + r * 80
            draw.rectangle((x, y, x + 210, y + 80), outline="black", width=2)
            draw.text((x + 20, y + 22), cell, font=font(32), fill="black")
    return np.asarray(picture)


def parcel() -> np.ndarray:
    """A parcel label: an address, a weight, a date and a Code 128 with its number."""
    import zxingcpp

    picture = Image.new("RGB", (900, 620), "white")
    draw = ImageDraw.Draw(picture)
    for i, (line, size) in enumerate(
        (("TO: Tomas Lind", 40), ("3 Linden Avenue", 34), ("Bath BA1 2LR", 34), ("Weight: 2.4 kg", 34), ("Ship date: 12 May 2024", 34))
    ):  # fmt: skip
        draw.text((60, 40 + i * 62), line, font=font(size), fill="black")
    bars = zxingcpp.create_barcode("PX-40718-GB", zxingcpp.BarcodeFormat.Code128)
    picture.paste(Image.fromarray(np.array(bars.to_image(scale=3))).convert("RGB"), (60, 380))
    draw.text((60, 550), "FRAGILE", font=font(44), fill=(200, 20, 20))
    return np.asarray(picture)
