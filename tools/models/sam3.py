"""SAM 3: a mask for every instance of what a phrase names, through ``transformers``.

Paper: Carion et al., SAM 3: Segment Anything with Concepts, 2025
(https://arxiv.org/abs/2511.16719). A picture is encoded once: further phrases on the same pixels
take its features from memory. Its weights are handed out on request and under Meta's own terms,
which rule out some uses. Knows nothing of synonyms: a phrase is one or few words for a kind of
thing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ANY
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.geometry import place_masks
from tools.kept import Kept
from tools.neural import SIGHT, network_spec, open_model, open_processor, picture
from tools.types import Image, Masks

THRESHOLD = 0.5
"""Score from which an instance counts, as in the model card."""
MASK_THRESHOLD = 0.5
"""Likelihood from which a pixel belongs to an instance, as in the model card."""
KEPT = 2
"""Pictures whose features stay in memory: about 220 MB each."""


def load(repo: str) -> Sam3:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch
    from transformers import Sam3Model, Sam3Processor

    processor = open_processor(Sam3Processor, repo)
    # Places in half precision would be coarse: only the encoder runs in it, by autocast.
    return Sam3(open_model(Sam3Model, repo, dtype=torch.float32), processor)


class Sam3:
    """Cuts out everything that a phrase names."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor
        self._kept = Kept(KEPT)

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Masks:
        """Masks of all instances of the phrases, best first, under the phrases as given."""
        cancel.check()
        masks: list[NDArray[np.bool_]] = [np.zeros((0, *image.pixels.shape[:2]), np.bool_)]
        scores: list[NDArray[np.float32]] = [np.zeros(0, np.float32)]
        names: list[str] = []
        for phrase in labels:
            features = self._kept.get(image.sha256, partial(self._encode, image))
            cancel.check()
            found, sure = self._look(image, features, phrase, min_score)
            masks.append(found)
            scores.append(sure)
            names += [phrase] * len(sure)
        every = np.concatenate(scores)
        order = np.argsort(-every, kind="stable")
        ranked = [names[int(i)] for i in order]
        return place_masks(image, np.concatenate(masks)[order], ranked, np.clip(every[order], 0, 1))

    def nbytes(self) -> int:
        """Bytes of the weights and of the features in memory."""
        return nbytes(self._model) + self._kept.nbytes()

    def _encode(self, image: Image) -> list[Any]:
        """What the encoder makes of the pixels: one tensor a level, then their places likewise."""
        import torch

        device = here()
        inputs = self._processor.image_processor(images=picture(image), return_tensors="pt")
        with (
            torch.inference_mode(),
            torch.autocast(device.name.split(":")[0], device.dtype, enabled=device.is_gpu),
        ):
            made = self._model.get_vision_features(inputs["pixel_values"].to(device.name))
        return [level.float() for level in (*made.fpn_hidden_states, *made.fpn_position_encoding)]

    def _look(
        self, image: Image, features: list[Any], phrase: str, min_score: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """(masks (n, h, w) at the picture's size, n scores)."""
        import torch
        from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

        levels = len(features) // 2
        seen = Sam3VisionEncoderOutput(
            fpn_hidden_states=tuple(features[:levels]),
            fpn_position_encoding=tuple(features[levels:]),
        )
        text = self._processor.tokenizer(
            phrase,
            padding="max_length",
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(here().name)
        with torch.inference_mode():
            out = self._model(
                vision_embeds=seen,
                input_ids=text["input_ids"],
                attention_mask=text["attention_mask"],
            )
        found = self._processor.post_process_instance_segmentation(
            out,
            threshold=min_score,
            mask_threshold=MASK_THRESHOLD,
            target_sizes=[(image.height, image.width)],
        )[0]
        masks = np.zeros((0, image.height, image.width), np.bool_)
        if len(found["scores"]):
            masks = found["masks"].bool().cpu().numpy()
        return masks, found["scores"].float().cpu().numpy()


REPO = "facebook/sam3"
MODEL = network_spec(
    REPO,
    load,
    name="sam3",
    ability="segment_phrase",
    licence="SAM License (custom)",
    modules=SIGHT,
    weights_mb=3440,
    memory_mb=4800,
    labels=ANY,
    notes=(
        "Every instance of any noun phrase; gated: ask for access at its page. Meta's own terms, "
        "which rule out military and some other uses"
    ),
)
