"""OWLv2 gives what the library gives on the same weights, for phrases and for examples."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.owlv2 import build_owlv2
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled
from tools.experts.detect_like import detect_like
from tools.geometry import crop, resize
from tools.models import owlv2
from tools.types import Boxes, Image

GO = CancelToken()
PHRASES = ("Red bus", "a person")
FLOOR = 1e-6
"""Random weights are sure of nothing."""


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(owlv2.BASE.weights, build_owlv2)


@pytest.fixture(scope="module")
def model(checkpoint):
    return owlv2.BASE.load()


@pytest.fixture(scope="module")
def library(checkpoint):
    """The library's own model and processor."""
    import torch
    from transformers import AutoProcessor, Owlv2ForObjectDetection

    own = Owlv2ForObjectDetection.from_pretrained(checkpoint, dtype=torch.float32).eval()
    return own, AutoProcessor.from_pretrained(checkpoint)


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


@pytest.fixture
def other(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 70, 3), np.uint8))


def picture(image):
    return PilImage.fromarray(image.pixels)


def inside(boxes, image):
    """Boxes clipped to the picture, and which of them have something left."""
    clipped = np.clip(boxes, 0, [*image.size_wh] * 2)
    return clipped, (clipped[:, 2:] - clipped[:, :2] >= 0.5).all(axis=1)


def test_it_finds_what_the_library_finds(model, library, image):
    import torch

    own, processor = library
    said = [["a photo of a red bus", "a photo of a person"]]
    inputs = processor(text=said, images=picture(image), return_tensors="pt")
    with torch.inference_mode():
        outputs = own(**inputs)
    wanted = processor.post_process_grounded_object_detection(
        outputs, threshold=FLOOR, target_sizes=[(120, 200)], text_labels=[list(PHRASES)]
    )[0]
    order = np.argsort(-wanted["scores"].numpy(), kind="stable")
    boxes, left = inside(wanted["boxes"].numpy()[order], image)
    found = model.detect(image, labels=PHRASES, cancel=GO, min_score=FLOOR)
    assert len(found) == left.sum() > 0
    assert found.scores == pytest.approx(wanted["scores"].numpy()[order][left])
    assert found.labels == tuple(wanted["text_labels"][i] for i in order[left])
    assert found.xyxy == pytest.approx(boxes[left], abs=1e-3)


def guided(library, image, example):
    """The library's own search by a picture: what it chose there, and what it found here."""
    import torch

    own, processor = library
    inputs = processor(images=picture(image), query_images=picture(example), return_tensors="pt")
    with torch.inference_mode():
        outputs = own.image_guided_detection(**inputs)
        rows = outputs.query_image_embeds.flatten(1, 2)
        chosen = int(own.objectness_predictor(rows).argmax())
    scores = outputs.logits.sigmoid().amax(dim=-1)[0].numpy()
    wanted = processor.post_process_image_guided_detection(
        outputs, threshold=0.0, nms_threshold=0.3, target_sizes=torch.tensor([(image.height, image.width)])
    )[0]  # fmt: skip
    x, y, w, h = outputs.query_pred_boxes[0, chosen].numpy() * max(example.size_wh)
    return [x - w / 2, y - h / 2, x + w / 2, y + h / 2], wanted["boxes"].numpy(), scores


def test_what_looks_like_an_example_is_what_the_library_finds(model, library, image, other):
    box, wanted, scores = guided(library, image, other)
    shown = np.clip(np.float32([box]), 0, [70, 90, 70, 90])
    example = Boxes(other.frame, shown, ("leaf",), np.ones(1, np.float32))
    found = model.detect_like(image, other, example, labels=("leaf",), cancel=GO, min_score=FLOOR)
    assert set(found.labels) == {"leaf"}
    assert found.scores[0] == pytest.approx(scores.max())
    boxes, left = inside(wanted, image)
    # the library leaves out what has under a tenth of the best score
    for row in boxes[left]:
        assert np.abs(found.xyxy - row).max(axis=1).min() < 1e-2


def test_of_several_examples_each_thing_goes_by_the_one_it_is_most_like(model, image):
    shown = np.float32([[0, 0, 60, 60], [100, 40, 190, 110]])
    names = ("left", "right")
    examples = Boxes(image.frame, shown, names, np.ones(2, np.float32))

    def like(region):
        labels = region.labels
        return model.detect_like(image, image, region, labels=labels, cancel=GO, min_score=FLOOR)

    alone = [like(examples.take([i])) for i in range(2)]
    both = like(examples)
    best = [float(one.scores[0]) for one in alone]
    assert both.scores[0] == pytest.approx(max(best))
    assert both.labels[0] == names[int(np.argmax(best))]


def wide(found):
    """Boxes of which half a pixel is left where three pixels are one."""
    sides = found.xyxy[:, 2:] - found.xyxy[:, :2]
    return found.xyxy[(sides >= 1.5).all(axis=1)]


def test_places_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    flat = Image.as_root(view.pixels)
    seen = model.detect(flat, labels=PHRASES, cancel=GO, min_score=FLOOR)
    found = model.detect(view, labels=PHRASES, cancel=GO, min_score=FLOOR)
    assert found.xyxy == pytest.approx(wide(seen) / 3 + [40, 20, 40, 20], abs=1e-2)
    one = np.ones(1, np.float32)
    there = Boxes(image.frame, np.float32([[60, 40, 100, 90]]), ("x",), one)
    here = Boxes(flat.frame, (there.xyxy - [40, 20, 40, 20]).astype(np.float32) * 3, ("x",), one)
    seen = model.detect_like(flat, flat, here, labels=("x",), cancel=GO, min_score=FLOOR)
    found = model.detect_like(view, view, there, labels=("x",), cancel=GO, min_score=FLOOR)
    assert found.xyxy == pytest.approx(wide(seen) / 3 + [40, 20, 40, 20], abs=1e-2)


def test_what_lies_on_the_border_that_squares_a_view_is_nowhere(model, image):
    view = crop(image, [20, 10, 120, 40])
    found = model.detect(view, labels=PHRASES, cancel=GO, min_score=FLOOR)
    assert 0 < len(found) < 36  # a patch may lie wholly on the border
    assert found.xyxy[:, 2].max() <= 120
    assert found.xyxy[:, 3].max() <= 40


def test_the_tool_searches_the_same_picture_or_a_second_one(checkpoint, ctx, image, other):
    region = Boxes(image.frame, np.float32([[10, 10, 90, 90]]), ("",), np.ones(1, np.float32))
    same = detect_like(ctx, image, region, min_score=FLOOR)
    there = detect_like(ctx, image, region, target=other, min_score=FLOOR)
    assert same.frame == image.frame
    assert there.frame == other.frame
    assert set(same.labels) | set(there.labels) == {"thing like the example"}
    with pytest.raises(BadArguments, match="another picture"):
        detect_like(ctx, other, region)
    with pytest.raises(BadArguments, match="no example"):
        detect_like(ctx, image, region.take([]))


def test_long_and_odd_phrases_are_read(model, image):
    long = " ".join(["bus"] * 90)
    assert set(model.detect(image, labels=(long,), cancel=GO, min_score=FLOOR).labels) == {long}
    assert len(model.detect(image, labels=(), cancel=GO, min_score=FLOOR)) == 0
    assert len(model.detect(image, labels=("bus",), cancel=GO, min_score=1.0)) == 0


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    region = Boxes(image.frame, np.float32([[10, 10, 90, 90]]), ("x",), np.ones(1, np.float32))
    with pytest.raises(Cancelled):
        model.detect(image, labels=PHRASES, cancel=stop)
    with pytest.raises(Cancelled):
        model.detect_like(image, image, region, labels=("x",), cancel=stop)


def test_one_set_of_weights_does_both(checkpoint, model):
    assert owlv2.BASE.abilities == ("detect", "detect_like")
    assert not owlv2.BASE.missing()
    assert "google/owlv2-large" in owlv2.LARGE.missing()
    assert model.nbytes() > 100_000
