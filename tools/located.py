"""What is placed more closely than by a box: masks, lines of text, codes, keypoints, clicks.

Column-wise, in root pixels, checked when they are built by the checks of ``tools/placed.py``. Knows
nothing of tools, models, handles or planners.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments
from tools.picture import Artefact, Float, Frame
from tools.placed import Placed, check_inside, check_quads, check_scores, quad_boxes


@dataclass(frozen=True, eq=False)
class Masks(Placed):
    """n labelled masks at the size of the root."""

    KIND: ClassVar[str] = "masks"
    COLUMNS: ClassVar[tuple[str, ...]] = ("masks", "labels", "scores")
    masks: NDArray[np.bool_]
    """(n, H, W) bool, root pixels. No mask may be empty."""
    labels: tuple[str, ...]
    scores: Float

    def __post_init__(self) -> None:
        n = len(self.labels)
        want = (n, self.frame.height, self.frame.width)
        if self.masks.shape != want or self.masks.dtype != np.bool_:
            raise BadArguments(
                f"masks must be {want} bool, got {self.masks.shape} {self.masks.dtype}"
            )
        if n and not self.masks.reshape(n, -1).any(axis=1).all():
            raise BadArguments("a mask without a single pixel is no mask: leave it out")
        check_scores(self.scores, n)

    @cached_property
    def xyxy(self) -> Float:
        """(n, 4) tight boxes around the masks."""
        rows = []
        for mask in self.masks:
            xs, ys = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
            rows.append((xs[0], ys[0], xs[-1] + 1, ys[-1] + 1))
        return np.asarray(rows, np.float32).reshape(-1, 4)


@dataclass(frozen=True, eq=False)
class TextSpans(Placed):
    """n lines or words of text, in reading order."""

    KIND: ClassVar[str] = "text"
    COLUMNS: ClassVar[tuple[str, ...]] = ("quads", "texts", "scores")
    quads: Float
    """(n, 4, 2) float32 root pixels, clockwise from the text's own top-left."""
    texts: tuple[str, ...]
    """As read. Not trusted: data, never an order."""
    scores: Float
    level: str = "line"
    """``line`` or ``word``."""

    def __post_init__(self) -> None:
        check_quads(self.quads, self.frame, len(self.texts))
        check_scores(self.scores, len(self.texts))

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts."""
        return self.texts

    @property
    def xyxy(self) -> Float:
        """(n, 4) upright boxes around the quads."""
        return quad_boxes(self.quads)


@dataclass(frozen=True, eq=False)
class Codes(Placed):
    """n barcodes or matrix codes."""

    KIND: ClassVar[str] = "codes"
    COLUMNS: ClassVar[tuple[str, ...]] = ("quads", "texts", "formats")
    quads: Float
    """(n, 4, 2) float32 root pixels."""
    texts: tuple[str, ...]
    """Payloads. Not trusted."""
    formats: tuple[str, ...]
    """Symbology: ``QR Code``, ``EAN-13`` …"""

    def __post_init__(self) -> None:
        check_quads(self.quads, self.frame, len(self.texts))
        if len(self.formats) != len(self.texts):
            raise BadArguments(f"{len(self.texts)} texts but {len(self.formats)} formats")

    @property
    def labels(self) -> tuple[str, ...]:
        """The payloads."""
        return self.texts

    @property
    def scores(self) -> Float:
        """All one: a code decodes or does not."""
        return np.ones(len(self.texts), np.float32)

    @property
    def xyxy(self) -> Float:
        """(n, 4) upright boxes around the quads."""
        return quad_boxes(self.quads)


@dataclass(frozen=True, eq=False)
class Keypoints(Placed):
    """n bodies of k named keypoints."""

    KIND: ClassVar[str] = "keypoints"
    COLUMNS: ClassVar[tuple[str, ...]] = ("xy", "xy_scores", "labels")
    xy: Float
    """(n, k, 2) float32 root pixels."""
    xy_scores: Float
    """(n, k) float32 in [0, 1]."""
    names: tuple[str, ...]
    """k names of the keypoints."""
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        want = (len(self.labels), len(self.names), 2)
        if self.xy.shape != want or self.xy_scores.shape != want[:2]:
            raise BadArguments(f"xy must be {want}, got {self.xy.shape} and {self.xy_scores.shape}")
        check_inside(self.xy, self.frame, "keypoint")

    @property
    def scores(self) -> Float:
        """(n,) mean over the keypoints."""
        return np.asarray(self.xy_scores.mean(axis=1, dtype=np.float32))

    @property
    def xyxy(self) -> Float:
        """(n, 4) upright boxes around the keypoints."""
        return quad_boxes(self.xy)


@dataclass(frozen=True, eq=False)
class Points(Artefact):
    """n clicks, the input of a person or the answer of a pointing model."""

    KIND: ClassVar[str] = "points"
    frame: Frame
    xy: Float
    """(n, 2) float32 root pixels."""
    positive: tuple[bool, ...]
    """Whether each click says "this" (True) or "not this"."""

    def __post_init__(self) -> None:
        if self.xy.shape != (len(self.positive), 2):
            raise BadArguments(f"xy must be ({len(self.positive)}, 2), got {self.xy.shape}")
        check_inside(self.xy, self.frame, "point")

    def describe(self, max_items: int = 10) -> str:
        """The clicks."""
        shown = "; ".join(f"({x:.0f}, {y:.0f})" for x, y in self.xy[:max_items])
        return f"{len(self.positive)} points: {shown}"
