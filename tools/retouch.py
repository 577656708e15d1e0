"""Edits of pixels, each a pure function ``(pixels, Wish) -> pixels`` of the same size.

What amounts mean, their ranges and defaults stand in ``AMOUNTS``. Knows nothing of regions,
artefacts, tools or models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageEnhance, ImageOps

from tools.colorwords import white_balanced

Pixels = NDArray[np.uint8]
Real = NDArray[np.float32]


@dataclass(frozen=True)
class Amount:
    """What the amount of an operation means."""

    unit: str
    low: float
    high: float
    default: float


AMOUNTS: dict[str, Amount] = {
    "brightness": Amount("times as bright", 0, 5, 1.3),
    "contrast": Amount("times the contrast", 0, 5, 1.3),
    "saturation": Amount("times the saturation", 0, 5, 1.4),
    "sharpen": Amount("strength, 1 is usual", 0, 5, 1),
    "smooth": Amount("radius in pixels, 0 = by picture size", 0, 200, 0),
    "blur_background": Amount("radius in pixels, 0 = by picture size", 0, 200, 0),
    "denoise": Amount("strength, 5 light to 20 strong", 1, 40, 7),
    "tint": Amount("share of the colour, 0 to 1", 0, 1, 0.3),
    "posterize": Amount("levels of each channel", 2, 64, 5),
    "threshold": Amount("luma in %, 0 = chosen by Otsu's rule", 0, 100, 0),
    "equalize": Amount("limit of contrast, 2 is usual", 0.5, 10, 2),
    "warmth": Amount("from -1, bluish, to 1, reddish", -1, 1, 0.5),
}
"""Operations that take an amount. The others ignore it."""


@dataclass(frozen=True, eq=False)
class Wish:
    """What an edit may ask for."""

    amount: float
    rgb: tuple[int, int, int]
    mask: NDArray[np.bool_]
    """(H, W) where the edit applies, or what it is about."""


def radius_px(pixels: Pixels, amount: float) -> float:
    """The given radius, or one that shows at this picture's size."""
    return amount or max(2.0, max(pixels.shape[:2]) / 120)


def gray(pixels: Pixels, wish: Wish) -> Pixels:
    """Luma in all channels."""
    return np.asarray(PilImage.fromarray(pixels).convert("L").convert("RGB"))


def brightness(pixels: Pixels, wish: Wish) -> Pixels:
    """Every channel times the amount."""
    return np.asarray(ImageEnhance.Brightness(PilImage.fromarray(pixels)).enhance(wish.amount))


def contrast(pixels: Pixels, wish: Wish) -> Pixels:
    """Distance from the mean luma times the amount."""
    return np.asarray(ImageEnhance.Contrast(PilImage.fromarray(pixels)).enhance(wish.amount))


def saturation(pixels: Pixels, wish: Wish) -> Pixels:
    """Distance from grey times the amount."""
    return np.asarray(ImageEnhance.Color(PilImage.fromarray(pixels)).enhance(wish.amount))


def sharpen(pixels: Pixels, wish: Wish) -> Pixels:
    """Unsharp mask."""
    soft = _gauss(pixels.astype(np.float32), max(1.0, max(pixels.shape[:2]) / 1000))
    return _bytes(pixels + wish.amount * (pixels - soft))


def smooth(pixels: Pixels, wish: Wish) -> Pixels:
    """Gaussian blur."""
    return _bytes(_gauss(pixels.astype(np.float32), radius_px(pixels, wish.amount)))


def blur_background(pixels: Pixels, wish: Wish) -> Pixels:
    """Everything but the mask blurred; the thing's own colour does not bleed out of it."""
    sigma = radius_px(pixels, wish.amount)
    around = (~wish.mask).astype(np.float32)[..., None]
    weight = _gauss(around, sigma).reshape(around.shape)
    soft = _gauss(pixels * around, sigma) / np.maximum(weight, 1e-4)
    return np.where(wish.mask[..., None], pixels, _bytes(soft))


def invert(pixels: Pixels, wish: Wish) -> Pixels:
    """The negative."""
    return np.asarray(255 - pixels, np.uint8)


def sepia(pixels: Pixels, wish: Wish) -> Pixels:
    """Brown tones of an old print."""
    tones = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return _bytes(pixels @ tones.T)


def sketch(pixels: Pixels, wish: Wish) -> Pixels:
    """Pencil drawing: luma divided by its blurred self."""
    luma = np.asarray(PilImage.fromarray(pixels).convert("L"), np.float32)
    soft = _gauss(luma, max(3.0, max(luma.shape) / 150))
    lines = np.clip(luma / np.maximum(soft, 1), 0, 1) ** 1.5
    return _bytes(np.repeat(lines[..., None] * 255, 3, axis=2))


def watercolor(pixels: Pixels, wish: Wish) -> Pixels:
    """Flat washes that darken along their edges, on grained paper."""
    import cv2

    size = max(3, max(pixels.shape[:2]) // 200 | 1)
    flat = cv2.medianBlur(pixels, min(size, 31))
    flat = cv2.edgePreservingFilter(flat, flags=cv2.RECURS_FILTER, sigma_s=60, sigma_r=0.45)
    wash = np.asarray(flat, np.float32)
    rims = np.clip(_gauss(wash, size) - wash, -20, 20)
    paper = np.random.default_rng(0).normal(0, 1, pixels.shape[:2]).astype(np.float32)
    grain = _gauss(paper, 1.0)[..., None] * 12
    light = 255 - (255 - wash + 0.8 * np.abs(rims)) * 0.88 + grain
    return saturation(_bytes(light), Wish(1.3, wish.rgb, wish.mask))


def cartoon(pixels: Pixels, wish: Wish) -> Pixels:
    """Flat colours and dark outlines."""
    import cv2

    flat = cv2.bilateralFilter(pixels, 9, 60, 7)
    luma = cv2.medianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), 5)
    lines = cv2.adaptiveThreshold(
        luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 5
    )  # fmt: skip
    levels = np.round(np.asarray(flat, np.float32) / 32) * 32
    return _bytes(levels * (np.asarray(lines)[..., None] > 0))


def equalize(pixels: Pixels, wish: Wish) -> Pixels:
    """Local contrast evened out (CLAHE on lightness)."""
    import cv2

    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(wish.amount, (8, 8)).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def denoise(pixels: Pixels, wish: Wish) -> Pixels:
    """Non-local means."""
    import cv2

    clean = cv2.fastNlMeansDenoisingColored(pixels, None, wish.amount, wish.amount, 7, 15)
    return np.asarray(clean, np.uint8)


def posterize(pixels: Pixels, wish: Wish) -> Pixels:
    """Few levels of each channel."""
    steps = 255 / (round(wish.amount) - 1)
    return _bytes(np.round(pixels / steps) * steps)


def threshold(pixels: Pixels, wish: Wish) -> Pixels:
    """Pure black and white."""
    luma = np.asarray(PilImage.fromarray(pixels).convert("L"), np.float32)
    limit = wish.amount * 2.55 or _otsu(luma)
    return np.repeat(np.where(luma > limit, 255, 0).astype(np.uint8)[..., None], 3, axis=2)


def _otsu(luma: Real) -> float:
    if luma.min() == luma.max():
        return 127.0
    from skimage import filters

    otsu: Any = filters.threshold_otsu
    return float(otsu(luma))


def autocontrast(pixels: Pixels, wish: Wish) -> Pixels:
    """Darkest to black and brightest to white."""
    return np.asarray(ImageOps.autocontrast(PilImage.fromarray(pixels), cutoff=0.5))


def white_balance(pixels: Pixels, wish: Wish) -> Pixels:
    """The cast of the light taken out."""
    return white_balanced(pixels)


def warmth(pixels: Pixels, wish: Wish) -> Pixels:
    """Red against blue, as the light of a lamp or of the shade has it."""
    gains = np.array([1 + 0.25 * wish.amount, 1.0, 1 - 0.25 * wish.amount], np.float32)
    return _bytes(pixels * gains)


def tint(pixels: Pixels, wish: Wish) -> Pixels:
    """Mixed with one colour."""
    return _bytes((1 - wish.amount) * pixels + wish.amount * np.array(wish.rgb, np.float32))


def recolor(pixels: Pixels, wish: Wish) -> Pixels:
    """Another colour under the same light: shading and highlights stay.

    Luminance relative to the median of the masked part shades the new colour; what is brighter
    than full goes over into white.
    """
    linear = _linear(pixels)
    light = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    usual = max(float(np.median(light[wish.mask])) if wish.mask.any() else 0.5, 0.02)
    new = np.clip(_linear(np.array(wish.rgb, np.uint8)), 0.008, 0.9)
    shaded = (light / usual)[..., None] * new
    over = np.clip(shaded.max(axis=2, keepdims=True) - 1, 0, 1) * 0.6
    shaded = np.clip(shaded, 0, 1) * (1 - over) + over
    encoded = np.where(shaded <= 0.0031308, shaded * 12.92, 1.055 * shaded ** (1 / 2.4) - 0.055)
    return _bytes(encoded * 255)


def _linear(rgb: Pixels) -> Real:
    c = rgb.astype(np.float32) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _gauss(values: Real, sigma: float) -> Real:
    import cv2

    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


EDITS: dict[str, Callable[[Pixels, Wish], Pixels]] = {
    edit.__name__: edit
    for edit in (
        gray, brightness, contrast, saturation, sharpen, smooth, blur_background, invert, sepia,
        sketch, watercolor, cartoon, equalize, denoise, posterize, threshold, autocontrast,
        white_balance, warmth, tint, recolor,
    )
}  # fmt: skip
"""Every edit by its name."""
