"""EoMT: a name for every pixel, things one by one and surroundings as a whole.

Paper: Kerssies et al., Your ViT is Secretly an Image Segmentation Model, 2025
(https://arxiv.org/abs/2503.19108). Knows the classes it was trained on, from its configuration,
and no others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.geometry import place_masks
from tools.neural import SIGHT, Network, network_spec, open_model, open_processor, picture
from tools.types import Image, Masks

FIRST_STUFF = 80
"""From this number on COCO's panoptic classes are surroundings: one mask each, as in the paper."""


def load(repo: str) -> Eomt:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import EomtForUniversalSegmentation, EomtImageProcessor

    processor = open_processor(EomtImageProcessor, repo)
    return Eomt(open_model(EomtForUniversalSegmentation, repo), processor)


class Eomt(Network):
    """Takes a whole picture apart."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__(model, processor)
        names = model.config.id2label
        self._names = {int(i): name.replace("-merged", "").replace("-other", "")
                       for i, name in names.items()}  # fmt: skip
        self._stuff = [number for number in self._names if number >= FIRST_STUFF]

    def __call__(self, image: Image, *, cancel: CancelToken) -> Masks:
        """Named masks that do not overlap, largest first."""
        import torch

        cancel.check()
        device = here()
        inputs = self._processor(images=picture(image), return_tensors="pt")
        with torch.inference_mode():
            out = self._model(pixel_values=inputs["pixel_values"].to(device.name, device.dtype))
        out.masks_queries_logits = out.masks_queries_logits.float()
        out.class_queries_logits = out.class_queries_logits.float()
        found = self._processor.post_process_panoptic_segmentation(
            out, target_sizes=[(image.height, image.width)], stuff_classes=self._stuff
        )[0]
        of_pixel = found["segmentation"].cpu().numpy()
        parts = [(of_pixel == part["id"], part) for part in found["segments_info"]]
        parts.sort(key=lambda row: -int(row[0].sum()))
        masks = np.zeros((len(parts), image.height, image.width), np.bool_)
        for row, (mask, _) in enumerate(parts):
            masks[row] = mask
        names = [self._names.get(int(part["label_id"]), "thing") for _, part in parts]
        return place_masks(image, masks, names, [float(part["score"]) for _, part in parts])


def _spec(name: str, repo: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="segment_all",
        licence="MIT",
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="Every pixel named: 80 kinds of things and 53 of surroundings (COCO)",
    )


LARGE = _spec("eomt-coco-large", "tue-mps/coco_panoptic_eomt_large_640", 1270, 2200)
