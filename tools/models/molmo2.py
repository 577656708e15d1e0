"""Molmo 2: questions and pointing by multimodal language models of ``transformers`` (after 5.17).

Report: Molmo2, 2026 (https://arxiv.org/abs/2601.10611). It points, on a grid of 0 to 1000, and
draws no boxes. Knows nothing of other conventions.
"""

from __future__ import annotations

from typing import Any

from tools.catalog import ModelSpec
from tools.convert_masks import Size
from tools.errors import MissingModel
from tools.grounded_tags import molmo
from tools.multimodal import Family, Multimodal, Prompts
from tools.neural import SIGHT, network_spec, open_model, open_processor
from tools.types import Image

PROMPTS = Prompts(ground="Point to {}.", point="Point to {}.", answer="{}\nPoint to the answer.")
TENSORS = ("pixel_values", "image_token_pooling", "image_grids")


def load(repo: str) -> Multimodal:
    """A model of the family on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged, or ``transformers`` is too old.
    """
    import transformers

    kind = getattr(transformers, "Molmo2ForConditionalGeneration", None)
    if kind is None:
        raise MissingModel(
            f"transformers {transformers.__version__} does not know Molmo 2",
            hint="pip install --upgrade transformers",
        )
    processor = open_processor(transformers.AutoProcessor, repo)
    family = Family(molmo, PROMPTS, _seen, _whole)
    return Multimodal(open_model(kind, repo), processor, family)


def _seen(processor: Any, inputs: Any, number: int, image: Image) -> Size:
    return image.size_wh


def _whole(given: dict[str, Any]) -> list[dict[str, Any]]:
    """All pictures of a call together: they share their tensors."""
    return [{name: given[name] for name in TENSORS}]


def _spec(name: str, repo: str, weights_mb: float) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="vqa",
        also=("point",),
        licence="Apache-2.0",
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=weights_mb * 1.05 + 1500,
        notes="answers and points; needs transformers after 5.17",
    )


MOLMO2_4B = _spec("molmo2-4b", "allenai/Molmo2-4B", 9700)
MOLMO2_8B = _spec("molmo2-8b", "allenai/Molmo2-8B", 17400)
