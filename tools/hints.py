"""What a person gave to cut things out by: boxes, masks and clicks, in a picture's own pixels.

Every model that makes masks from prompts takes its prompts from here, so that the same call means
the same to all of them. Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments
from tools.geometry import boxes_in, mask_in, to_image
from tools.types import Image, Masks, Placed, Points

RIM = 0.03
"""Share of the sides that is left out where the one thing that stands out is wanted."""
UNNAMED = "object"


@dataclass(frozen=True)
class Hint:
    """One thing to cut out."""

    name: str
    box: tuple[float, float, float, float] | None = None
    """xyxy in the picture's pixels; None: only clicks say where it is."""
    rough: NDArray[np.bool_] | None = None
    """(h, w) mask of it from before, at the picture's size."""


@dataclass(frozen=True)
class Hints:
    """All that was given with one picture."""

    things: tuple[Hint, ...]
    xy: NDArray[np.float64]
    """(n, 2) clicks in the picture's pixels; they count for every thing."""
    positive: tuple[bool, ...]
    """Whether each click lies on the thing or beside it."""

    @property
    def ambiguous(self) -> bool:
        """Whether all there is is one click, which may mean a part or the whole."""
        return len(self.xy) == 1 and all(thing.box is None for thing in self.things)

    def batches(self, size: int) -> list[tuple[Hint, ...]]:
        """The things in groups of up to `size`; one by one where there are rough masks."""
        step = 1 if any(thing.rough is not None for thing in self.things) else size
        return [self.things[i : i + step] for i in range(0, len(self.things), step)]


def hints(image: Image, region: Placed | None, points: Points | None) -> Hints:
    """What `region` and `points` say about the part of the root that `image` shows.

    Boxes are cut off at the edge of the picture; what lies wholly outside is no hint. With
    nothing at all the one hint is nearly the whole picture.

    Raises:
        BadArguments: every click lies beside the thing.
    """
    xy = np.zeros((0, 2)) if points is None else to_image(image, points.xy)
    positive = () if points is None else points.positive
    if positive and not any(positive):
        raise BadArguments("only clicks beside the object are given", hint="Click on it too")
    if region is not None:
        return Hints(_things(image, region), xy, positive)
    if positive:
        return Hints((Hint(UNNAMED),), xy, positive)
    w, h = image.size_wh
    most = (RIM * w, RIM * h, (1 - RIM) * w, (1 - RIM) * h)
    return Hints((Hint(UNNAMED, most),), xy, positive)


def _things(image: Image, region: Placed) -> tuple[Hint, ...]:
    boxes = np.clip(boxes_in(image, region.xyxy), 0, [*image.size_wh, *image.size_wh])
    things = []
    for row, (name, box) in enumerate(zip(region.labels, boxes, strict=True)):
        x1, y1, x2, y2 = (float(v) for v in box)
        if x2 <= x1 or y2 <= y1:
            continue
        rough = mask_in(image, region.masks[row]) if isinstance(region, Masks) else None
        things.append(Hint(name, (x1, y1, x2, y2), rough))
    return tuple(things)
