"""GOT-OCR 2: the text of a whole page in reading order, plain or with its layout as Markdown.

Through ``transformers``. Paper: Wei et al., General OCR Theory, 2024
(https://arxiv.org/abs/2409.01704). Knows no places: lines with boxes come from ``rapidocr``. With
layout it writes tables and formulas as LaTeX or Markdown. May repeat itself on bare pictures.
"""

from __future__ import annotations

from typing import Any

from tools.context import CancelToken
from tools.device import here
from tools.neural import Network, network_spec, open_model, open_processor, picture, stopping
from tools.types import Image, Text

MAX_TOKENS = 4096
"""As in the model card."""
END = "<|im_end|>"
SHRINK = 4
"""Patches on a side that become one token."""


def load(repo: str) -> GotOcr2:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import GotOcr2ForConditionalGeneration, GotOcr2Processor

    processor = open_processor(GotOcr2Processor, repo)
    return GotOcr2(open_model(GotOcr2ForConditionalGeneration, repo), processor)


class GotOcr2(Network):
    """Reads a page."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__(model, processor)
        vision = model.config.vision_config
        self._tokens = (vision.image_size // vision.patch_size // SHRINK) ** 2

    def __call__(self, image: Image, layout: bool = False, *, cancel: CancelToken) -> Text:
        """The text of the picture; with `layout` headings, tables and formulas are marked up."""
        import torch

        cancel.check()
        device = here()
        inputs = self._processor(
            picture(image), return_tensors="pt", format=layout, num_image_tokens=self._tokens
        )
        with torch.inference_mode():
            made = self._model.generate(
                **inputs.to(device.name, dtype=device.dtype),
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
                tokenizer=self._processor.tokenizer,
                stop_strings=END,
                stopping_criteria=stopping(cancel),
            )
        cancel.check()
        own = made[0, inputs["input_ids"].shape[1] :]
        return Text(self._processor.decode(own, skip_special_tokens=True).strip(), "document")


REPO = "stepfun-ai/GOT-OCR-2.0-hf"
MODEL = network_spec(
    REPO,
    load,
    name="got-ocr2",
    ability="read_document",
    licence="Apache-2.0",
    weights_mb=1430,
    memory_mb=2600,
    notes="English and Chinese pages, tables, formulas; no boxes",
)
