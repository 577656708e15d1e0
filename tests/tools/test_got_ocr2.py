"""GOT-OCR 2 reads what the library reads on the same weights, page by page."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.got_ocr2 import build_got_ocr2
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import Cancelled
from tools.experts.read_document import read_document
from tools.models import got_ocr2
from tools.types import Boxes, Image

TOKENS = 12


@pytest.fixture(scope="module")
def checkpoint(hub):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(got_ocr2, "MAX_TOKENS", TOKENS)
        yield hub(got_ocr2.REPO, build_got_ocr2)


@pytest.fixture(scope="module")
def model(checkpoint):
    return got_ocr2.MODEL.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 120, 3), np.uint8))


def own(folder, pixels, layout):
    """What the library itself reads."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    net = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    shown = PilImage.fromarray(pixels)
    inputs = processor(shown, return_tensors="pt", format=layout, num_image_tokens=4)
    with torch.inference_mode():
        made = net.generate(
            **inputs,
            do_sample=False,
            tokenizer=processor.tokenizer,
            stop_strings="<|im_end|>",
            max_new_tokens=TOKENS,
        )
    return processor.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


@pytest.mark.parametrize("layout", [False, True])
def test_a_page_is_read_as_by_the_library(model, checkpoint, image, layout):
    said = model(image, layout, cancel=CancelToken()).value
    assert said == own(checkpoint, image.pixels, layout).strip()
    assert said


def test_a_stopped_call_ends_at_the_next_token(model, image):
    stop = CancelToken()
    steps = []

    def look(*_):
        steps.append(1)
        stop.cancel()

    hook = model._model.register_forward_pre_hook(look)
    for _ in range(2):
        with pytest.raises(Cancelled):
            model(image, cancel=stop)
    hook.remove()
    assert len(steps) == 1


class One:
    def __init__(self, model):
        self.model = model

    def use(self, ability, *args, labels, cancel, **kwargs):
        assert ability == "read_document"
        return self.model(*args, cancel=cancel, **kwargs)


def test_parts_are_read_one_after_the_other(model, checkpoint, image):
    ctx = ToolContext(One(model))
    whole = read_document(ctx, image, layout=True).value
    assert whole == own(checkpoint, image.pixels, True).strip()
    place = np.array([[0, 0, 50, 40], [50, 20, 110, 70]], np.float32)
    region = Boxes(image.frame, place, ("a", "b"), np.ones(2, np.float32))
    parts = [own(checkpoint, image.pixels[:40, :50], False).strip()]
    parts += [own(checkpoint, image.pixels[20:70, 50:110], False).strip()]
    assert read_document(ctx, image, region).value == "\n\n".join(parts)
    assert read_document(ctx, image, region.take([])).value == ""


def test_its_bytes_are_counted(model):
    assert model.nbytes() > 10_000
