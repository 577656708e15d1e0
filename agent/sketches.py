"""Rough pictures of what a tool is making, kept small and few beside a run.

A call may show a picture at each of its steps; one is written every so often, as a small JPEG, and
its path goes with the next word of progress. Knows nothing of tools or of who looks.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

LONGEST = 320
"""Longest side of a sketch, pixels."""
QUALITY = 80
EVERY_SECONDS = 0.5
"""A call writes no more often."""
KEPT = 4
"""Files of one call; the oldest is written over."""

Write = Callable[[str, bytes], Path]
"""Name and content of a file of the run to where it lies."""


def small_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The sketch enlarged or reduced to `LONGEST`."""
    picture = PilImage.fromarray(pixels)
    scale = LONGEST / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    buffer = io.BytesIO()
    picture.resize(size, PilImage.Resampling.BICUBIC).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


class Sketches:
    """The sketches of one call. `show` and `taken` may be called from the tool's thread."""

    def __init__(self, write: Write | None, call: str) -> None:
        """Show nothing where there is nowhere to write."""
        self._write = write
        self._name = re.sub(r"[^\w.-]", "_", call)
        self._count = 0
        self._last = float("-inf")
        self._path = ""
        self._guard = threading.Lock()

    def show(self, pixels: NDArray[np.uint8]) -> None:
        """Take the latest picture; it is written where the last one is old enough."""
        now = time.monotonic()
        with self._guard:
            if self._write is None or now - self._last < EVERY_SECONDS:
                return
            self._last = now
            name = f"sketches/{self._name}-{self._count % KEPT}.jpg"
            self._path = str(self._write(name, small_jpeg(pixels)))
            self._count += 1

    def taken(self) -> str:
        """Path of a sketch that was not told of yet, '' where there is none."""
        with self._guard:
            path, self._path = self._path, ""
            return path
