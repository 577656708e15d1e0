"""zxing-cpp: decodes barcodes and matrix codes of every common symbology.

The first look tries the picture as it is; where nothing is found, enlarged, contrasted, blurred,
turned and tiled versions follow until one decodes. Knows nothing of what payloads mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import geometry
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.types import Codes, Image

Pixels = NDArray[np.uint8]
UNCHECKED = ("ITF", "Codabar", "Code 39", "Telepen", "DX Film Edge", "EAN-2", "EAN-5")
"""Symbologies without a check digit: stripes in a photo can look like a short one."""
MIN_UNCHECKED = 5
"""Characters from which such a reading is believed."""
SMALL_PX = 1600
"""Longer side up to which a picture is enlarged for the second look."""
LARGE_PX = 2400
"""Longer side above which parts are enlarged instead of the whole."""
TURNS_DEG = (20.0, -20.0, 45.0)
NAMES = {
    "ISBN": "EAN-13", "QR Code Model 2": "QR Code", "Aztec Code": "Aztec",
    "Code 39 Standard": "Code 39", "Compact PDF417": "PDF417",
}  # fmt: skip
"""Sub-kinds that people know by a plainer name."""


@dataclass(frozen=True, eq=False)
class Code:
    """One decoded code, in root pixels."""

    quad: NDArray[np.float32]
    text: str
    format: str


class Decoder:
    """Reads codes; keeps no state."""

    def __call__(self, image: Image, *, cancel: CancelToken) -> Codes:
        """All codes in `image`, in root pixels, top to bottom."""
        found: list[Code] = []
        for view in _first_views(image):
            cancel.check()
            _add(found, _decode(view))
        views = iter(()) if found else _second_views(image)
        for view in views:
            cancel.check()
            _add(found, _decode(view))
            if found:
                break
        found.sort(key=lambda code: (float(code.quad[:, 1].min()), float(code.quad[:, 0].min())))
        quads = np.array([code.quad for code in found], np.float32).reshape(-1, 4, 2)
        texts = tuple(code.text for code in found)
        return Codes(image.frame, quads, texts, tuple(code.format for code in found))


def _first_views(image: Image) -> Iterator[Image]:
    yield image
    longer = max(image.size_wh)
    if longer <= SMALL_PX:
        yield geometry.scale(image, 2.0)
    elif longer > LARGE_PX:
        yield geometry.scale(image, 0.5 * LARGE_PX / longer)


def _second_views(image: Image) -> Iterator[Image]:
    """Versions of `image` in which a code that hid may show, the likeliest first."""
    longer = max(image.size_wh)
    whole = image if longer <= SMALL_PX else geometry.scale(image, SMALL_PX / longer)
    sizes = [whole]
    if longer <= SMALL_PX:
        sizes = [geometry.scale(image, 2.0), image]
    if longer <= SMALL_PX / 2:
        sizes.insert(1, geometry.scale(image, 3.0))
    for view in sizes:
        for change in (_contrasted, _sharpened, _thresholded, _blurred, _opened):
            yield _changed(view, change)
    for degrees in TURNS_DEG:
        yield geometry.rotate(sizes[0], degrees)
    if longer > 600:
        for part in _parts(image):
            near = geometry.scale(part, 2.0) if longer <= SMALL_PX else part
            yield near
            yield _changed(near, _contrasted)


def _parts(image: Image) -> Iterator[Image]:
    """Nine overlapping parts, each half as wide and high as `image`."""
    w, h = image.size_wh
    for row in range(3):
        for column in range(3):
            box = np.array([column * w, row * h, (column + 2) * w, (row + 2) * h]) / 4
            corners = geometry.to_root(image, geometry.box_corners(box))
            yield geometry.crop(image, geometry.around(corners)[0])


def _changed(image: Image, change: Callable[[Pixels], Pixels]) -> Image:
    import cv2

    grey = np.asarray(cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return image.with_pixels(np.repeat(change(grey)[:, :, None], 3, axis=2))


def _contrasted(grey: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(grey), np.uint8)


def _sharpened(grey: Pixels) -> Pixels:
    import cv2

    soft = cv2.GaussianBlur(grey, (0, 0), 3)
    return np.asarray(cv2.addWeighted(grey, 2.5, soft, -1.5, 0), np.uint8)


def _thresholded(grey: Pixels) -> Pixels:
    import cv2

    method = cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    return np.asarray(cv2.adaptiveThreshold(grey, 255, method, cv2.THRESH_BINARY, 41, 7), np.uint8)


def _blurred(grey: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.GaussianBlur(grey, (5, 5), 0), np.uint8)


def _opened(grey: Pixels) -> Pixels:
    """Gaps between the dots of a dotted code filled."""
    import cv2

    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)


def _decode(view: Image) -> list[Code]:
    import zxingcpp

    grey = np.ascontiguousarray(
        (view.pixels @ np.array([0.299, 0.587, 0.114], np.float32)).round().astype(np.uint8)
    )
    codes = []
    for binarizer in (zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram):
        for found in zxingcpp.read_barcodes(
            grey, text_mode=zxingcpp.TextMode.Plain, binarizer=binarizer
        ):
            code = _upc(Code(_quad(view, found.position), found.text, _name(found)))
            if _believed(code):
                codes.append(code)
    return codes


def _name(found: Any) -> str:
    name = str(found.format)
    return NAMES.get(name, name)


def _quad(view: Image, position: Any) -> NDArray[np.float32]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    placed = geometry.place_quads(view, [[(p.x, p.y) for p in corners]])
    return np.asarray(placed[0], np.float32)


def _upc(code: Code) -> Code:
    """An EAN-13 that begins with 0 is printed and known as the UPC-A of its other 12 digits."""
    if code.format == "EAN-13" and len(code.text) == 13 and code.text.startswith("0"):
        return Code(code.quad, code.text[1:], "UPC-A")
    return code


def _believed(code: Code) -> bool:
    weak = code.format.startswith(UNCHECKED)
    return bool(code.text.strip()) and not (weak and len(code.text) < MIN_UNCHECKED)


def _add(found: list[Code], more: list[Code]) -> None:
    """Add those of `more` that are not in `found` yet, the same payload at the same place."""
    for code in more:
        centre = code.quad.mean(axis=0)
        for other in found:
            reach = 0.5 * float(np.ptp(other.quad, axis=0).max()) + 2
            near = float(np.abs(other.quad.mean(axis=0) - centre).max()) <= reach
            if near and (code.text, code.format) == (other.text, other.format):
                break
        else:
            found.append(code)


MODEL = ModelSpec(
    name="zxing",
    ability="read_codes",
    licence="Apache-2.0",
    load=Decoder,
    version="zxing-cpp-3-1",
    modules=("zxingcpp", "cv2"),
    memory_mb=20.0,
    notes="QR (Micro, rMQR), Data Matrix, Aztec, PDF417, MaxiCode, EAN/UPC, Code 39/93/128, ITF, "
    "Codabar, DataBar; not damaged beyond its error correction, not strongly curled.",
)
