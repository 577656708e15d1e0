"""Models of ``transformers`` as ours: declared, opened, measured, and stopped as they generate.

Weights come from a folder on this machine and nowhere else, as safetensors; no code that lies
beside them is run. The device decides the number format and how attention is computed, a profile
whether a network is compiled. Knows nothing of what the models are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from tools import packages
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.device import Device, here, nbytes
from tools.errors import SetupError
from tools.turns import OPENING
from tools.types import Image
from tools.weights import folder, pull

SIGHT = ("torch", "torchvision", "transformers")
"""Packages of a model whose library prepares pictures with torchvision."""


def network_spec(
    repo: str,
    load: Callable[..., Any],
    *args: Any,
    modules: tuple[str, ...] = ("torch", "transformers"),
    extra: str = "vision",
    **more: Any,
) -> ModelSpec:
    """How a network is declared that is loaded from one hub id.

    Args:
        repo: the hub id.
        load: called with it and `args`.
        *args: further arguments of `load`.
        modules: packages that it needs.
        extra: what brings them.
        **more: the other fields of a spec.
    """
    made = partial(load, repo, *args)
    return ModelSpec(load=made, weights=repo, version="1", modules=modules, extra=extra, **more)


class Network:
    """A model of ours that is one network with its processor, as its host sees it."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor

    def nbytes(self) -> int:
        """Bytes of the weights that it is charged for."""
        return nbytes(self._model)


@dataclass(frozen=True)
class Opening:
    """How models are opened, as a profile wants it."""

    compile: bool = False
    """Translate the network for this device before it is first used: slow once, then faster."""


_WAY: ContextVar[Opening] = ContextVar("opening", default=Opening())  # noqa: B039 - it is frozen


@contextmanager
def opened_with(way: Opening) -> Iterator[None]:
    """What is opened in the block, in this thread, is opened this way."""
    before = _WAY.set(way)
    try:
        yield
    finally:
        _WAY.reset(before)


def compiles() -> bool:
    """Whether what is opened now, in this thread, is to be compiled."""
    return _WAY.get().compile


def attention(kind: Any, device: Device) -> dict[str, str]:
    """Settings for how a class of models computes attention; none where the library chooses well.

    Of itself it takes torch's own kernels (``sdpa``) for each part that can do with them, and plain
    arithmetic for the rest; to be told ``sdpa`` it refuses where one part cannot. So only a class
    that cannot at all is given something else: flash attention, where class, card, number format
    and packages allow it.
    """
    half = device.is_gpu and device.dtype.itemsize == 2
    flash = half and getattr(kind, "_supports_flash_attn", False)
    if getattr(kind, "_supports_sdpa", True) or not flash:
        return {}
    there = packages.installed("flash_attn")
    return {"attn_implementation": "flash_attention_2"} if there else {}


def open_model(kind: Any, repo: str, **more: Any) -> Any:
    """A model on the device of this process, ready to answer.

    Args:
        kind: a class of ``transformers`` with ``from_pretrained``.
        repo: the hub id.
        **more: handed to ``from_pretrained``.

    Raises:
        SetupError: the weights are not here, damaged, or of another kind.
    """
    device = here()
    settings = {"dtype": device.dtype, "use_safetensors": True, **attention(kind, device), **more}
    model = _from(kind, repo, settings).to(device.name).eval()
    if compiles():
        model.compile()
    return model


def open_processor(kind: Any, repo: str, **more: Any) -> Any:
    """The processor, tokenizer or image processor that goes with a model.

    Raises:
        SetupError: its files are not here or damaged.
    """
    return _from(kind, repo, more)


def _from(kind: Any, repo: str, settings: dict[str, Any]) -> Any:
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    path = folder(repo)
    try:
        with OPENING.together():
            return kind.from_pretrained(
                path, local_files_only=True, trust_remote_code=False, **settings
            )
    except (OSError, ValueError, KeyError) as error:
        words = next(iter(str(error).strip().splitlines()), "")[:200]
        raise SetupError(
            f"the weights {repo} do not load: {type(error).__name__}: {words}",
            hint=f"{pull(repo)} --again",
        ) from error


def picture(image: Image) -> Any:
    """The pixels as a PIL picture: what every processor takes, and writable once it is an array."""
    from PIL import Image as Pil

    return Pil.fromarray(image.pixels)


def stopping(cancel: CancelToken) -> Any:
    """Stopping criteria that end a generation at the next token once it is cancelled.

    Callers check the token afterwards: what was generated until then is no answer.
    """
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any, **more: Any) -> Any:
            import torch

            return torch.full((len(input_ids),), cancel.cancelled, device=input_ids.device)

    return StoppingCriteriaList([Stop()])
