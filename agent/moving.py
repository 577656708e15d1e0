"""Clips as moving pictures: animated WebP, small enough to be part of a page.

Knows nothing of reports, runs or how a clip came about.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image as PilImage

from tools.types import Clip

FILM_PX = 720
"""Longest side of a film that a run writes."""
ADDRESS_BYTES = 1_500_000
"""Largest film in a report."""
ADDRESS_SIZES = ((480, 60), (360, 50), (240, 40), (160, 30))
"""(longest side, quality) that are tried in this order."""
SHORTEST_MS, LONGEST_MS = 40, 2000
"""A frame is shown no shorter and no longer: a slow film of few frames is still looked at."""


def animated(clip: Clip, longest: int = FILM_PX, quality: int = 70) -> bytes:
    """The clip as an animated WebP at its own pace."""
    pictures = []
    for pixels in clip.frames:
        picture = PilImage.fromarray(pixels)
        picture.thumbnail((longest, longest), reducing_gap=2.0)
        pictures.append(picture)
    steps = np.diff(clip.seconds).tolist() or [1.0]
    pace = [round(min(LONGEST_MS, max(SHORTEST_MS, 1000 * s))) for s in (*steps, steps[-1])]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "WEBP", save_all=True, append_images=pictures[1:], loop=0, method=0,
        quality=quality, duration=pace[: len(pictures)] if len(pictures) > 1 else pace[0],
    )  # fmt: skip
    return buffer.getvalue()


def clip_address(clip: Clip) -> str:
    """The clip as a data address of at most `ADDRESS_BYTES`, or as small as it can be made."""
    data = b""
    for longest, quality in ADDRESS_SIZES:
        data = animated(clip, longest, quality)
        if len(data) <= ADDRESS_BYTES * 3 / 4:
            break
    return "data:image/webp;base64," + base64.b64encode(data).decode()
