"""Bases of pipelines that several models have in common: read once, held once, charged once.

Stable Diffusion 1.5 steered by edges and the same steered by depth are one base with a ControlNet
each. Networks are shared; tokenizers, schedules of noise and all else that a call changes are each
pipeline's own. So calls on one base go on side by side, except that who changes a network for a
call, as a learned style does, has the base to itself meanwhile. Knows nothing of particular
pipelines.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import Any

from tools.device import here
from tools.diffusion import open_pipeline
from tools.host_parts import PARTS
from tools.turns import Turns
from tools.weights import folder


@dataclass(frozen=True)
class Base:
    """Weights that several models stand on."""

    repo: str
    """The hub id."""
    networks: tuple[str, ...]
    """What may be shared, by the pipeline's own names: networks that keep nothing of a call."""


SD15 = Base(
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    ("unet", "vae", "text_encoder", "safety_checker"),
)
SDXL = Base(
    "stabilityai/stable-diffusion-xl-base-1.0",
    ("unet", "text_encoder", "text_encoder_2"),  # the library changes the VAE while it decodes
)


class BaseTurns(Turns):
    """Turns at a base: at work on it as it is, or with something put into its networks."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = threading.Lock()
        """Held by the one who opens a pipeline on it."""


_TURNS: weakref.WeakValueDictionary[str, BaseTurns] = weakref.WeakValueDictionary()
_FINDING = threading.Lock()


class _Opener:
    """Holds what is shared until its pipeline is there to do so."""


def open_on(base: Base, kind: Any, *without: str, **more: Any) -> tuple[Any, Turns]:
    """A pipeline whose networks are those that others have on this base, and whose turn it is.

    Args:
        base: its weights.
        kind: a pipeline class of ``diffusers``.
        *without: networks that it has for itself, because it changes them for good.
        **more: as for ``open_pipeline``.

    Raises:
        SetupError: the weights are not here, damaged, or of another kind.
    """
    device = here()
    key = f"{folder(base.repo).resolve()} {device.name} {device.dtype}"
    keys = {name: f"{key} {name}" for name in base.networks if name not in without}
    with _FINDING:
        turns = _TURNS.setdefault(key, BaseTurns())
    opener = _Opener()
    with turns.reading, turns.together():
        try:
            joined = {name: PARTS.join(keys[name], opener) for name in keys}
            there = {name: part for name, part in joined.items() if part is not None}
            pipeline = open_pipeline(kind, base.repo, **there, **more)
            for name in keys:
                if (part := getattr(pipeline, name, None)) is not None:
                    setattr(pipeline, name, PARTS.share(keys[name], pipeline, part))
        finally:
            PARTS.release(opener)
    return pipeline, turns
