"""DINOv2 gives the vectors of the library, as unit vectors, and takes no text for a picture."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.dinov2 import build_dinov2
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import Cancelled, ToolFailed
from tools.experts.embed import embed
from tools.geometry import crop
from tools.index import nearest
from tools.models import dinov2
from tools.types import Boxes, Image

SPEC = dinov2.BASE
GO = CancelToken()


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_dinov2)


@pytest.fixture(scope="module")
def model(checkpoint):
    return SPEC.load()


@pytest.fixture
def images(rng) -> list[Image]:
    return [Image.as_root(rng.integers(0, 255, (60, 90, 3), np.uint8)) for _ in range(3)]


def test_vectors_are_those_of_the_library(model, checkpoint, images):
    import torch
    from transformers import AutoImageProcessor, AutoModel

    processor = AutoImageProcessor.from_pretrained(checkpoint)
    net = AutoModel.from_pretrained(checkpoint, dtype=torch.float32).eval()
    shown = [PilImage.fromarray(i.pixels) for i in images]
    with torch.inference_mode():
        wanted = net(**processor(images=shown, return_tensors="pt")).pooler_output
    found = model(images, cancel=GO)
    assert (found.vectors == (wanted / wanted.norm(dim=1, keepdim=True)).numpy()).all()
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(1)
    assert found.model.startswith(SPEC.weights)
    assert (found.vectors[0] != found.vectors[1]).any()


def test_many_pictures_go_in_groups(model, images, monkeypatch):
    whole = model(images, cancel=GO).vectors
    monkeypatch.setattr(dinov2, "AT_ONCE", 2)
    assert model(images, cancel=GO).vectors == pytest.approx(whole, abs=1e-6)


def test_the_picture_itself_is_nearest(model, images):
    class Only:
        def use(self, ability, what, *, labels, cancel):
            assert ability == SPEC.ability
            return model(what, cancel=cancel)

    boxes = np.array([[0, 0, 40, 60], [40, 0, 90, 60]], np.float32)
    halves = Boxes(images[0].frame, boxes, ("left", "right"), np.ones(2, np.float32))
    among = embed(ToolContext(Only()), images[0], region=halves)
    asked = model(crop(images[0], boxes[1]), cancel=GO)
    found = nearest(among, asked, 2, "")
    assert "right" in found.texts[0]
    assert found.scores[0] == pytest.approx(1, abs=1e-5)


def test_words_are_refused_and_none_is_no_vector(model):
    with pytest.raises(ToolFailed, match="no words"):
        model("a red bus", cancel=GO)
    assert model([], cancel=GO).vectors.shape == (0, 32)


def test_a_stopped_call_does_not_begin(model, images):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model(images[0], cancel=stop)


def test_it_counts_its_bytes_and_says_what_is_missing(model, monkeypatch, tmp_path):
    assert model.nbytes() > 10_000
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert "not on this machine" in SPEC.missing()
