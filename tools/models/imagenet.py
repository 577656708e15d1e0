"""ImageNet's thousand classes as tags, by networks trained on nothing else.

ConvNeXt (Liu et al., 2022, https://arxiv.org/abs/2201.03545) and ViT (Dosovitskiy et al., 2020,
https://arxiv.org/abs/2010.11929), through ``transformers``. The names of the classes come with the
weights. Knows no other words: for those ask `classify`.
"""

from __future__ import annotations

import numpy as np

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.neural import Network, network_spec, open_model, open_processor, picture
from tools.types import Image, Labels

LEAST = 0.05
"""Probability from which a class is a tag; the best one always is."""
MOST = 8


def load(repo: str) -> Classes:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = open_processor(AutoImageProcessor, repo)
    return Classes(open_model(AutoModelForImageClassification, repo), processor)


class Classes(Network):
    """Names the class of a picture."""

    def __call__(self, image: Image, *, cancel: CancelToken) -> Labels:
        """The likeliest classes of the picture, best first."""
        import torch

        cancel.check()
        device = here()
        inputs = self._processor(images=picture(image), return_tensors="pt")
        with torch.inference_mode():
            pixels = inputs["pixel_values"].to(device.name, device.dtype)
            shares = self._model(pixel_values=pixels).logits[0].float().softmax(dim=-1)
        scores = shares.cpu().numpy()
        order = np.argsort(-scores, kind="stable")[:MOST]
        keep = order[: max(1, int((scores[order] >= LEAST).sum()))]
        named = self._model.config.id2label
        # A class has several names, the first of which is the usual one.
        texts = tuple(str(named[int(i)]).split(",")[0] for i in keep)
        return Labels(texts, np.clip(scores[keep], 0, 1).astype(np.float32), "tags")


def _spec(name: str, repo: str, licence: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="tag",
        licence=licence,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="ImageNet's 1000 classes, one main thing a picture; no scenes, no people",
    )


VIT = _spec("vit-base", "google/vit-base-patch16-224", "Apache-2.0", 346, 350)
CONVNEXT = _spec("convnext-tiny", "facebook/convnext-tiny-224", "Apache-2.0", 114, 200)
