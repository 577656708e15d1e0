"""Florence-2: captions, boxes for the phrases of a sentence, words for regions, lines of text.

One small network that answers by a task word, through ``transformers``. Paper: Xiao et al.,
Florence-2: Advancing a Unified Representation for a Variety of Vision Tasks, 2023
(https://arxiv.org/abs/2311.06242). Places come as steps of a grid of 1000; they are read by the
library's own parser. Its scores are one number for a whole answer. Answers in English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tools import convert, convert_tokens, geometry
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.errors import BadArguments
from tools.neural import open_model, open_processor, picture, stopping
from tools.textlines import Line, words
from tools.types import Boxes, Image, Placed, Text, TextSpans

TASKS = {
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


class Florence2:
    """One network with a task word for each ability."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    def caption(
        self,
        image: Image,
        detail: Literal["short", "detailed", "more"] = "short",
        *,
        cancel: CancelToken,
    ) -> Text:
        """What the picture shows: in a few words, a sentence, or a paragraph."""
        said, _ = self._ask(image, TASKS[detail], cancel)
        return Text(_plain(said), "caption")

    def ground(self, image: Image, sentence: str, *, cancel: CancelToken) -> Boxes:
        """Boxes of what each phrase of the sentence names, labelled with the phrase.

        Raises:
            BadArguments: the sentence is empty or too long.
        """
        wanted = " ".join(re.sub(r"[<>]", " ", sentence).split())
        if not wanted or len(wanted) > MAX_LETTERS:
            raise BadArguments(
                f"a sentence to ground has 1 to {MAX_LETTERS} letters, not {len(wanted)}"
            )
        found, score = self._ask(image, "<CAPTION_TO_PHRASE_GROUNDING>", cancel, wanted)
        return _boxes(image, found, score)

    def dense_captions(self, image: Image, *, cancel: CancelToken) -> Boxes:
        """Boxes of the regions that stand out, each labelled with a few words."""
        return _boxes(image, *self._ask(image, "<DENSE_REGION_CAPTION>", cancel))

    def describe_region(self, image: Image, region: Placed, *, cancel: CancelToken) -> list[str]:
        """A few words for each thing of `region`, in its order."""
        said = []
        for box in geometry.boxes_in(image, region.xyxy):
            inside = np.clip(box, 0, [image.width, image.height] * 2)
            steps = convert_tokens.to_xyxy_bins(inside, image.size_wh)[0]
            place = "".join(f"<loc_{step}>" for step in steps)
            words_, _ = self._ask(image, "<REGION_TO_DESCRIPTION>", cancel, place)
            said.append(_plain(words_))
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
        found, score = self._ask(image, "<OCR_WITH_REGION>", cancel)
        lines = []
        for text, corners in zip(found["labels"], found["quad_boxes"], strict=True):
            text = " ".join(_plain(text).split())
            if text:
                xy = convert.from_xy_bins(np.reshape(corners, (4, 2)), image.size_wh)
                lines.append(Line(xy, text, score, _stops(text)))
        if level == "word":
            lines = [word for line in lines for word in words(line)]
        quads = np.array([line.quad for line in lines], np.float32).reshape(-1, 4, 2)
        return TextSpans(
            image.frame,
            geometry.place_quads(image, quads),
            tuple(line.text for line in lines),
            np.full(len(lines), score, np.float32),
            level,
        )

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model)

    def _ask(
        self, image: Image, task: str, cancel: CancelToken, more: str = ""
    ) -> tuple[Any, float]:
        """The parsed answer to a task, places as steps of the grid, and how sure the model was."""
        import torch

        cancel.check()
        device = here()
        inputs = self._processor(text=task + more, images=picture(image), return_tensors="pt")
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
        text = self._processor.batch_decode(made.sequences, skip_special_tokens=False)[0]
        parsed = self._processor.post_process_generation(text, task=task, image_size=GRID)
        score = float(made.sequences_scores[0].float().exp())
        return parsed[task], min(max(score, 0.0), 1.0) if np.isfinite(score) else 0.0


def _plain(text: str) -> str:
    """An answer without the marks of the model's language."""
    return re.sub(r"</?[a-z_]+\d*>", "", text).strip()


def _boxes(image: Image, found: dict[str, Any], score: float) -> Boxes:
    """The answer's boxes in root pixels; those without any width or height left out."""
    steps: NDArray[np.float64] = np.asarray(found["bboxes"], np.float64).reshape(-1, 4)
    whole = np.flatnonzero((steps[:, 2:] > steps[:, :2]).all(axis=1))
    xyxy = convert_tokens.from_xyxy_bins(steps[whole], image.size_wh)
    labels = [_plain(found["labels"][int(row)]) for row in whole]
    return geometry.place_boxes(image, xyxy, labels, np.full(len(whole), score))


def _stops(text: str) -> tuple[float, ...]:
    """Where the middle of each letter lies if all take the same room."""
    places: Sequence[int] = [i for i, letter in enumerate(text) if letter != " "]
    return tuple((i + 0.5) / len(text) for i in places)


def _spec(size: str, weights_mb: float, memory_mb: float) -> ModelSpec:
    repo = f"florence-community/Florence-2-{size}"
    return ModelSpec(
        name=f"florence2-{size}",
        ability="caption",
        also=("ground", "dense_captions", "describe_region", "read_text"),
        licence="MIT",
        load=partial(load, repo),
        version="1",
        modules=("torch", "transformers"),
        extra="vision",
        weights=repo,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        notes="English; one score for a whole answer; grounds phrases that are not there too",
    )


BASE = _spec("base", 465, 1300)
BASE_FT = _spec("base-ft", 465, 1300)
LARGE = _spec("large", 1550, 2700)
LARGE_FT = _spec("large-ft", 1550, 2700)
