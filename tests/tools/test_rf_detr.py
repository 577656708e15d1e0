"""RF-DETR gives what the library gives on the same weights, in root pixels."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.rf_detr import build_rf_detr
from PIL import Image as PilImage

from tools.coco import COCO
from tools.context import CancelToken
from tools.errors import Cancelled
from tools.geometry import crop, resize
from tools.models import rf_detr
from tools.types import Image

GO = CancelToken()
FLOOR = 1e-4
"""Random weights are sure of nothing."""


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(rf_detr.MEDIUM.weights, build_rf_detr)


@pytest.fixture(scope="module")
def model(checkpoint):
    return rf_detr.MEDIUM.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


def test_it_finds_what_the_library_finds(checkpoint, model, image):
    import torch
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    processor = AutoImageProcessor.from_pretrained(checkpoint)
    own = AutoModelForObjectDetection.from_pretrained(checkpoint, dtype=torch.float32).eval()
    with torch.inference_mode():
        outputs = own(**processor(images=PilImage.fromarray(image.pixels), return_tensors="pt"))
    wanted = processor.post_process_object_detection(
        outputs, threshold=FLOOR, target_sizes=[(120, 200)]
    )[0]
    classes = [rf_detr.names(own.config.id2label).get(int(i)) for i in wanted["labels"]]
    rows = [row for row, name in enumerate(classes) if name]
    found = model(image, labels=COCO, cancel=GO, min_score=FLOOR)
    assert len(found) == len(rows) > 0
    assert found.scores == pytest.approx(wanted["scores"].numpy()[rows])
    assert found.labels == tuple(classes[row] for row in rows)
    boxes = np.clip(wanted["boxes"].numpy()[rows], 0, [200, 120, 200, 120])
    assert found.xyxy == pytest.approx(boxes, abs=1e-3)


def test_only_the_named_things(model, image):
    every = model(image, labels=COCO, cancel=GO, min_score=FLOOR)
    found = model(image, labels=every.labels[:1], cancel=GO, min_score=FLOOR)
    assert set(found.labels) == {every.labels[0]}
    assert len(found) == every.labels.count(every.labels[0])
    assert len(model(image, labels=COCO, cancel=GO, min_score=1.0)) == 0


def test_boxes_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    seen = model(Image.as_root(view.pixels), labels=COCO, cancel=GO, min_score=FLOOR)
    found = model(view, labels=COCO, cancel=GO, min_score=FLOOR)
    assert found.frame == image.frame
    assert found.xyxy == pytest.approx(seen.xyxy / 3 + [40, 20, 40, 20], abs=1e-2)


@pytest.mark.parametrize(
    ("said", "number", "name"),
    [
        ({i: f"LABEL_{i}" for i in range(91)}, 90, "toothbrush"),
        ({i: f"LABEL_{i}" for i in range(90)}, 13, "stop sign"),
        ({i: f"LABEL_{i}" for i in range(80)}, 79, "toothbrush"),
        ({i: f"LABEL_{i}" for i in range(80)}, 0, "person"),
        (dict(enumerate(reversed(COCO))), 79, "person"),
    ],
)
def test_numbers_of_a_checkpoint_are_classes_of_coco(said, number, name):
    classes = rf_detr.names(said)
    assert classes[number] == name
    assert sorted(classes.values()) == sorted(COCO)


@pytest.mark.parametrize("said", [{0: "crack", 1: "person"}, {0: "LABEL_0"}])
def test_other_classes_than_those_of_coco_are_no_names(said):
    assert rf_detr.names(said) == {}


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model(image, labels=("person",), cancel=stop)


def test_without_weights_it_is_not_ready(checkpoint, model):
    assert not rf_detr.MEDIUM.missing()
    assert rf_detr.LARGE.mend() == "ocelli models pull rf-detr-large"
    assert model.nbytes() > 100_000


def test_several_pictures_at_once_are_found_like_each_alone(model, rng):
    sizes = [(120, 200), (300, 90), (64, 64)]
    images = [Image.as_root(rng.integers(0, 255, (*size, 3), np.uint8)) for size in sizes]
    asked = {"labels": COCO, "cancel": GO, "min_score": FLOOR}
    together = model.batch([("detect", (image,)) for image in images], **asked)
    for image, found in zip(images, together, strict=True):
        alone = model(image, **asked)
        assert len(found) == len(alone) > 0
        assert found.labels == alone.labels
        assert found.xyxy == pytest.approx(alone.xyxy, abs=1e-3)
        assert found.scores == pytest.approx(alone.scores, abs=1e-6)
