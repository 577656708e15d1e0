"""What users bring to a pipeline matters for one call, and is gone at the next."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from checkpoints.diffusion import (
    build_concept,
    build_control,
    build_lora,
    build_sd,
    build_sdxl,
    build_subject_adapter,
)
from PIL import Image as PilImage

from tools.context import CancelToken, ToolContext
from tools.diffusion import GUIDANCE
from tools.errors import BadArguments, SetupError, ToolFailed
from tools.experts.generate import generate
from tools.models import sd_control
from tools.types import Image

STYLE, CONCEPT = "somebody/crayon", "sd-concepts-library/cat-toy"
PLAIN = {"labels": ("text",), "steps": 2, "seed": 3, "cancel": CancelToken()}


@pytest.fixture(scope="module")
def base(hub):
    return hub(sd_control.SD15.repo, build_sd)


@pytest.fixture(scope="module")
def plain(base):
    return sd_control.SMALL.load()


def own(pipeline, prompt, **more):
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        prompt,
        negative_prompt="",
        num_inference_steps=2,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(3),
        **more,
    )
    return np.asarray(made.images[0])


def test_a_learned_word_works_as_in_the_library_and_leaves(hub, base, plain):
    from diffusers import StableDiffusionPipeline

    folder = hub(CONCEPT, build_concept)
    before = plain("a bus", **PLAIN).pixels
    made = plain("a bus", concept=CONCEPT, **PLAIN).pixels
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.load_textual_inversion(folder, weight_name="learned_embeds.safetensors")
    assert (made == own(pipeline, "a bus, <cat-toy>")).all()
    assert (made != before).any()
    assert (plain("a <cat-toy> bus", concept=CONCEPT, **PLAIN).pixels != made).any()
    assert (plain("a bus", **PLAIN).pixels == before).all()


@pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="needs the package peft")
@pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning")
def test_a_learned_style_works_as_in_the_library_and_leaves(hub, base, plain):
    from diffusers import StableDiffusionPipeline

    folder = hub(STYLE, build_lora)
    before = plain("a bus", **PLAIN).pixels
    made = plain("a bus", style=STYLE, **PLAIN).pixels
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.load_lora_weights(folder, weight_name="pytorch_lora_weights.safetensors")
    assert (made == own(pipeline, "a bus")).all()
    assert (made != before).any()
    assert (plain("a bus", **PLAIN).pixels == before).all()


@pytest.mark.skipif(importlib.util.find_spec("peft") is not None, reason="peft is here")
def test_without_peft_a_style_says_what_is_missing(hub, plain):
    hub(STYLE, build_lora)
    with pytest.raises(SetupError, match="peft"):
        plain("a bus", style=STYLE, **PLAIN)


def test_a_subject_is_shown_as_in_the_library(hub, base, plain, rng):
    from diffusers import StableDiffusionPipeline

    folder = hub(sd_control.SUBJECT, build_subject_adapter)
    subject = Image.as_root(rng.integers(0, 255, (40, 50, 3), np.uint8))
    model = sd_control.LIKE.load()
    named = {**PLAIN, "labels": ("subject",)}
    made = model("a bus", subject=subject, strength=0.6, **named).pixels
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.load_ip_adapter(folder, subfolder="models", weight_name="ip-adapter_sd15.safetensors")
    pipeline.set_ip_adapter_scale(0.6)
    theirs = own(pipeline, "a bus", ip_adapter_image=PilImage.fromarray(subject.pixels))
    assert (made == theirs).all()
    assert (made != plain("a bus", **PLAIN).pixels).any()
    mine, theirs = model._pipeline, plain._pipeline
    assert mine.unet is not theirs.unet, "the adapter stays in it"
    assert (mine.vae is theirs.vae, mine.text_encoder is theirs.text_encoder) == (True, True)
    assert model.nbytes() + model.borrowed() > plain.nbytes() + plain.borrowed()


def test_what_does_not_fit_or_is_not_here_is_named(hub, plain):
    hub(CONCEPT, build_concept)
    with pytest.raises(BadArguments, match="no hub id"):
        plain("a bus", concept="../../etc", **PLAIN)
    with pytest.raises(SetupError, match="not on this machine"):
        plain("a bus", concept="no/such", **PLAIN)
    hub("some/controlnet", build_control)
    with pytest.raises(ToolFailed, match="does not fit"):
        plain("a bus", concept="some/controlnet", **PLAIN)
    hub(sd_control.SDXL.repo, build_sdxl)
    with pytest.raises(ToolFailed, match="one text encoder"):
        sd_control.LARGE.load()("a bus", concept=CONCEPT, **PLAIN)


def test_the_tool_asks_for_a_model_that_follows_all(rng):
    class Asked:
        def use(self, ability, prompt, *, labels, cancel, **more):
            self.labels, self.more = labels, more
            return more["subject"]

    asked, picture = Asked(), Image.as_root(rng.integers(0, 255, (9, 9, 3), np.uint8))
    generate(ToolContext(asked), "x", subject=picture, control=picture, kind="pose", style=" a/b ")
    assert asked.labels == ("pose", "subject")
    assert asked.more["style"] == "a/b"
    generate(ToolContext(asked), "x", subject=picture)
    assert asked.labels == ("subject",)
