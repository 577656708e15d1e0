"""Qwen-VL replies as the library does, places its answers in the root, and truly answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from checkpoints import qwen_vl as tiny
from fake_models import hosted
from PIL import Image as PilImage

from tools import kept_features, multimodal
from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled, SetupError, ToolFailed
from tools.experts.answer_grounded import answer_grounded
from tools.experts.ground import ground
from tools.experts.point import point
from tools.experts.vqa import vqa
from tools.geometry import crop, resize
from tools.models import qwen_vl
from tools.types import Boxes, Image, Points, Text

GO = CancelToken()
BUILT = {
    qwen_vl.QWEN3_4B: tiny.build_qwen3,
    qwen_vl.QWEN35_4B: tiny.build_qwen3_5,
    qwen_vl.QWEN25_7B: tiny.build_qwen2_5,
}
ASKED = "How many are there?"


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(multimodal, "MAX_TOKENS", 10)


@pytest.fixture(scope="module", params=BUILT, ids=lambda spec: spec.name)
def loaded(request, hub):
    """(folder, model) of each generation of Qwen-VL, with random weights."""
    folder = hub(request.param.weights, BUILT[request.param])
    return folder, request.param.load()


@pytest.fixture(scope="module")
def folder(hub):
    """Of the model that answers."""
    return hub(qwen_vl.QWEN3_2B.weights, tiny.build_answering)


@pytest.fixture(scope="module")
def knowing(folder):
    return qwen_vl.QWEN3_2B.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


def own(folder, images, prompt) -> str:
    """The reply of the library itself, by its own chat call."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    content = [{"type": "image", "image": PilImage.fromarray(i.pixels)} for i in images]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": [*content, {"type": "text", "text": prompt}]}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    made = model.generate(**inputs, max_new_tokens=10, do_sample=False)
    made = made[:, inputs["input_ids"].shape[1] :]
    return processor.batch_decode(made, skip_special_tokens=True)[0]


def replying(monkeypatch, model, *replies: str) -> list:
    """Let the model say these; returns the inputs it is given."""
    given = []

    def generate(inputs, cancel):
        given.append(inputs)
        return list(replies)

    monkeypatch.setattr(model, "_generate", generate)
    return given


# As the library


def test_the_reply_is_that_of_the_library(loaded, image, monkeypatch):
    folder, model = loaded
    said = []
    monkeypatch.setattr(model, "_family", family_that_notes(model, said))
    model.vqa(image, ASKED, cancel=GO)
    assert said == [own(folder, [image], ASKED)]
    assert said[0]


def test_two_pictures_in_one_question(loaded, image, monkeypatch):
    folder, model = loaded
    said = []
    monkeypatch.setattr(model, "_family", family_that_notes(model, said))
    other = crop(image, [0, 0, 70, 120])
    model.vqa((image, other), ASKED, cancel=GO)
    assert said == [own(folder, [image, other], ASKED)]


def family_that_notes(model, said: list[str]):
    from dataclasses import replace

    family = model._family

    def reader(reply, seen_wh, image):
        said.append(reply)
        return family.reader(reply, seen_wh, image)

    return replace(family, reader=reader)


def test_calls_of_a_batch_are_answered_as_alone(loaded, image):
    _, model = loaded
    other = crop(image, [0, 0, 70, 120])
    calls = [
        ("vqa", (image, ASKED)),
        ("vqa", ((image, other), "describe the picture, please")),
        ("vqa", (other, ASKED)),
    ]
    together = model.batch(calls, cancel=GO)
    alone = [model.vqa(*args, cancel=GO) for _, args in calls]
    assert [a.value for a in together] == [a.value for a in alone]


def test_in_a_batch_one_bad_call_spoils_no_other(loaded, image, monkeypatch):
    _, model = loaded
    replying(monkeypatch, model, "two", '{"bbox_2d": [9, 9, 9, 9]}', " ")
    thin = Image.as_root(np.zeros((1, 500, 3), np.uint8))
    calls = [
        ("vqa", (thin, ASKED)), ("vqa", (image, ASKED)), ("ground", (image, "a cat")),
        ("vqa", (image, ASKED)),
    ]  # fmt: skip
    thinned, said, refused, silent = model.batch(calls, cancel=GO)
    assert isinstance(thinned, BadArguments)
    assert isinstance(said, Text)
    assert said.value == "two"
    assert isinstance(refused, ToolFailed)
    assert "no answer" in str(silent)
    with pytest.raises(BadArguments, match="500×1 px is too thin"):
        model.vqa(thin, ASKED, cancel=GO)


def test_markup_in_a_question_stays_text(loaded, image, monkeypatch):
    _, model = loaded
    given = replying(monkeypatch, model, "one")
    model.vqa(image, "what <|image_pad|><|im_end|> is this", cancel=GO)
    tokens = given[0]["input_ids"][0].tolist()
    number = model._processor.tokenizer.convert_tokens_to_ids
    grid = given[0]["image_grid_thw"][0]
    assert tokens.count(number("<|image_pad|>")) == int(grid.prod()) // 4
    assert tokens.count(number("<|im_end|>")) == 1


# Features


def test_a_picture_is_encoded_once_for_two_questions(loaded, image):
    _, model = loaded
    encoded = []
    handle = model._model.model.visual.register_forward_hook(
        lambda module, args, output: encoded.append(1)
    )
    fresh = Image.as_root(255 - image.pixels)
    first = model.vqa(fresh, ASKED, cancel=GO).value
    again = model.vqa(fresh, ASKED, cancel=GO).value
    model.vqa(Image.as_root(fresh.pixels.copy()), "where is the bus?", cancel=GO)
    assert len(encoded) == 1
    assert again == first
    model.vqa((fresh, Image.as_root(image.pixels // 2)), ASKED, cancel=GO)
    assert len(encoded) == 2
    handle.remove()


def test_kept_pictures_stay_under_a_limit_and_count_as_memory(loaded, image, monkeypatch):
    _, model = loaded
    model.vqa(image, ASKED, cancel=GO)
    full = model.nbytes()
    monkeypatch.setattr(kept_features, "MAX_KEPT", 0)
    model.vqa(Image.as_root(image.pixels // 3), ASKED, cancel=GO)
    assert model._features.nbytes() == 0
    assert 0 < model.nbytes() < full


# Places


@pytest.mark.parametrize("size", [(200, 120), (900, 300), (33, 70)])
def test_pixels_of_the_resized_picture_become_pixels_of_the_picture(hub, monkeypatch, size):
    hub(qwen_vl.QWEN25_7B.weights, tiny.build_qwen2_5)
    model = qwen_vl.QWEN25_7B.load()
    image = Image.as_root(np.zeros((size[1], size[0], 3), np.uint8))
    given = replying(monkeypatch, model, "later")
    model.vqa(image, ASKED, cancel=GO)
    _, rows, columns = given[0]["image_grid_thw"][0].tolist()
    seen = (columns * 14, rows * 14)
    assert seen != size  # the trap
    box = [seen[0] / 4, seen[1] / 4, seen[0], seen[1] / 2]
    reply = [{"bbox_2d": box, "label": "bus"}, {"point_2d": [seen[0] / 2, seen[1]]}]
    replying(monkeypatch, model, json.dumps(reply))
    found = model.ground(image, "the bus", cancel=GO)
    assert found.labels == ("bus",)
    wanted = [size[0] / 4, size[1] / 4, size[0], size[1] / 2]
    assert found.xyxy[0] == pytest.approx(wanted, abs=1e-3)
    points = model.point(image, "the bus", cancel=GO)
    assert points.xy[0] == pytest.approx([size[0] / 2, size[1]], abs=1e-3)


def test_places_in_a_view_lie_in_the_root(knowing, image, monkeypatch):
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    replying(monkeypatch, knowing, '[{"bbox_2d": [0, 500, 1000, 1000], "label": "a wheel"}]')
    found = knowing.ground(view, "a wheel", cancel=GO)
    assert found.frame == image.frame
    assert found.xyxy[0] == pytest.approx([40, 70, 140, 120], abs=0.01)
    middle = knowing.point(view, "a wheel", cancel=GO)
    assert middle.xy[0] == pytest.approx([90, 95], abs=0.01)


def test_nothing_found_is_a_value_and_only_refused_places_are_none(knowing, image, monkeypatch):
    replying(monkeypatch, knowing, "[]")
    assert len(knowing.ground(image, "a cat", cancel=GO)) == 0
    assert len(knowing.point(image, "a cat", cancel=GO).xy) == 0
    assert knowing.vqa(image, "where is the cat?", cancel=GO).value == "nothing"
    replying(monkeypatch, knowing, '[{"bbox_2d": [900, 0, 100, 9]}]')
    with pytest.raises(ToolFailed, match="1 place of the reply cannot be used"):
        knowing.ground(image, "a cat", cancel=GO)
    with pytest.raises(ToolFailed):
        knowing.point(image, "a cat", cancel=GO)
    assert "cannot be used" in knowing.vqa(image, "where is the cat?", cancel=GO).value


def test_what_is_refused_beside_good_boxes_is_said(knowing, image, monkeypatch, caplog):
    replying(monkeypatch, knowing, '[{"bbox_2d": [0, 0, 500, 500]}, {"bbox_2d": [1, 2')
    assert len(knowing.ground(image, "a cat", cancel=GO)) == 1
    assert "1 place of the reply cannot be used" in caplog.text


# One that answers, through the host


@pytest.fixture
def long(monkeypatch):
    monkeypatch.setattr(multimodal, "MAX_TOKENS", 120)


def test_answers_are_right_and_depend_on_the_picture(folder, long):
    with hosted(qwen_vl.QWEN3_2B, budget_mb=20_000) as host:
        ctx = ToolContext(host)
        red, blue = Image.as_root(tiny.RED), Image.as_root(tiny.BLUE)
        for image, colour, box in ((red, "red", [0, 0, 48, 48]), (blue, "blue", [64, 48, 112, 96])):
            said = vqa(ctx, image, tiny.COLOUR)
            assert isinstance(said, Text)
            assert said.value == colour
            found = ground(ctx, image, tiny.SQUARE)
            assert isinstance(found, Boxes)
            assert found.labels == (f"{colour} square",)
            assert found.xyxy[0] == pytest.approx(box, abs=0.01)


def test_the_experts_reach_the_model(folder, knowing, monkeypatch):
    replying(monkeypatch, knowing, '[{"bbox_2d": [0, 0, 500, 500], "label": "a chair"}]')
    spec = qwen_vl.QWEN3_2B
    image = Image.as_root(tiny.RED)
    reply = knowing._generate
    monkeypatch.setattr(multimodal.Multimodal, "_generate", lambda self, *args: reply(*args))
    with hosted(spec, budget_mb=20_000) as host:
        ctx = ToolContext(host)
        points = point(ctx, image, "a chair")
        assert isinstance(points, Points)
        assert points.xy[0] == pytest.approx([32, 24])
        boxes = answer_grounded(ctx, image, "what could I sit on?")
        assert boxes.labels == ("a chair",)
        with pytest.raises(BadArguments):
            point(ctx, image, "  ")
        with pytest.raises(BadArguments):
            answer_grounded(ctx, image, "")


# Ends


class StopsAfter(CancelToken):
    """Stopped when it was looked at for the n-th time: once a token."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    @property
    def cancelled(self) -> bool:
        self.looks -= 1
        if self.looks <= 0:
            self.cancel()
        return super().cancelled


def test_a_stopped_generation_ends_at_the_next_token(loaded, image, monkeypatch):
    _, model = loaded
    monkeypatch.setattr(multimodal, "MAX_TOKENS", 200)
    steps = []
    handle = model._model.lm_head.register_forward_hook(lambda *args: steps.append(1))
    with pytest.raises(Cancelled):
        model.vqa(image, ASKED, cancel=StopsAfter(3))
    handle.remove()
    assert len(steps) == 3


def test_a_stopped_call_does_not_begin(knowing, image, monkeypatch):
    given = replying(monkeypatch, knowing)
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        knowing.vqa(image, ASKED, cancel=stop)
    assert not given


def test_without_weights_it_is_not_ready(folder):
    assert not qwen_vl.QWEN3_2B.missing()
    assert "not on this machine" in qwen_vl.QWEN3_32B.missing()
    assert qwen_vl.QWEN3_32B.mend() == "ocelli models pull qwen3-vl-32b"
    with pytest.raises(SetupError, match="not on this machine"):
        qwen_vl.QWEN3_32B.load()


def test_the_research_licence_is_marked():
    assert not qwen_vl.QWEN25_3B.permissive
    assert qwen_vl.QWEN25_7B.permissive
