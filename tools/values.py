"""What is found about a whole picture or film: names, words, numbers, tables, depth, vectors.

These artefacts are values rather than things with a place, though a table may know the boxes of its
cells. Knows nothing of tools, models, handles or planners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments
from tools.picture import Artefact, Float, Frame, Image
from tools.placed import Boxes, check_scores


@dataclass(frozen=True, eq=False)
class Labels(Artefact):
    """Ranked names for a whole picture or region: colours, tags, classes."""

    KIND: ClassVar[str] = "labels"
    texts: tuple[str, ...]
    scores: Float
    """(n,) float32 in [0, 1]: a share or a probability, best first."""
    of: str = ""
    """What is named, in words."""

    def __post_init__(self) -> None:
        check_scores(self.scores, len(self.texts))

    def describe(self, max_items: int = 10) -> str:
        """Names with their scores."""
        pairs = zip(self.texts, self.scores, strict=True)
        shown = ", ".join(f"{t} {s:.0%}" for t, s in list(pairs)[:max_items])
        return f"{self.of or 'labels'}: {shown or 'none'}"


@dataclass(frozen=True, eq=False)
class Text(Artefact):
    """One text: a caption, a fact in words, a comparison."""

    KIND: ClassVar[str] = "note"
    value: str
    of: str = ""
    """What it is about, in words."""

    def describe(self, max_items: int = 10) -> str:
        """The text itself."""
        return f"{self.of}: {self.value}" if self.of else self.value


@dataclass(frozen=True, eq=False)
class Number(Artefact):
    """One measured or counted value."""

    KIND: ClassVar[str] = "number"
    value: float
    unit: str = ""
    """``px``, ``°``, ``%``, a currency, or a noun that was counted."""
    of: str = ""
    """What was measured, in words."""

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise BadArguments(f"a number must be finite, got {self.value!r}")

    def describe(self, max_items: int = 10) -> str:
        """What, value and unit."""
        value = f"{self.value:g}" if abs(self.value) < 1e15 else f"{self.value:.6g}"
        return f"{self.of or 'value'}: {value} {self.unit}".strip()


@dataclass(frozen=True, eq=False)
class Table(Artefact):
    """Rows of text cells, each with its box where it was read from a picture."""

    KIND: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    frame: Frame | None = None
    cells: Float | None = None
    """(rows, columns, 4) float32 root pixels; NaN rows where a cell has no place."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise BadArguments(f"row {row!r} does not have {len(self.columns)} cells")
        want = (len(self.rows), len(self.columns), 4)
        if self.cells is not None and (self.frame is None or self.cells.shape != want):
            raise BadArguments(f"cells must be {want} in a frame, got {self.cells.shape}")

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, str]]:
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def box(self, row: int, column: int) -> Boxes | None:
        """The box of one cell, None where it has no place."""
        if self.cells is None or self.frame is None or np.isnan(self.cells[row, column]).any():
            return None
        place = self.cells[row, column][None].astype(np.float32)
        return Boxes(self.frame, place, (self.rows[row][column],), np.ones(1, np.float32))

    def describe(self, max_items: int = 10) -> str:
        """Header and first rows, cells divided by bars."""
        head = " | ".join(self.columns)
        body = "; ".join(" | ".join(row) for row in self.rows[:max_items])
        more = f" (showing {max_items} of {len(self.rows)})" if len(self.rows) > max_items else ""
        return f"table of {len(self.rows)} rows ({head}): {body}{more}"


@dataclass(frozen=True, eq=False)
class DepthMap(Artefact):
    """Depth of every pixel of the root."""

    KIND: ClassVar[str] = "depth"
    frame: Frame
    values: Float
    """(H, W) float32, larger is farther."""
    metric: bool = False
    """Whether values are metres; otherwise only their order counts."""

    def __post_init__(self) -> None:
        if self.values.shape != (self.frame.height, self.frame.width):
            raise BadArguments(f"values must be {self.frame}, got {self.values.shape}")

    def describe(self, max_items: int = 10) -> str:
        """Range of depth."""
        unit = " m" if self.metric else " (relative)"
        return f"depth from {self.values.min():.3g} to {self.values.max():.3g}{unit}"


@dataclass(frozen=True, eq=False)
class Clip(Artefact):
    """Frames of a film."""

    KIND: ClassVar[str] = "clip"
    frames: NDArray[np.uint8]
    """(t, H, W, 3) RGB uint8."""
    fps: float
    """Frames a second, on average."""
    times: Float | None = None
    """(t,) seconds into the film; None where the frames are evenly spaced."""

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.frames.dtype != np.uint8:
            raise BadArguments(f"frames must be (t, H, W, 3) uint8, got {self.frames.shape}")
        if self.times is not None and self.times.shape != (len(self.frames),):
            raise BadArguments(f"times must be ({len(self.frames)},), got {self.times.shape}")

    @property
    def seconds(self) -> Float:
        """(t,) when each frame is shown, from the beginning of the film."""
        if self.times is not None:
            return self.times
        return np.arange(len(self.frames), dtype=np.float32) / np.float32(self.fps or 1.0)

    def still(self, number: int) -> Image:
        """One frame as a picture of its own."""
        return Image.as_root(self.frames[number])

    def describe(self, max_items: int = 10) -> str:
        """Length and size."""
        t, h, w, _ = self.frames.shape
        text = f"clip of {t} frames of {w}×{h} px at {self.fps:g} frames a second"
        if self.times is None or not t:
            return text
        return f"{text}, from {self.times[0]:.2f} s to {self.times[-1]:.2f} s"


@dataclass(frozen=True, eq=False)
class Embeddings(Artefact):
    """n unit vectors with their names."""

    KIND: ClassVar[str] = "vectors"
    vectors: Float
    """(n, d) float32."""
    names: tuple[str, ...]
    model: str = field(default="")
    """Vectors of different models do not compare."""

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.names):
            raise BadArguments(f"vectors must be ({len(self.names)}, d), got {self.vectors.shape}")

    def describe(self, max_items: int = 10) -> str:
        """Count and dimension."""
        return (
            f"{len(self.names)} vectors of {self.vectors.shape[1]} dimensions from {self.model!r}"
        )
