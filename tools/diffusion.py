"""What all pipelines of ``diffusers`` share: opening, leaving, seeds, stopping, steps.

Weights come from a folder on this machine, as safetensors, and no code beside them is run.

Where a checkpoint brings a safety checker (Stable Diffusion 1.5 may), it is used, and a picture it
refuses is an error rather than a black picture; where it brings none, nothing is checked. Knows
nothing of particular pipelines.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tools.catalog import ModelSpec
from tools.context import CancelToken, ToolContext
from tools.device import here, nbytes
from tools.errors import BadArguments, SetupError, ToolFailed
from tools.host_parts import PARTS
from tools.neural import compiles
from tools.previews import sketcher
from tools.repaint import Pixels
from tools.turns import OPENING
from tools.weights import folder, pull

LAST_SEED = 2**32 - 1
PAINTERS = ("unet", "transformer")
"""The networks of a pipeline that take nearly all of its time: one pass a step."""
STEPS = 30
GUIDANCE = 7.5
"""What Stable Diffusion is asked with, unless the model's own file says otherwise."""

pipeline_spec = partial(
    ModelSpec, version="1", modules=("torch", "transformers", "diffusers"), extra="edit"
)
"""How a pipeline is declared."""


@dataclass(frozen=True)
class Step:
    """One denoising step that is done."""

    number: int
    total: int
    preview: Pixels | None
    """A rough, small picture of what is there so far; None where the pipeline gives none."""


OnStep = Callable[[Step], None]


def told(ctx: ToolContext) -> OnStep:
    """Tells the steps of a model as the progress of a tool, with what there is to see so far."""

    def tell(step: Step) -> None:
        if step.preview is not None:
            ctx.show(step.preview)
        ctx.report(f"step {step.number} of {step.total}", step.number / step.total)

    return tell


# --- opening ----------------------------------------------------------------------------------


def open_pipeline(kind: Any, repo: str, **more: Any) -> Any:
    """A pipeline on the device of this process.

    Args:
        kind: a pipeline class of ``diffusers``.
        repo: the hub id.
        **more: handed to ``from_pretrained``: settings, and parts that are open, on the device.

    Raises:
        SetupError: the weights are not here, damaged, or of another kind.
    """
    quiet()
    path, device = folder(repo), here()
    settings: dict[str, Any] = {"dtype": device.dtype, "variant": _variant(path), **more}
    if "safety_checker" in inspect.signature(kind.__init__).parameters:
        settings |= _checker(path)
    with OPENING.alone(), explained(repo):
        pipeline = kind.from_pretrained(
            path, local_files_only=True, trust_remote_code=False, use_safetensors=True, **settings
        )
    pipeline.set_progress_bar_config(disable=True)
    for name, part in pipeline.components.items():
        if name not in more and is_network(part):  # what was handed in may be at work
            part.to(device.name)
            if compiles() and name in PAINTERS:
                part.compile()
    return pipeline


def open_part(kind: Any, repo: str, **more: Any) -> Any:
    """A part of a pipeline that has a hub id of its own, such as a ControlNet.

    Raises:
        SetupError: the weights are not here, damaged, or of another kind.
    """
    quiet()
    path, device = folder(repo), here()
    with OPENING.alone(), explained(repo):
        model = kind.from_pretrained(
            path,
            local_files_only=True,
            use_safetensors=True,
            dtype=device.dtype,
            variant=_variant(path),
            **more,
        )
    return model.to(device.name).eval()


class Piped:
    """A model of ours that is a pipeline, as its host sees it."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def nbytes(self) -> int:
        """Bytes of the weights that it is charged for."""
        return weight_bytes(self._pipeline) - self.borrowed()

    def lent(self) -> int:
        """Bytes of the weights that others need not bring."""
        return PARTS.lent(self._pipeline)

    def borrowed(self) -> int:
        """Bytes of the weights that another model is charged for."""
        return PARTS.borrowed(self._pipeline)

    def close(self) -> None:
        """Let go of what it shares with other models."""
        PARTS.release(self._pipeline)


def weight_bytes(pipeline: Any) -> int:
    """Bytes of the weights of all networks of a pipeline."""
    return nbytes(*filter(is_network, pipeline.components.values()))


def is_network(part: Any) -> bool:
    """Whether a part of a pipeline has weights, as its tokenizer and its schedule have not."""
    return hasattr(part, "parameters") and hasattr(part, "buffers")


def quiet() -> None:
    """Switch off the progress bars and remarks of the libraries."""
    from diffusers.utils import logging as ours
    from transformers.utils import logging as theirs

    for logging in (ours, theirs):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


@contextlib.contextmanager
def explained(repo: str) -> Iterator[None]:
    """Say of what fails in the block that the weights `repo` do not load.

    Raises:
        SetupError: it failed.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, AttributeError) as error:
        words = next(iter(str(error).strip().splitlines()), "")[:200]
        raise SetupError(
            f"the weights {repo} do not load: {type(error).__name__}: {words}",
            hint=f"{pull(repo)} --again",
        ) from error


def _variant(path: Path) -> str | None:
    """``fp16`` where a folder holds the half-precision files only, as a lean download does."""
    names = [p.name for p in path.rglob("diffusion_pytorch_model*.safetensors")]
    half = [".fp16." in name for name in names]
    return "fp16" if half and all(half) else None


def _checker(path: Path) -> dict[str, Any]:
    """Settings that leave the safety checker out where its weights do not lie with the others."""
    if any((path / "safety_checker").glob("*.safetensors")):
        return {}
    return {"safety_checker": None, "requires_safety_checker": False}


# --- running ----------------------------------------------------------------------------------


def generator(seed: int) -> Any:
    """The source of noise for a seed: on the processor, so that it is the same on every device.

    Raises:
        BadArguments: the seed is out of range.
    """
    import torch

    if not 0 <= seed <= LAST_SEED:
        raise BadArguments(f"seed {seed} is out of range", hint=f"Give 0 to {LAST_SEED}")
    return torch.Generator("cpu").manual_seed(seed)


def paint(
    pipeline: Any, *, cancel: CancelToken, on_step: OnStep | None = None, **call: Any
) -> Pixels:
    """The first picture that a call of `pipeline` makes; stopped within a step when cancelled.

    Raises:
        Cancelled: the run was stopped.
        ToolFailed: the checkpoint's own safety checker refused the picture.
    """
    cancel.check()
    sketch = sketcher(pipeline, call) if on_step is not None else None

    def after(pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if on_step is not None and sketch is not None:
            on_step(Step(index + 1, pipeline.num_timesteps, sketch(tensors["latents"])))
        cancel.check()
        return {}

    made = pipeline(callback_on_step_end=after, output_type="pil", **call)
    cancel.check()
    if any(getattr(made, "nsfw_content_detected", None) or ()):
        raise ToolFailed(
            "the model's own safety checker refused the picture it made",
            hint="Ask for something else, or give another seed",
        )
    return np.asarray(made.images[0].convert("RGB"))


def own_side(pipeline: Any) -> int:
    """The side of the square pictures that a UNet pipeline was made for, pixels."""
    return int(pipeline.unet.config.sample_size * pipeline.vae_scale_factor)
