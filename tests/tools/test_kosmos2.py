"""Kosmos-2 says what the library says on the same weights; its grid is read into root pixels."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.kosmos2 import build_kosmos2
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled
from tools.geometry import crop, resize
from tools.models import kosmos2
from tools.types import Boxes, Image

TOKENS = 8


@pytest.fixture(scope="module")
def checkpoint(hub):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kosmos2, "MAX_TOKENS", TOKENS)
        yield hub(kosmos2.REPO, build_kosmos2)


@pytest.fixture(scope="module")
def model(checkpoint):
    return kosmos2.MODEL.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (80, 160, 3), np.uint8))


def own(folder, pixels, prompt, **more):
    """What the library itself says."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    net = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    shown = PilImage.fromarray(pixels)
    inputs = processor(text=prompt, images=shown, return_tensors="pt", num_image_tokens=4, **more)
    with torch.inference_mode():
        made = net.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
    return processor.post_process_generation(
        processor.batch_decode(made, skip_special_tokens=True)[0]
    )[0]


def test_a_caption_is_the_librarys(model, checkpoint, image):
    said = model.caption(image, cancel=CancelToken()).value
    assert said == own(checkpoint, image.pixels, kosmos2.PROMPTS["short"])
    said = model.caption(image, "detailed", cancel=CancelToken()).value
    theirs = own(checkpoint, image.pixels, kosmos2.PROMPTS["detailed"])
    assert said == theirs.removeprefix("Describe this image in detail:").strip()


def test_a_region_is_given_on_the_librarys_grid(model, checkpoint, image):
    box = np.array([[40, 20, 120, 60]], np.float32)
    region = Boxes(image.frame, box, ("it",), np.ones(1, np.float32))
    said = model.describe_region(image, region, cancel=CancelToken())
    theirs = own(checkpoint, image.pixels, kosmos2.REGION, bboxes=[(0.25, 0.25, 0.75, 0.75)])
    assert said == [theirs.removeprefix("It is").strip()]


def answering(model, monkeypatch, answer):
    """The model says `answer` to whatever it is asked; the prompts are kept."""
    tokens, asked = model._processor.tokenizer, []

    def generate(input_ids, **more):
        import torch

        asked.append(tokens.decode(input_ids[0]))
        own = tokens(answer, add_special_tokens=False, return_tensors="pt")["input_ids"]
        return torch.cat([input_ids, own], dim=1)

    monkeypatch.setattr(model._model, "generate", generate)
    return asked


HALF = "<object><patch_index_0000><patch_index_0495></object>"
"""Columns 0 to 15, rows 0 to 15: from the middle of the first cell to that of the last."""


def test_a_phrase_is_placed_in_the_root(model, image, monkeypatch):
    asked = answering(model, monkeypatch, HALF)
    found = model.ground(image, " the <red> box ", cancel=CancelToken())
    assert found.labels == ("the red box",)
    assert found.xyxy == pytest.approx(np.array([[2.5, 1.25, 77.5, 38.75]]))
    assert "<phrase> the red box</phrase>" in asked[0].replace("> <", "><")
    view = resize(crop(image, [40, 20, 120, 60]), (320, 160))
    found = model.ground(view, "the red box", cancel=CancelToken())
    assert found.frame == image.frame
    assert found.xyxy == pytest.approx(np.array([[41.25, 20.625, 78.75, 39.375]]))


@pytest.mark.parametrize(
    "answer", ["", "the", "<object><patch_index_0495><patch_index_0000></object>"]
)
def test_no_place_or_an_impossible_one_is_no_box(model, image, monkeypatch, answer):
    answering(model, monkeypatch, answer)
    assert len(model.ground(image, "a dog", cancel=CancelToken())) == 0


@pytest.mark.parametrize("sentence", ["", " <> ", "x" * 2000])
def test_a_sentence_must_have_a_length(model, image, sentence):
    with pytest.raises(BadArguments, match="letters"):
        model.ground(image, sentence, cancel=CancelToken())


def test_a_stopped_call_ends_at_the_next_token(model, image):
    stop = CancelToken()
    steps = []

    def look(*_):
        steps.append(1)
        stop.cancel()

    hook = model._model.text_model.register_forward_pre_hook(look)
    for _ in range(2):
        with pytest.raises(Cancelled):
            model.caption(image, cancel=stop)
    hook.remove()
    assert len(steps) == 1
