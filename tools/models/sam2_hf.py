"""SAM 2.1: masks from boxes, clicks, rough masks or nothing, through ``transformers``.

Paper: Ravi et al., SAM 2: Segment Anything in Images and Videos, 2024
(https://arxiv.org/abs/2408.00714). A picture is encoded once: further prompts on the same pixels
take its features from memory. Knows no names of things: a mask has that of its prompt.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.context import CancelToken
from tools.device import here
from tools.geometry import place_masks
from tools.hints import Hint, Hints
from tools.kept import Kept
from tools.neural import picture
from tools.prompted import KEPT, Shares, open_shared, prompted, sam2_spec
from tools.types import Image, Masks, Placed, Points

GRID = 32
"""Clicks along a side of the grid that finds everything."""
CLICKS_AT_ONCE = 64
PIXELS_AT_ONCE = 100_000_000
"""Bounds the memory of the grid's masks: three a click."""
DOUBLE = 0.7
"""Overlap beyond which two masks of the grid are one."""
ROUGH_LOGIT = 10.0
"""How sure a rough mask is said to be, as in the training of SAM."""


def load(repo: str) -> Sam2:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import Sam2Model, Sam2Processor

    return Sam2(*open_shared(Sam2Model, Sam2Processor, repo))


class Sam2(Shares):
    """Cuts things out of a picture."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__(model, processor)
        self._kept = Kept(KEPT)

    def segment(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        region: Placed | None = None,
        points: Points | None = None,
    ) -> Masks:
        """One mask for each thing of `region`, or one for all clicks, or one for what stands out.

        The clicks count for each of the things. A lone click gives the best of three masks.
        """
        decode = partial(self._decode, image)
        return prompted(image, region, points, self.features, decode, cancel)

    def segment_all(self, image: Image, *, cancel: CancelToken) -> Masks:
        """Masks of all there is, best first: a grid of clicks, less what is unsure or double.

        As the library's own mask generation with its default settings.
        """
        import torch

        cancel.check()
        sizes = [[image.height, image.width]]
        processor = self._processor.image_processor
        crops, grid, _, yes = processor.generate_crop_boxes(
            picture(image), processor.size["height"], points_per_crop=GRID
        )
        features = self.features(image)
        step = max(1, min(CLICKS_AT_ONCE, PIXELS_AT_ONCE // (3 * image.height * image.width)))
        masks, scores, boxes = [], [], []
        for start in range(0, grid.shape[1], step):
            cancel.check()
            rows = slice(start, start + step)
            with torch.inference_mode():
                out = self._model(
                    image_embeddings=features,
                    input_points=grid[:, rows, :1].to(here().name),
                    input_labels=yes[:, rows, :1].to(here().name),
                )
            large = processor.post_process_masks(out.pred_masks, sizes, binarize=False)[0]
            kept, sure, around = processor.filter_masks(
                large, out.iou_scores[0], sizes[0], crops[0].to(large.device)
            )
            masks.extend(kept)
            scores.append(sure)
            boxes.append(around)
        if not masks:
            return place_masks(image, np.zeros((0, *image.pixels.shape[:2]), np.bool_), (), ())
        found, sure, _, _ = processor.post_process_for_mask_generation(
            masks, torch.cat(scores), torch.cat(boxes), DOUBLE
        )
        names = [f"segment {i}" for i in range(1, len(found) + 1)]
        return place_masks(image, np.stack(found), names, np.clip(sure.float().cpu().numpy(), 0, 1))

    def features(self, image: Image) -> list[Any]:
        """What prompts on these pixels are decoded from: made once, then kept for a while."""
        return self._kept.get(image.sha256, partial(self._encode, image))

    def _encode(self, image: Image) -> list[Any]:
        """What the encoder makes of the pixels, one tensor a level."""
        import torch

        device = here()
        inputs = self._processor(images=picture(image), return_tensors="pt")
        with (
            torch.inference_mode(),
            torch.autocast(device.name.split(":")[0], device.dtype, enabled=device.is_gpu),
        ):
            made = self._model.get_image_embeddings(inputs["pixel_values"].to(device.name))
        return [level.float() for level in made]

    def _decode(
        self, image: Image, features: list[Any], things: tuple[Hint, ...], given: Hints
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """(masks (n, h, w) at the picture's size, n scores)."""
        import torch

        device = here()
        sizes = [[image.height, image.width]]
        asked: dict[str, Any] = {}
        if things[0].box is not None:
            asked["input_boxes"] = [[list(thing.box or ()) for thing in things]]
        if len(given.xy):
            asked["input_points"] = [[given.xy.tolist() for _ in things]]
            asked["input_labels"] = [[[int(yes) for yes in given.positive] for _ in things]]
        inputs = self._processor(original_sizes=sizes, return_tensors="pt", **asked)
        prompts = {name: inputs[name].to(device.name) for name in asked}
        if things[0].rough is not None:
            rough = torch.from_numpy(np.where(things[0].rough, ROUGH_LOGIT, -ROUGH_LOGIT))
            small = torch.nn.functional.interpolate(
                rough[None, None].float(),
                self._model.prompt_encoder.mask_input_size,
                mode="bilinear",
                antialias=True,
            )
            prompts["input_masks"] = small.to(device.name)
        with torch.inference_mode():
            out = self._model(
                image_embeddings=features, multimask_output=given.ambiguous, **prompts
            )
        best = out.iou_scores[0].argmax(dim=1)
        rows = torch.arange(len(best), device=best.device)
        chosen = out.pred_masks[0][rows, best][:, None].float()
        masks = self._processor.post_process_masks([chosen], sizes)[0][:, 0]
        return masks.cpu().numpy(), out.iou_scores[0][rows, best].float().cpu().numpy()

    def nbytes(self) -> int:
        """Bytes of the weights that it is charged for, and of the features in memory."""
        return super().nbytes() + self._kept.nbytes()


_spec = partial(
    sam2_spec,
    "sam2",
    load,
    ability="segment",
    also=("segment_all",),
    notes="Boxes, clicks and rough masks; more prompts on one picture cost little",
)

TINY = _spec("tiny", weights_mb=156, memory_mb=600)
SMALL = _spec("small", weights_mb=184, memory_mb=650)
BASE_PLUS = _spec("base-plus", weights_mb=323, memory_mb=900)
LARGE = _spec("large", weights_mb=898, memory_mb=1700)
