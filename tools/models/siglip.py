"""SigLIP 2, SigLIP and CLIP: pictures and texts as vectors of one space, through ``transformers``.

From the vectors: how well any labels fit a picture, tags out of a list of words
(``tags.txt``), likeness of pictures. Papers: Tschannen et al., SigLIP 2, 2025
(https://arxiv.org/abs/2502.14786); Zhai et al., 2023 (https://arxiv.org/abs/2303.15343); Radford
et al., 2021 (https://arxiv.org/abs/2103.00020). CLIP can only weigh labels against each other;
SigLIP says of each by itself whether it fits. Knows nothing of places in a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tools.catalog import ANY, ModelSpec
from tools.context import CancelToken
from tools.device import here
from tools.errors import BadArguments, ToolError
from tools.neural import Network, network_spec, open_model, open_processor, picture
from tools.types import Embeddings, Float, Image, Labels
from tools.weights import commit

TEMPLATE = "This is a photo of {}."
"""As in the model cards."""
TAGS = Path(__file__).with_name("tags.txt")
BATCH = 64
LEAST = 0.02
"""Probability from which a word is a tag of SigLIP, which is sure of little."""
MOST = 12
"""Tags given at most."""
What = Image | str | Sequence[Image]
"""What is turned into vectors."""


@cache
def vocabulary() -> tuple[str, ...]:
    """The words among which tags are chosen."""
    lines = TAGS.read_text("utf-8").splitlines()
    words = (word.strip() for line in lines if not line.startswith("#") for word in line.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def load(repo: str) -> TwoTowers:
    """The model on the device of this process.

    Raises:
        SetupError: the weights are not here or damaged.
    """
    from transformers import AutoModel, AutoProcessor

    processor = open_processor(AutoProcessor, repo)
    return TwoTowers(open_model(AutoModel, repo), processor, f"{repo}@{commit(repo)}")


class TwoTowers(Network):
    """A network for pictures and one for texts, with vectors that compare."""

    def __init__(self, model: Any, processor: Any, name: str) -> None:
        super().__init__(model, processor)
        self._name = name
        self._is_clip = model.config.model_type == "clip"
        self._tags: Any = None
        self._asked: tuple[tuple[str, ...], Any] | None = None
        """The labels of the last call that classified, and their vectors."""

    batch_size = 16
    """Calls that the host may hand over together."""

    def classify(self, image: Image, *, labels: tuple[str, ...], cancel: CancelToken) -> Labels:
        """How well each label fits the picture, best first.

        Shares that add up to one with CLIP; with SigLIP each is a probability of its own.
        """
        found: Labels = self._one("classify", image, labels, cancel)
        return found

    def tag(self, image: Image, *, labels: tuple[str, ...] = (), cancel: CancelToken) -> Labels:
        """The words of the vocabulary that fit the picture, best first."""
        found: Labels = self._one("tag", image, labels, cancel)
        return found

    def embed(self, what: What, *, labels: tuple[str, ...] = (), cancel: CancelToken) -> Embeddings:
        """Unit vectors of a picture, of several, or of a text."""
        found: Embeddings = self._one("embed", what, labels, cancel)
        return found

    def batch(
        self,
        calls: Sequence[tuple[str, tuple[What]]],
        *,
        labels: tuple[str, ...] = (),
        cancel: CancelToken,
    ) -> list[Labels | Embeddings | ToolError]:
        """Several calls at once, each answered as alone; for a host with many callers.

        Args:
            calls: (ability, its picture, pictures or text) of each.
            labels: of all that classify.
            cancel: ends all of them.

        Returns:
            In order, what each call answers, or the error it would have raised.
        """
        import torch

        cancel.check()
        shown = [_images(what) for _, (what,) in calls]
        said = [what for _, (what,) in calls if isinstance(what, str) and what.strip()]
        rows = iter(self._pictures([image for images in shown for image in images], cancel))
        texts = iter(self._texts(said, cancel)) if said else iter(())
        answers: list[Labels | Embeddings | ToolError] = []
        for (ability, (what,)), images in zip(calls, shown, strict=True):
            if isinstance(what, str):
                answers.append(self._of_text(what, texts))
                continue
            own = [next(rows) for _ in images]
            if ability == "embed":
                names = tuple(image.name or image.sha256[:12] for image in images)
                answers.append(Embeddings(_numbers(torch.stack(own)), names, self._name))
            else:
                fits = self._tagged if ability == "tag" else self._classified
                answers.append(fits(own[0][None], labels, cancel))
        return answers

    def _one(self, ability: str, what: What, labels: tuple[str, ...], cancel: CancelToken) -> Any:
        (answer,) = self.batch([(ability, (what,))], labels=labels, cancel=cancel)
        if isinstance(answer, ToolError):
            raise answer
        return answer

    def _of_text(self, what: str, texts: Iterator[Any]) -> Embeddings | ToolError:
        if not what.strip():
            return BadArguments("there is no text to compare with", hint="Give a few words")
        return Embeddings(_numbers(next(texts)[None]), (what,), self._name)

    def _classified(self, own: Any, labels: tuple[str, ...], cancel: CancelToken) -> Labels:
        if self._asked is None or self._asked[0] != labels:
            texts = self._texts([TEMPLATE.format(label) for label in labels], cancel)
            self._asked = (labels, texts)
        return self._ranked(own, self._asked[1], labels, "classes")

    def _tagged(self, own: Any, labels: tuple[str, ...], cancel: CancelToken) -> Labels:
        words = vocabulary()
        if self._tags is None:
            self._tags = self._texts([TEMPLATE.format(word) for word in words], cancel)
        found = self._ranked(own, self._tags, words, "tags")
        least = 2.0 / len(words) if self._is_clip else LEAST
        keep = max(1, int((found.scores[:MOST] >= least).sum()))
        return Labels(found.texts[:keep], found.scores[:keep], "tags")

    def _pictures(self, images: Sequence[Image], cancel: CancelToken) -> list[Any]:
        """Unit vector of each picture."""
        import torch

        device = here()
        rows: list[Any] = []
        for start in range(0, len(images), BATCH):
            cancel.check()
            some = [picture(image) for image in images[start : start + BATCH]]
            inputs = self._processor(images=some, return_tensors="pt")
            with torch.inference_mode():
                inputs = inputs.to(device.name, dtype=device.dtype)
                found = self._model.get_image_features(**inputs).pooler_output
                rows += found / found.norm(p=2, dim=-1, keepdim=True)
        return rows

    def _texts(self, texts: Sequence[str], cancel: CancelToken) -> Any:
        import torch

        device = here()
        length = self._model.config.text_config.max_position_embeddings
        parts = []
        for start in range(0, len(texts), BATCH):
            cancel.check()
            inputs = self._processor(
                text=list(texts[start : start + BATCH]),
                return_tensors="pt",
                padding=True if self._is_clip else "max_length",
                truncation=True,
                max_length=length,
            )
            with torch.inference_mode():
                found = self._model.get_text_features(**inputs.to(device.name)).pooler_output
                parts.append(found / found.norm(p=2, dim=-1, keepdim=True))
        return torch.cat(parts)

    def _ranked(self, pictures: Any, texts: Any, names: Sequence[str], of: str) -> Labels:
        """Names by how well their texts fit the one picture."""
        import torch

        with torch.inference_mode():
            logits = (texts @ pictures.t()).t()[0] * self._model.logit_scale.exp()
            if self._is_clip:
                shares = logits.float().softmax(dim=-1)
            else:
                shares = (logits + self._model.logit_bias).float().sigmoid()
        scores = shares.cpu().numpy()
        order = np.argsort(-scores, kind="stable")
        return Labels(tuple(names[int(i)] for i in order), np.clip(scores[order], 0, 1), of)


def _images(what: What) -> list[Image]:
    if isinstance(what, str):
        return []
    return [what] if isinstance(what, Image) else list(what)


def _numbers(vectors: Any) -> Float:
    """Unit vectors in full precision, whatever the model computes in."""
    rows = vectors.float().cpu().numpy()
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _spec(
    name: str, repo: str, licence: str, weights_mb: float, memory_mb: float, notes: str = ""
) -> ModelSpec:
    return network_spec(
        repo,
        load,
        name=name,
        ability="classify",
        also=("tag", "embed"),
        licence=licence,
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=ANY,
        notes=notes,
    )


SIGLIP2 = _spec("siglip2-base", "google/siglip2-base-patch16-224", "Apache-2.0", 1500, 1100)
SIGLIP2_LARGE = _spec("siglip2-so400m", "google/siglip2-so400m-patch14-384", "Apache-2.0", 4550, 2800)  # fmt: skip
SIGLIP = _spec("siglip-base", "google/siglip-base-patch16-224", "Apache-2.0", 813, 700)
CLIP = _spec(
    "clip-base", "openai/clip-vit-base-patch32", "MIT", 605, 600,
    "the hub's main branch holds pickles alone: pull it with --revision refs/pr/15",
)  # fmt: skip
CLIP_LARGE = _spec("clip-large", "openai/clip-vit-large-patch14", "MIT", 1711, 1200)
