"""What models that read places are asked: a sentence they can take, a box within the picture.

Knows no models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tools.errors import BadArguments
from tools.geometry import boxes_in
from tools.types import Image, Placed


def sentence(text: str, most: int) -> str:
    """A sentence to ground, without what a model would take for its own markup.

    Raises:
        BadArguments: it is empty, or longer than `most` letters.
    """
    wanted = " ".join(re.sub(r"[<>]", " ", text).split())
    if not wanted or len(wanted) > most:
        raise BadArguments(f"a sentence to ground has 1 to {most} letters, not {len(wanted)}")
    return wanted


def boxes_within(image: Image, region: Placed) -> Iterator[NDArray[np.float64]]:
    """The boxes of `region` in `image`'s pixels, one by one, cut at its border."""
    for box in boxes_in(image, region.xyxy):
        yield np.clip(box, 0, [image.width, image.height] * 2)
