"""Sapiens2 sees the points that the library sees, under plain names, in root pixels."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.sapiens2 import build_sapiens2
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import Cancelled
from tools.geometry import crop, resize
from tools.models import sapiens2
from tools.types import Boxes, Image

SPEC = sapiens2.MODEL
CORNERS = np.array([[20, 10, 80, 110], [100, 30, 150, 115]], np.float32)
GO = CancelToken()


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_sapiens2)


@pytest.fixture(scope="module")
def model(checkpoint):
    return SPEC.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


def people(image: Image, corners: np.ndarray = CORNERS) -> Boxes:
    n = len(corners)
    return Boxes(image.frame, corners.astype(np.float32), ("person",) * n, np.ones(n, np.float32))


def test_it_sees_what_the_library_sees(model, checkpoint, image):
    import torch
    from transformers import AutoImageProcessor, Sapiens2ForPoseEstimation

    processor = AutoImageProcessor.from_pretrained(checkpoint)
    net = Sapiens2ForPoseEstimation.from_pretrained(checkpoint, dtype=torch.float32).eval()
    coco = np.concatenate([CORNERS[:, :2], CORNERS[:, 2:] - CORNERS[:, :2]], axis=1).tolist()
    shown = PilImage.fromarray(image.pixels)
    with torch.inference_mode():
        out = net(**processor(images=shown, boxes=[coco], return_tensors="pt"))
    wanted = processor.post_process_pose_estimation(out, boxes=[coco])[0]
    found = model(image, people=people(image), cancel=GO)
    xy = np.stack([body["keypoints"].numpy() for body in wanted])
    sure = np.stack([body["scores"].numpy() for body in wanted])
    assert found.xy == pytest.approx(np.clip(xy, 0, [200, 120]), abs=1e-4)
    assert found.xy_scores == pytest.approx(np.clip(sure, 0, 1), abs=1e-6)
    assert found.names == ("nose", "left eye", "right eye", "left thumb tip", "point 5")


def test_points_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [10, 0, 110, 120]), (200, 240))
    seen = Image.as_root(view.pixels)
    moved = (CORNERS[:1] - [10, 0, 10, 0]) * 2
    alone = model(seen, people=people(seen, moved), cancel=GO)
    found = model(view, people=people(image, CORNERS[:1]), cancel=GO)
    assert found.frame == image.frame
    assert found.xy == pytest.approx(alone.xy / 2 + [10, 0], abs=1e-3)


def test_nobody_has_no_points_and_a_stop_is_heeded(model, image):
    assert len(model(image, people=people(image, np.zeros((0, 4))), cancel=GO)) == 0
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model(image, people=people(image), cancel=stop)


def test_its_own_terms_are_not_taken_for_free_ones():
    assert not SPEC.permissive
