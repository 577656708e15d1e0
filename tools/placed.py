"""Things that have a place in a picture, boxes first, and the checks that their coordinates pass.

Whatever else has a place (``tools/located.py``) is a `Placed` with columns of its own. Coordinates are
those of ``tools/types.py``. Knows nothing of tools, models, handles or planners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from tools.errors import BadArguments
from tools.picture import Artefact, Float, Frame

EDGE_PX = 1.0
"""How far a coordinate may overshoot the root before it is refused (rounding of models)."""


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
