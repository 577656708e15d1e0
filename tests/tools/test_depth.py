"""Depth Anything gives what the library gives, and depth orders things."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.depth_anything import build_depth_anything
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.depths import depth_of, place_depth
from tools.errors import BadArguments, Cancelled
from tools.experts.compare_depth import compare_depth
from tools.experts.depth import depth
from tools.geometry import crop, resize
from tools.models import depth_anything
from tools.types import Boxes, DepthMap, Image, Masks

SPEC = depth_anything.SMALL


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_depth_anything)


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (60, 100, 3), np.uint8))


@pytest.fixture
def slope(image) -> DepthMap:
    """Farther to the right."""
    return DepthMap(image.frame, np.tile(np.arange(100, dtype=np.float32), (60, 1)))


def boxes(image: Image, *corners: tuple[float, ...]) -> Boxes:
    names = tuple("abcdef"[: len(corners)])
    return Boxes(image.frame, np.array(corners, np.float32).reshape(-1, 4), names,
                 np.ones(len(corners), np.float32))  # fmt: skip


def test_it_sees_the_depth_that_the_library_sees(ctx, checkpoint, image):
    import torch
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    processor = AutoImageProcessor.from_pretrained(checkpoint)
    net = AutoModelForDepthEstimation.from_pretrained(checkpoint, dtype=torch.float32).eval()
    with torch.inference_mode():
        out = net(**processor(images=PilImage.fromarray(image.pixels), return_tensors="pt"))
    near = processor.post_process_depth_estimation(out, target_sizes=[(60, 100)])[0]
    near = near["predicted_depth"].numpy()
    found = depth(ctx, image)
    assert found.frame == image.frame
    assert not found.metric
    assert np.ptp(near) > 0
    assert (found.values == near.max() - near).all()


def test_depth_of_a_view_lies_in_the_root(checkpoint, image):
    model = SPEC.load()
    view = resize(crop(image, [20, 10, 80, 50]), (240, 160))
    seen = model(Image.as_root(view.pixels), cancel=CancelToken()).values
    found = model(view, cancel=CancelToken())
    assert found.frame == image.frame
    whole = seen.reshape(40, 4, 60, 4)[:, 1:3, :, 1:3].mean(axis=(1, 3))  # bilinear, 4 to 1
    assert found.values[10:50, 20:80] == pytest.approx(whole, abs=1e-4)


def test_what_a_view_does_not_show_goes_on_from_its_edge(image):
    view = crop(image, [20, 10, 80, 50])
    seen = np.arange(40 * 60, dtype=np.float32).reshape(40, 60)
    placed = place_depth(view, seen).values
    assert (placed[10:50, 20:80] == seen).all()
    assert (placed[10:50, 0] == seen[:, 0]).all()
    assert (placed[59, 20:80] == seen[-1]).all()


def test_a_stopped_call_does_not_begin(checkpoint, image):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        SPEC.load()(image, cancel=stop)


def test_things_are_ordered_from_near_to_far(ctx, image, slope):
    table = compare_depth(ctx, slope, boxes(image, (60, 5, 100, 55), (0, 5, 40, 55)))
    assert [row[1] for row in table.rows] == ["b", "a"]
    assert [row[2] for row in table.rows] == ["20", "80"]
    assert table.box(0, 1).xyxy.tolist() == [[0, 5, 40, 55]]


def test_metres_stay_metres(ctx, image, slope):
    metric = DepthMap(slope.frame, slope.values, metric=True)
    table = compare_depth(ctx, metric, boxes(image, (0, 0, 40, 60)))
    assert table.columns[2] == "depth (m)"
    assert table.rows[0][2] == "19.50"


def test_a_mask_says_better_than_its_box_where_a_thing_is(image, slope):
    mask = np.zeros((1, 60, 100), np.bool_)
    mask[0, :, :3] = mask[0, 0, :90] = True
    thing = Masks(image.frame, mask, ("pole",), np.ones(1, np.float32))
    assert depth_of(slope, thing)[0] < 5
    assert depth_of(slope, thing.boxes())[0] > 30


def test_a_thing_of_one_pixel_in_the_corner_has_a_depth(image, slope):
    assert depth_of(slope, boxes(image, (99.5, 59.5, 100, 60)))[0] == 99


def test_nothing_to_compare_is_an_empty_table(ctx, image, slope):
    assert len(compare_depth(ctx, slope, boxes(image))) == 0


def test_things_of_another_picture_are_refused(ctx, slope):
    other = Image.as_root(np.zeros((60, 100, 3), np.uint8))
    with pytest.raises(BadArguments, match="another picture"):
        compare_depth(ctx, slope, boxes(other, (0, 0, 9, 9)))


def test_only_the_small_one_is_free_to_use(checkpoint):
    assert SPEC.permissive
    assert not depth_anything.BASE.permissive
    assert not depth_anything.LARGE.permissive
    assert not SPEC.missing()
    assert depth_anything.BASE.missing()
