"""Florence-2: captions, boxes for the phrases of a sentence, words for regions, lines of text.

One small network that answers by a task word, through ``transformers``. Paper: Xiao et al.,
Florence-2: Advancing a Unified Representation for a Variety of Vision Tasks, 2023
(https://arxiv.org/abs/2311.06242). Places come as steps of a grid of 1000; they are read by the
library's own parser. Its scores are one number for a whole answer. Answers in English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tools import asked, convert, convert_tokens, geometry
from tools.batched import Ask, Batched
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.neural import network_spec, open_model, open_processor, picture, stopping
from tools.textlines import Line, words
from tools.types import Boxes, Image, Placed, Text, TextSpans

Detail = Literal["short", "detailed", "more"]
TASKS: dict[Detail, str] = {
    "short": "<CAPTION>",
    "detailed": "<DETAILED_CAPTION>",
    "more": "<MORE_DETAILED_CAPTION>",
}
BEAMS = 3
"""As in the model card."""
MAX_TOKENS = 1024
"""As in the model card."""
MAX_LETTERS = 1000
"""Of a sentence to ground: what fits beside the picture."""
GRID = (1000, 1000)
"""Size at which the library's parser gives the steps themselves."""


def load(repo: str) -> Florence2:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import Florence2ForConditionalGeneration, Florence2Processor

    processor = open_processor(Florence2Processor, repo)
    return Florence2(open_model(Florence2ForConditionalGeneration, repo), processor)


@dataclass(frozen=True)
class _Reply:
    """What the model says to one task about one picture."""

    parsed: Any
    """As the library's parser gives it, places as steps of the grid."""
    score: float
    """How sure the model was of the whole answer."""


class Florence2(Batched):
    """One network with a task word for each ability.

    A question is a picture, a task, and what is added to the task.
    """

    def caption(self, image: Image, detail: Detail = "short", *, cancel: CancelToken) -> Text:
        """What the picture shows: in a few words, a sentence, or a paragraph."""
        said: Text = self._one("caption", image, detail, cancel=cancel)
        return said

    def ground(self, image: Image, sentence: str, *, cancel: CancelToken) -> Boxes:
        """Boxes of what each phrase of the sentence names, labelled with the phrase.

        Raises:
            BadArguments: the sentence is empty or too long.
        """
        found: Boxes = self._one("ground", image, sentence, cancel=cancel)
        return found

    def dense_captions(self, image: Image, *, cancel: CancelToken) -> Boxes:
        """Boxes of the regions that stand out, each labelled with a few words."""
        found: Boxes = self._one("dense_captions", image, cancel=cancel)
        return found

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A few words for each thing of `region`, in its order."""
        said: list[str] = self._one("describe_region", image, region, cancel=cancel)
        return said

    def read_text(
        self,
        image: Image,
        level: Literal["line", "word"] = "line",
        detail: Literal["normal", "fine"] = "normal",
        *,
        cancel: CancelToken,
    ) -> TextSpans:
        """The text in the picture; words are cut out of their lines by their letters' share."""
        read: TextSpans = self._one("read_text", image, level, detail, cancel=cancel)
        return read

    def _ask(self, ability: str, *args: Any, **named: Any) -> Ask:
        return ASKS[ability](*args, **named)

    def _say(self, questions: Sequence[Any], cancel: CancelToken) -> list[_Reply]:
        import torch

        device = here()
        inputs = self._processor(
            text=[task + more for _, task, more in questions],
            images=[picture(image) for image, *_ in questions],
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            made = self._model.generate(
                **inputs.to(device.name, dtype=device.dtype),
                max_new_tokens=MAX_TOKENS,
                num_beams=BEAMS,
                do_sample=False,
                stopping_criteria=stopping(cancel),
                return_dict_in_generate=True,
                output_scores=True,
            )
        cancel.check()
        pad = self._processor.tokenizer.pad_token_id
        sequences = [[t for t in row if t != pad] for row in made.sequences.tolist()]
        texts = self._processor.batch_decode(sequences, skip_special_tokens=False)
        scores = made.sequences_scores.float().exp().tolist()
        return [
            self._reply(task, text, score)
            for (_, task, _), text, score in zip(questions, texts, scores, strict=True)
        ]

    def _reply(self, task: str, text: str, score: float) -> _Reply:
        parsed = self._processor.post_process_generation(text, task=task, image_size=GRID)
        return _Reply(parsed[task], min(max(score, 0.0), 1.0) if np.isfinite(score) else 0.0)


def _about(
    image: Image, task: str, read: Callable[[list[_Reply]], Any], more: Sequence[str] = ("",)
) -> Ask:
    """A task about a picture, once or with several additions."""
    return Ask([(image, task, addition) for addition in more], read)


def _caption(image: Image, detail: Detail = "short") -> Ask:
    return _about(image, TASKS[detail], lambda said: Text(_plain(said[0].parsed), "caption"))


def _ground(image: Image, sentence: str) -> Ask:
    wanted = asked.sentence(sentence, MAX_LETTERS)
    task = "<CAPTION_TO_PHRASE_GROUNDING>"
    return _about(image, task, lambda found: _boxes(image, found[0]), (wanted,))


def _dense_captions(image: Image) -> Ask:
    return _about(image, "<DENSE_REGION_CAPTION>", lambda found: _boxes(image, found[0]))


def _describe_region(image: Image, region: Placed) -> Ask:
    steps = (convert_tokens.to_xyxy_bins(b, image.size_wh)[0] for b in asked.boxes_within(image, region))  # fmt: skip
    places = tuple("".join(f"<loc_{step}>" for step in box) for box in steps)
    return _about(
        image, "<REGION_TO_DESCRIPTION>", lambda said: [_plain(s.parsed) for s in said], places
    )


def _read_text(
    image: Image,
    level: Literal["line", "word"] = "line",
    detail: Literal["normal", "fine"] = "normal",
) -> Ask:
    return _about(image, "<OCR_WITH_REGION>", lambda read: _spans(image, read[0], level))


ASKS: dict[str, Callable[..., Ask]] = {
    "caption": _caption,
    "ground": _ground,
    "dense_captions": _dense_captions,
    "describe_region": _describe_region,
    "read_text": _read_text,
}
"""How each ability is asked."""


def _spans(image: Image, read: _Reply, level: Literal["line", "word"]) -> TextSpans:
    """Lines of text or, cut out of them, words, in root pixels."""
    lines = []
    for text, corners in zip(read.parsed["labels"], read.parsed["quad_boxes"], strict=True):
        text = " ".join(_plain(text).split())
        if text:
            xy = convert.from_xy_bins(np.reshape(corners, (4, 2)), image.size_wh)
            lines.append(Line(xy, text, read.score, _stops(text)))
    if level == "word":
        lines = [word for line in lines for word in words(line)]
    quads = np.array([line.quad for line in lines], np.float32).reshape(-1, 4, 2)
    return TextSpans(
        image.frame,
        geometry.place_quads(image, quads),
        tuple(line.text for line in lines),
        np.full(len(lines), read.score, np.float32),
        level,
    )


def _plain(text: str) -> str:
    """An answer without the marks of the model's language."""
    return re.sub(r"</?[a-z_]+\d*>", "", text).strip()


def _boxes(image: Image, found: _Reply) -> Boxes:
    """The answer's boxes in root pixels; those without any width or height left out."""
    steps: NDArray[np.float64] = np.asarray(found.parsed["bboxes"], np.float64).reshape(-1, 4)
    whole = np.flatnonzero((steps[:, 2:] > steps[:, :2]).all(axis=1))
    xyxy = convert_tokens.from_xyxy_bins(steps[whole], image.size_wh)
    labels = [_plain(found.parsed["labels"][int(row)]) for row in whole]
    return geometry.place_boxes(image, xyxy, labels, np.full(len(whole), found.score))


def _stops(text: str) -> tuple[float, ...]:
    """Where the middle of each letter lies if all take the same room."""
    places: Sequence[int] = [i for i, letter in enumerate(text) if letter != " "]
    return tuple((i + 0.5) / len(text) for i in places)


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"florence-community/Florence-2-{size}"
    return network_spec(
        repo,
        load,
        name=f"florence2-{size}",
        ability="caption",
        also=("ground", "dense_captions", "describe_region", "read_text"),
        licence="MIT",
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="English; one score for a whole answer; grounds phrases that are not there too",
    )


BASE = _spec("base", 465, 1300)
BASE_FT = _spec("base-ft", 465, 1300)
LARGE = _spec("large", 1550, 2700)
LARGE_FT = _spec("large-ft", 1550, 2700)
