"""Editors by instruction paint what the library paints, in the area and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from checkpoints.diffusion import SIDE, build_klein, build_pix2pix, build_qwen_edit
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled, MissingModel
from tools.experts.edit_by_instruction import edit_by_instruction
from tools.models import flux2_klein, pix2pix, qwen_image_edit
from tools.types import Boxes, Image

WISH = "make the bus red"


@pytest.fixture(scope="module")
def small(hub):
    hub(pix2pix.REPO, build_pix2pix)
    return pix2pix.MODEL.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (70, 100, 3), np.uint8))


def square(rng, side):
    pixels = rng.integers(0, 255, (side, side, 3), np.uint8)
    return Image.as_root(pixels), np.ones((side, side), np.bool_)


def own(pipeline, **more):
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.Generator().manual_seed(4)
    return np.asarray(
        pipeline(prompt=WISH, num_inference_steps=2, generator=noise, **more).images[0]
    )


def edited(model, image, area):
    return model(image, area, WISH, cancel=CancelToken(), seed=4, steps=2).pixels


def test_pix2pix_paints_what_the_library_paints(hub, small, rng):
    from diffusers import StableDiffusionInstructPix2PixPipeline

    image, area = square(rng, SIDE)
    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(
        hub(pix2pix.REPO, build_pix2pix)
    )
    theirs = own(
        pipeline,
        image=PilImage.fromarray(image.pixels),
        guidance_scale=pix2pix.GUIDANCE,
        image_guidance_scale=pix2pix.KEEPING,
    )
    assert (edited(small, image, area) == theirs).all()
    assert (theirs != image.pixels).any()


def test_klein_paints_what_the_library_paints(hub, rng, monkeypatch):
    from diffusers import Flux2KleinPipeline

    monkeypatch.setattr(flux2_klein, "SIDE", 64)
    image, area = square(rng, 64)
    pipeline = Flux2KleinPipeline.from_pretrained(hub(flux2_klein.REPO, build_klein))
    theirs = own(
        pipeline,
        image=PilImage.fromarray(image.pixels),
        width=64,
        height=64,
        guidance_scale=flux2_klein.GUIDANCE,
    )
    model = flux2_klein.MODEL.load()
    assert (edited(model, image, area) == theirs).all()
    stop, seen = CancelToken(), []

    def watch(step):
        seen.append((step.number, step.total, step.preview.shape))
        stop.cancel()

    with pytest.raises(Cancelled):
        model(image, area, WISH, cancel=stop, steps=4, on_step=watch)
    assert seen == [(1, 4, (32, 32, 3))]


def test_qwen_paints_what_the_library_paints(hub, rng, monkeypatch):
    from diffusers import QwenImageEditPlusPipeline
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    monkeypatch.setattr(plus, "VAE_IMAGE_SIZE", 32 * 32)
    monkeypatch.setattr(plus, "CONDITION_IMAGE_SIZE", 64 * 64)
    monkeypatch.setattr(qwen_image_edit, "SIDE", 32)
    image, area = square(rng, 32)
    pipeline = QwenImageEditPlusPipeline.from_pretrained(hub(qwen_image_edit.REPO, build_qwen_edit))
    theirs = own(
        pipeline,
        image=PilImage.fromarray(image.pixels),
        width=32,
        height=32,
        negative_prompt=" ",
        true_cfg_scale=qwen_image_edit.GUIDANCE,
    )
    model = qwen_image_edit.MODEL.load()
    assert (edited(model, image, area) == theirs).all()
    assert model.nbytes() > 0


def test_outside_the_area_every_pixel_stays(small, image):
    area = np.zeros((70, 100), np.bool_)
    area[10:50, 20:45] = True
    made = edited(small, image, area)
    assert (made[~area] == image.pixels[~area]).all()
    assert (made[area] != image.pixels[area]).any()


def test_a_stopped_edit_ends_at_the_step(small, image):
    stop, seen = CancelToken(), []

    def watch(step):
        seen.append(step.number)
        stop.cancel()

    area = np.ones((70, 100), np.bool_)
    with pytest.raises(Cancelled):
        small(image, area, WISH, cancel=stop, steps=9, on_step=watch)
    assert seen == [1]


class Only:
    """One model, for every ability."""

    def __init__(self, model):
        self.model = model

    def use(self, ability, *args, labels, cancel, **more):
        assert ability == "edit_by_instruction"
        return self.model(*args, cancel=cancel, **more)


def test_the_tool_edits_all_or_a_region(small, image):
    ctx = ToolContext(Only(small))
    all_of_it = edit_by_instruction(ctx, image, WISH, steps=2)
    assert all_of_it.size_wh == image.size_wh
    assert (all_of_it.pixels != image.pixels).any(axis=2).mean() > 0.9
    region = Boxes(image.frame, np.float32([[20, 10, 60, 50]]), ("x",), np.ones(1, np.float32))
    part = edit_by_instruction(ctx, image, f" {WISH} ", region=region, grow=0, steps=2)
    changed = (part.pixels != image.pixels).any(axis=2)
    assert changed[10:50, 20:60].mean() > 0.9
    changed[8:53, 18:63] = False
    assert not changed.any()
    other = edit_by_instruction(ctx, image, WISH, steps=2, seed=1)
    assert (other.pixels != all_of_it.pixels).any()


def test_nothing_to_change_is_refused(ctx, image):
    none = Boxes(image.frame, np.zeros((0, 4), np.float32), (), np.zeros(0, np.float32))
    with pytest.raises(BadArguments, match="instruction is empty"):
        edit_by_instruction(ctx, image, " ")
    with pytest.raises(BadArguments, match="region is empty"):
        edit_by_instruction(ctx, image, WISH, region=none)
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        edit_by_instruction(ToolContext(ctx.models, stopped), image, WISH)


def test_without_weights_the_tool_says_what_is_missing(ctx, image, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingModel, match="edit_by_instruction"):
        edit_by_instruction(ctx, image, WISH)
