"""GLIGEN: a new picture from words and from boxes that say what goes where, through ``diffusers``.

Paper: Li et al., GLIGEN: Open-Set Grounded Text-to-Image Generation, 2023
(https://arxiv.org/abs/2301.07093), on Stable Diffusion 1.4. The library keeps its pipeline as it
was and develops it no further. Its label ``layout`` says that it is steered by boxes; it follows
no map, subject, LoRA or learned word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from tools.context import CancelToken
from tools.convert import to_xyxy_norm
from tools.diffusion import open_pipeline, pipeline_spec
from tools.errors import BadArguments
from tools.maker import Maker, Wish
from tools.types import Boxes

REPO = "masterful/gligen-1-4-generation-text-box"
MOST = 30
"""Boxes that the network takes; the library drops further ones."""


def load() -> Gligen:
    """The pipeline on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d

    return Gligen(open_pipeline(d.StableDiffusionGLIGENPipeline, REPO))


class Gligen(Maker):
    """Makes pictures in which things stand where they are told to.

    The boxes of a layout are taken as shares of their own picture; the strength is the share of
    the steps in which they are heeded, at most one.
    """

    def __init__(self, pipeline: Any) -> None:
        super().__init__(pipeline)
        self._told = _Told(pipeline)

    def _painter(self) -> Any:
        return self._told

    @contextmanager
    def _having(self, style: str, concept: str, cancel: CancelToken) -> Iterator[str]:
        if style or concept:
            raise BadArguments("learned styles and words cannot be used together with a layout")
        yield ""

    def _steered(self, wish: Wish, size_wh: tuple[int, int]) -> dict[str, Any]:
        if wish.layout is None:
            raise BadArguments("there is no layout to follow")
        return {
            "gligen_phrases": self._phrases(wish.layout),
            "gligen_boxes": to_xyxy_norm(wish.layout.xyxy, wish.layout.frame.size_wh).tolist(),
            "gligen_scheduled_sampling_beta": min(wish.strength, 1.0),
        }

    def _phrases(self, layout: Boxes) -> list[str]:
        if not 1 <= len(layout) <= MOST:
            raise BadArguments(f"a layout has 1 to {MOST} boxes, not {len(layout)}")
        tokenizer = self._pipeline.tokenizer
        for phrase in layout.labels:
            if len(tokenizer(phrase)["input_ids"]) > tokenizer.model_max_length:
                raise BadArguments(f"the label {phrase[:40]!r}… of a box is too long to be read")
        return list(layout.labels)


class _Told:
    """The pipeline as newer ones are called: it hands on itself and its tensors after a step."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline, self.vae, self.num_timesteps = pipeline, pipeline.vae, 0

    def __call__(self, *, callback_on_step_end: Any, num_inference_steps: int, **call: Any) -> Any:
        self.num_timesteps = num_inference_steps
        done = count()

        def after(_: int, timestep: Any, latents: Any) -> None:
            callback_on_step_end(self, next(done), timestep, {"latents": latents})

        return self._pipeline(
            callback=after, callback_steps=1, num_inference_steps=num_inference_steps, **call
        )


MODEL = pipeline_spec(
    name="sd14-layout",
    ability="generate",
    licence="CreativeML-OpenRAIL-M",
    load=load,
    weights=REPO,
    weights_mb=4700,
    memory_mb=4800,
    labels=("layout",),
    notes="steered by labelled boxes, up to 30, at 512 px; an older model",
)
