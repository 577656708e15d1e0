"""BLIP and BLIP-2 say what the library says on the same weights."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.blip import build_blip2_opt, build_blip2_t5, build_caption, build_vqa
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled
from tools.experts.vqa import vqa
from tools.models import blip
from tools.types import Boxes, Image

QUESTION = "how many people are there?"
TOKENS = 8


@pytest.fixture(scope="module", autouse=True)
def _short_answers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blip, "MAX_TOKENS", TOKENS)
        yield


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (80, 120, 3), np.uint8))


def own(folder, kind, pixels, text):
    """What the library itself says to words, prompt included where it repeats it."""
    import torch
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    net = kind.from_pretrained(folder, dtype=torch.float32).eval()
    said = {"text": text} if text else {}
    inputs = processor(images=PilImage.fromarray(pixels), return_tensors="pt", **said)
    with torch.inference_mode():
        made = net.generate(**inputs, max_new_tokens=TOKENS, num_beams=3, do_sample=False)
    return processor.decode(made[0], skip_special_tokens=True).strip()


def test_captions_are_the_librarys(hub, image):
    from transformers import BlipForConditionalGeneration

    folder = hub(blip.BLIP_BASE.weights, build_caption)
    model = blip.BLIP_BASE.load()
    said = model.caption(image, "more", cancel=CancelToken()).value
    assert said == own(folder, BlipForConditionalGeneration, image.pixels, "")
    box = np.array([[20, 10, 60, 60]], np.float32)
    region = Boxes(image.frame, box, ("a",), np.ones(1, np.float32))
    part = image.pixels[6:64, 16:64]
    said = model.describe_region(image, region, cancel=CancelToken())
    assert said == [own(folder, BlipForConditionalGeneration, part, "")]
    assert model.nbytes() > 10_000


def test_answers_are_the_librarys(hub, image):
    from transformers import BlipForQuestionAnswering

    folder = hub(blip.BLIP_VQA.weights, build_vqa)
    model = blip.BLIP_VQA.load()
    said = model(image, f" {QUESTION}\n", cancel=CancelToken()).value
    assert said == own(folder, BlipForQuestionAnswering, image.pixels, QUESTION)


@pytest.mark.parametrize(
    ("spec", "build"),
    [(blip.BLIP2_OPT, build_blip2_opt), (blip.BLIP2_FLAN, build_blip2_t5)],
    ids=["decoder", "encoder and decoder"],
)
def test_the_larger_one_says_what_the_library_says(hub, image, spec, build):
    from transformers import Blip2ForConditionalGeneration

    folder = hub(spec.weights, build)
    model = spec.load()
    prompt = f"Question: {QUESTION} Answer:"
    theirs = own(folder, Blip2ForConditionalGeneration, image.pixels, prompt)
    said = model.vqa(image, QUESTION, cancel=CancelToken()).value
    assert said == theirs.removeprefix(prompt).strip()
    assert prompt not in said
    theirs = own(folder, Blip2ForConditionalGeneration, image.pixels, blip.PROMPT)
    said = model.caption(image, cancel=CancelToken()).value
    assert said == f"{blip.PROMPT} {theirs.removeprefix(blip.PROMPT).strip()}".strip()


def test_a_stopped_call_ends_at_the_next_token(hub, image):
    hub(blip.BLIP_BASE.weights, build_caption)
    model = blip.BLIP_BASE.load()
    stop = CancelToken()
    steps = []

    def look(*_):
        steps.append(1)
        stop.cancel()

    hook = model._model.text_decoder.register_forward_pre_hook(look)
    with pytest.raises(Cancelled):
        model.caption(image, cancel=stop)
    with pytest.raises(Cancelled):
        model.caption(image, cancel=stop)
    hook.remove()
    assert len(steps) == 1


def test_the_licence_of_opt_is_not_free():
    assert not blip.BLIP2_OPT.permissive
    assert blip.BLIP2_FLAN.permissive


# The ability


class Echo:
    """Answers with the question and the size of what it was shown."""

    def use(self, ability, image, question, *, labels, cancel):
        from tools.types import Text

        return Text(f"{ability} {question} {image.width}x{image.height}")


def test_the_picture_or_each_part_is_asked_about(image):
    ctx = ToolContext(Echo())
    said = vqa(ctx, image, "  what   is it?")
    assert (said.value, said.of) == ("vqa what is it? 120x80", "what is it?")
    place = np.array([[0, 0, 40, 40], [50, 20, 110, 70]], np.float32)
    region = Boxes(image.frame, place, ("a", "b"), np.ones(2, np.float32))
    said = vqa(ctx, image, "what?", region)
    assert said.value == "a: vqa what? 40x40\nb: vqa what? 60x50"
    assert vqa(ctx, image, "what?", region.take([1])).value == "vqa what? 60x50"
    with pytest.raises(BadArguments, match="no question"):
        vqa(ctx, image, " ")
