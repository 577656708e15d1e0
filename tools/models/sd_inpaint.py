"""Stable Diffusion as a painter of holes: takes things away, or paints what a prompt says.

The inpainting checkpoints of SD 1.5 and SDXL see the hole as further channels; with a ControlNet
the plain SD 1.5 checkpoint does the same. Rombach et al., High-Resolution Image Synthesis with
Latent Diffusion Models, 2021 (https://arxiv.org/abs/2112.10752); Zhang et al., Adding Conditional
Control to Text-to-Image Diffusion Models, 2023 (https://arxiv.org/abs/2302.05543). Knows nothing of
regions or tools.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image as PilImage

from tools.bases import SD15, open_on
from tools.context import CancelToken
from tools.diffusion import (
    GUIDANCE,
    STEPS,
    OnStep,
    Piped,
    generator,
    open_part,
    open_pipeline,
    own_side,
    paint,
    pipeline_spec,
)
from tools.repaint import Area, Pixels, repaint
from tools.turns import Turns
from tools.types import Image

NOTHING = "empty background, the surroundings go on, nothing there"
"""The prompt when things are to be taken away."""
THINGS = "object, person, text, logo, watermark, frame"
"""What is not wanted then."""

SD15_INPAINT = "stable-diffusion-v1-5/stable-diffusion-inpainting"
SD15_CONTROL = "lllyasviel/control_v11p_sd15_inpaint"
SDXL_INPAINT = "diffusers/stable-diffusion-xl-1.0-inpainting-0.1"


def load_sd15() -> Painter:
    """SD 1.5 with the hole as further channels.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from diffusers import StableDiffusionInpaintPipeline

    return Painter(open_pipeline(StableDiffusionInpaintPipeline, SD15_INPAINT))


def load_sd15_control() -> Painter:
    """Plain SD 1.5 and a ControlNet that is shown the hole.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from diffusers import ControlNetModel, StableDiffusionControlNetInpaintPipeline

    control = open_part(ControlNetModel, SD15_CONTROL)
    pipeline, turns = open_on(SD15, StableDiffusionControlNetInpaintPipeline, controlnet=control)
    return Painter(pipeline, shown, turns)


def load_sdxl() -> Painter:
    """SDXL with the hole as further channels.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from diffusers import StableDiffusionXLInpaintPipeline

    more = {"add_watermarker": False}
    return Painter(open_pipeline(StableDiffusionXLInpaintPipeline, SDXL_INPAINT, **more))


def shown(pixels: Pixels, area: Area) -> dict[str, Any]:
    """What the inpainting ControlNet is shown: the picture from 0 to 1, the hole at -1."""
    import torch

    seen = pixels.astype(np.float32) / 255
    seen[area] = -1
    return {"control_image": torch.from_numpy(seen.transpose(2, 0, 1)[None].copy())}


def _nothing_more(pixels: Pixels, area: Area) -> dict[str, Any]:
    return {}


class Painter(Piped):
    """Paints holes in pictures."""

    def __init__(
        self,
        pipeline: Any,
        more: Callable[[Pixels, Area], dict[str, Any]] = _nothing_more,
        turns: Turns | None = None,
    ) -> None:
        super().__init__(pipeline)
        self._more, self._turns = more, turns or Turns()

    def inpaint(
        self,
        image: Image,
        hole: Area,
        *,
        cancel: CancelToken,
        seed: int = 0,
        on_step: OnStep | None = None,
    ) -> Image:
        """`image` with what lies under `hole` (H, W) taken away; all else and the size stay."""
        return self.repaint(
            image, hole, NOTHING, cancel=cancel, seed=seed, unwanted=THINGS, on_step=on_step
        )

    def repaint(
        self,
        image: Image,
        hole: Area,
        prompt: str,
        *,
        cancel: CancelToken,
        seed: int = 0,
        steps: int = STEPS,
        unwanted: str = "",
        on_step: OnStep | None = None,
    ) -> Image:
        """`image` with `prompt` painted under `hole` (H, W); all else and the size stay."""
        cancel.check()
        noise = generator(seed)

        def brush(pixels: Pixels, area: Area) -> Pixels:
            height, width = area.shape
            return paint(
                self._pipeline,
                cancel=cancel,
                on_step=on_step,
                prompt=prompt,
                negative_prompt=unwanted,
                image=PilImage.fromarray(pixels),
                mask_image=PilImage.fromarray(area.astype(np.uint8) * 255),
                width=width,
                height=height,
                strength=1.0,
                num_inference_steps=steps,
                guidance_scale=GUIDANCE,
                generator=noise,
                **self._more(pixels, area),
            )

        with self._turns.together(cancel):
            return repaint(image, hole, brush, own_side(self._pipeline))


_spec = partial(pipeline_spec, ability="inpaint", also=("repaint",))

SMALL = _spec(
    name="sd15-inpaint",
    licence="CreativeML-OpenRAIL-M",
    load=load_sd15,
    weights=SD15_INPAINT,
    weights_mb=5500,
    memory_mb=4200,
    notes="takes away or paints by prompt at 512 px; uses a safety checker where there is one",
)
CONTROL = _spec(
    name="sd15-control-inpaint",
    licence="CreativeML-OpenRAIL-M",
    load=load_sd15_control,
    weights=SD15.repo,
    parts=(SD15_CONTROL,),
    weights_mb=6900,
    memory_mb=5000,
    notes="as sd15-inpaint, with weights that generation shares",
)
LARGE = _spec(
    name="sdxl-inpaint",
    licence="OpenRAIL++-M",
    load=load_sdxl,
    weights=SDXL_INPAINT,
    weights_mb=13900,
    memory_mb=10000,
    notes="takes away or paints by prompt at 1024 px; no safety checker",
)
