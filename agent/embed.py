"""Pictures as data addresses, small enough to be part of a page.

Knows nothing of reports.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as PilImage

from tools.types import Image

PICTURE_BYTES = 300_000
"""Largest picture in a report."""
SIZES = ((1600, 85), (1280, 82), (1024, 78), (800, 72), (640, 60))
"""(longest side, JPEG quality) that are tried in this order."""
THUMB_PX = 88


def thumbnail(picture: Image, box: Sequence[float]) -> str:
    """What is in a box, with a small margin."""
    pad = 0.06 * max(box[2] - box[0], box[3] - box[1])
    x1, y1 = max(0, int(box[0] - pad)), max(0, int(box[1] - pad))
    x2, y2 = int(box[2] + pad) + 1, int(box[3] + pad) + 1
    part = picture.pixels[y1 : min(y2, picture.height), x1 : min(x2, picture.width)]
    if not part.size:
        return ""
    shown = PilImage.fromarray(part)
    shown.thumbnail((3 * THUMB_PX, 2 * THUMB_PX))
    return _address(shown, 80)


def _address(picture: PilImage.Image, quality: int) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def file_address(path: str) -> str:
    """A small JPEG file as a data address, '' where it is gone or large."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return ""
    if len(data) > PICTURE_BYTES:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


def picture_address(image: Image) -> str:
    """A picture as a data address of at most `PICTURE_BYTES`."""
    full = PilImage.fromarray(image.pixels)
    if image.width * image.height <= 250_000:
        buffer = io.BytesIO()
        full.save(buffer, "PNG", compress_level=6)
        if len(buffer.getvalue()) * 4 / 3 <= PICTURE_BYTES / 2:
            return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    address = ""
    for longest, quality in SIZES:
        shown = full.copy()
        shown.thumbnail((longest, longest), reducing_gap=2.0)
        address = _address(shown, quality)
        if len(address) <= PICTURE_BYTES:
            break
        full = shown
    return address
