"""ViTPose gives what the library gives on the same weights, in root pixels."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.vitpose import build_vitpose, build_vitpose_plus
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled
from tools.experts.pose import pose
from tools.geometry import crop, resize
from tools.models import vitpose
from tools.types import Boxes, Image

CORNERS = np.array([[20, 10, 80, 110], [100, 30, 150, 115], [5, 5, 25, 60]], np.float32)


@pytest.fixture(scope="module", autouse=True)
def checkpoint(hub):
    hub(vitpose.PLUS_SMALL.weights, build_vitpose_plus)
    return hub(vitpose.BASE.weights, build_vitpose)


@pytest.fixture(scope="module")
def model(checkpoint):
    return vitpose.BASE.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


def people(image: Image, corners: np.ndarray = CORNERS) -> Boxes:
    names = tuple(f"person {i}" for i in range(len(corners)))
    return Boxes(image.frame, corners.astype(np.float32), names, np.ones(len(names), np.float32))


def own(folder, image, corners, **more):
    """What the library itself says: (xy, scores)."""
    import torch
    from transformers import AutoProcessor, VitPoseForPoseEstimation

    processor = AutoProcessor.from_pretrained(folder)
    net = VitPoseForPoseEstimation.from_pretrained(folder, dtype=torch.float32).eval()
    coco = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    picture = PilImage.fromarray(image.pixels)
    inputs = processor(images=picture, boxes=[coco], return_tensors="pt")
    with torch.inference_mode():
        out = net(**inputs, **more)
    found = processor.post_process_pose_estimation(out, boxes=[coco])[0]
    return np.stack([f["keypoints"] for f in found]), np.stack([f["scores"] for f in found])


def test_it_sees_what_the_library_sees(model, checkpoint, image):
    found = model(image, people=people(image), cancel=CancelToken())
    xy, scores = own(checkpoint, image, CORNERS)
    assert found.xy == pytest.approx(np.clip(xy, 0, [200, 120]), abs=1e-4)
    assert found.xy_scores == pytest.approx(np.clip(scores, 0, 1), abs=1e-6)
    assert found.names == vitpose.NAMES
    assert found.labels == ("person 0", "person 1", "person 2")
    assert np.ptp(found.xy, axis=1).min() > 0


def test_more_people_than_fit_at_once(model, image, rng):
    low = rng.uniform(0, 60, (vitpose.AT_ONCE + 3, 2))
    crowd = people(image, np.concatenate([low, low + 50], axis=1))
    found = model(image, people=crowd, cancel=CancelToken())
    last = model(image, people=crowd.take([len(crowd) - 1]), cancel=CancelToken())
    assert len(found) == len(crowd)
    assert found.xy[-1] == pytest.approx(last.xy[0], abs=1e-2)


def test_the_expert_of_coco_answers(hub, image):
    import torch

    folder = hub(vitpose.PLUS_SMALL.weights, build_vitpose_plus)
    found = vitpose.PLUS_SMALL.load()(image, people=people(image), cancel=CancelToken())
    first = torch.zeros(3, dtype=torch.long)
    xy, _ = own(folder, image, CORNERS, dataset_index=first)
    assert found.xy == pytest.approx(np.clip(xy, 0, [200, 120]), abs=1e-4)
    other, _ = own(folder, image, CORNERS, dataset_index=first + 1)
    assert (xy != other).any()


def test_points_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [10, 0, 110, 120]), (300, 360))
    alone = Image.as_root(view.pixels)
    moved = people(alone, (CORNERS[:1] - [10, 0, 10, 0]) * 3)
    seen = model(alone, people=moved, cancel=CancelToken())
    found = model(view, people=people(image, CORNERS[:1]), cancel=CancelToken())
    assert found.frame == image.frame
    inside = ((seen.xy > 0) & (seen.xy < [300, 360])).all(axis=2)  # the rest was cut off
    assert inside.sum() > 5
    assert found.xy[inside] == pytest.approx(seen.xy[inside] / 3 + [10, 0], abs=1e-2)


def test_people_outside_the_view_are_left_out(model, image):
    found = model(crop(image, [0, 0, 90, 120]), people=people(image), cancel=CancelToken())
    assert found.labels == ("person 0", "person 2")


def test_nobody_has_no_points(ctx, image):
    found = pose(ctx, image, people(image, np.zeros((0, 4))))
    assert len(found) == 0
    assert found.xy.shape == (0, 17, 2)


def test_the_ability_reaches_it_and_draws(ctx, image):
    found = pose(ctx, image, people(image))
    assert len(found) == 3
    assert (found.draw(image).pixels != image.pixels).any()


def test_people_of_another_picture_are_refused(ctx, image):
    other = Image.as_root(np.zeros((120, 200, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        pose(ctx, image, people(other))


def test_a_stopped_call_does_not_begin(model, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model(image, people=people(image), cancel=stop)
