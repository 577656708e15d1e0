"""Everything in a picture: EoMT gives what the library gives, in root pixels, with its names."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from checkpoints.eomt import build_eomt
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled
from tools.experts.segment_all import segment_all
from tools.geometry import crop, place_masks, resize
from tools.models import eomt
from tools.types import Boxes, Image

SPEC = eomt.LARGE
LAX = {"overlap_mask_area_threshold": 0.2}
"""Masks of random weights overlap."""


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_eomt)


@pytest.fixture(scope="module")
def model(checkpoint):
    loaded = SPEC.load()
    plain = loaded._processor.post_process_panoptic_segmentation
    loaded._processor.post_process_panoptic_segmentation = partial(plain, **LAX)
    return loaded


@pytest.fixture
def only(model) -> ToolContext:
    """A context that has this model alone."""

    class Only:
        def use(self, ability, *args, labels, cancel, **kwargs):
            assert ability == "segment_all"
            return model(*args, cancel=cancel, **kwargs)

    return ToolContext(Only())


@pytest.fixture
def image(rng) -> Image:
    coarse = PilImage.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8))
    return Image.as_root(np.asarray(coarse.resize((160, 120), PilImage.Resampling.BICUBIC)))


def test_it_takes_apart_as_the_library_does(model, checkpoint, image):
    import torch
    from transformers import AutoImageProcessor, AutoModelForUniversalSegmentation

    processor = AutoImageProcessor.from_pretrained(checkpoint)
    net = AutoModelForUniversalSegmentation.from_pretrained(checkpoint, dtype=torch.float32).eval()
    with torch.inference_mode():
        inputs = processor(images=PilImage.fromarray(image.pixels), return_tensors="pt")
        out = net(pixel_values=inputs["pixel_values"])
    wanted = processor.post_process_panoptic_segmentation(
        out, target_sizes=[(120, 160)], stuff_classes=list(range(80, 133)), **LAX
    )[0]
    found = model(image, cancel=CancelToken())
    assert len(found) == len(wanted["segments_info"]) > 1
    sizes = found.masks.sum(axis=(1, 2))
    assert (np.diff(sizes) <= 0).all()
    assert found.masks.sum(axis=0).max() == 1
    of_pixel = wanted["segmentation"].numpy()
    for part in wanted["segments_info"]:
        at = [i for i, mask in enumerate(found.masks) if (mask == (of_pixel == part["id"])).all()]
        assert len(at) == 1
        assert found.scores[at[0]] == pytest.approx(part["score"])
        name = net.config.id2label[part["label_id"]]
        assert found.labels[at[0]] == name.replace("-other-merged", "")


def test_masks_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [20, 10, 100, 70]), (160, 120))
    seen = model(Image.as_root(view.pixels), cancel=CancelToken())
    found = model(view, cancel=CancelToken())
    assert found.frame == image.frame
    assert (found.masks == place_masks(view, seen.masks, seen.labels, seen.scores).masks).all()
    assert len(found) > 0


def test_regions_are_taken_apart_one_by_one(only, model, image):
    corners = np.array([[0, 0, 80, 120], [80, 0, 160, 120]], np.float32)
    region = Boxes(image.frame, corners, ("left", "right"), np.ones(2, np.float32))
    found = segment_all(only, image, region=region)
    left = model(crop(image, corners[0]), cancel=CancelToken())
    right = model(crop(image, corners[1]), cancel=CancelToken())
    assert found.labels == left.labels + right.labels
    assert not found.masks[: len(left), :, 80:].any()


def test_an_empty_region_has_no_masks(only, image):
    region = Boxes(image.frame, np.zeros((0, 4), np.float32), (), np.zeros(0, np.float32))
    assert len(segment_all(only, image, region=region)) == 0


def test_nothing_sure_is_no_mask(model, image, monkeypatch):
    strict = model._processor.post_process_panoptic_segmentation
    never = partial(strict, threshold=1.1)
    monkeypatch.setattr(model._processor, "post_process_panoptic_segmentation", never)
    assert len(model(image, cancel=CancelToken())) == 0


def test_a_region_of_another_picture_is_refused(only, image):
    other = Image.as_root(np.zeros((9, 9, 3), np.uint8))
    region = Boxes(
        other.frame, np.array([[0, 0, 5, 5]], np.float32), ("x",), np.ones(1, np.float32)
    )
    with pytest.raises(BadArguments, match="another picture"):
        segment_all(only, image, region=region)


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model(image, cancel=stop)
