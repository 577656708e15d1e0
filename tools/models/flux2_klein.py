"""FLUX.2 [klein] 4B: changes a picture as an instruction says, in four steps.

Black Forest Labs, FLUX.2, 2026 (https://huggingface.co/black-forest-labs/FLUX.2-klein-4B). The 4B
weights are free for all use; those of 9B are not and have no entry here. Knows nothing of regions:
it is handed an area.
"""

from __future__ import annotations

from typing import Any

from PIL import Image as PilImage

from tools.diffusion import open_pipeline, pipeline_spec
from tools.instructed import Editor
from tools.repaint import Pixels

REPO = "black-forest-labs/FLUX.2-klein-4B"
STEPS = 4
GUIDANCE = 1.0
"""The weights are distilled: they want no guidance."""
MULTIPLE = 16
"""Sides the pipeline works on are multiples of this."""
SIDE = 1024
"""What it was made for, pixels."""


def load() -> Editor:
    """The pipeline on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from diffusers import Flux2KleinPipeline

    pipeline = open_pipeline(Flux2KleinPipeline, REPO)
    return Editor(pipeline, arguments, side=SIDE, steps=STEPS, multiple=MULTIPLE)


def arguments(pixels: Pixels) -> dict[str, Any]:
    """What the pipeline is called with for a part of a picture."""
    picture = PilImage.fromarray(pixels)
    return {
        "image": picture,
        "width": picture.width,
        "height": picture.height,
        "guidance_scale": GUIDANCE,
    }


MODEL = pipeline_spec(
    name="flux2-klein",
    ability="edit_by_instruction",
    licence="Apache-2.0",
    load=load,
    weights=REPO,
    weights_mb=16200,
    memory_mb=18500,
    notes="adds, removes, replaces, restyles at 1024 px in four steps; no safety checker",
)
