"""Kosmos-2: captions, the place of what a phrase refers to, and words for a place.

Through ``transformers``. Paper: Peng et al., Kosmos-2: Grounding Multimodal Large Language Models
to the World, 2023 (https://arxiv.org/abs/2306.14824). Places come as cells of a grid of 32 by 32,
so boxes are coarse; the library reads and writes them as shares of the sides. A sentence is taken
as one phrase, as in referring to a thing. Has no scores: all are one.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Literal

import numpy as np

from tools import asked, convert, geometry
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.neural import open_model, open_processor, picture, stopping
from tools.types import Boxes, Image, Placed, Text

PROMPTS = {
    "short": "<grounding>An image of",
    "detailed": "<grounding> Describe this image in detail:",
    "more": "<grounding> Describe this image in detail:",
}
"""As in the model card."""
REGION = "<grounding><phrase> It</phrase> is"
MAX_TOKENS = 128
MAX_LETTERS = 500

Entity = tuple[str, tuple[int, int], list[tuple[float, float, float, float]]]


def load(repo: str) -> Kosmos2:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import Kosmos2ForConditionalGeneration, Kosmos2Processor

    processor = open_processor(Kosmos2Processor, repo)
    return Kosmos2(open_model(Kosmos2ForConditionalGeneration, repo), processor)


class Kosmos2:
    """A language model that reads and writes places."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    def caption(
        self,
        image: Image,
        detail: Literal["short", "detailed", "more"] = "short",
        *,
        cancel: CancelToken,
    ) -> Text:
        """What the picture shows, in a sentence or in some detail."""
        said, _ = self._say(image, PROMPTS[detail], cancel)
        prompt = re.sub(r"<.*?>", "", PROMPTS[detail]).strip()
        return Text(said if detail == "short" else said.removeprefix(prompt).strip(), "caption")

    def ground(self, image: Image, sentence: str, *, cancel: CancelToken) -> Boxes:
        """Boxes of what the sentence as a whole refers to, labelled with it.

        Raises:
            BadArguments: the sentence is empty or too long.
        """
        phrase = asked.sentence(sentence, MAX_LETTERS)
        _, entities = self._say(image, f"<grounding><phrase> {phrase}</phrase>", cancel)
        named = [(name, box) for name, _, boxes in entities for box in boxes]
        whole = [(n, b) for n, b in named if 0 <= b[0] < b[2] <= 1 and 0 <= b[1] < b[3] <= 1]
        shares = np.array([box for _, box in whole], np.float64).reshape(-1, 4)
        xyxy = convert.from_xyxy_norm(shares, image.size_wh)
        return geometry.place_boxes(image, xyxy, [name for name, _ in whole], np.ones(len(whole)))

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A few words for each thing of `region`, in its order."""
        said = []
        for box in asked.boxes_within(image, region):
            share = tuple(float(v) for v in convert.to_xyxy_norm(box, image.size_wh)[0])
            words, _ = self._say(image, REGION, cancel, bboxes=[share])
            said.append(words.removeprefix("It is").strip())
        return said

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model)

    def _say(
        self, image: Image, prompt: str, cancel: CancelToken, **more: Any
    ) -> tuple[str, list[Entity]]:
        """Prompt and answer as plain words, and the places of their phrases."""
        import torch

        cancel.check()
        device = here()
        inputs = self._processor(
            text=prompt,
            images=picture(image),
            return_tensors="pt",
            num_image_tokens=self._model.config.latent_query_num,
            **more,
        ).to(device.name, dtype=device.dtype)
        with torch.inference_mode():
            made = self._model.generate(
                pixel_values=inputs["pixel_values"],
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                image_embeds=None,
                image_embeds_position_mask=inputs["image_embeds_position_mask"],
                use_cache=True,
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
                stopping_criteria=stopping(cancel),
            )
        cancel.check()
        text = self._processor.batch_decode(made, skip_special_tokens=True)[0]
        said, entities = self._processor.post_process_generation(text)
        return str(said), list(entities)


REPO = "microsoft/kosmos-2-patch14-224"
MODEL = ModelSpec(
    name="kosmos-2",
    ability="ground",
    also=("caption", "describe_region"),
    licence="MIT",
    load=partial(load, REPO),
    version="1",
    modules=("torch", "transformers"),
    extra="vision",
    weights=REPO,
    weights_mb=6660,
    memory_mb=4300,
    notes="English; sees 224 px; boxes on a grid of 32 by 32; no scores",
)
