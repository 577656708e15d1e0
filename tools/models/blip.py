"""BLIP and BLIP-2: one-sentence captions, and short answers to questions about a picture.

Through ``transformers``. Papers: Li et al., BLIP, 2022 (https://arxiv.org/abs/2201.12086) and
BLIP-2, 2023 (https://arxiv.org/abs/2301.12597). A caption is one short sentence, whatever detail
is asked for; answers are a word or two. Knows no places; parts are looked at by being cut out.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from tools import geometry
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.errors import BadArguments
from tools.neural import open_model, open_processor, picture, stopping
from tools.types import Image, Placed, Text

Detail = Literal["short", "detailed", "more"]
BEAMS = 3
MAX_TOKENS = 50
PROMPT = "a photo of"
"""What BLIP-2's captions continue, as in its paper."""
MARGIN = 0.1
"""Share of a box's shorter side that is shown around it."""


def load_caption(repo: str) -> BlipCaption:
    """The captioner on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoProcessor, BlipForConditionalGeneration

    processor = open_processor(AutoProcessor, repo)
    return BlipCaption(open_model(BlipForConditionalGeneration, repo), processor)


def load_vqa(repo: str) -> BlipVqa:
    """The answerer on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoProcessor, BlipForQuestionAnswering

    processor = open_processor(AutoProcessor, repo)
    return BlipVqa(open_model(BlipForQuestionAnswering, repo), processor)


def load_blip2(repo: str) -> Blip2:
    """The larger model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoProcessor, Blip2ForConditionalGeneration

    processor = open_processor(AutoProcessor, repo)
    return Blip2(open_model(Blip2ForConditionalGeneration, repo), processor)


class _Speaks:
    """What the three have in common: a picture and perhaps words go in, words come out."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model)

    def _say(self, image: Image, text: str | None, cancel: CancelToken) -> str:
        import torch

        cancel.check()
        device = here()
        said = {} if text is None else {"text": text}
        inputs = self._processor(images=picture(image), return_tensors="pt", **said)
        with torch.inference_mode():
            made = self._model.generate(
                **inputs.to(device.name, dtype=device.dtype),
                max_new_tokens=MAX_TOKENS,
                num_beams=BEAMS,
                do_sample=False,
                stopping_criteria=stopping(cancel),
            )
        cancel.check()
        own = made[0][self._prompt_length(inputs) :]
        return str(self._processor.decode(own, skip_special_tokens=True)).strip()

    def _prompt_length(self, inputs: Any) -> int:
        """Tokens of the prompt that come back before those of the answer."""
        return 0


class BlipCaption(_Speaks):
    """Captions by BLIP."""

    def caption(self, image: Image, detail: Detail = "short", *, cancel: CancelToken) -> Text:
        """What the picture shows, in one short sentence."""
        return Text(self._say(image, None, cancel), "caption")

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A sentence for each thing of `region`, cut out with a margin."""
        return [self._say(part, None, cancel) for part in _parts(image, region)]


class BlipVqa(_Speaks):
    """Answers by BLIP."""

    def __call__(self, image: Image, question: str, *, cancel: CancelToken) -> Text:
        """A word or two that answer the question."""
        return Text(self._say(image, _asked(question), cancel), "answer")


class Blip2(_Speaks):
    """Captions and answers by BLIP-2."""

    def caption(self, image: Image, detail: Detail = "short", *, cancel: CancelToken) -> Text:
        """What the picture shows, in one short sentence."""
        return Text(f"{PROMPT} {self._say(image, PROMPT, cancel)}".strip(), "caption")

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A sentence for each thing of `region`, cut out with a margin."""
        return [self.caption(part, cancel=cancel).value for part in _parts(image, region)]

    def vqa(self, image: Image, question: str, *, cancel: CancelToken) -> Text:
        """A few words that answer the question."""
        prompt = f"Question: {_asked(question)} Answer:"
        return Text(self._say(image, prompt, cancel), "answer")

    def _prompt_length(self, inputs: Any) -> int:
        both = self._model.config.text_config.is_encoder_decoder
        return 0 if both else int(inputs["input_ids"].shape[1])


def _asked(question: str) -> str:
    words = " ".join(question.split())
    if not words:
        raise BadArguments("there is no question to answer", hint="Ask something about the picture")
    return words


def _parts(image: Image, region: Placed) -> list[Image]:
    sides = [min(box[2] - box[0], box[3] - box[1]) for box in region.xyxy]
    return [
        geometry.crop(image, box, MARGIN * float(side))
        for box, side in zip(region.xyxy, sides, strict=True)
    ]


def _spec(
    name: str, ability: str, load: Any, repo: str, weights_mb: float, memory_mb: float, **more: Any
) -> ModelSpec:
    return ModelSpec(
        name=name,
        ability=ability,
        load=partial(load, repo),
        version="1",
        modules=("torch", "transformers"),
        extra="vision",
        weights=repo,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        **more,
    )


CAPTION = {"also": ("describe_region",), "licence": "BSD-3-Clause", "notes": "one short sentence"}
BLIP_BASE = _spec(
    "blip-caption-base", "caption", load_caption, "Salesforce/blip-image-captioning-base", 990, 1000, **CAPTION
)  # fmt: skip
BLIP_LARGE = _spec(
    "blip-caption-large", "caption", load_caption, "Salesforce/blip-image-captioning-large", 1880, 1500, **CAPTION
)  # fmt: skip
BLIP_VQA = _spec(
    "blip-vqa-base", "vqa", load_vqa, "Salesforce/blip-vqa-base", 1540, 1200,
    licence="BSD-3-Clause", notes="a word or two; no counting beyond a few, no reading",
)  # fmt: skip
BLIP2_OPT = _spec(
    "blip2-opt-2.7b", "caption", load_blip2, "Salesforce/blip2-opt-2.7b", 15000, 8500,
    also=("describe_region", "vqa"), licence="MIT AND OPT-175B (non-commercial)",
    notes="one short sentence; short answers",
)  # fmt: skip
BLIP2_FLAN = _spec(
    "blip2-flan-t5-xl", "caption", load_blip2, "Salesforce/blip2-flan-t5-xl", 15800, 8800,
    also=("describe_region", "vqa"), licence="MIT AND Apache-2.0",
    notes="one short sentence; short answers",
)  # fmt: skip
