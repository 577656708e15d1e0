"""Kosmos-2: captions, the place of what a phrase refers to, and words for a place.

Through ``transformers``. Paper: Peng et al., Kosmos-2: Grounding Multimodal Large Language Models
to the World, 2023 (https://arxiv.org/abs/2306.14824). Places come as cells of a grid of 32 by 32,
so boxes are coarse; the library reads and writes them as shares of the sides. A sentence is taken
as one phrase, as in referring to a thing. Has no scores: all are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tools import asked, convert, geometry
from tools.batched import Ask, Batched
from tools.context import CancelToken
from tools.device import here
from tools.neural import network_spec, open_model, open_processor, picture, stopping
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

Detail = Literal["short", "detailed", "more"]
Entity = tuple[str, tuple[int, int], list[tuple[float, float, float, float]]]


@dataclass(frozen=True)
class _Reply:
    """Prompt and answer."""

    words: str
    """Without any marks."""
    entities: list[Entity]
    """The phrases that have places."""


def load(repo: str) -> Kosmos2:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import Kosmos2ForConditionalGeneration, Kosmos2Processor

    processor = open_processor(Kosmos2Processor, repo)
    return Kosmos2(open_model(Kosmos2ForConditionalGeneration, repo), processor)


class Kosmos2(Batched):
    """A language model that reads and writes places.

    A question is a picture, a prompt, and the place that is meant as shares of the sides, if any.
    """

    def caption(self, image: Image, detail: Detail = "short", *, cancel: CancelToken) -> Text:
        """What the picture shows, in a sentence or in some detail."""
        said: Text = self._one("caption", image, detail, cancel=cancel)
        return said

    def ground(self, image: Image, sentence: str, *, cancel: CancelToken) -> Boxes:
        """Boxes of what the sentence as a whole refers to, labelled with it.

        Raises:
            BadArguments: the sentence is empty or too long.
        """
        found: Boxes = self._one("ground", image, sentence, cancel=cancel)
        return found

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A few words for each thing of `region`, in its order."""
        said: list[str] = self._one("describe_region", image, region, cancel=cancel)
        return said

    def _ask(self, ability: str, *args: Any, **named: Any) -> Ask:
        return ASKS[ability](*args, **named)

    def _kind(self, question: Any) -> tuple[bool, int]:
        """Prompts of one length go together: the network is shown no filling."""
        _, prompt, place = question
        return place is None, len(self._processor.tokenizer(prompt)["input_ids"])

    def _say(self, questions: Sequence[Any], cancel: CancelToken) -> list[_Reply]:
        import torch

        device = here()
        places = [[place] for *_, place in questions if place is not None]
        inputs = self._processor(
            text=[prompt for _, prompt, _ in questions],
            images=[picture(image) for image, *_ in questions],
            return_tensors="pt",
            num_image_tokens=self._model.config.latent_query_num,
            **({"bboxes": places} if places else {}),
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
        texts = self._processor.batch_decode(made, skip_special_tokens=True)
        read = [self._processor.post_process_generation(text) for text in texts]
        return [_Reply(str(words), list(entities)) for words, entities in read]


def _caption(image: Image, detail: Detail = "short") -> Ask:
    prompt = re.sub(r"<.*?>", "", PROMPTS[detail]).strip()

    def read(said: list[_Reply]) -> Text:
        words = said[0].words
        return Text(words if detail == "short" else words.removeprefix(prompt).strip(), "caption")

    return Ask([(image, PROMPTS[detail], None)], read)


def _ground(image: Image, sentence: str) -> Ask:
    phrase = asked.sentence(sentence, MAX_LETTERS)
    prompt = f"<grounding><phrase> {phrase}</phrase>"
    return Ask([(image, prompt, None)], lambda said: _boxes(image, said[0].entities))


def _describe_region(image: Image, region: Placed) -> Ask:
    boxes = (convert.to_xyxy_norm(b, image.size_wh)[0] for b in asked.boxes_within(image, region))
    questions = [(image, REGION, tuple(float(v) for v in box)) for box in boxes]
    return Ask(questions, lambda said: [s.words.removeprefix("It is").strip() for s in said])


ASKS: dict[str, Callable[..., Ask]] = {
    "caption": _caption,
    "ground": _ground,
    "describe_region": _describe_region,
}
"""How each ability is asked."""


def _boxes(image: Image, entities: list[Entity]) -> Boxes:
    """The places of phrases in root pixels; impossible ones left out."""
    named = [(name, box) for name, _, boxes in entities for box in boxes]
    whole = [(n, b) for n, b in named if 0 <= b[0] < b[2] <= 1 and 0 <= b[1] < b[3] <= 1]
    shares = np.array([box for _, box in whole], np.float64).reshape(-1, 4)
    xyxy = convert.from_xyxy_norm(shares, image.size_wh)
    return geometry.place_boxes(image, xyxy, [name for name, _ in whole], np.ones(len(whole)))


REPO = "microsoft/kosmos-2-patch14-224"
MODEL = network_spec(
    REPO,
    load,
    name="kosmos-2",
    ability="ground",
    also=("caption", "describe_region"),
    licence="MIT",
    weights_mb=6660,
    memory_mb=4300,
    notes="English; sees 224 px; boxes on a grid of 32 by 32; no scores",
)
