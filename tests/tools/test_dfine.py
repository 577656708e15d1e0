"""D-FINE gives what the library gives on the same weights, in root pixels."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.dfine import build_dfine
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import Cancelled, SetupError
from tools.geometry import crop, resize
from tools.models import dfine
from tools.types import Image

REPO = dfine.LARGE.weights
FLOOR = 0.05
"""Random weights are sure of nothing."""


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(REPO, build_dfine)


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


def own(folder, pixels):
    """What the library itself says."""
    import torch
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    processor = AutoImageProcessor.from_pretrained(folder)
    model = AutoModelForObjectDetection.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        outputs = model(**processor(images=PilImage.fromarray(pixels), return_tensors="pt"))
    return processor.post_process_object_detection(
        outputs, threshold=FLOOR, target_sizes=[pixels.shape[:2]]
    )[0]


def test_it_finds_what_the_library_finds(checkpoint, image):
    wanted = own(checkpoint, image.pixels)
    found = dfine.LARGE.load()(image, labels=dfine.COCO, cancel=CancelToken(), min_score=FLOOR)
    order = np.argsort(-wanted["scores"].numpy(), kind="stable")
    assert len(found) == len(order) > 0
    assert found.scores == pytest.approx(wanted["scores"].numpy()[order])
    assert found.labels == tuple(dfine.COCO[i] for i in wanted["labels"].numpy()[order])
    limits = [image.width, image.height] * 2
    boxes = np.clip(wanted["boxes"].numpy()[order], 0, limits)
    assert found.xyxy == pytest.approx(boxes, abs=1e-3)


def test_only_the_named_things(checkpoint, image):
    every = dfine.LARGE.load()(image, labels=dfine.COCO, cancel=CancelToken(), min_score=FLOOR)
    name = every.labels[0]
    found = dfine.LARGE.load()(image, labels=(name,), cancel=CancelToken(), min_score=FLOOR)
    assert set(found.labels) == {name}
    assert len(found) == every.labels.count(name)


def test_boxes_of_a_view_lie_in_the_root(checkpoint, image):
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    model = dfine.LARGE.load()
    seen = model(
        Image.as_root(view.pixels), labels=dfine.COCO, cancel=CancelToken(), min_score=FLOOR
    )
    found = model(view, labels=dfine.COCO, cancel=CancelToken(), min_score=FLOOR)
    assert found.frame == image.frame
    assert found.xyxy == pytest.approx(seen.xyxy / 3 + [40, 20, 40, 20], abs=1e-2)


def test_a_stopped_call_does_not_begin(checkpoint, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        dfine.LARGE.load()(image, labels=("person",), cancel=stop)


def test_cut_weights_are_named_with_the_mend(checkpoint, image):
    path = next(checkpoint.glob("*.safetensors"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    try:
        with pytest.raises(SetupError, match="cut short") as caught:
            dfine.LARGE.load()
        assert "ocelli models pull" in caught.value.hint
    finally:
        path.write_bytes(whole)


def test_without_weights_it_is_not_ready(checkpoint):
    assert not dfine.LARGE.missing()
    assert REPO not in dfine.NANO.missing()
    assert "not on this machine" in dfine.NANO.missing()
    assert dfine.NANO.mend() == "ocelli models pull dfine-nano"


def test_several_pictures_at_once_are_found_like_each_alone(checkpoint, rng):
    sizes = [(120, 200), (90, 60), (64, 64)]
    images = [Image.as_root(rng.integers(0, 255, (*size, 3), np.uint8)) for size in sizes]
    model, stop = dfine.LARGE.load(), CancelToken()
    asked = {"labels": dfine.COCO, "cancel": stop, "min_score": FLOOR}
    together = model.batch([("detect", (image,)) for image in images], **asked)
    for image, found in zip(images, together, strict=True):
        alone = model(image, **asked)
        assert found.labels == alone.labels
        assert found.xyxy == pytest.approx(alone.xyxy, abs=1e-2)
