"""Pictures from words and maps are those the library makes, and the map matters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from checkpoints.diffusion import (
    SIDE,
    build_control,
    build_control_union,
    build_sd,
    build_sdxl,
)
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.diffusion import GUIDANCE
from tools.errors import BadArguments, Cancelled, MissingModel
from tools.experts.generate import generate
from tools.models import sd_control
from tools.types import Image

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
"""The schedulers of SDXL turn tensors into arrays."""

FEW = {"steps": 2, "cancel": CancelToken()}
WANTED = {
    "prompt": "a red bus",
    "negative_prompt": "",
    "num_inference_steps": 2,
    "guidance_scale": GUIDANCE,
}


@pytest.fixture(scope="module")
def base(hub):
    return hub(sd_control.SD15.repo, build_sd)


@pytest.fixture(scope="module")
def plain(base):
    return sd_control.SMALL.load()


@pytest.fixture(scope="module")
def steered(hub, base):
    hub(sd_control.EDGES.parts[0], build_control)
    return sd_control.EDGES.load()


@pytest.fixture
def edges(rng) -> Image:
    grey = (rng.random((SIDE, SIDE, 1)) > 0.8) * np.uint8([255, 255, 255])
    return Image.as_root(grey)


def own(pipeline, seed=3, **more):
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.Generator().manual_seed(seed)
    return np.asarray(pipeline(generator=noise, **WANTED, **more).images[0])


def test_sd15_makes_what_the_library_makes(base, plain):
    from diffusers import StableDiffusionPipeline

    theirs = own(StableDiffusionPipeline.from_pretrained(base))
    made = plain("a red bus", labels=("text",), seed=3, **FEW)
    assert (made.pixels == theirs).all()
    assert made.is_root


def test_a_map_steers_as_in_the_library(hub, base, plain, steered, edges):
    from diffusers import ControlNetModel, StableDiffusionControlNetPipeline

    net = ControlNetModel.from_pretrained(hub(sd_control.EDGES.parts[0], build_control))
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(base, controlnet=net)
    theirs = own(pipeline, image=PilImage.fromarray(edges.pixels))
    made = steered("a red bus", labels=("edges",), control=edges, seed=3, **FEW)
    assert (made.pixels == theirs).all()
    unsteered = plain("a red bus", labels=("text",), seed=3, **FEW)
    assert (made.pixels != unsteered.pixels).any()
    loose = steered("a red bus", labels=("edges",), control=edges, seed=3, strength=0.0, **FEW)
    assert (loose.pixels == unsteered.pixels).all()


@pytest.mark.parametrize("kind", ["pose", "segmentation"])
def test_sdxl_takes_every_map_as_the_library_does(hub, edges, kind):
    from diffusers import ControlNetUnionModel, StableDiffusionXLControlNetUnionPipeline

    folder, net = hub(sd_control.SDXL.repo, build_sdxl), hub(sd_control.UNION, build_control_union)
    pipeline = StableDiffusionXLControlNetUnionPipeline.from_pretrained(
        folder, controlnet=ControlNetUnionModel.from_pretrained(net), add_watermarker=False
    )
    shown = PilImage.fromarray(edges.pixels)
    mode = {"pose": 0, "segmentation": 5}[kind]
    theirs = own(
        pipeline, control_image=[shown], control_mode=[mode], width=SIDE, height=SIDE
    )  # fmt: skip
    made = sd_control.ALL.load()("a red bus", labels=(kind,), control=edges, seed=3, **FEW)
    assert (made.pixels == theirs).all()


def test_sdxl_makes_pictures_from_words(hub):
    from diffusers import StableDiffusionXLPipeline

    folder = hub(sd_control.SDXL.repo, build_sdxl)
    theirs = own(StableDiffusionXLPipeline.from_pretrained(folder, add_watermarker=False))
    model = sd_control.LARGE.load()
    assert (model("a red bus", labels=("text",), seed=3, **FEW).pixels == theirs).all()
    assert model.nbytes() > 0


def test_the_size_is_that_asked_for_or_that_of_the_map(plain, steered):
    assert plain("x", labels=("text",), **FEW).size_wh == (SIDE, SIDE)
    assert plain("x", labels=("text",), size_wh=(45, 21), **FEW).size_wh == (45, 21)
    wide = Image.as_root(np.zeros((100, 200, 3), np.uint8))
    width, height = steered("x", labels=("edges",), control=wide, **FEW).size_wh
    assert width / height == pytest.approx(2, rel=0.2)


def test_making_stops_at_the_step(plain):
    stop, seen = CancelToken(), []

    def watch(step):
        seen.append(step.number)
        stop.cancel()

    with pytest.raises(Cancelled):
        plain("x", labels=("text",), steps=8, cancel=stop, on_step=watch)
    assert seen == [1]


@pytest.mark.usefixtures("steered")
def test_the_tool_asks_the_model_that_knows_the_map(ctx, edges, monkeypatch, tmp_path):
    made = generate(ctx, "a bus", control=edges, kind="edges", steps=1)
    again = generate(ctx, " a bus ", control=edges, kind="edges", steps=1)
    other = generate(ctx, "a bus", control=edges, kind="edges", steps=1, seed=1)
    assert (made.pixels == again.pixels).all()
    assert (made.pixels != other.pixels).any()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingModel, match="generate"):
        generate(ctx, "a bus", control=edges, kind="lines", steps=1)


def test_the_tool_fits_one_side_to_the_map():
    class Asked:
        def use(self, ability, prompt, *, labels, cancel, **more):
            assert ability == "generate"
            self.labels, self.size = labels, more["size_wh"]
            return Image.as_root(np.zeros((8, 8, 3), np.uint8))

    asked = Asked()
    tall = Image.as_root(np.zeros((200, 100, 3), np.uint8))
    generate(ToolContext(asked), "a bus", control=tall, kind="depth", width=300)
    assert (asked.labels, asked.size) == (("depth",), (300, 600))
    generate(ToolContext(asked), "a bus", height=128)
    assert (asked.labels, asked.size) == (("text",), (128, 128))
    generate(ToolContext(asked), "a bus")
    assert asked.size is None
    with pytest.raises(BadArguments, match="cannot make"):
        generate(ToolContext(asked), "a bus", control=tall, width=1500)
    with pytest.raises(BadArguments, match="empty"):
        generate(ToolContext(asked), "  ")
