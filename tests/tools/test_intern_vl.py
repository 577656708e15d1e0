"""InternVL replies as the library does; its box tags become boxes of the root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from checkpoints.intern_vl import build_intern_vl
from vlm_answers import ASKED, GO, TOKENS, answers_together_as_alone, library_reply

from tools import multimodal
from tools.context import CancelToken
from tools.errors import Cancelled, ToolFailed
from tools.geometry import crop, resize
from tools.models import intern_vl
from tools.types import Image

# torch 2.11 and what the library's processor does with its tensors in NumPy
pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")

SPEC = intern_vl.INTERNVL3_1B


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(multimodal, "MAX_TOKENS", TOKENS)


@pytest.fixture(scope="module")
def folder(hub):
    return hub(SPEC.weights, build_intern_vl)


@pytest.fixture(scope="module")
def model(folder):
    return SPEC.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (60, 120, 3), np.uint8))


def noted(monkeypatch, model) -> list[str]:
    """The replies that the model will give."""
    said: list[str] = []
    read = model._family.reader

    def reader(reply, seen_wh, image):
        said.append(reply)
        return read(reply, seen_wh, image)

    monkeypatch.setattr(model, "_family", replace(model._family, reader=reader))
    return said


def test_the_reply_is_that_of_the_library(folder, model, image, monkeypatch):
    said = noted(monkeypatch, model)
    for images in ((image,), (image, crop(image, [0, 0, 60, 60]))):
        model.vqa(images, ASKED, cancel=GO)
        assert said.pop() == library_reply(folder, images)


def test_calls_of_a_batch_are_answered_as_alone(model, image):
    assert answers_together_as_alone(model, image)


def test_a_picture_is_encoded_once_for_two_questions(model, image):
    tiles = []
    handle = model._model.model.vision_tower.register_forward_hook(
        lambda module, args, given, output: tiles.append(len(given["pixel_values"])),
        with_kwargs=True,
    )
    fresh = Image.as_root(255 - image.pixels)
    first = model.vqa(fresh, ASKED, cancel=GO).value
    assert model.vqa(fresh, ASKED, cancel=GO).value == first
    handle.remove()
    assert tiles == [3]  # two tiles and the whole


def speak(monkeypatch, model, reply: str) -> None:
    """Let the model generate these tokens."""
    import torch

    def generate(input_ids, **more):
        tokens = model._processor.tokenizer(reply + "<|im_end|>", return_tensors="pt").input_ids
        return torch.cat([input_ids, tokens], dim=1)

    monkeypatch.setattr(model._model, "generate", generate)


def test_box_tags_survive_decoding_and_lie_in_the_root(model, image, monkeypatch):
    reply = "<ref>the red square</ref><box>[[0, 500, 1000, 1000]]</box>"
    speak(monkeypatch, model, reply)
    view = resize(crop(image, [40, 20, 80, 60]), (160, 80))
    found = model.ground(view, "the red square", cancel=GO)
    assert found.frame == image.frame
    assert found.labels == ("the red square",)
    assert found.xyxy[0] == pytest.approx([40, 40, 80, 60], abs=0.01)
    assert model.point(view, "it", cancel=GO).xy[0] == pytest.approx([60, 50], abs=0.01)
    assert model.vqa(view, ASKED, cancel=GO).value == "the red square"


def test_only_refused_boxes_are_no_empty_answer(model, image, monkeypatch):
    speak(monkeypatch, model, "<ref>it</ref><box>[[900, 0, 100, 9]]</box>")
    with pytest.raises(ToolFailed, match="cannot be used"):
        model.ground(image, "it", cancel=GO)
    speak(monkeypatch, model, "there is none")
    assert len(model.ground(image, "it", cancel=GO)) == 0


def test_a_stopped_generation_is_no_answer(model, image, monkeypatch):
    stop = CancelToken()
    generate = model._model.generate

    def stopped(**inputs):
        stop.cancel()
        made = generate(**inputs)
        assert made.shape[1] == inputs["input_ids"].shape[1] + 1
        return made

    monkeypatch.setattr(model._model, "generate", stopped)
    with pytest.raises(Cancelled):
        model.vqa(image, ASKED, cancel=stop)


def test_without_weights_it_is_not_ready(folder):
    assert not SPEC.missing()
    assert "not on this machine" in intern_vl.INTERNVL3_8B.missing()
