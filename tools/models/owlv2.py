"""Boxes for any phrase, or for whatever looks like an example: OWLv2.

Paper: Minderer et al., Scaling Open-Vocabulary Object Detection, 2023
(https://arxiv.org/abs/2306.09683). The model squares a picture by a border on the right and below
before it looks. Knows nothing of synonyms or plurals.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.catalog import ANY, ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.geometry import boxes_in, place_boxes
from tools.neural import SIGHT, Network, network_spec, open_model, open_processor, picture
from tools.ranked import numbers, ranked
from tools.types import Boxes, Image

THRESHOLD = 0.2
"""Score from which a box counts for a phrase."""
ALIKE = 0.8
"""Likeness from which a box counts for an example; the library's own examples say 0.6 and 0.9."""
OVERLAP = 0.3
"""Intersection over union beyond which two boxes like an example are one thing."""
NEAR = 0.8
"""Share of the best overlap with the example from which a box may speak for it."""
PROMPT = "a photo of a {}"
"""What the model was trained to read, less the article where the phrase has one."""
ARTICLES = ("a ", "an ", "the ")
MAX_TOKENS = 16
"""Of one phrase; the length of the model's position table."""


def load(repo: str) -> Owl:
    """The detector on the device of this process, in the number format it was trained in.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch
    from transformers import AutoProcessor, Owlv2ForObjectDetection

    # half precision would move boxes by up to a 256th of the picture's side
    model = open_model(Owlv2ForObjectDetection, repo, dtype=torch.float32)
    return Owl(model, open_processor(AutoProcessor, repo))


class Owl(Network):
    """Finds what it is told or shown, in a picture."""

    def detect(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Boxes:
        """Boxes of the named things, best first, in root pixels, under the phrases as given."""
        import torch

        cancel.check()
        if not labels:
            return place_boxes(image, np.zeros((0, 4)), [], [])
        device = here()
        text = self._processor.tokenizer(
            [prompt(label) for label in labels],
            padding="max_length",
            truncation=True,
            max_length=MAX_TOKENS,
            return_tensors="pt",
        ).to(device.name)
        with torch.inference_mode():
            outputs = self._model(pixel_values=self._pixels(image), **text)
        found = self._processor.post_process_grounded_object_detection(
            outputs,
            threshold=min_score,
            target_sizes=[(image.height, image.width)],
            text_labels=[list(labels)],
        )[0]
        return ranked(
            image, numbers(found["boxes"]), found["text_labels"], numbers(found["scores"])
        )

    def detect_like(
        self,
        image: Image,
        example: Image,
        region: Boxes,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = ALIKE,
    ) -> Boxes:
        """Boxes of things in `image` that look like those in `region` of `example`, best first.

        Args:
            image: where to look.
            example: where the examples are; may be the same picture.
            region: the examples.
            labels: one name for each example, which the things like it get.
            cancel: checked before each picture.
            min_score: likeness from 0 to 1.
        """
        import torch
        from torchvision.ops import nms

        cancel.check()
        with torch.inference_mode():
            shown = self._features(example)
            cancel.check()
            seen = shown if example.sha256 == image.sha256 else self._features(image)
            wanted = self._queries(shown, example, region)
            logits, _ = self._model.class_predictor(_rows(seen), wanted)
            scores, which = torch.sigmoid(logits[0]).max(dim=1)
            boxes = self._boxes(seen, image)
            keep = nms(boxes, scores, OVERLAP)
            keep = keep[scores[keep] > min_score].cpu()
        names = [labels[int(number)] for number in which.cpu()[keep]]
        return place_boxes(image, boxes.cpu()[keep].numpy(), names, scores.cpu()[keep].numpy())

    def _pixels(self, image: Image) -> Any:
        pixels = self._processor.image_processor(images=picture(image), return_tensors="pt")
        return pixels["pixel_values"].to(here().name)

    def _features(self, image: Image) -> Any:
        """The map of patches (1, rows, columns, d)."""
        return self._model.image_embedder(pixel_values=self._pixels(image))[0]

    def _boxes(self, features: Any, image: Image) -> Any:
        """(patches, 4) the box of each patch, in pixels of the picture."""
        from transformers.image_transforms import center_to_corners_format

        boxes = self._model.box_predictor(_rows(features), features)
        return center_to_corners_format(boxes[0]) * max(image.size_wh)

    def _queries(self, features: Any, image: Image, region: Boxes) -> Any:
        """(1, n, d) what to look for: of the patches that box an example best, the surest one."""
        import torch
        from torchvision.ops import box_iou

        rows = _rows(features)
        _, classes = self._model.class_predictor(rows)
        given = torch.as_tensor(boxes_in(image, region.xyxy), dtype=rows.dtype, device=rows.device)
        overlap = box_iou(given, self._boxes(features, image))
        near = overlap >= NEAR * overlap.amax(dim=1, keepdim=True)
        certain = self._model.objectness_predictor(rows).masked_fill(~near, -torch.inf)
        return classes[:, certain.argmax(dim=1)]


def prompt(phrase: str) -> str:
    """A phrase as the model likes to read it."""
    words = phrase.lower().strip()
    article = next((a for a in ARTICLES if words.startswith(a)), "")
    return PROMPT.format(words) if not article else PROMPT.removesuffix("a {}") + words


def _rows(features: Any) -> Any:
    """A map of patches as (1, patches, d)."""
    return features.reshape(1, -1, features.shape[-1])


def _spec(name: str, repo: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="detect",
        also=("detect_like",),
        licence="Apache-2.0",
        modules=SIGHT,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=ANY,
        notes="Any noun phrase, or what looks like an example; phrases of up to 14 words",
    )


BASE = _spec("owlv2-base", "google/owlv2-base-patch16-ensemble", 620, 2200)
LARGE = _spec("owlv2-large", "google/owlv2-large-patch14-ensemble", 1750, 5000)
