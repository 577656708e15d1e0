"""Pixels that belong to a thing, sampled for its colour: of an object, and ground and ink of text.

A quad is sampled on a grid along its own axes, so turned text needs no warping. Boxes are sampled
on the ellipse within them, because the corners of an object's box show what is behind it. Knows
the colour words, not tools or models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.colorwords import lab, likeness
from tools.geometry import boxes_in, mask_in, to_image
from tools.places import corners_of
from tools.types import Codes, Image, Masks, Placed, TextSpans

Pixels = NDArray[np.uint8]
MARGIN = 0.35
"""How far around a text its ground is looked at, in heights of the text."""


@dataclass(frozen=True, eq=False)
class TextPixels:
    """Pixels in and around one text."""

    ground: Pixels
    """(n, 3) what it is written on."""
    ink: Pixels
    """(m, 3) the letters; empty where nothing stands out."""


def object_pixels(image: Image, things: Placed, row: int, most: int = 20_000) -> Pixels:
    """(n, 3) pixels of one object: its mask, its quad, or the ellipse in its box."""
    if isinstance(things, Masks):
        pixels = image.pixels[mask_in(image, things.masks[row])]
    elif isinstance(things, TextSpans | Codes):
        pixels = _sampled(image, corners_of(things)[row], 0.0)[0]
    else:
        pixels = _ellipse(image, boxes_in(image, things.xyxy[row])[0])
    step = max(1, len(pixels) // most)
    return np.asarray(pixels[::step])


def _ellipse(image: Image, xyxy: NDArray[np.float64]) -> Pixels:
    size = np.array(image.size_wh)
    x1, y1 = np.clip(np.floor(xyxy[:2]), 0, size - 1).astype(int)
    x2, y2 = np.clip(np.ceil(xyxy[2:]), [x1 + 1, y1 + 1], size).astype(int)
    part = image.pixels[y1:y2, x1:x2]
    ys, xs = np.ogrid[: part.shape[0], : part.shape[1]]
    u, v = (xs + 0.5) / part.shape[1] * 2 - 1, (ys + 0.5) / part.shape[0] * 2 - 1
    return np.asarray(part[u**2 + v**2 <= 1])


def _sampled(
    image: Image, corners: NDArray[np.float64], margin: float
) -> tuple[Pixels, NDArray[np.float64]]:
    """(n, 3) pixels on a grid over the quad, and (n, 2) where in it (0..1 is inside)."""
    quad = to_image(image, corners)
    wide = float(np.hypot(*(quad[1] - quad[0])))
    high = max(1.0, float(np.hypot(*(quad[3] - quad[0]))))
    columns, rows = int(np.clip(wide, 4, 256)), int(np.clip(high * (1 + 2 * margin), 6, 64))
    side = margin * high / max(wide, 1.0)
    u, v = np.meshgrid(
        np.linspace(-side, 1 + side, columns), np.linspace(-margin, 1 + margin, rows)
    )
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], axis=-1)
    xy = np.floor(weights.reshape(-1, 4) @ quad).astype(int)
    seen = ((xy >= 0) & (xy < image.size_wh)).all(axis=1)
    where = np.stack([u.ravel(), v.ravel()], axis=1)[seen]
    return image.pixels[xy[seen, 1], xy[seen, 0]], where


def text_pixels(image: Image, things: Placed, row: int, margin: float = MARGIN) -> TextPixels:
    """Ground and ink of one text. The ground is what its rim is mostly made of."""
    pixels, where = _sampled(image, corners_of(things)[row], margin)
    none = np.zeros((0, 3), np.uint8)
    if not len(pixels):
        return TextPixels(none, none)
    colours = lab(pixels)
    inside = ((where >= 0) & (where <= 1)).all(axis=1)
    rim = ((where < 0.1) | (where > 0.9)).any(axis=1) & (np.abs(where - 0.5) < 0.72).all(axis=1)
    distance = np.linalg.norm(colours - _commonest(colours[rim] if rim.any() else colours), axis=1)
    reach = float(np.quantile(distance[inside], 0.97)) if inside.any() else 0.0
    if reach < 12:
        return TextPixels(pixels, none)
    return TextPixels(pixels[distance < 0.4 * reach], pixels[inside & (distance > 0.85 * reach)])


def _commonest(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of the most crowded cell of Lab space, 12 units wide."""
    cells, owner, counts = np.unique(
        np.floor(colours / 12).astype(int), axis=0, return_inverse=True, return_counts=True
    )
    return np.asarray(np.median(colours[owner.ravel() == counts.argmax()], axis=0))


def ground_share(image: Image, things: Placed, row: int, wanted: str) -> float:
    """How much of a thing, or of what a text is written on, fits a colour word, 0 to 1."""
    if isinstance(things, TextSpans | Codes):
        pixels = text_pixels(image, things, row).ground
    else:
        pixels = object_pixels(image, things, row)
    return float(likeness(pixels, wanted).mean()) if len(pixels) else 0.0


def shaded_white(image: Image, things: Placed, row: int) -> bool:
    """Whether a text stands dark on a colourless ground: paper or a white sign in the shade."""
    found = text_pixels(image, things, row)
    if not len(found.ground) or not len(found.ink):
        return False
    ground, ink = np.median(lab(found.ground), axis=0), np.median(lab(found.ink), axis=0)
    return bool(np.hypot(*ground[1:]) < 10 and ground[0] > 30 and ground[0] - ink[0] > 20)


def ink_share(image: Image, things: Placed, row: int, wanted: str) -> float:
    """How much of a text's letters fits a colour word, 0 to 1."""
    pixels = text_pixels(image, things, row).ink
    return float(likeness(pixels, wanted).mean()) if len(pixels) else 0.0
