"""ViTPose: the seventeen body points of COCO for each person that is boxed.

Papers: Xu et al., ViTPose, 2022 (https://arxiv.org/abs/2204.12484) and ViTPose++, 2022
(https://arxiv.org/abs/2212.04246). Top-down: it looks into the box of one person at a time and
always answers with all points; their scores say which are seen. Knows not where people are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.convert import to_xywh_px
from tools.device import here
from tools.geometry import boxes_in, to_root
from tools.neural import Network, network_spec, open_model, open_processor, picture
from tools.types import Image, Keypoints, Placed

NAMES = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder",
    "left elbow", "right elbow", "left wrist", "right wrist", "left hip", "right hip",
    "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip
"""Body points of COCO (https://cocodataset.org/#keypoints-2020), in the model's order."""
AT_ONCE = 16
"""People looked at together."""
LEAST_PX = 1.0
"""Sides below this show nobody."""


def load(repo: str) -> VitPose:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import VitPoseForPoseEstimation, VitPoseImageProcessor

    processor = open_processor(VitPoseImageProcessor, repo)
    return VitPose(open_model(VitPoseForPoseEstimation, repo), processor)


class VitPose(Network):
    """Finds the joints of people."""

    def __init__(self, model: Any, processor: Any, names: tuple[str, ...] = NAMES) -> None:
        super().__init__(model, processor)
        self._names = names
        trunk = getattr(model.config, "backbone_config", None)
        self._experts = getattr(trunk, "num_experts", 1)

    def __call__(self, image: Image, *, people: Placed, cancel: CancelToken) -> Keypoints:
        """The body points of each of `people` that the picture shows, in their order."""
        cancel.check()
        limits = [*image.size_wh, *image.size_wh]
        boxes = np.clip(boxes_in(image, people.xyxy), 0, limits)
        sides = boxes[:, 2:] - boxes[:, :2]
        shown = np.flatnonzero((sides >= LEAST_PX).all(axis=1))
        xy = np.zeros((len(shown), len(self._names), 2), np.float32)
        sure = np.zeros((len(shown), len(self._names)), np.float32)
        for start in range(0, len(shown), AT_ONCE):
            cancel.check()
            rows = slice(start, start + AT_ONCE)
            found = self._look(image, to_xywh_px(boxes[shown[rows]], image.size_wh))
            xy[rows] = [body["keypoints"].cpu().numpy() for body in found]
            sure[rows] = [body["scores"].cpu().numpy() for body in found]
        placed = np.clip(to_root(image, xy), 0, image.frame.size_wh).astype(np.float32)
        labels = tuple(people.labels[int(i)] for i in shown)
        return Keypoints(image.frame, placed, np.clip(sure, 0, 1), self._names, labels)

    def _look(self, image: Image, boxes_xywh: Any) -> list[dict[str, Any]]:
        import torch

        device = here()
        boxes = [boxes_xywh.tolist()]
        inputs = self._processor(images=picture(image), boxes=boxes, return_tensors="pt")
        pixels = inputs["pixel_values"].to(device.name, device.dtype)
        more: dict[str, Any] = {}
        if self._experts > 1:  # of ViTPose++: the first one is that of COCO
            more["dataset_index"] = torch.zeros(len(pixels), dtype=torch.long, device=device.name)
        with torch.inference_mode():
            out = self._model(pixel_values=pixels, **more)
        out.heatmaps = out.heatmaps.float()
        found: list[dict[str, Any]] = self._processor.post_process_pose_estimation(
            out, boxes=boxes
        )[0]
        return found


def _spec(name: str, repo: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="pose",
        licence="Apache-2.0",
        modules=("torch", "torchvision", "transformers", "scipy"),
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="17 body points a person; needs the boxes of people",
    )


BASE = _spec("vitpose-base", "usyd-community/vitpose-base-simple", 344, 700)
PLUS_SMALL = _spec("vitpose-plus-small", "usyd-community/vitpose-plus-small", 133, 450)
PLUS_LARGE = _spec("vitpose-plus-large", "usyd-community/vitpose-plus-large", 1740, 2400)
