"""Molmo 2 replies as the library does; its points lie in the root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import transformers
from checkpoints.molmo2 import build_molmo2
from PIL import Image as PilImage

from tools import multimodal
from tools.context import CancelToken
from tools.errors import ToolFailed
from tools.geometry import crop, resize
from tools.models import molmo2
from tools.types import Image

pytestmark = pytest.mark.skipif(
    not hasattr(transformers, "Molmo2ForConditionalGeneration"), reason="transformers is too old"
)
GO = CancelToken()
ASKED = "How many are there?"
SPEC = molmo2.MOLMO2_4B


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(multimodal, "MAX_TOKENS", 10)


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
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    own = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    content = [{"type": "image", "image": PilImage.fromarray(image.pixels)}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": [*content, {"type": "text", "text": ASKED}]}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    made = own.generate(**inputs, max_new_tokens=10, do_sample=False)
    made = made[:, inputs["input_ids"].shape[1] :]
    said = []

    def reader(reply, seen_wh, picture):
        said.append(reply)
        return molmo2.molmo(reply, seen_wh, picture)

    monkeypatch.setattr(model, "_family", replace(model._family, reader=reader))
    model.vqa(image, ASKED, cancel=GO)
    model.vqa(image, ASKED, cancel=GO)  # from the kept features
    assert said == processor.batch_decode(made, skip_special_tokens=True) * 2


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
    calls = [("vqa", (image, ASKED)), ("vqa", (crop(image, [0, 0, 60, 60]), "what? " * 9))]
    together = model.batch(calls, cancel=GO)
    assert [a.value for a in together] == [model.vqa(*args, cancel=GO).value for _, args in calls]


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
