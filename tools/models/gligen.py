"""GLIGEN: a new picture from words and from boxes that say what goes where, through ``diffusers``.

Paper: Li et al., GLIGEN: Open-Set Grounded Text-to-Image Generation, 2023
(https://arxiv.org/abs/2301.07093), on Stable Diffusion 1.4. The library keeps its pipeline as it
was and develops it no further. Its label ``layout`` says that it is steered by boxes; it follows
no map, subject, LoRA or learned word.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.convert import to_xyxy_norm
from tools.diffusion import OnStep, generator, open_pipeline, own_side, paint, weight_bytes
from tools.errors import BadArguments
from tools.repaint import resized, whole_size, working_size
from tools.types import Boxes, Image

REPO = "masterful/gligen-1-4-generation-text-box"
STEPS = 30
GUIDANCE = 7.5
MOST = 30
"""Boxes that the network takes; the library drops further ones."""


def load() -> Gligen:
    """The pipeline on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import diffusers as d

    return Gligen(open_pipeline(d.StableDiffusionGLIGENPipeline, REPO))


class Gligen:
    """Makes pictures in which things stand where they are told to."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._told = _Told(pipeline)

    def __call__(
        self,
        prompt: str,
        *,
        layout: Boxes,
        labels: tuple[str, ...],
        cancel: CancelToken,
        control: Image | None = None,
        subject: Image | None = None,
        size_wh: tuple[int, int] | None = None,
        style: str = "",
        concept: str = "",
        unwanted: str = "",
        strength: float = 1.0,
        seed: int = 0,
        steps: int = STEPS,
        on_step: OnStep | None = None,
    ) -> Image:
        """A picture of `prompt` with a thing of its label in each box of `layout`.

        The boxes are taken as shares of their own picture, whose shape the new one has where no
        `size_wh` is given. `strength` is the share of the steps in which they are heeded, at most
        one. `labels`, `control` and `subject` are as for other makers of pictures.

        Raises:
            BadArguments: too many boxes, a label is too long, or a style or word is wanted.
        """
        cancel.check()
        if style or concept:
            raise BadArguments("learned styles and words cannot be used together with a layout")
        phrases = self._phrases(layout)
        wanted = size_wh or working_size(layout.frame.size_wh, own_side(self._pipeline))
        width, height = whole_size(wanted)
        pixels = paint(
            self._told,
            cancel=cancel,
            on_step=on_step,
            prompt=prompt,
            negative_prompt=unwanted,
            gligen_phrases=phrases,
            gligen_boxes=to_xyxy_norm(layout.xyxy, layout.frame.size_wh).tolist(),
            gligen_scheduled_sampling_beta=min(strength, 1.0),
            width=width,
            height=height,
            num_inference_steps=steps,
            guidance_scale=GUIDANCE,
            generator=generator(seed),
        )
        return Image.as_root(resized(pixels, wanted), name=f"generated with seed {seed}")

    def _phrases(self, layout: Boxes) -> list[str]:
        if not 1 <= len(layout) <= MOST:
            raise BadArguments(f"a layout has 1 to {MOST} boxes, not {len(layout)}")
        tokenizer = self._pipeline.tokenizer
        for phrase in layout.labels:
            if len(tokenizer(phrase)["input_ids"]) > tokenizer.model_max_length:
                raise BadArguments(f"the label {phrase[:40]!r}… of a box is too long to be read")
        return list(layout.labels)

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return weight_bytes(self._pipeline)


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


MODEL = ModelSpec(
    name="sd14-layout",
    ability="generate",
    licence="CreativeML-OpenRAIL-M",
    load=load,
    version="1",
    modules=("torch", "transformers", "diffusers"),
    extra="edit",
    weights=REPO,
    weights_mb=4700,
    memory_mb=4800,
    labels=("layout",),
    notes="steered by labelled boxes, up to 30, at 512 px; an older model",
)
