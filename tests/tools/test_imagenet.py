"""Closed-set tags are the classes of the library's own pipeline, usual names only."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.siglip import build_classes
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import Cancelled
from tools.models import imagenet
from tools.types import Image


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(imagenet.VIT.weights, build_classes)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_classes_are_the_librarys(checkpoint, seed):
    import torch
    from transformers import pipeline

    pixels = np.random.default_rng(seed).integers(0, 255, (80, 100, 3), np.uint8)
    ask = pipeline("image-classification", model=str(checkpoint), device="cpu", dtype=torch.float32)
    theirs = [r for r in ask(PilImage.fromarray(pixels), top_k=8) if r["score"] >= imagenet.LEAST]
    found = imagenet.VIT.load()(Image.as_root(pixels), cancel=CancelToken())
    assert found.texts == tuple(row["label"].split(",")[0] for row in theirs)
    assert found.scores == pytest.approx([row["score"] for row in theirs], abs=1e-6)


def test_a_stopped_call_does_not_begin(checkpoint, rng):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        imagenet.VIT.load()(Image.as_root(rng.integers(0, 9, (9, 9, 3), np.uint8)), cancel=stop)
