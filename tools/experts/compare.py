"""Two pictures side by side: the same or not, and which is brighter, sharper, larger.

Knows pixels, no models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image as PilImage

from tools import looks
from tools.catalog import tool
from tools.context import ToolContext
from tools.places import decimal
from tools.types import Image, Table

COLUMNS = ("what", "first", "second", "verdict")
SAME_SHARE = 0.02
"""Relative difference below which two measures count as the same."""
JUDGED = 512
"""Longer side at which similarity is judged."""

Row = tuple[str, str, str, str]


@tool(
    verbs=("compare", "are they the same", "which is brighter", "which is darker",
           "which is sharper", "which is larger", "tell apart", "which of the two"),
    nouns=("comparison", "similarity", "same picture", "identical", "duplicate", "copies",
           "brighter", "darker", "sharper", "blurrier", "more colourful", "larger picture",
           "higher contrast", "structural similarity", "ssim", "perceptual hash"),
)  # fmt: skip
def compare(ctx: ToolContext, first: Image, second: Image) -> Table:
    """Compare two pictures: identical or alike, and which has more size, light, sharpness, colour.

    The verdict is "first" or "second", whichever has more of it, or "same"; for likeness it is
    "same", "alike" or "different".
    """
    pixels = first.pixels, second.pixels
    rows = [_identical(first, second), *_likeness(first, second), *_sizes(first, second)]
    measures = {
        "brightness": (looks.brightness, 0.4, " %"),
        "contrast": (looks.contrast, 0.3, " %"),
        "colourfulness": (looks.colorfulness, 1.0, ""),
        "sharpness": (looks.sharpness, 0.5, ""),
        "noise": (looks.noise, 0.2, " levels"),
    }
    for what, (measure, least, unit) in measures.items():
        a, b = measure(pixels[0]), measure(pixels[1])
        shown = (f"{decimal(a, 1)}{unit}", f"{decimal(b, 1)}{unit}")
        rows.append((what, *shown, _more(a, b, least)))
    blurs = looks.blur(pixels[0]), looks.blur(pixels[1])
    rows.append(("blur", decimal(blurs[0]), decimal(blurs[1]), _more(*blurs, 0.02)))
    return Table(COLUMNS, tuple(rows))


def _more(a: float, b: float, least: float = 0.0) -> str:
    """Which of two measures is larger, where the difference is worth a word."""
    if abs(a - b) <= max(least, SAME_SHARE * max(abs(a), abs(b))):
        return "same"
    return "first" if a > b else "second"


def _identical(first: Image, second: Image) -> Row:
    if first.size_wh != second.size_wh:
        return ("identical", "", "", "different")
    apart = np.abs(first.pixels.astype(np.int16) - second.pixels).max(axis=2)
    share = f"{decimal(100 * float((apart > 0).mean()))} % of pixels differ"
    return ("identical", share, f"by at most {int(apart.max())}", "different" if apart.any() else "same")  # fmt: skip


def _sizes(first: Image, second: Image) -> list[Row]:
    a, b = first.width * first.height, second.width * second.height
    shown = [f"{image.width}×{image.height} px" for image in (first, second)]
    verdict = "same" if a == b else _more(a, b) if abs(a - b) > SAME_SHARE * a else "same"
    return [
        ("size", shown[0], shown[1], verdict if first.size_wh != second.size_wh else "same"),
        ("width", str(first.width), str(second.width), _exact(first.width, second.width)),
        ("height", str(first.height), str(second.height), _exact(first.height, second.height)),
    ]


def _exact(a: int, b: int) -> str:
    return "same" if a == b else "first" if a > b else "second"


def _likeness(first: Image, second: Image) -> list[Row]:
    """Structural similarity at a common size, and the distance of perceptual hashes."""
    import imagehash
    from skimage import metrics

    structural_similarity: Any = metrics.structural_similarity
    factor = min(1.0, JUDGED / max(first.size_wh))
    size = (max(8, round(first.width * factor)), max(8, round(first.height * factor)))
    pictures = [PilImage.fromarray(image.pixels) for image in (first, second)]
    a, b = (looks.grey(np.asarray(p.resize(size, PilImage.Resampling.BOX))) for p in pictures)
    ssim = float(structural_similarity(a, b, data_range=255.0))
    hashes = [imagehash.phash(picture) for picture in pictures]
    apart = int(hashes[0] - hashes[1])
    alike = "same" if ssim > 0.97 else "alike" if ssim > 0.75 else "different"
    known = "same" if apart <= 4 else "alike" if apart <= 12 else "different"
    return [
        ("similarity (SSIM)", decimal(ssim, 3), "", alike),
        ("perceptual hash distance (of 64)", str(apart), "", known),
    ]
