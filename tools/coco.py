"""Detectors of the eighty kinds of things of COCO: their names, and how a batch is looked at.

Knows no particular detectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tools.context import CancelToken
from tools.neural import Network, picture
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
"""Classes of COCO 2017 (https://cocodataset.org), in the order of their numbers."""
THRESHOLD = 0.5
"""Score from which a box counts, as in the model cards of those that are made here."""


class CocoDetector(Network):
    """Finds things of COCO in pictures."""

    batch_size = 8
    """Calls that the host may hand over together."""

    def __init__(self, model: Any, processor: Any, classes: Mapping[int, str]) -> None:
        """`classes` has the names by the model's own numbers."""
        super().__init__(model, processor)
        self._classes = classes

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
            outputs = self._model(**seen.to(self._model.device, dtype=self._model.dtype))
        found = self._processor.post_process_object_detection(
            outputs,
            threshold=min_score,
            target_sizes=[(image.height, image.width) for image in images],
        )
        return [
            ranked(
                image,
                numbers(rows["boxes"]),
                [self._classes.get(int(number), "") for number in rows["labels"].tolist()],
                numbers(rows["scores"]),
                labels,
            )
            for image, rows in zip(images, found, strict=True)
        ]
