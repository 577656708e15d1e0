"""BLIP and BLIP-2: one-sentence captions, and short answers to questions about a picture.

Through ``transformers``. Papers: Li et al., BLIP, 2022 (https://arxiv.org/abs/2201.12086) and
BLIP-2, 2023 (https://arxiv.org/abs/2301.12597). A caption is one short sentence, whatever detail
is asked for; answers are a word or two. Knows no places; parts are looked at by being cut out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from tools import geometry
from tools.batched import Ask, Batched
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.errors import BadArguments
from tools.neural import network_spec, open_model, open_processor, picture, stopping
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


class _Speaks(Batched):
    """What the three have in common: a picture and perhaps words go in, words come out.

    A question is a picture and a text, or None where the picture is all that goes in.
    """

    def _kind(self, question: Any) -> int:
        """Texts of one length go together, as the networks see any filling."""
        _, text = question
        return 0 if text is None else len(self._processor.tokenizer(text)["input_ids"])

    def _say(self, questions: Sequence[Any], cancel: CancelToken) -> list[str]:
        import torch

        device = here()
        texts = [text for _, text in questions if text is not None]
        said = {"text": texts} if texts else {}
        shown = [picture(image) for image, _ in questions]
        inputs = self._processor(images=shown, return_tensors="pt", **said)
        with torch.inference_mode():
            made = self._model.generate(
                **inputs.to(device.name, dtype=device.dtype),
                max_new_tokens=MAX_TOKENS,
                num_beams=BEAMS,
                do_sample=False,
                stopping_criteria=stopping(cancel),
            )
        cancel.check()
        own = made[:, self._prompt_length(inputs) :]
        spoken = self._processor.batch_decode(own, skip_special_tokens=True)
        return [str(words).strip() for words in spoken]

    def _prompt_length(self, inputs: Any) -> int:
        """Tokens of the prompt that come back before those of the answer."""
        return 0


class _Captions(_Speaks):
    """Those of them that describe."""

    def caption(self, image: Image, detail: Detail = "short", *, cancel: CancelToken) -> Text:
        """What the picture shows, in one short sentence."""
        said: Text = self._one("caption", image, detail, cancel=cancel)
        return said

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A sentence for each thing of `region`, cut out with a margin."""
        said: list[str] = self._one("describe_region", image, region, cancel=cancel)
        return said


class BlipCaption(_Captions):
    """Captions by BLIP."""

    def _ask(self, ability: str, image: Image, what: Any = None, **named: Any) -> Ask:
        if ability == "describe_region":
            return _about(_parts(image, named.get("region", what)), None, list)
        return _about([image], None, lambda said: Text(said[0], "caption"))


class BlipVqa(_Speaks):
    """Answers by BLIP."""

    def __call__(self, image: Image, question: str, *, cancel: CancelToken) -> Text:
        """A word or two that answer the question."""
        said: Text = self._one("vqa", image, question, cancel=cancel)
        return said

    def _ask(self, ability: str, image: Image, what: Any = None, **named: Any) -> Ask:
        return _about([image], _asked(named.get("question", what)), _answer)


class Blip2(_Captions):
    """Captions and answers by BLIP-2."""

    def vqa(self, image: Image, question: str, *, cancel: CancelToken) -> Text:
        """A few words that answer the question."""
        said: Text = self._one("vqa", image, question, cancel=cancel)
        return said

    def _ask(self, ability: str, image: Image, what: Any = None, **named: Any) -> Ask:
        if ability == "vqa":
            prompt = f"Question: {_asked(named.get('question', what))} Answer:"
            return _about([image], prompt, _answer)
        if ability == "describe_region":
            parts = _parts(image, named.get("region", what))
            return _about(parts, PROMPT, lambda said: [_continued(words) for words in said])
        return _about([image], PROMPT, lambda said: Text(_continued(said[0]), "caption"))

    def _prompt_length(self, inputs: Any) -> int:
        both = self._model.config.text_config.is_encoder_decoder
        return 0 if both else int(inputs["input_ids"].shape[1])


def _about(images: Sequence[Image], text: str | None, read: Callable[[list[str]], Any]) -> Ask:
    """The same words to each picture."""
    return Ask([(image, text) for image in images], read)


def _continued(words: str) -> str:
    """What is said after the prompt, with the prompt."""
    return f"{PROMPT} {words}".strip()


def _answer(said: list[str]) -> Text:
    return Text(said[0], "answer")


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
    return network_spec(
        repo,
        load,
        name=name,
        ability=ability,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        **more,
    )


CAPTION = {"also": ("describe_region",), "licence": "BSD-3-Clause", "notes": "one short sentence"}
BLIP_BASE = _spec(
    "blip-caption-base", "caption", load_caption, "Salesforce/blip-image-captioning-base", 990, 1000,
    **CAPTION | {"notes": "one short sentence; the hub has a pickle alone: from a folder of your own"},
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
