"""InternVL: questions and grounding by multimodal language models of ``transformers``.

Report: InternVL3, 2025 (https://arxiv.org/abs/2504.10479). It writes boxes as ``<ref>`` and
``<box>`` tags on a grid of 0 to 1000, and has no form for points: the middles of its boxes serve.
A picture is cut into tiles of 448 px. Knows nothing of other conventions.
"""

from __future__ import annotations

from typing import Any

from tools.catalog import ModelSpec
from tools.convert_masks import Size
from tools.grounded_tags import internvl
from tools.multimodal import Family, Multimodal, Prompts
from tools.neural import SIGHT, network_spec, open_model, open_processor
from tools.types import Image

PROMPTS = Prompts(
    ground=(
        "Please provide the bounding box coordinates of everything this sentence describes: "
        "<ref>{}</ref>"
    ),
    point="Please detect every instance and provide its bounding box: <ref>{}</ref>",
    answer="{} Answer with grounding: <ref>the part of the answer</ref><box>[[x1, y1, x2, y2]]</box>",
)
TAGS = ("<ref>", "</ref>", "<box>", "</box>")


def load(repo: str) -> Multimodal:
    """A model of the family on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoProcessor, InternVLForConditionalGeneration

    processor = open_processor(AutoProcessor, repo)
    model = open_model(InternVLForConditionalGeneration, repo)
    return Multimodal(model, processor, Family(internvl, PROMPTS, _seen, _tiles, TAGS))


def _seen(processor: Any, inputs: Any, number: int, image: Image) -> Size:
    """Its grid is that of the whole picture, whatever the tiles."""
    return image.size_wh


def _tiles(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"pixel_values": tile} for tile in given["pixel_values"].split(1)]


def _spec(name: str, repo: str, weights_mb: float, licence: str) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="vqa",
        also=("ground", "point", "answer_grounded"),
        licence=licence,
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=weights_mb * 1.05 + 1500,
        notes="answers with boxes; several pictures; points are middles of boxes",
    )


INTERNVL3_1B = _spec("internvl3-1b", "OpenGVLab/InternVL3-1B-hf", 1900, "Apache-2.0")
INTERNVL3_2B = _spec("internvl3-2b", "OpenGVLab/InternVL3-2B-hf", 4200, "Apache-2.0")
INTERNVL3_8B = _spec("internvl3-8b", "OpenGVLab/InternVL3-8B-hf", 15900, "Apache-2.0")
INTERNVL35_4B = _spec("internvl3.5-4b", "OpenGVLab/InternVL3_5-4B-HF", 9500, "Apache-2.0")
