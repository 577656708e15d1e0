"""Sapiens2: the whole body of each person that is boxed, with face, hands and feet.

Through ``transformers``. Paper of the first ones: Khirodkar et al., Sapiens: Foundation for Human
Vision Models, 2024 (https://arxiv.org/abs/2408.12569). Top-down, as ViTPose; the names of the
points come with the weights. Its weights are under Meta's own terms.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.models.vitpose import VitPose
from tools.neural import SIGHT, network_spec, open_model, open_processor


def load(repo: str) -> VitPose:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import Sapiens2ForPoseEstimation, Sapiens2ImageProcessor

    model = open_model(Sapiens2ForPoseEstimation, repo)
    processor = open_processor(Sapiens2ImageProcessor, repo)
    return VitPose(model, processor, names(model.config.id2label))


def names(said: Mapping[int, str]) -> tuple[str, ...]:
    """The points in the model's order, in plain words; those without a name numbered."""
    words = [str(said[number]).replace("_", " ").lower() for number in sorted(said)]
    return tuple(
        f"point {at}" if word.startswith("label ") else word for at, word in enumerate(words, 1)
    )


REPO = "facebook/sapiens2-pose-0.4b"
MODEL = network_spec(
    REPO,
    load,
    name="sapiens2-pose",
    ability="pose",
    licence="Sapiens2 License (custom)",
    modules=SIGHT,
    weights_mb=1600,
    memory_mb=1800,
    notes="308 points a person: body, face, hands, feet; needs the boxes of people; Meta's terms",
)
