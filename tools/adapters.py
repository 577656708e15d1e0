"""What users bring to a pipeline of pictures: learned styles (LoRA) and learned words.

Both are hub ids whose safetensors lie on this machine; they are put in for one call and taken out
again, so that the next call finds the pipeline as it was. Knows nothing of particular pipelines.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tools import packages
from tools.catalog import ModelSpec
from tools.diffusion import quiet
from tools.errors import BadArguments, SetupError, ToolFailed
from tools.turns import OPENING
from tools.weights import folder, pull

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
USUAL = ("pytorch_lora_weights.safetensors", "learned_embeds.safetensors")
"""Names that the library itself gives to the one file of a LoRA and of a textual inversion."""
NAME = "borrowed"
"""What a LoRA is called inside the pipeline while it is in."""


def adapter(repo: str) -> ModelSpec:
    """What to fetch of a LoRA or a textual inversion that no model of ours is made of."""
    return ModelSpec(
        name=repo,
        ability="generate",
        licence="unknown",
        load=partial(_file, repo),
        version="1",
        weights=repo,
        files=(f"{repo}/*.safetensors",),
    )


@contextlib.contextmanager
def borrowed(pipeline: Any, style: str, concept: str) -> Iterator[str]:
    """`pipeline` with a LoRA and a learned word for the time of the block; gives the word.

    Args:
        pipeline: a pipeline of ``diffusers``.
        style: the hub id of a LoRA, '' for none.
        concept: the hub id of a textual inversion, '' for none.

    Raises:
        BadArguments: what is named is no hub id.
        SetupError: the weights are not here, or are no safetensors.
        ToolFailed: they were made for another model.
    """
    quiet()
    with contextlib.ExitStack() as after:
        if style:
            after.enter_context(_style(pipeline, style))
        yield after.enter_context(_word(pipeline, concept)) if concept else ""


@contextlib.contextmanager
def _style(pipeline: Any, repo: str) -> Iterator[None]:
    path = _file(repo)
    if not packages.installed("peft"):
        raise SetupError(
            "package peft, which learned styles need, is not installed", hint="pip install peft"
        )
    with OPENING.alone(), _fitting(repo):
        pipeline.load_lora_weights(
            path.parent,
            weight_name=path.name,
            adapter_name=NAME,
            local_files_only=True,
            use_safetensors=True,
        )
    try:
        yield
    finally:
        with OPENING.alone():
            pipeline.unload_lora_weights()


@contextlib.contextmanager
def _word(pipeline: Any, repo: str) -> Iterator[str]:
    path = _file(repo)
    if getattr(pipeline, "text_encoder_2", None) is not None:
        raise ToolFailed("learned words are for models with one text encoder, such as SD 1.5")
    known = set(pipeline.tokenizer.get_vocab())
    with OPENING.alone(), _fitting(repo):
        pipeline.load_textual_inversion(
            path.parent, weight_name=path.name, local_files_only=True, use_safetensors=True
        )
    new = sorted(set(pipeline.tokenizer.get_vocab()) - known, key=len)
    try:
        yield new[0] if new else ""
    finally:
        with OPENING.alone():
            pipeline.unload_textual_inversion()


@contextlib.contextmanager
def _fitting(repo: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        words = next(iter(str(error).strip().splitlines()), "")[:200]
        raise ToolFailed(
            f"{repo} does not fit this model: {type(error).__name__}: {words}"
        ) from error


def _file(repo: str) -> Path:
    """The one file of weights of a hub id."""
    if not HUB_ID.fullmatch(repo):
        raise BadArguments(f"{repo!r} is no hub id", hint="Give it as OWNER/NAME")
    files = sorted(folder(repo).glob("*.safetensors"), key=lambda f: (f.name not in USUAL, f.name))
    if not files:
        raise SetupError(f"{repo} has no safetensors", hint=pull(repo))
    return files[0]
