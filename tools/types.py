"""The artefacts that experts speak: frozen, column-wise, checked when they are built.

One frame for all: pixels of the *root* image, origin top-left, x right, y down, floats. Boxes are
xyxy and half-open, points xy, quads four corners clockwise from the text's own top-left, masks
bool (n, H, W) at the size of the root, pictures RGB uint8 (H, W, 3), sizes (width, height). A
picture carries the affine map from its own pixels to its root, so a thing found in a crop of a
zoom of a rotation is said in root pixels. Foreign conventions live in ``tools/convert.py`` only.

Knows nothing of tools, models, handles or planners.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments

Float = NDArray[np.float32]
Affine = NDArray[np.float64]
"""(2, 3): maps column (x, y, 1) of an image's pixels to root pixels."""
EDGE_PX = 1.0
"""How far a coordinate may overshoot the root before it is refused (rounding of models)."""


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


@dataclass(frozen=True, eq=False)
class Placed(Artefact):
    """n things that have a place in a root image. Subclasses add their columns."""

    frame: Frame
    """Frame of the root image all coordinates are in."""

    if TYPE_CHECKING:  # a property here would become the default of the field below

        @property
        def labels(self) -> tuple[str, ...]:
            """N names: a class, a text, a payload."""

        @property
        def scores(self) -> Float:
            """(n,) float32 in [0, 1]."""

        @property
        def xyxy(self) -> Float:
            """(n, 4) float32: the upright boxes around the things, root pixels, half-open."""

    def take(self, rows: Sequence[int]) -> Self:
        """The things at `rows`, in that order."""
        index = np.asarray(rows, dtype=np.intp)
        columns: dict[str, Any] = {}
        for name in self.COLUMNS:
            column = getattr(self, name)
            columns[name] = (
                tuple(column[i] for i in index) if isinstance(column, tuple) else column[index]
            )
        return replace(self, **columns)

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that have one row per thing."""

    def __len__(self) -> int:
        return len(self.labels)

    def boxes(self) -> Boxes:
        """The upright boxes around the things."""
        return Boxes(self.frame, self.xyxy, self.labels, self.scores)

    def describe(self, max_items: int = 10) -> str:
        """Count, then label, score and box of each, up to `max_items`."""
        n = len(self)
        if not n:
            return f"no {self.KIND}"
        rows = []
        for label, score, box in zip(self.labels, self.scores, self.xyxy, strict=True):
            corners = ",".join(f"{v:.0f}" for v in box)
            rows.append(f"{label!r} {score:.2f} [{corners}]")
            if len(rows) == max_items:
                break
        more = f" (showing {max_items} of {n})" if n > max_items else ""
        return f"{n} {self.KIND}: " + "; ".join(rows) + more


def check_scores(scores: Float, n: int) -> None:
    """Refuse anything but (n,) finite values in [0, 1]."""
    if scores.shape != (n,):
        raise BadArguments(f"scores must be ({n},), got {scores.shape}")
    if n and not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1):
        raise BadArguments("scores must be finite and between 0 and 1")


def check_inside(xy: Float, frame: Frame, what: str) -> None:
    """Refuse coordinates (..., 2) that are not finite or lie outside the root."""
    if not xy.size:
        return
    if not np.isfinite(xy).all():
        raise BadArguments(f"{what} has a coordinate that is not a finite number")
    low, high = xy.reshape(-1, 2).min(axis=0), xy.reshape(-1, 2).max(axis=0)
    if (
        (low < -EDGE_PX).any()
        or high[0] > frame.width + EDGE_PX
        or high[1] > frame.height + EDGE_PX
    ):
        raise BadArguments(
            f"{what} reaches from ({low[0]:.0f}, {low[1]:.0f}) to ({high[0]:.0f}, {high[1]:.0f}), "
            f"outside the picture of {frame}"
        )


def check_boxes(xyxy: Float, frame: Frame, n: int) -> None:
    """Refuse boxes that are not finite, ordered, non-empty and inside the root."""
    if xyxy.shape != (n, 4):
        raise BadArguments(f"xyxy must be ({n}, 4), got {xyxy.shape}")
    check_inside(xyxy.reshape(n, 2, 2), frame, "box")
    for box in xyxy:
        if box[2] <= box[0] or box[3] <= box[1]:
            corners = ", ".join(f"{v:g}" for v in box)
            raise BadArguments(
                f"box ({corners}) is empty or inverted: it must have x1 < x2 and y1 < y2 "
                f"within the picture of {frame}"
            )


def check_quads(quads: Float, frame: Frame, n: int) -> None:
    """Refuse quads that are not (n, 4, 2), finite and inside the root."""
    if quads.shape != (n, 4, 2):
        raise BadArguments(f"quads must be ({n}, 4, 2), got {quads.shape}")
    check_inside(quads, frame, "quad")


def quad_boxes(quads: Float) -> Float:
    """(n, 4, 2) corners to the (n, 4) upright boxes around them, at least one pixel wide."""
    if not len(quads):
        return np.zeros((0, 4), np.float32)
    low, high = quads.min(axis=1), quads.max(axis=1)
    return np.concatenate([low, np.maximum(high, low + 1)], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Boxes(Placed):
    """n labelled boxes."""

    KIND: ClassVar[str] = "boxes"
    COLUMNS: ClassVar[tuple[str, ...]] = ("xyxy", "labels", "scores")
    xyxy: Float
    """(n, 4) float32, root pixels, half-open."""
    labels: tuple[str, ...]
    scores: Float
    """(n,) float32 in [0, 1]."""

    def __post_init__(self) -> None:
        check_boxes(self.xyxy, self.frame, len(self.labels))
        check_scores(self.scores, len(self.labels))


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


ARTEFACTS: tuple[type[Artefact], ...] = (
    Image, Boxes, Masks, Points, TextSpans, Codes, Keypoints, DepthMap, Labels, Text, Number,
    Table, Clip, Embeddings,
)  # fmt: skip
