"""A picture, the frame it lies in, and what every artefact can do.

A picture carries the affine map from its own pixels to its root, so that what is found in a crop of
a zoom of a rotation is said in root pixels (the convention stands in ``tools/types.py``). Knows of no
other artefact, and nothing of tools, models or handles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments

Float = NDArray[np.float32]
Affine = NDArray[np.float64]
"""(2, 3): maps column (x, y, 1) of an image's pixels to root pixels."""


@dataclass(frozen=True)
class Frame:
    """The coordinate frame of one root image."""

    root: str
    """SHA-256 (hex) of the root picture's pixels: its identity."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    def __str__(self) -> str:
        return f"{self.width}×{self.height} px"


class Artefact:
    """What every artefact can do: name its kind, speak one sentence, show itself."""

    KIND: ClassVar[str] = "artefact"
    """Stem of the handle: ``boxes`` gives ``boxes1``."""

    def describe(self, max_items: int = 10) -> str:
        """One sentence for a planner or a person; says how many of how many are shown."""
        raise NotImplementedError

    def draw(self, on: Image) -> Image:
        """`on` with this artefact drawn over it; the same picture where there is nothing to draw."""
        from tools.draw import overlay

        return overlay(on, self)


@dataclass(frozen=True, eq=False)
class Image(Artefact):
    """A picture and where it lies in its root."""

    KIND: ClassVar[str] = "img"
    pixels: NDArray[np.uint8]
    """(H, W, 3) RGB, read-only."""
    frame: Frame
    """The root's frame."""
    to_root: Affine
    """Affine map from this picture's pixel coordinates to the root's."""
    name: str = ""
    """Where it came from, for people. Not trusted."""
    info: tuple[tuple[str, str], ...] = ()
    """(key, value) facts of the file: format, EXIF, GPS, frames. Not trusted."""

    def __post_init__(self) -> None:
        p = self.pixels
        if p.ndim != 3 or p.shape[2] != 3 or p.dtype != np.uint8:
            raise BadArguments(f"pixels must be (H, W, 3) uint8, got {p.shape} {p.dtype}")
        if p.size == 0:
            raise BadArguments(f"an image must have at least one pixel, got {p.shape}")
        if self.to_root.shape != (2, 3) or not np.isfinite(self.to_root).all():
            raise BadArguments(f"to_root must be a finite (2, 3) affine, got {self.to_root.shape}")
        p.flags.writeable = False

    @classmethod
    def as_root(
        cls, pixels: NDArray[np.uint8], name: str = "", info: Sequence[tuple[str, str]] = ()
    ) -> Self:
        """A picture that is its own root. pixels: (H, W, 3) RGB uint8."""
        pixels = np.ascontiguousarray(pixels)
        frame = Frame(pixels_sha256(pixels), pixels.shape[1], pixels.shape[0])
        return cls(pixels, frame, np.eye(2, 3), name, tuple(info))

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    @cached_property
    def sha256(self) -> str:
        """Hex digest of shape and pixels: the same picture has the same name everywhere."""
        return pixels_sha256(self.pixels)

    @property
    def is_root(self) -> bool:
        """Whether the pixels cover the root frame one to one (edits included)."""
        return self.size_wh == self.frame.size_wh and bool(np.allclose(self.to_root, np.eye(2, 3)))

    def with_pixels(self, pixels: NDArray[np.uint8]) -> Self:
        """The same place in the same root, other pixels of the same size (an edit)."""
        if pixels.shape != self.pixels.shape:
            raise BadArguments(f"an edit must keep {self.pixels.shape}, got {pixels.shape}")
        return replace(self, pixels=np.ascontiguousarray(pixels))

    def describe(self, max_items: int = 10) -> str:
        """Size, and where a part lies in its root."""
        text = f"picture of {self.width}×{self.height} px"
        return text if self.is_root else f"{text}, a view of a root of {self.frame}"


def pixels_sha256(pixels: NDArray[np.uint8]) -> str:
    """Hex SHA-256 over shape and bytes of an array of pixels."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
