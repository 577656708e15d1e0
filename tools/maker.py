"""A pipeline that makes new pictures from words, as a model of ours.

What steers it besides words, a map, a subject or a layout, comes from the model's own file. Knows
nothing of tools or of how maps are made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.adapters import borrowed
from tools.context import CancelToken
from tools.diffusion import GUIDANCE, STEPS, OnStep, Piped, generator, own_side, paint
from tools.repaint import resized, whole_size, working_size
from tools.turns import Turns
from tools.types import Boxes, Image


@dataclass(frozen=True)
class Wish:
    """What steers a picture besides words."""

    labels: tuple[str, ...]
    """Which of a model's ways of being steered are meant."""
    control: Image | None = None
    """A map."""
    subject: Image | None = None
    """A picture whose subject is to be shown."""
    layout: Boxes | None = None
    """What goes where."""
    strength: float = 1.0
    """How strictly all this is followed."""


class Maker(Piped):
    """Makes pictures from words; each kind of pipeline says how it is steered."""

    def __init__(self, pipeline: Any, turns: Turns | None = None) -> None:
        super().__init__(pipeline)
        self._turns = turns or Turns()

    def __call__(
        self,
        prompt: str,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        control: Image | None = None,
        subject: Image | None = None,
        layout: Boxes | None = None,
        size_wh: tuple[int, int] | None = None,
        style: str = "",
        concept: str = "",
        unwanted: str = "",
        strength: float = 1.0,
        seed: int = 0,
        steps: int = STEPS,
        on_step: OnStep | None = None,
    ) -> Image:
        """A picture of `prompt`, steered by what `labels` names of map, subject and layout.

        `strength` says how strictly these are followed. Without `size_wh` the picture has the
        shape of the map or layout, or is square, at the model's own size. `style` is the hub id of
        a LoRA, `concept` that of a textual inversion.

        Raises:
            BadArguments: it cannot be steered so.
        """
        cancel.check()
        wish = Wish(labels, control, subject, layout, strength)
        with self._having(style, concept, cancel) as word:
            wanted = size_wh or self._own_size(wish)
            width, height = whole_size(wanted)
            pixels = paint(
                self._painter(),
                cancel=cancel,
                on_step=on_step,
                prompt=prompt if word in prompt else f"{prompt}, {word}",
                negative_prompt=unwanted,
                width=width,
                height=height,
                num_inference_steps=steps,
                guidance_scale=GUIDANCE,
                generator=generator(seed),
                **self._steered(wish, (width, height)),
            )
        return Image.as_root(resized(pixels, wanted), name=f"generated with seed {seed}")

    @contextlib.contextmanager
    def _having(self, style: str, concept: str, cancel: CancelToken) -> Iterator[str]:
        """The base with a style and a word for the time of the block; gives the word."""
        if not (style or concept):
            with self._turns.together(cancel):
                yield ""
            return
        with self._turns.alone(cancel), borrowed(self._pipeline, style, concept) as word:
            yield word

    def _own_size(self, wish: Wish) -> tuple[int, int]:
        side = own_side(self._pipeline)
        shape = wish.control or (wish.layout.frame if wish.layout is not None else None)
        return working_size(shape.size_wh if shape else (side, side), side)

    def _painter(self) -> Any:
        """What is called to paint."""
        return self._pipeline

    def _steered(self, wish: Wish, size_wh: tuple[int, int]) -> dict[str, Any]:
        """What it is called with to follow the wish in a picture of this size.

        Raises:
            BadArguments: it cannot.
        """
        raise NotImplementedError
