"""Stable Diffusion paints holes as the library does, and nothing but the holes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from checkpoints.diffusion import (
    SIDE,
    build_control,
    build_sd,
    build_sd_inpaint,
    build_sd_refusing,
    build_sdxl_inpaint,
)
from PIL import Image as PilImage

from tools.context import CancelToken
from tools.device import nbytes
from tools.diffusion import GUIDANCE
from tools.errors import BadArguments, Cancelled, MissingModel, SetupError, ToolFailed
from tools.experts.inpaint import inpaint
from tools.geometry import crop
from tools.models import sd_inpaint
from tools.types import Boxes, Image

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
"""The schedulers of SDXL turn tensors into arrays."""

FEW = {"steps": 2}


@pytest.fixture(scope="module")
def sd15(hub):
    hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)
    return sd_inpaint.SMALL.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 120, 3), np.uint8))


@pytest.fixture
def hole(image):
    made = np.zeros(image.pixels.shape[:2], np.bool_)
    made[40:52, 60:80] = True
    return made


def square(rng):
    """A picture of the size that the pipelines work on, and a hole in it."""
    hole = np.zeros((SIDE, SIDE), np.bool_)
    hole[8:20, 10:24] = True
    return Image.as_root(rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)), hole


def own(pipeline, image, hole, **more):
    """What the library itself paints."""
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        prompt="a red bus",
        negative_prompt="",
        image=PilImage.fromarray(image.pixels),
        mask_image=PilImage.fromarray(hole.astype(np.uint8) * 255),
        width=SIDE,
        height=SIDE,
        strength=1.0,
        num_inference_steps=2,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(5),
        **more,
    )
    return np.where(hole[..., None], np.asarray(made.images[0]), image.pixels)


def painted(model, image, hole):
    return model.repaint(image, hole, "a red bus", cancel=CancelToken(), seed=5, steps=2).pixels


def test_sd15_paints_what_the_library_paints(hub, sd15, rng):
    from diffusers import StableDiffusionInpaintPipeline

    image, hole = square(rng)
    folder = hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)
    theirs = own(StableDiffusionInpaintPipeline.from_pretrained(folder), image, hole)
    assert (painted(sd15, image, hole) == theirs).all()
    assert (theirs != image.pixels)[hole].any()


def test_sd15_with_control_paints_what_the_library_paints(hub, rng):
    from diffusers import ControlNetModel, StableDiffusionControlNetInpaintPipeline

    image, hole = square(rng)
    base, net = hub(sd_inpaint.SD15.repo, build_sd), hub(sd_inpaint.SD15_CONTROL, build_control)
    control = torch.from_numpy(image.pixels.astype(np.float32) / 255).permute(2, 0, 1)[None].clone()
    control[:, :, torch.from_numpy(hole)] = -1
    pipeline = StableDiffusionControlNetInpaintPipeline.from_pretrained(
        base, controlnet=ControlNetModel.from_pretrained(net)
    )
    theirs = own(pipeline, image, hole, control_image=control)
    assert (painted(sd_inpaint.CONTROL.load(), image, hole) == theirs).all()


def test_sdxl_paints_what_the_library_paints(hub, rng):
    from diffusers import StableDiffusionXLInpaintPipeline

    image, hole = square(rng)
    folder = hub(sd_inpaint.SDXL_INPAINT, build_sdxl_inpaint)
    pipeline = StableDiffusionXLInpaintPipeline.from_pretrained(folder, add_watermarker=False)
    theirs = own(pipeline, image, hole)
    assert (painted(sd_inpaint.LARGE.load(), image, hole) == theirs).all()


def test_outside_the_hole_every_pixel_stays(sd15, image, hole):
    made = sd15.repaint(image, hole, "a bus", cancel=CancelToken(), **FEW)
    assert (made.pixels[~hole] == image.pixels[~hole]).all()
    assert (made.pixels[hole] != image.pixels[hole]).any()
    assert made.size_wh == image.size_wh


def test_a_seed_decides_the_picture(sd15, image, hole):
    first, again, other = (
        sd15.repaint(image, hole, "a bus", cancel=CancelToken(), seed=s, **FEW).pixels
        for s in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_steps_are_shown_as_they_are_done(sd15, image, hole):
    seen = []
    sd15.repaint(image, hole, "a bus", cancel=CancelToken(), steps=3, on_step=seen.append)
    assert [(s.number, s.total) for s in seen] == [(1, 3), (2, 3), (3, 3)]
    assert {s.preview.shape for s in seen} == {(SIDE // 2, SIDE // 2, 3)}
    assert (seen[0].preview != seen[2].preview).any()


def test_a_stopped_painting_ends_at_the_step(sd15, image, hole):
    stop, seen = CancelToken(), []

    def watch(step):
        seen.append(step.number)
        if step.number == 2:
            stop.cancel()

    with pytest.raises(Cancelled):
        sd15.repaint(image, hole, "a bus", cancel=stop, steps=9, on_step=watch)
    assert seen == [1, 2]
    with pytest.raises(Cancelled):
        sd15.inpaint(image, hole, cancel=stop)


def test_the_tool_paints_a_prompt_and_refuses_it_without_a_model(sd15, ctx, image):
    class Host:
        def use(self, ability, *args, labels, cancel, **more):
            assert ability == "repaint"
            return sd15.repaint(*args, cancel=cancel, steps=2, **more)

    region = Boxes(image.frame, np.float32([[60, 40, 80, 52]]), ("x",), np.ones(1, np.float32))
    heard = []
    painting = type(ctx)(Host(), report=lambda words, share: heard.append(words))
    view = crop(image, [30, 20, 110, 80])
    made = inpaint(painting, view, region, grow=0, prompt=" a bus ")
    changed = (made.pixels != view.pixels).any(axis=2)
    assert changed[20:32, 30:50].mean() > 0.9
    changed[18:35, 28:53] = False
    assert not changed.any()
    assert heard == ["step 1 of 2", "step 2 of 2"]
    again = inpaint(painting, view, region, grow=0, prompt="a bus", seed=3)
    assert (again.pixels != made.pixels).any()


def test_a_prompt_is_never_answered_by_a_model_that_only_removes(ctx, image, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    region = Boxes(image.frame, np.float32([[60, 40, 80, 52]]), ("x",), np.ones(1, np.float32))
    with pytest.raises(MissingModel, match="repaint"):
        inpaint(ctx, image, region, prompt="a bus")


def test_what_the_safety_checker_refuses_is_an_error(hub, image, hole):
    hub(sd_inpaint.SD15_INPAINT, build_sd_refusing)
    try:
        with pytest.raises(ToolFailed, match="safety checker"):
            sd_inpaint.SMALL.load().repaint(image, hole, "x", cancel=CancelToken(), **FEW)
    finally:
        hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)


def test_half_precision_files_alone_will_do(hub, sd15, image, hole):
    def half(folder):
        from diffusers import StableDiffusionInpaintPipeline

        build_sd_inpaint(folder)
        pipeline = StableDiffusionInpaintPipeline.from_pretrained(folder)
        for path in folder.rglob("*.safetensors"):
            path.unlink()
        pipeline.save_pretrained(folder, variant="fp16")

    hub(sd_inpaint.SD15_INPAINT, half)
    try:
        made = sd_inpaint.SMALL.load().repaint(image, hole, "a bus", cancel=CancelToken(), **FEW)
        wanted = sd15.repaint(image, hole, "a bus", cancel=CancelToken(), **FEW)
        assert (made.pixels == wanted.pixels).all()
    finally:
        hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)


def test_its_bytes_are_those_of_all_its_networks(sd15):
    parts = sd15._pipeline
    assert sd15.nbytes() == nbytes(parts.unet, parts.vae, parts.text_encoder) > 0


def test_damaged_weights_and_foreign_holes_are_named(hub, sd15, image, hole):
    with pytest.raises(BadArguments, match="hole must be"):
        sd15.inpaint(image, hole[:-1], cancel=CancelToken())
    folder = hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)
    (folder / "model_index.json").unlink()
    try:
        with pytest.raises(SetupError, match="do not load") as caught:
            sd_inpaint.SMALL.load()
        assert "ocelli models pull" in caught.value.hint
    finally:
        hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)
