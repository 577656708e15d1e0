"""DINOv2: pictures as vectors that are near where the pictures look alike, through ``transformers``.

Paper: Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, 2023
(https://arxiv.org/abs/2304.07193). Trained on pictures alone: it tells apart what texts leave out,
and knows no words, so a text cannot be compared with its vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.errors import ToolError, ToolFailed
from tools.neural import Network, network_spec, open_model, open_processor, picture
from tools.types import Embeddings, Image
from tools.weights import commit

AT_ONCE = 32
"""Pictures that go through the network together."""
NO_WORDS = "this model compares pictures with pictures and knows no words"
READS = "Embed the pictures with a model that reads, such as siglip2-base"
What = Image | str | Sequence[Image]
"""What is turned into vectors."""


def load(repo: str) -> Dinov2:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoImageProcessor, Dinov2Model

    processor = open_processor(AutoImageProcessor, repo)
    return Dinov2(open_model(Dinov2Model, repo), processor, f"{repo}@{commit(repo)}")


class Dinov2(Network):
    """Turns pictures into vectors."""

    batch_size = 16
    """Calls that the host may hand over together."""

    def __init__(self, model: Any, processor: Any, name: str) -> None:
        super().__init__(model, processor)
        self._name = name

    def __call__(self, what: What, *, cancel: CancelToken) -> Embeddings:
        """Unit vectors of a picture or of several.

        Raises:
            ToolFailed: it is a text.
        """
        (found,) = self.batch([("embed", (what,))], cancel=cancel)
        if isinstance(found, ToolError):
            raise found
        return found

    def batch(
        self, calls: Sequence[tuple[str, tuple[What]]], *, cancel: CancelToken
    ) -> list[Embeddings | ToolError]:
        """Vectors for each of several calls, whose pictures go through the network together."""
        shown = [[what] if isinstance(what, Image) else list(what) for _, (what,) in calls if not isinstance(what, str)]  # fmt: skip
        images = [image for some in shown for image in some]
        vectors = [np.zeros((0, self._model.config.hidden_size), np.float32)]
        for start in range(0, len(images), AT_ONCE):
            cancel.check()
            vectors.append(self._look(images[start : start + AT_ONCE]))
        rows = np.concatenate(vectors)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        answers: list[Embeddings | ToolError] = []
        rest, own = iter(shown), 0
        for _, (what,) in calls:
            if isinstance(what, str):
                answers.append(ToolFailed(NO_WORDS, hint=READS))
                continue
            some = next(rest)
            names = tuple(image.name or image.sha256[:12] for image in some)
            answers.append(Embeddings(rows[own : own + len(some)], names, self._name))
            own += len(some)
        return answers

    def _look(self, images: Sequence[Image]) -> np.ndarray:
        import torch

        device = here()
        inputs = self._processor(images=[picture(i) for i in images], return_tensors="pt")
        with torch.inference_mode():
            pixels = inputs["pixel_values"].to(device.name, device.dtype)
            found = self._model(pixel_values=pixels).pooler_output
        return np.asarray(found.float().cpu().numpy())


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"facebook/dinov2-{size}"
    return network_spec(
        repo,
        load,
        name=f"dinov2-{size}",
        ability="embed",
        licence="Apache-2.0",
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="Likeness of pictures, finer than by words; cannot be asked in words",
    )


BASE = _spec("base", 346, 700)
LARGE = _spec("large", 1217, 1500)
