"""Language models of ``transformers`` that write what comes next, free or held to a JSON schema.

One way to ask for models that see and models that do not; markup of a model's own is taken out of
what it is told, and a generation ends at the next token once it is cancelled. Knows nothing of
plans or of particular models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from tools.constrained import Grammars, processor
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.errors import ToolFailed
from tools.neural import stopping
from tools.types import Image


@dataclass(frozen=True)
class Completion:
    """What a model wrote, and what it took."""

    text: str
    tokens_in: int
    tokens_out: int
    cut: bool = False
    """Whether it was not at its end; of a reply held to a schema the end was written for it."""


def names_of(tokenizer: Any) -> tuple[str, ...]:
    """What a tokenizer takes for markup, longest first."""
    tokens = tokenizer.added_tokens_decoder.values()
    return tuple(sorted((t.content for t in tokens if t.special), key=len, reverse=True))


def unmarked(text: str, names: Iterable[str]) -> str:
    """A text less what the model would take for its own markup."""
    for name in names:
        text = text.replace(name, " ")
    return text


class Writer:
    """Writes with one loaded model. Calls come one at a time."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._grammars: Grammars | None = None

    def write(
        self,
        inputs: Any,
        *,
        schema: Mapping[str, Any] | None,
        max_tokens: int,
        cancel: CancelToken,
        within: AbstractContextManager[Any] | None = None,
    ) -> Completion:
        """What follows `inputs`.

        Args:
            inputs: Tensors of one prompt, as the processor makes them.
            schema: What the reply must meet; None where any text will do.
            max_tokens: Tokens after which the model is not asked any more.
            cancel: Ends it at the next token.
            within: Entered while the model works.

        Raises:
            BadArguments: the schema cannot be enforced.
            SetupError: what enforces it is not installed.
            ToolFailed: the prompt is longer than the model can read.
            Cancelled: it was stopped.
        """
        import torch

        length = int(inputs["input_ids"].shape[1])
        self._fits(length + max_tokens)
        writing = None if schema is None else self._held().held_to(schema)
        device = here()
        there = {
            name: value.to(device.name, device.dtype if value.is_floating_point() else None)
            for name, value in inputs.items()
        }
        with torch.inference_mode(), within or nullcontext():
            made = self._model.generate(
                **there,
                max_new_tokens=max_tokens,
                do_sample=False,
                logits_processor=[processor(writing, length)] if writing else None,
                stopping_criteria=stopping(cancel),
            )
        cancel.check()
        tokens = made[0, length:].tolist()
        written, whole = len(tokens), bool(tokens) and tokens[-1] in self._ends()
        if writing is not None:
            if tokens:
                writing.take(tokens[-1])
            tokens += writing.ending()
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return Completion(str(text), length, written, cut=not whole)

    def _fits(self, tokens: int) -> None:
        config = self._model.config.get_text_config()
        most = getattr(config, "max_position_embeddings", None)
        if most and tokens > most:
            raise ToolFailed(f"prompt and reply take {tokens} tokens; the model reads {most}")

    def _held(self) -> Grammars:
        if self._grammars is None:
            size = self._model.config.get_text_config().vocab_size
            self._grammars = Grammars(self._tokenizer, size)
        return self._grammars

    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        listed = ends if isinstance(ends, list) else [ends]
        return {int(e) for e in listed if e is not None} | {int(self._tokenizer.eos_token_id)}


class Completer:
    """A loaded language model that does not see."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._writer = Writer(model, tokenizer)
        self._names = names_of(tokenizer)

    def __call__(
        self,
        system: str,
        text: str,
        images: tuple[Image, ...] = (),
        *,
        cancel: CancelToken,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1000,
    ) -> Completion:
        """What the model replies to a system text and a message; pictures are left out."""
        cancel.check()
        messages = [
            {"role": role, "content": unmarked(said, self._names)}
            for role, said in (("system", system), ("user", text))
        ]
        inputs = self._tokenizer.apply_chat_template(
            messages,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            enable_thinking=False,
        )
        return self._writer.write(inputs, schema=schema, max_tokens=max_tokens, cancel=cancel)

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._model)
