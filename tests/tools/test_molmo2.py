"""Molmo 2 replies as the library does; its points lie in the root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import transformers
from checkpoints.molmo2 import build_molmo2
from vlm_answers import ASKED, GO, TOKENS, answers_together_as_alone, library_reply

from tools import multimodal
from tools.errors import ToolFailed
from tools.geometry import crop, resize
from tools.models import molmo2
from tools.types import Image

pytestmark = pytest.mark.skipif(
    not hasattr(transformers, "Molmo2ForConditionalGeneration"), reason="transformers is too old"
)
SPEC = molmo2.MOLMO2_4B


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(multimodal, "MAX_TOKENS", TOKENS)


@pytest.fixture(scope="module")
def folder(hub):
    return hub(SPEC.weights, build_molmo2)


@pytest.fixture(scope="module")
def model(folder):
    return SPEC.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (60, 120, 3), np.uint8))


def test_the_reply_is_that_of_the_library(folder, model, image, monkeypatch):
    said = []

    def reader(reply, seen_wh, picture):
        said.append(reply)
        return molmo2.molmo(reply, seen_wh, picture)

    monkeypatch.setattr(model, "_family", replace(model._family, reader=reader))
    model.vqa(image, ASKED, cancel=GO)
    model.vqa(image, ASKED, cancel=GO)  # from the kept features
    assert said == [library_reply(folder, (image,))] * 2


def test_a_picture_is_encoded_once_for_two_questions(model, image):
    encoded = []
    handle = model._model.model.vision_tower.register_forward_hook(
        lambda module, args, output: encoded.append(1)
    )
    fresh = Image.as_root(255 - image.pixels)
    model.vqa(fresh, ASKED, cancel=GO)
    model.point(fresh, "the bus", cancel=GO)
    handle.remove()
    assert len(encoded) == 1


def test_calls_of_a_batch_are_answered_as_alone(model, image):
    assert answers_together_as_alone(model, image)


def test_points_of_a_view_lie_in_the_root(model, image, monkeypatch):
    replies = ['<points coords="1 1 500 500 2 000 999">eggs</points>']
    monkeypatch.setattr(model, "_generate", lambda inputs, cancel: replies)
    view = resize(crop(image, [40, 20, 80, 60]), (160, 80))
    found = model.point(view, "eggs", cancel=GO)
    assert found.frame == image.frame
    assert found.xy == pytest.approx(np.array([[60, 40], [40, 59.96]]), abs=0.01)
    replies[0] = '<points coords="1 1 500">eggs</points>'
    with pytest.raises(ToolFailed):
        model.point(view, "eggs", cancel=GO)
    replies[0] = "There are none."
    assert len(model.point(view, "eggs", cancel=GO).xy) == 0
