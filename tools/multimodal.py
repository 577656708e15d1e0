"""What all multimodal language models of ``transformers`` have in common here.

Pictures and a question go through the model's own chat template; the reply comes back as text and
is read by the reader of its convention (``tools/grounded.py``). What the model saw of a picture is
kept, so that a second question about it does not encode it again. Knows nothing of particular
models: a family brings its prompts, its reader and how its inputs divide into pictures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.completing import Completion, Writer, unmarked
from tools.context import CancelToken
from tools.convert_masks import Size
from tools.device import here, nbytes
from tools.errors import BadArguments, ToolError, ToolFailed
from tools.geometry import centres
from tools.grounded import Reader, Reading
from tools.kept_features import Divide, Features
from tools.neural import picture, stopping
from tools.types import Artefact, Boxes, Image, Points, Text

LOG = logging.getLogger(__name__)
MAX_TOKENS = 1024
"""Of a reply; a longer one is cut."""
MAX_SEEN = 2_500_000
"""Pixels of a picture that a model is shown; larger pictures are made smaller first."""
LONGEST = 200
"""A picture may be this many times as long as wide, or as wide as long."""

Call = tuple[str, tuple[Any, ...]]
"""Name of an ability and its arguments."""


@dataclass(frozen=True)
class Prompts:
    """How a family is asked; each has the hole ``{}`` for what was asked."""

    ground: str
    point: str
    answer: str


@dataclass(frozen=True)
class Family:
    """What tells one family of models from another."""

    reader: Reader
    prompts: Prompts
    seen: Callable[[Any, Any, int, Image], Size]
    """(processor, inputs, number of a picture in them, the picture) to the size it is seen at."""
    divide: Divide
    keep: tuple[str, ...] = ()
    """Special tokens that are part of the reply."""


@dataclass(frozen=True)
class _Ask:
    images: tuple[Image, ...]
    prompt: str
    answer: Callable[[Reading], Artefact]


class Multimodal:
    """A loaded model that answers questions about pictures, with places.

    Calls come one at a time: the model keeps its state in itself.
    """

    batch_size = 4
    """Calls that the host may hand over together."""

    def __init__(self, model: Any, processor: Any, family: Family) -> None:
        self._model, self._processor, self._family = model, processor, family
        tokens = processor.tokenizer.added_tokens_decoder
        self._markup = {i for i, t in tokens.items() if t.special and t.content not in family.keep}
        self._named = sorted((t.content for t in tokens.values()), key=len, reverse=True)
        self._features = Features(model.model, family.divide)
        self._writer = Writer(model, processor.tokenizer)

    def vqa(self, images: Image | tuple[Image, ...], question: str, *, cancel: CancelToken) -> Text:
        """The answer to a question about one picture or several, in words."""
        answer: Text = self._one("vqa", images, question, cancel=cancel)
        return answer

    def ground(self, image: Image, sentence: str, *, cancel: CancelToken) -> Boxes:
        """A box for everything a sentence names that is there, labelled with its words."""
        answer: Boxes = self._one("ground", image, sentence, cancel=cancel)
        return answer

    def point(self, image: Image, phrase: str, *, cancel: CancelToken) -> Points:
        """A point on each thing that a phrase names."""
        answer: Points = self._one("point", image, phrase, cancel=cancel)
        return answer

    def answer_grounded(self, image: Image, question: str, *, cancel: CancelToken) -> Boxes:
        """The answer to a question as boxes, each labelled with its part of the answer."""
        answer: Boxes = self._one("answer_grounded", image, question, cancel=cancel)
        return answer

    def complete(
        self,
        system: str,
        text: str,
        images: tuple[Image, ...] = (),
        *,
        cancel: CancelToken,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1000,
    ) -> Completion:
        """What the model replies to a system text and a message with pictures, as a planner asks.

        Args:
            system: Who it is and how it must reply.
            text: The message.
            images: Shown before it, in order.
            cancel: Ends it at the next token.
            schema: What the reply must meet; None where any text will do.
            max_tokens: Tokens of the reply.
        """
        cancel.check()
        said = [{"type": "text", "text": unmarked(t, self._named)} for t in (system, text)]
        shown = [{"type": "image"} for _ in images]
        messages = [
            {"role": "system", "content": said[:1]},
            {"role": "user", "content": [*shown, *said[1:]]},
        ]
        asked = self._processor.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=False, enable_thinking=False
        )
        pictures = [[picture(image) for image in images]] if images else None
        inputs = self._processor(text=[asked], images=pictures, return_tensors="pt")
        return self._writer.write(
            inputs, schema=schema, max_tokens=max_tokens, cancel=cancel, within=self._features
        )

    def batch(self, calls: Sequence[Call], *, cancel: CancelToken) -> list[Artefact | ToolError]:
        """Several calls in one generation, each answered as alone; for a host with many callers.

        Args:
            calls: (ability, positional arguments) of each, as in ``("vqa", (image, question))``.
            cancel: ends all of them: a host cancels it once every caller has gone.

        Returns:
            In order, what each call answers, or the error it would have raised.
        """
        cancel.check()
        asks = [self._ask(ability, *args) for ability, args in calls]
        good = [ask for ask in asks if isinstance(ask, _Ask)]
        answers = iter(self._answers(good, cancel) if good else [])
        return [ask if isinstance(ask, ToolError) else next(answers) for ask in asks]

    def nbytes(self) -> int:
        """Bytes of the weights and of the pictures that are kept."""
        return nbytes(self._model) + self._features.nbytes()

    def _one(self, ability: str, *args: Any, cancel: CancelToken) -> Any:
        (answer,) = self.batch([(ability, args)], cancel=cancel)
        if isinstance(answer, ToolError):
            raise answer
        return answer

    def _ask(self, ability: str, images: Any, words: str) -> _Ask | ToolError:
        prompts = self._family.prompts
        pictures = images if isinstance(images, tuple) else (images,)
        thin = next((i for i in pictures if max(i.size_wh) > LONGEST * min(i.size_wh)), None)
        if not pictures or thin is not None:
            what = f"a picture of {thin.width}×{thin.height} px is too thin" if thin else "none"
            return BadArguments(f"no picture to look at: {what}", hint="Crop to a part of it")
        forms: dict[str, tuple[str, Callable[[Reading], Artefact]]] = {
            "vqa": ("{}", lambda reading: Text(reading.said() or "nothing")),
            "ground": (prompts.ground, _boxes),
            "point": (prompts.point, _points),
            "answer_grounded": (prompts.answer, _boxes),
        }
        form, answer = forms[ability]
        return _Ask(pictures, form.replace("{}", self._words(words)), answer)

    def _words(self, text: str) -> str:
        """What was asked, less what the model would take for its own markup."""
        for token in self._named:
            text = text.replace(token, " ")
        return " ".join(text.split())

    def _answers(self, asks: Sequence[_Ask], cancel: CancelToken) -> list[Artefact | ToolError]:
        inputs, seen = self._inputs(asks)
        replies = self._generate(inputs, cancel)
        return [self._answer(*row) for row in zip(asks, replies, seen, strict=True)]

    def _answer(self, ask: _Ask, reply: str, seen_wh: Size) -> Artefact | ToolError:
        if not reply.strip():
            return ToolFailed("the model gave no answer", hint="Ask in other words")
        try:
            return ask.answer(self._family.reader(reply, seen_wh, ask.images[0]))
        except ToolError as error:
            return error

    def _inputs(self, asks: Sequence[_Ask]) -> tuple[Any, list[Size]]:
        """Tensors of all questions, and the size at which each first picture is seen."""
        texts = []
        for ask in asks:
            content = [
                *({"type": "image"} for _ in ask.images),
                {"type": "text", "text": ask.prompt},
            ]
            texts.append(
                self._processor.apply_chat_template(
                    [{"role": "user", "content": content}],
                    add_generation_prompt=True,
                    tokenize=False,
                    enable_thinking=False,
                )
            )
        pictures = [[picture(image) for image in ask.images] for ask in asks]
        bos = self._processor.tokenizer.bos_token
        inputs = self._processor(
            text=texts,
            images=pictures,
            padding=True,
            padding_side="left",
            add_special_tokens=not (bos and texts[0].startswith(bos)),
            return_tensors="pt",
        )
        seen, first = [], 0
        for ask in asks:
            seen.append(self._family.seen(self._processor, inputs, first, ask.images[0]))
            first += len(ask.images)
        return inputs, seen

    def _generate(self, inputs: Any, cancel: CancelToken) -> list[str]:
        import torch

        device = here()
        there = inputs.to(device.name, dtype=device.dtype)
        with torch.inference_mode(), self._features:
            made = self._model.generate(
                **there,
                max_new_tokens=MAX_TOKENS,
                do_sample=False,
                stopping_criteria=stopping(cancel),
            )
        cancel.check()
        tokenizer = self._processor.tokenizer
        replies = made[:, inputs["input_ids"].shape[1] :].tolist()
        kept = [[token for token in reply if token not in self._markup] for reply in replies]
        return [str(tokenizer.decode(reply, skip_special_tokens=False)) for reply in kept]


def _boxes(reading: Reading) -> Boxes:
    _tell(reading, len(reading.boxes))
    return reading.boxes


def _points(reading: Reading) -> Points:
    """The points; of a model that boxes what it is asked to point at, the middles."""
    _tell(reading, len(reading.points.xy) + len(reading.boxes))
    if len(reading.points.xy) or not len(reading.boxes):
        return reading.points
    middles = centres(reading.boxes.xyxy).astype(np.float32)
    return Points(reading.boxes.frame, middles, (True,) * len(middles))


def _tell(reading: Reading, left: int) -> None:
    """Say what was refused; that nothing is left is not that nothing was found."""
    if reading.refused and not left:
        raise ToolFailed(reading.note(), hint="Ask again in other words, or detect the thing")
    if reading.refused:
        LOG.warning("%s", reading.note())
