"""Numbers that say how a picture looks: light, contrast, sharpness, colour, noise.

Each is a pure function of pixels; thresholds and words are the business of whoever shows them.
Knows nothing of artefacts, tools or models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

Pixels = NDArray[np.uint8]
Real = NDArray[np.float32]
LONGEST = 1024
"""Pixels of the longer side at which sharpness and noise are judged."""


def grey(pixels: Pixels) -> Real:
    """(H, W) luma 0..255 (BT.601)."""
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def brightness(pixels: Pixels) -> float:
    """Mean luma, 0 to 100 %."""
    return float(grey(pixels).mean() / 2.55)


def highlight(pixels: Pixels) -> float:
    """The luma that 99 % of the pixels stay under, 0 to 100 %."""
    return float(np.percentile(grey(pixels), 99) / 2.55)


def contrast(pixels: Pixels) -> float:
    """Standard deviation of luma, in % of the whole range."""
    return float(grey(pixels).std() / 2.55)


def clipped(pixels: Pixels) -> tuple[float, float]:
    """Shares of pixels (%) that are wholly dark and wholly bright."""
    luma = grey(pixels)
    return float((luma <= 4).mean() * 100), float((luma >= 251).mean() * 100)


def _judged(pixels: Pixels) -> Real:
    """Luma at a common size, so that numbers of different pictures compare."""
    height, width = pixels.shape[:2]
    factor = LONGEST / max(width, height)
    picture = PilImage.fromarray(pixels)
    if factor < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        picture = picture.resize(size, PilImage.Resampling.BOX)
    return grey(np.asarray(picture))


def sharpness(pixels: Pixels) -> float:
    """Variance of the Laplacian over the variance of the picture, at a common size, times 1000.

    The plain variance of the Laplacian grows with contrast; the quotient does not.
    """
    luma = _judged(pixels)
    if min(luma.shape) < 3:
        return 0.0
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    spread = float(luma.var())
    return float((around - 4 * middle).var() / spread * 1000) if spread > 1 else 0.0


def blur(pixels: Pixels) -> float:
    """Crété's blur measure at a common size: 0 crisp to 1 blurred away."""
    from skimage import measure

    crete: Any = measure.blur_effect
    luma = _judged(pixels)
    if min(luma.shape) < 16 or luma.std() < 1:
        return 0.0
    return float(crete(luma / 255, h_size=11))


def noise(pixels: Pixels) -> float:
    """Standard deviation of the noise in grey levels (Donoho's wavelet estimate)."""
    luma = grey(pixels)
    height, width = (side // 2 * 2 for side in luma.shape)
    if not height or not width:
        return 0.0
    a, b = luma[0:height:2, 0:width:2], luma[0:height:2, 1:width:2]
    c, d = luma[1:height:2, 0:width:2], luma[1:height:2, 1:width:2]
    return float(np.median(np.abs(a - b - c + d) / 2) / 0.6745)


def colorfulness(pixels: Pixels) -> float:
    """Hasler and Süsstrunk (2003): 0 grey, 15 slight, 33 moderate, 59 strong, over 80 extreme."""
    r, g, b = (pixels[..., i].astype(np.float32) for i in range(3))
    red_green, yellow_blue = r - g, (r + g) / 2 - b
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def cast(pixels: Pixels) -> tuple[float, float]:
    """Mean a* and b* of the lighter, duller half of the pixels: where the light leans."""
    from tools.colorwords import lab

    step = max(1, int((pixels.shape[0] * pixels.shape[1] / 60_000) ** 0.5))
    colours = lab(pixels[::step, ::step].reshape(-1, 3))
    chroma = np.hypot(colours[:, 1], colours[:, 2])
    dull = (colours[:, 0] > 30) & (chroma <= np.median(chroma))
    if not dull.any():
        return 0.0, 0.0
    return float(colours[dull, 1].mean()), float(colours[dull, 2].mean())
