"""GLIGEN paints what the library paints on the same weights, and heeds the boxes it is given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from checkpoints.diffusion import build_gligen

from tools.context import CancelToken, ToolContext
from tools.diffusion import GUIDANCE
from tools.errors import BadArguments, Cancelled
from tools.experts.generate import generate
from tools.models import gligen
from tools.types import Boxes, Frame, Image

SPEC = gligen.MODEL
HOW = {"labels": ("layout",), "steps": 3, "seed": 3}
GO = CancelToken()


@pytest.fixture(scope="module")
def checkpoint(hub):
    return hub(SPEC.weights, build_gligen)


@pytest.fixture(scope="module")
def model(checkpoint):
    return SPEC.load()


def layout(*rows: tuple[float, ...], labels=("bus", "person"), size_wh=(200, 100)) -> Boxes:
    corners = np.array(rows or [(20, 10, 100, 90), (150, 0, 200, 50)], np.float32)
    return Boxes(Frame("plan", *size_wh), corners, labels[: len(corners)], np.ones(len(corners)))


def test_it_paints_what_the_library_paints(model, checkpoint):
    from diffusers import StableDiffusionGLIGENPipeline

    pipeline = StableDiffusionGLIGENPipeline.from_pretrained(checkpoint)
    pipeline.set_progress_bar_config(disable=True)
    wanted = pipeline(
        "a street",
        negative_prompt="rain",
        num_inference_steps=3,
        guidance_scale=GUIDANCE,
        gligen_phrases=["bus", "person"],
        gligen_boxes=[[0.1, 0.1, 0.5, 0.9], [0.75, 0.0, 1.0, 0.5]],
        gligen_scheduled_sampling_beta=1.0,
        width=48,
        height=24,
        generator=torch.Generator().manual_seed(3),
    ).images[0]
    made = model("a street", layout=layout(), unwanted="rain", size_wh=(48, 24), cancel=GO, **HOW)
    assert (made.pixels == np.asarray(wanted)).all()
    assert made.is_root


def test_boxes_words_and_strength_matter(model):
    plain = model("a street", layout=layout(), cancel=GO, **HOW).pixels
    assert plain.shape[1] == 2 * plain.shape[0], "the new picture has the shape of the plan"
    moved = layout((100, 10, 180, 90), (0, 0, 50, 50))
    named = layout(labels=("wheel", "window"))
    for other in (moved, named):
        assert (model("a street", layout=other, cancel=GO, **HOW).pixels != plain).any()
    loose = model("a street", layout=layout(), strength=0.0, cancel=GO, **HOW).pixels
    assert (loose != plain).any()
    assert (model("a street", layout=layout(), cancel=GO, **HOW).pixels == plain).all()


def test_steps_are_told_and_a_cancel_ends_them(model):
    seen = []
    model("a street", layout=layout(), on_step=seen.append, cancel=GO, **HOW)
    assert [(step.number, step.total) for step in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[0].preview is not None
    stop = CancelToken()
    told = []

    def on_step(step):
        told.append(step.number)
        stop.cancel()

    with pytest.raises(Cancelled):
        model("a street", layout=layout(), on_step=on_step, cancel=stop, **HOW)
    assert told == [1]


@pytest.mark.parametrize(
    ("plan", "more", "said"),
    [
        (layout(*[(0, 0, 9, 9)] * 31, labels=("a",) * 31), {}, "1 to 30"),
        (layout((0, 0, 9, 9), labels=("word " * 90,)), {}, "too long"),
        (layout(), {"style": "some/style"}, "learned styles"),
    ],
)
def test_what_it_cannot_follow_is_refused(model, plan, more, said):
    with pytest.raises(BadArguments, match=said):
        model("a street", layout=plan, cancel=GO, **more, **HOW)


def test_the_tool_asks_for_a_model_that_follows_a_layout():
    class Asked:
        def use(self, ability, prompt, *, labels, cancel, **more):
            self.labels, self.more = labels, more
            return Image.as_root(np.zeros((8, 8, 3), np.uint8))

    asked = Asked()
    generate(ToolContext(asked), "a street", layout=layout())
    assert (asked.labels, asked.more["layout"].labels) == (("layout",), ("bus", "person"))
    empty = Boxes(Frame("plan", 9, 9), np.zeros((0, 4), np.float32), (), np.zeros(0))
    generate(ToolContext(asked), "a street", layout=empty)
    assert asked.labels == ("text",)
    assert "layout" not in asked.more
