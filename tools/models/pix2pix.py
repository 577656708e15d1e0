"""InstructPix2Pix: changes a picture as an instruction says, small and quick.

Brooks, Holynski, Efros, InstructPix2Pix: Learning to Follow Image Editing Instructions, 2022
(https://arxiv.org/abs/2211.09800). Knows nothing of regions: it is handed an area.
"""

from __future__ import annotations

from typing import Any

from PIL import Image as PilImage

from tools.diffusion import open_pipeline, own_side, pipeline_spec
from tools.instructed import Editor
from tools.repaint import Pixels

REPO = "timbrooks/instruct-pix2pix"
STEPS = 40
GUIDANCE = 7.5
KEEPING = 1.5
"""How strongly the result is held to the picture."""


def load() -> Editor:
    """The pipeline on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from diffusers import StableDiffusionInstructPix2PixPipeline

    pipeline = open_pipeline(StableDiffusionInstructPix2PixPipeline, REPO)
    return Editor(pipeline, arguments, side=own_side(pipeline), steps=STEPS)


def arguments(pixels: Pixels) -> dict[str, Any]:
    """What the pipeline is called with for a part of a picture."""
    picture = PilImage.fromarray(pixels)
    return {"image": picture, "guidance_scale": GUIDANCE, "image_guidance_scale": KEEPING}


MODEL = pipeline_spec(
    name="instruct-pix2pix",
    ability="edit_by_instruction",
    licence="MIT",
    load=load,
    weights=REPO,
    weights_mb=5500,
    memory_mb=4200,
    notes="styles, seasons, materials at 512 px; uses a safety checker where there is one",
)
