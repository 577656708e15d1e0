"""Qwen-VL: questions, grounding, pointing and films by multimodal language models of ``transformers``.

Reports: Qwen2.5-VL, 2025 (https://arxiv.org/abs/2502.13923) and Qwen3-VL, 2025
(https://arxiv.org/abs/2511.21631). All write places as JSON; Qwen2.5-VL in pixels of the picture
as it was resized for it, Qwen3-VL and Qwen3.5 on a grid of 0 to 1000. Knows nothing of other
conventions.
"""

from __future__ import annotations

from typing import Any

from tools.catalog import ModelSpec
from tools.convert_masks import Size
from tools.grounded import Reader, qwen_grid, qwen_pixels
from tools.multimodal import MAX_SEEN, Family, Prompts
from tools.neural import SIGHT, network_spec, open_model, open_processor
from tools.types import Image
from tools.watching import ABILITIES, MAX_WATCHED, Watching

PROMPTS = Prompts(
    ground=(
        "Locate everything that this names: {}\nReport the bounding boxes in JSON format: "
        '[{"bbox_2d": [x1, y1, x2, y2], "label": "its words"}]. Report [] if it is not there.'
    ),
    point=(
        "Point to every instance of: {}\nReport the point coordinates in JSON format: "
        '[{"point_2d": [x, y], "label": "its words"}]. Report [] if there is none.'
    ),
    answer=(
        "{}\nReport each part of the answer with its bounding box in JSON format: "
        '[{"bbox_2d": [x1, y1, x2, y2], "label": "the part of the answer"}].'
    ),
)


def load(repo: str, kind: str, reader: Reader) -> Watching:
    """A model of the family on the device of this process.

    Args:
        repo: the hub id.
        kind: name of the class in ``transformers``.
        reader: of its convention.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import transformers

    processor = open_processor(transformers.AutoProcessor, repo)
    shown = processor.image_processor
    largest = min(shown.size["longest_edge"], MAX_SEEN)
    shown.size = {"shortest_edge": shown.size["shortest_edge"], "longest_edge": largest}
    watched = processor.video_processor
    largest = min(watched.size["longest_edge"], MAX_WATCHED)
    watched.size = {"shortest_edge": watched.size["shortest_edge"], "longest_edge": largest}
    model = open_model(getattr(transformers, kind), repo)
    return Watching(model, processor, Family(reader, PROMPTS, _seen, _divide))


def _seen(processor: Any, inputs: Any, number: int, image: Image) -> Size:
    """The size of the resized picture: so many patches across and down."""
    _, rows, columns = inputs["image_grid_thw"][number].tolist()
    side = processor.image_processor.patch_size
    return columns * side, rows * side


def _divide(given: dict[str, Any]) -> list[dict[str, Any]]:
    grids = given["image_grid_thw"]
    patches = given["pixel_values"].split(grids.prod(-1).tolist())
    return [
        {"pixel_values": p, "image_grid_thw": grid[None]}
        for p, grid in zip(patches, grids, strict=True)
    ]


def _spec(
    name: str, repo: str, kind: str, weights_mb: float, reader: Reader, licence: str
) -> ModelSpec:
    return network_spec(
        repo,
        load,
        kind,
        reader,
        name=name,
        ability="vqa",
        also=("ground", "point", "answer_grounded", *ABILITIES, "complete"),
        licence=licence,
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=weights_mb * 1.05 + 1500,
        notes="answers with boxes and points; several pictures; films",
    )


def _qwen3(size: str, weights_mb: float) -> ModelSpec:
    repo, kind = f"Qwen/Qwen3-VL-{size}-Instruct", "Qwen3VLForConditionalGeneration"
    return _spec(f"qwen3-vl-{size.lower()}", repo, kind, weights_mb, qwen_grid, "Apache-2.0")


def _qwen35(size: str, weights_mb: float) -> ModelSpec:
    repo, kind = f"Qwen/Qwen3.5-{size}", "Qwen3_5ForConditionalGeneration"
    return _spec(f"qwen3.5-{size.lower()}", repo, kind, weights_mb, qwen_grid, "Apache-2.0")


def _qwen25(size: str, weights_mb: float, licence: str) -> ModelSpec:
    repo, kind = f"Qwen/Qwen2.5-VL-{size}-Instruct", "Qwen2_5_VLForConditionalGeneration"
    return _spec(f"qwen2.5-vl-{size.lower()}", repo, kind, weights_mb, qwen_pixels, licence)


QWEN3_2B = _qwen3("2B", 4300)
QWEN3_4B = _qwen3("4B", 8900)
QWEN3_8B = _qwen3("8B", 17600)
QWEN3_32B = _qwen3("32B", 66700)
QWEN35_2B = _qwen35("2B", 4600)
QWEN35_4B = _qwen35("4B", 9400)
QWEN35_9B = _qwen35("9B", 19400)
QWEN25_3B = _qwen25("3B", 7600, "Qwen Research Licence, NC (non-commercial)")
QWEN25_7B = _qwen25("7B", 16600, "Apache-2.0")
