"""Boxes for any phrase: Grounding DINO, MM-Grounding-DINO, and LLMDet, which is the latter refined.

Papers: Liu et al., Grounding DINO, 2023 (https://arxiv.org/abs/2303.05499); Zhao et al., An Open
and Comprehensive Pipeline for Unified Object Grounding and Detection, 2024
(https://arxiv.org/abs/2401.02361); Fu et al., LLMDet, 2025 (https://arxiv.org/abs/2501.18954).
All phrases go through the text encoder together, lower-cased, a full stop after each; a box
belongs to the phrase whose words it fits best. Knows nothing of synonyms or plurals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tools.catalog import ANY, ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.neural import Network, network_spec, open_model, open_processor, picture
from tools.ranked import numbers, ranked
from tools.types import Boxes, Image

THRESHOLD = 0.35
"""Score from which a box counts: that of the authors' own demonstration."""
MAX_TOKENS = 256
"""Of one prompt; the length of the models' text and of their position table."""
STOPS = ".?"
"""End a phrase for the model, so none may stand inside one."""

Found = tuple[float, str, np.ndarray]
"""Score, phrase, box in the picture's pixels."""


def load(repo: str) -> GroundingDino:
    """The detector on the device of this process, in the number format it was trained in.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    import torch
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    # half precision would move boxes by up to a 256th of the picture's side
    model = open_model(AutoModelForZeroShotObjectDetection, repo, dtype=torch.float32)
    return GroundingDino(model, open_processor(AutoProcessor, repo))


class GroundingDino(Network):
    """Finds what it is told, in a picture."""

    def __init__(self, model: Any, processor: Any) -> None:
        super().__init__(model, processor)
        self._stop = int(processor.tokenizer.convert_tokens_to_ids("."))

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Boxes:
        """Boxes of the named things, best first, in root pixels, under the phrases as given."""
        rows: list[Found] = []
        for prompt in self._prompts(labels):
            cancel.check()
            rows += self._look(image, prompt, min_score)
        boxes, names = [row[2] for row in rows], [row[1] for row in rows]
        return ranked(image, boxes, names, [row[0] for row in rows])

    def _prompts(self, phrases: tuple[str, ...]) -> Iterator[dict[str, list[int]]]:
        """Phrases and their tokens, as many together as one prompt holds."""
        prompt: dict[str, list[int]] = {}
        room = most = MAX_TOKENS - 2  # its beginning and its end
        for phrase in phrases:
            words = phrase.lower().translate(str.maketrans(STOPS, " " * len(STOPS)))
            tokens = self._processor.tokenizer(words, add_special_tokens=False)["input_ids"]
            tokens = tokens[: most - 1]
            if not tokens:
                continue
            if len(tokens) + 1 > room:
                yield prompt
                prompt, room = {}, most
            prompt[phrase] = tokens
            room -= len(tokens) + 1
        if prompt:
            yield prompt

    def _look(self, image: Image, prompt: dict[str, list[int]], min_score: float) -> list[Found]:
        import torch

        device = here()
        tokenizer = self._processor.tokenizer
        ids, ends = [tokenizer.cls_token_id], []
        for tokens in prompt.values():
            ids += [*tokens, self._stop]
            ends.append(len(ids) - 1)
        text = torch.tensor([[*ids, tokenizer.sep_token_id]], device=device.name)
        inputs = self._processor.image_processor(images=picture(image), return_tensors="pt")
        with torch.inference_mode():
            outputs = self._model(
                **inputs.to(device.name),
                input_ids=text,
                attention_mask=torch.ones_like(text),
                token_type_ids=torch.zeros_like(text),
            )
        found = self._processor.post_process_grounded_object_detection(
            outputs, text, threshold=min_score, target_sizes=[(image.height, image.width)]
        )[0]
        logits = outputs.logits[0][outputs.logits[0].sigmoid().amax(dim=1) > min_score]
        names = _best(logits.float().cpu().numpy(), list(prompt), ends)
        boxes = numbers(found["boxes"])
        return [(float(s), n, b) for s, n, b in zip(found["scores"], names, boxes, strict=True)]


def _best(logits: np.ndarray, phrases: list[str], ends: list[int]) -> list[str]:
    """The phrase of each row that has the strongest token; phrases end before token `ends`."""
    begins = [1, *(end + 1 for end in ends[:-1])]
    spans = [logits[:, a:b].max(axis=1) for a, b in zip(begins, ends, strict=True)]
    return [phrases[int(i)] for i in np.argmax(np.stack(spans), axis=0)]


def _spec(name: str, repo: str, weights_mb: float, memory_mb: float, notes: str) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="detect",
        licence="Apache-2.0",
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=ANY,
        notes=notes,
    )


ANY_NAME = "Any noun phrase; may box something for a thing that is not there"
TINY = _spec("grounding-dino-tiny", "IDEA-Research/grounding-dino-tiny", 690, 2000, ANY_NAME)
BASE = _spec("grounding-dino-base", "IDEA-Research/grounding-dino-base", 935, 2600, ANY_NAME)
MM_TINY = _spec(
    "mm-grounding-dino-tiny",
    "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det",
    690,
    2000,
    "Any noun phrase, rare ones better than grounding-dino",
)
MM_LARGE = _spec(
    "mm-grounding-dino-large",
    "openmmlab-community/mm_grounding_dino_large_all",
    1370,
    3600,
    "As mm-grounding-dino-tiny, better",
)
LLMDET_TINY = _spec(
    "llmdet-tiny", "iSEE-Laboratory/llmdet_tiny", 690, 2000, "Any noun phrase, rare ones too"
)
LLMDET_LARGE = _spec(
    "llmdet-large", "iSEE-Laboratory/llmdet_large", 1370, 3600, "As llmdet-tiny, the best of these"
)
