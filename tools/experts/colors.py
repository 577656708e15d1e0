"""Which colours a picture or a part of it has, in words. Knows no models."""

from __future__ import annotations

import numpy as np

from tools.catalog import tool
from tools.colorwords import share
from tools.context import ToolContext
from tools.inks import object_pixels, text_pixels
from tools.places import check_root
from tools.types import Codes, Image, Labels, Placed, TextSpans

LEAST = 0.03
"""Share below which a colour is not named."""
MOST = 8
"""Colours named at most."""
SAMPLES = 250_000
"""Pixels looked at."""


@tool(
    verbs=("name the colour", "which colour", "what color", "what colour", "colour of", "color of"),
    nouns=("colour", "color", "colours", "colors", "shade", "tint", "palette", "hue",
           "dominant colour", "background colour", "text colour", "main colours"),
)  # fmt: skip
def colors(ctx: ToolContext, image: Image, region: Placed | None = None) -> Labels:
    """Name the main colours of a picture or of a thing in it, with their shares.

    For texts and codes the first label is the background they stand on and the second the ink of
    the letters. For boxes the ellipse within the box is looked at, for masks the mask.
    """
    check_root(image, region)
    if region is None:
        step = max(1, int((image.width * image.height / SAMPLES) ** 0.5))
        return _ranked(image.pixels[::step, ::step], "colours of the picture")
    if not len(region):
        return Labels((), np.zeros(0, np.float32), "colours")
    if isinstance(region, TextSpans | Codes):
        return _ground_and_ink(image, region)
    pixels = [object_pixels(image, region, row) for row in range(len(region))]
    of = " and ".join(dict.fromkeys(region.labels)) or region.KIND
    return _ranked(np.concatenate(pixels), f"colours of {of}")


def _ranked(pixels: np.ndarray, of: str) -> Labels:
    found = [(name, part) for name, part in share(pixels) if part >= LEAST][:MOST]
    texts = tuple(name for name, _ in found)
    return Labels(texts, np.array([part for _, part in found], np.float32), of)


def _ground_and_ink(image: Image, region: TextSpans | Codes) -> Labels:
    found = [text_pixels(image, region, row) for row in range(len(region))]
    ground = np.concatenate([text.ground for text in found])
    ink = np.concatenate([text.ink for text in found])
    texts = [share(pixels)[0][0] for pixels in (ground, ink) if len(pixels)]
    total = max(1, len(ground) + len(ink))
    scores = [len(pixels) / total for pixels in (ground, ink) if len(pixels)]
    return Labels(tuple(texts), np.array(scores, np.float32), "background, then letters")
