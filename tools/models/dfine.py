"""D-FINE: fast boxes for the eighty kinds of things of COCO, through ``transformers``.

Paper: Peng et al., D-FINE: Redefine Regression Task of DETRs as Fine-grained Distribution
Refinement, 2024 (https://arxiv.org/abs/2410.13842). Knows no other names: an open-vocabulary
detector does those.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import nbytes
from tools.neural import open_model, open_processor, picture
from tools.ranked import numbers, ranked
from tools.types import Boxes, Image

COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
    "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
    "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""Classes of COCO 2017 (https://cocodataset.org), in the order of the model's own numbers."""
THRESHOLD = 0.5
"""Score from which a box counts, as in the model card."""


def load(repo: str) -> DFine:
    """The detector on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch
    from transformers import AutoImageProcessor, DFineForObjectDetection

    processor = open_processor(AutoImageProcessor, repo)
    # Eight bits of a bfloat16 would place a box to 1/256 of the side only.
    return DFine(open_model(DFineForObjectDetection, repo, dtype=torch.float32), processor)


class DFine:
    """Finds things of COCO in pictures."""

    batch_size = 8

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Boxes:
        """Boxes of the named things, best first, in root pixels."""
        calls = [("detect", (image,))]
        return self.batch(calls, labels=labels, cancel=cancel, min_score=min_score)[0]

    def batch(
        self,
        calls: Sequence[tuple[str, tuple[Image]]],
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> list[Boxes]:
        """Boxes for each of several pictures, which go through the network together."""
        import torch

        cancel.check()
        images = [image for _, (image,) in calls]
        seen = self._processor(images=[picture(image) for image in images], return_tensors="pt")
        with torch.inference_mode():
            pixels = seen["pixel_values"].to(self._model.device, self._model.dtype)
            outputs = self._model(pixel_values=pixels)
        found = self._processor.post_process_object_detection(
            outputs,
            threshold=min_score,
            target_sizes=[(image.height, image.width) for image in images],
        )
        return [
            ranked(
                image,
                numbers(rows["boxes"]),
                [COCO[int(number)] for number in rows["labels"].tolist()],
                numbers(rows["scores"]),
                labels,
            )
            for image, rows in zip(images, found, strict=True)
        ]

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model)


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"ustc-community/dfine-{size}-coco"
    return ModelSpec(
        name=f"dfine-{size}",
        ability="detect",
        licence="Apache-2.0",
        load=partial(load, repo),
        version="1",
        modules=("torch", "transformers"),
        extra="vision",
        weights=repo,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=COCO,
        notes="COCO's 80 kinds; fast",
    )


NANO = _spec("nano", 15, 200)
LARGE = _spec("large", 125, 700)
