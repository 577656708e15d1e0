"""RF-DETR: boxes for the eighty kinds of things of COCO on a DINOv2 backbone, in `transformers`.

Paper: Robinson et al., RF-DETR: Neural Architecture Search for Real-Time Detection Transformers,
2025 (https://arxiv.org/abs/2511.09554). Knows no other names: an open-vocabulary detector does
those.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.errors import SetupError
from tools.models.dfine import COCO
from tools.neural import open_model, open_processor, picture
from tools.ranked import numbers, ranked
from tools.types import Boxes, Image
from tools.weights import pull

THRESHOLD = 0.5
"""Score from which a box counts, as in the model card."""
UNUSED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
"""Numbers from 1 to 90 that COCO gives to no class of its annotations."""


def load(repo: str) -> RfDetr:
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
    return RfDetr(model, open_processor(AutoImageProcessor, repo), classes)


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


class RfDetr:
    """Finds things of COCO in a picture."""

    def __init__(self, model: Any, processor: Any, classes: Mapping[int, str]) -> None:
        self._model, self._processor, self._classes = model, processor, classes

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Boxes:
        """Boxes of the named things, best first, in root pixels."""
        import torch

        cancel.check()
        inputs = self._processor(images=picture(image), return_tensors="pt").to(here().name)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        found = self._processor.post_process_object_detection(
            outputs, threshold=min_score, target_sizes=[(image.height, image.width)]
        )[0]
        called = [self._classes.get(int(number), "") for number in found["labels"].tolist()]
        return ranked(image, numbers(found["boxes"]), called, numbers(found["scores"]), labels)

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model)


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"Roboflow/rf-detr-{size}"
    return ModelSpec(
        name=f"rf-detr-{size}",
        ability="detect",
        licence="Apache-2.0",
        load=partial(load, repo),
        version="1",
        modules=("torch", "torchvision", "transformers"),
        extra="vision",
        weights=repo,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=COCO,
        notes="COCO's 80 kinds; fast, and good with crowds",
    )


NANO = _spec("nano", 122, 400)
MEDIUM = _spec("medium", 135, 600)
LARGE = _spec("large", 136, 800)
