"""SAM 2, whichever library runs it: its checkpoints, its encoder in common, how prompts are answered.

Knows nothing of pictures' features or of how masks are decoded: the models' own files do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.geometry import place_masks
from tools.hints import Hint, Hints, hints
from tools.host_parts import PARTS
from tools.neural import SIGHT, Network, network_spec, open_model, open_processor
from tools.types import Image, Masks, Placed, Points
from tools.weights import folder

AT_ONCE = 8
"""Prompts decoded together: bounds the memory of masks at full size."""
KEPT = 4
"""Pictures whose features stay in memory: about 17 MB each."""

Decode = Callable[[Any, tuple[Hint, ...], Hints], tuple[NDArray[np.bool_], NDArray[np.float32]]]
"""(features, prompts, all hints) to masks (n, h, w) at the picture's size and n scores."""


def prompted(
    image: Image,
    region: Placed | None,
    points: Points | None,
    look: Callable[[Image], Any],
    decode: Decode,
    cancel: CancelToken,
) -> Masks:
    """One mask for each thing of `region`, or one for all clicks, or one for what stands out.

    The clicks count for each of the things. A lone click gives the best of three masks.

    Args:
        image: what is cut out of.
        region: the things.
        points: the clicks.
        look: gives the features of the picture.
        decode: gives the masks.
        cancel: checked before each few prompts.
    """
    cancel.check()
    given = hints(image, region, points)
    masks: list[NDArray[np.bool_]] = [np.zeros((0, *image.pixels.shape[:2]), np.bool_)]
    scores: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
    features = look(image) if given.things else None
    for batch in given.batches(AT_ONCE):
        cancel.check()
        mask, score = decode(features, batch, given)
        masks.append(mask)
        scores.append(score)
    names = [thing.name for thing in given.things]
    sure = np.clip(np.concatenate(scores), 0, 1)
    return place_masks(image, np.concatenate(masks), names, sure)


class Shares(Network):
    """A network whose encoder others of the same weights hold too."""

    def nbytes(self) -> int:
        """Bytes of the weights that it is charged for."""
        return super().nbytes() - self.borrowed()

    def lent(self) -> int:
        """Bytes of the weights that others need not bring."""
        return PARTS.lent(self._model)

    def borrowed(self) -> int:
        """Bytes of the weights that another model is charged for."""
        return PARTS.borrowed(self._model)

    def close(self) -> None:
        """Let go of what it shares with other models."""
        PARTS.release(self._model)


def open_shared(kind: Any, processor: Any, repo: str) -> tuple[Any, Any]:
    """A network of SAM 2 with the encoder that others have, and its processor.

    Args:
        kind: a class of ``transformers``.
        processor: the class of its processor.
        repo: the hub id.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch

    prepares = open_processor(processor, repo)
    # Clicks in half precision would miss by pixels: only the encoder runs in it, by autocast.
    model = open_model(kind, repo, dtype=torch.float32)
    key = f"{folder(repo).resolve()} vision_encoder"
    model.vision_encoder = PARTS.share(key, model, model.vision_encoder)
    return model, prepares


def sam2_spec(name: str, load: Any, size: str, *args: Any, **more: Any) -> ModelSpec:
    """How a model of SAM 2.1 of a size is declared; `load` is called with its hub id and `args`."""
    repo = f"facebook/sam2.1-hiera-{size}"
    settings = {"licence": "Apache-2.0", "modules": SIGHT, **more}
    return network_spec(repo, load, *args, name=f"{name}-{size}", **settings)
