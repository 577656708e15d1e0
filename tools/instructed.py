"""A pipeline that changes a picture as a sentence says, as a model of ours.

What differs from pipeline to pipeline, its arguments and sizes, comes from the model's own file.
Knows nothing of regions or tools: it is handed an area.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tools.context import CancelToken
from tools.diffusion import OnStep, Piped, generator, paint
from tools.repaint import MULTIPLE, Area, Pixels, repaint
from tools.types import Image

Arguments = Callable[[Pixels], dict[str, Any]]
"""From the part to change, at working size, to what the pipeline is called with besides prompt,
steps and noise."""


class Editor(Piped):
    """Changes pictures by instructions."""

    def __init__(
        self,
        pipeline: Any,
        arguments: Arguments,
        *,
        side: int,
        steps: int,
        multiple: int = MULTIPLE,
    ) -> None:
        super().__init__(pipeline)
        self._arguments = arguments
        self._side, self._steps, self._multiple = side, steps, multiple

    def __call__(
        self,
        image: Image,
        area: Area,
        instruction: str,
        *,
        cancel: CancelToken,
        seed: int = 0,
        steps: int = 0,
        on_step: OnStep | None = None,
    ) -> Image:
        """`image` changed under `area` (H, W) as `instruction` says; all else and the size stay.

        `steps` 0: as many as suit the model.
        """
        cancel.check()
        noise = generator(seed)

        def brush(pixels: Pixels, mask: Area) -> Pixels:
            return paint(
                self._pipeline,
                cancel=cancel,
                on_step=on_step,
                prompt=instruction,
                num_inference_steps=steps or self._steps,
                generator=noise,
                **self._arguments(pixels),
            )

        return repaint(image, area, brush, self._side, self._multiple)
