"""Draws the example pictures again: ``python -m evals.examples.make``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from evals.drawing import boards, label, receipt

HERE = Path(__file__).parent


def pictures() -> dict[str, Image.Image]:
    """File name to picture."""
    return {
        "receipt.png": receipt(
            ("HARBOUR CAFE", "12 Quay Street, Whitby", "Tel. +44 1947 601234", "14/03/2026  10:42"),
            (("2 Flat white", "7.00"), ("Carrot cake", "4.25"), ("Orange juice", "3.10")),
            (("Subtotal", "14.35"), ("VAT 20 %", "2.87"), ("TOTAL", "17.22"), ("Cash", "20.00"),
             ("Change", "2.78")),
            ("Thank you, come again",),
        ),
        "signs.png": boards(
            (("MILL LANE", (30, 90, 180), (255, 255, 255)), ("ABBEY ROW", (20, 130, 70), (255, 255, 255)))
        ),
        "label.png": label(
            "Oat biscuits 250 g", "$2.40", "https://example.org/oats?batch=A17", "4006381333931"
        ),
    }  # fmt: skip


def main() -> None:
    """Write all of them beside this file."""
    for name, picture in pictures().items():
        picture.quantize(64).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
