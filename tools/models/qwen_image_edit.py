"""Qwen-Image-Edit: changes a picture as an instruction says; large, and good with text in it.

Wu et al., Qwen-Image Technical Report, 2025 (https://arxiv.org/abs/2508.02324). Qwen-Image 2.1 is
not free for all use and has no entry here. The pipeline looks at every picture at about a million
pixels, whatever its size. Knows nothing of regions: it is handed an area.
"""

from __future__ import annotations

from typing import Any

from PIL import Image as PilImage

from tools.diffusion import open_pipeline, pipeline_spec
from tools.instructed import Editor
from tools.repaint import Pixels

REPO = "Qwen/Qwen-Image-Edit-2511"
STEPS = 40
GUIDANCE = 4.0
NOTHING = " "
"""The prompt that guidance leads away from: without one there is no guidance."""
MULTIPLE = 32
"""Sides the pipeline works on are multiples of this."""
SIDE = 1024
"""What it was made for, pixels."""


def load() -> Editor:
    """The pipeline on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from diffusers import QwenImageEditPlusPipeline

    pipeline = open_pipeline(QwenImageEditPlusPipeline, REPO)
    return Editor(pipeline, arguments, side=SIDE, steps=STEPS, multiple=MULTIPLE)


def arguments(pixels: Pixels) -> dict[str, Any]:
    """What the pipeline is called with for a part of a picture."""
    picture = PilImage.fromarray(pixels)
    return {
        "image": [picture],
        "width": picture.width,
        "height": picture.height,
        "negative_prompt": NOTHING,
        "true_cfg_scale": GUIDANCE,
    }


MODEL = pipeline_spec(
    name="qwen-image-edit",
    ability="edit_by_instruction",
    licence="Apache-2.0",
    load=load,
    modules=("torch", "transformers", "torchvision", "diffusers"),
    weights=REPO,
    weights_mb=57700,
    memory_mb=61000,
    notes="the most faithful editor, at 1024 px; needs a card of 64 GB; no safety checker",
)
