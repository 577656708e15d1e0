"""Placed things as areas of a picture's own pixels, for tools that change what lies inside.

A line of text or a code keeps its slanted outline, a mask its shape, anything else its box. Knows
nothing of what is done to the area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments
from tools.geometry import box_corners, mask_in, to_image
from tools.types import Image, Masks, Placed

Area = NDArray[np.bool_]
"""(H, W) bool at the size of a picture."""


def check_same_picture(image: Image, region: Placed) -> None:
    """Refuse a region that was found in another picture.

    Raises:
        BadArguments: the roots differ.
    """
    if image.frame.root != region.frame.root:
        raise BadArguments(
            f"the region lies in another picture (of {region.frame}) than the one given "
            f"(of {image.frame})",
            hint="Find the region in the picture it is used on",
        )


def outlines(image: Image, region: Placed, slanted: bool = True) -> NDArray[np.float64]:
    """(n, 4, 2) corners of the things in `image`'s pixels: quads where `slanted` and known."""
    quads = getattr(region, "quads", None)
    corners = box_corners(region.xyxy) if quads is None or not slanted else quads
    return to_image(image, np.asarray(corners, np.float64).reshape(-1, 4, 2))


def short_side(quad: NDArray[np.float64]) -> float:
    """The shorter of the two mean side lengths of a quad (4, 2), pixels."""
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)


def areas_of(
    image: Image, region: Placed, grow: float, ellipse: bool = False, slanted: bool = True
) -> list[tuple[Area, float]]:
    """(area, short side in pixels) of each thing that `image` shows, in the order of `region`.

    Each is grown on every side by `grow` times its short side, and by one pixel at least.
    """
    check_same_picture(image, region)
    found = []
    for row, quad in enumerate(outlines(image, region, slanted)):
        short = max(1.0, short_side(quad))
        margin = max(1.0, grow * short)
        if isinstance(region, Masks) and slanted and not ellipse:
            area = _dilated(mask_in(image, region.masks[row]), margin)
        else:
            area = _drawn(image, quad, margin, ellipse)
        if area.any():
            found.append((area, short))
    return found


def _drawn(image: Image, quad: NDArray[np.float64], margin: float, ellipse: bool) -> Area:
    import cv2

    centre = quad.mean(axis=0)
    along, across = quad[1] - quad[0], quad[3] - quad[0]
    width, height = (max(1.0, float(np.linalg.norm(side))) for side in (along, across))
    canvas = np.zeros((image.height, image.width), np.uint8)
    if ellipse:
        turn = np.linspace(0, 2 * np.pi, 128, endpoint=False)[:, None]
        x, y = along * (0.5 + margin / width), across * (0.5 + margin / height)
        points = centre + np.cos(turn) * x + np.sin(turn) * y
    else:
        steps = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * margin
        points = quad + steps[:, :1] * along / width + steps[:, 1:] * across / height
    # Pixel (0, 0) covers (0, 0) to (1, 1), while OpenCV speaks of pixel centres.
    fixed = np.round((points - 0.5) * 256).astype(np.int32)
    return np.asarray(cv2.fillPoly(canvas, [fixed], 1, shift=8) > 0)


def _dilated(area: Area, margin: float) -> Area:
    import cv2

    size = 2 * max(1, round(margin)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(area.astype(np.uint8), kernel) > 0)
