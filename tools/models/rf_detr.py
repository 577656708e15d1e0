"""RF-DETR: boxes for the eighty kinds of things of COCO on a DINOv2 backbone, in `transformers`.

Paper: Robinson et al., RF-DETR: Neural Architecture Search for Real-Time Detection Transformers,
2025 (https://arxiv.org/abs/2511.09554). Knows no other names: an open-vocabulary detector does
those.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.catalog import ModelSpec
from tools.coco import COCO, CocoDetector
from tools.errors import SetupError
from tools.neural import SIGHT, network_spec, open_model, open_processor
from tools.weights import pull

UNUSED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
"""Numbers from 1 to 90 that COCO gives to no class of its annotations."""


def load(repo: str) -> CocoDetector:
    """The detector on the device of this process, in the number format it was trained in.

    Raises:
        SetupError: the weights are not here, damaged, or of other classes than COCO's.
    """
    import torch
    from transformers import AutoImageProcessor, RfDetrForObjectDetection

    # half precision would move boxes by up to a 256th of the picture's side
    model = open_model(RfDetrForObjectDetection, repo, dtype=torch.float32)
    classes = names(model.config.id2label)
    if not classes:
        raise SetupError(f"the weights {repo} are not of COCO's classes", hint=f"{pull(repo)}")
    return CocoDetector(model, open_processor(AutoImageProcessor, repo), classes)


def names(said: Mapping[int, str]) -> dict[int, str]:
    """Class by the model's own number, {} where they are not COCO's.

    A checkpoint says its classes, or has them nameless as eighty in a row or by COCO's numbers,
    which go to 90 and leave some out.
    """
    known = {int(number): name for number, name in said.items() if name in COCO}
    if known:
        return known if len(known) == len(COCO) else {}
    if len(said) == len(COCO):
        return dict(enumerate(COCO))
    numbers = [number for number in range(1, 91) if number not in UNUSED]
    return dict(zip(numbers, COCO, strict=True)) if len(said) in (90, 91) else {}


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"Roboflow/rf-detr-{size}"
    return network_spec(
        repo,
        load,
        name=f"rf-detr-{size}",
        ability="detect",
        licence="Apache-2.0",
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=COCO,
        notes="COCO's 80 kinds; fast, and good with crowds",
    )


NANO = _spec("nano", 122, 400)
MEDIUM = _spec("medium", 135, 600)
LARGE = _spec("large", 136, 800)
