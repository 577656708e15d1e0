"""Swin2SR gives what the library gives; tiles join without a seam; places stay known."""

from __future__ import annotations

import numpy as np
import pytest
from checkpoints.swin2sr import build_swin2sr, build_swin2sr_four
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled, MissingModel
from tools.experts.upscale import upscale
from tools.geometry import to_root
from tools.models import swin2sr
from tools.tiles import tiled
from tools.types import Boxes, Image


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(swin2sr.TWICE.weights, build_swin2sr)


@pytest.fixture(scope="module")
def twice(checkpoint):
    return swin2sr.TWICE.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (37, 50, 3), np.uint8))


def own(folder, pixels):
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageToImage

    processor = AutoImageProcessor.from_pretrained(folder)
    model = AutoModelForImageToImage.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        made = model(**processor(images=PilImage.fromarray(pixels), return_tensors="pt"))
    grid = made.reconstruction[0].clamp(0, 1).numpy().transpose(1, 2, 0)
    height, width = pixels.shape[:2]
    return (grid * 255).round().astype(np.uint8)[: 2 * height, : 2 * width]


def test_it_draws_what_the_library_draws(checkpoint, twice, image):
    made = twice(image, labels=("x2",), cancel=CancelToken())
    assert made.size_wh == (100, 74)
    assert (made.pixels == own(checkpoint, image.pixels)).all()
    assert (to_root(made, [[100, 74]]) == [[50, 37]]).all()
    assert made.frame == image.frame


@pytest.mark.parametrize("size", [(1, 1), (3, 20), (16, 9)])
def test_small_pictures_too(twice, size):
    tiny = Image.as_root(np.full((*size, 3), 90, np.uint8))
    made = twice(tiny, labels=("x2",), cancel=CancelToken())
    assert made.size_wh == (2 * size[1], 2 * size[0])


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    tile=st.integers(12, 40),
    overlap=st.integers(0, 5),
    factor=st.integers(1, 4),
)
@settings(max_examples=100, deadline=None)
def test_tiles_join_to_the_whole(height, width, tile, overlap, factor):
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)

    def enlarge(part):
        assert max(part.shape[:2]) <= tile
        return part.repeat(factor, axis=0).repeat(factor, axis=1)

    heard = []
    made = tiled(pixels, enlarge, factor, tile, overlap, CancelToken(), lambda *n: heard.append(n))
    assert (made == enlarge_all(pixels, factor)).all()
    assert heard[-1][0] == heard[-1][1] == len(heard)


def enlarge_all(pixels, factor):
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def test_a_stopped_run_stops_between_tiles():
    stop, seen = CancelToken(), []

    def enlarge(part):
        seen.append(part.shape)
        stop.cancel()
        return part

    with pytest.raises(Cancelled):
        tiled(np.zeros((100, 100, 3), np.uint8), enlarge, 1, 40, 4, stop)
    assert len(seen) == 1


@pytest.mark.usefixtures("twice")
def test_the_tool_takes_the_model_for_the_factor(ctx, hub, image):
    region = Boxes(image.frame, np.float32([[10, 5, 30, 25]]), ("x",), np.ones(1, np.float32))
    heard = []
    asking = ToolContext(ctx.models, report=lambda words, share: heard.append(words))
    part = upscale(asking, image, region=region)
    assert part.size_wh == (40, 40)
    assert (to_root(part, [[0, 0], [40, 40]]) == [[10, 5], [30, 25]]).all()
    assert heard == ["tile 1 of 1"]
    with pytest.raises(MissingModel, match="x4"):
        upscale(ctx, image, "x4")
    hub(swin2sr.FOUR_TIMES.weights, build_swin2sr_four)
    assert upscale(ctx, image, "x4").size_wh == (200, 148)


def test_too_large_is_refused(ctx):
    large = Image.as_root(np.zeros((3000, 3000, 3), np.uint8))
    with pytest.raises(BadArguments, match="million"):
        upscale(ctx, large, "x4")
