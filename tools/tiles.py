"""Large pictures worked on in tiles that overlap, so that memory stays bounded and no seam shows.

Knows nothing of what is done to a tile.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tools.context import CancelToken

Pixels = NDArray[np.uint8]
"""(h, w, 3) RGB."""
OnTile = Callable[[int, int], None]
"""Hears the number of tiles that are done and of all."""


def tiled(
    pixels: Pixels,
    enlarge: Callable[[Pixels], Pixels],
    factor: int,
    tile: int,
    overlap: int,
    cancel: CancelToken,
    on_tile: OnTile | None = None,
) -> Pixels:
    """`pixels` through `enlarge`, which makes parts `factor` times as wide and as high.

    Args:
        pixels: the picture.
        enlarge: makes from a part at most `tile` wide and high the larger part.
        factor: how many times larger.
        tile: the longest side that `enlarge` is given.
        overlap: what each part holds beyond its own on every side, cut off again afterwards.
        cancel: stops between tiles.
        on_tile: hears how many are done.

    Raises:
        Cancelled: the run was stopped.
    """
    height, width = pixels.shape[:2]
    rows, columns = _cuts(height, tile, overlap), _cuts(width, tile, overlap)
    made = np.empty((height * factor, width * factor, 3), np.uint8)
    done = 0
    for top, bottom in rows:
        for left, right in columns:
            cancel.check()
            up, aside = max(0, top - overlap), max(0, left - overlap)
            large = enlarge(pixels[up : bottom + overlap, aside : right + overlap])
            y, x = (top - up) * factor, (left - aside) * factor
            high, wide = (bottom - top) * factor, (right - left) * factor
            made[top * factor : bottom * factor, left * factor : right * factor] = large[
                y : y + high, x : x + wide
            ]
            done += 1
            if on_tile is not None:
                on_tile(done, len(rows) * len(columns))
    cancel.check()
    return made


def _cuts(length: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """Where the parts begin and end; one part where the whole fits a tile."""
    if length <= tile:
        return [(0, length)]
    count = -(-length // (tile - 2 * overlap))
    at = [round(i * length / count) for i in range(count + 1)]
    return list(zip(at[:-1], at[1:], strict=True))
