"""How good a picture is technically, in numbers with a word for each.

Thresholds were set on 60 photographs of mixed origin and blurred copies of them: 97 % of the
originals are called sharp, 92 % of the copies blurred by 0.4 % of the longer side blurry, and a
blur of half as much is often not seen. Knows pixels and facts of the file, no models.
"""

from __future__ import annotations

from tools import looks
from tools.catalog import tool
from tools.context import ToolContext
from tools.places import decimal
from tools.types import Image, Table

COLUMNS = ("property", "value", "verdict")
SHARP, BLURRY = 0.47, 0.56
"""Crété's blur below which a picture is sharp, and from which it is blurry."""
DULL = 60.0
"""Lightness in % that the lightest hundredth of a picture reaches unless it is underexposed."""
TINT = 8.0
"""Lean of the dull pixels in Lab units from which the light has a colour."""

Row = tuple[str, str, str]


@tool(
    verbs=("check quality", "assess", "is it blurry", "is it sharp", "is it too dark",
           "is it overexposed", "rate the quality"),
    nouns=("quality", "blur", "blurry", "sharpness", "sharp", "focus", "exposure", "overexposed",
           "underexposed", "brightness", "contrast", "noise", "noisy", "grain", "colour cast",
           "orientation", "portrait", "landscape", "megapixels", "black and white", "greyscale"),
)  # fmt: skip
def quality(ctx: ToolContext, image: Image) -> Table:
    """Judge a picture: sharpness, exposure, contrast, noise, colour cast, orientation, size."""
    pixels = image.pixels
    rows = [
        _blur(image), *_exposure(image), _contrast(image), _noise(image), *_color(image),
        *_format(image),
    ]  # fmt: skip
    rows.append(("sharpness (Laplacian)", decimal(looks.sharpness(pixels), 1), ""))
    return Table(COLUMNS, tuple(rows))


def _word(value: float, steps: tuple[tuple[float, str], ...], above: str) -> str:
    """The word of the first step that `value` stays under."""
    return next((word for limit, word in steps if value < limit), above)


def _blur(image: Image) -> Row:
    blur = looks.blur(image.pixels)
    word = _word(blur, ((SHARP, "sharp"), (BLURRY, "slightly soft")), "blurry")
    return ("blur", decimal(blur), "plain" if looks.contrast(image.pixels) < 0.5 else word)


def _exposure(image: Image) -> list[Row]:
    light = looks.brightness(image.pixels)
    dark, bright = looks.clipped(image.pixels)
    verdict = _word(
        light, ((15, "very dark"), (30, "dark"), (70, "normal"), (85, "bright")), "very bright"
    )
    # Documents and drawings are mostly white without being overexposed.
    paper = bright > 40 and looks.colorfulness(image.pixels) < 25
    exposure = "overexposed" if bright > 5 and light > 55 and not paper else "well exposed"
    dull = looks.highlight(image.pixels) < DULL and light < 30
    exposure = "underexposed" if dull or (dark > 30 and light < 30) else exposure
    return [
        ("brightness", f"{decimal(light, 1)} %", verdict),
        ("clipped dark", f"{decimal(dark, 1)} %", ""),
        ("clipped bright", f"{decimal(bright, 1)} %", ""),
        ("exposure", f"{decimal(light, 1)} %", exposure),
    ]


def _contrast(image: Image) -> Row:
    value = looks.contrast(image.pixels)
    return (
        "contrast",
        f"{decimal(value, 1)} %",
        _word(value, ((10, "low"), (28, "normal")), "high"),
    )


def _noise(image: Image) -> Row:
    value = looks.noise(image.pixels)
    word = _word(value, ((3, "clean"), (6, "some noise")), "noisy")
    return ("noise", f"{decimal(value, 1)} levels", word)


def _color(image: Image) -> list[Row]:
    value = looks.colorfulness(image.pixels)
    words = ((2, "greyscale"), (15, "nearly grey"), (33, "muted"), (59, "colourful"))
    a, b = looks.cast(image.pixels)
    lean = max(abs(a), abs(b))
    tint = ("yellow" if b > 0 else "blue") if abs(b) >= abs(a) else ("red" if a > 0 else "green")
    cast = "neutral" if lean < TINT else f"leans to {tint}"
    return [
        ("colourfulness", decimal(value, 1), _word(value, words, "very colourful")),
        ("colour cast", f"a* {decimal(a, 1)}, b* {decimal(b, 1)}", cast),
    ]


def _format(image: Image) -> list[Row]:
    width, height = image.size_wh
    shape = "square" if width == height else "landscape" if width > height else "portrait"
    megapixels = width * height / 1e6
    word = _word(megapixels, ((0.3, "very small"), (1, "small"), (8, "medium")), "large")
    rows = [
        ("orientation", f"{width}×{height} px", shape),
        ("resolution", f"{decimal(megapixels)} Mpx", word),
    ]
    turned = dict(image.info).get("exif.Orientation", "")
    return [*rows, ("EXIF orientation", turned, "applied")] if turned else rows
