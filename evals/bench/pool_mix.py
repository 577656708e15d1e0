"""A scripted mix of calls under one budget: what the card held, and how often models came back.

The optimum is that of ``evals/bench/pool_scripts.py``, for the sizes that the host charges: those
declared when a model comes for the first time, since it must make room for them, then those
measured. Knows nothing of how the weights were made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from evals.bench.pool_scripts import CALLS, SHARE, optimum, script
from evals.bench.table import Measured
from tools.catalog import Catalog
from tools.context import CancelToken
from tools.device import give_back
from tools.errors import OutOfMemory, ToolFailed
from tools.host import Host
from tools.host_events import HostEvent, Loaded, Retried
from tools.profiles import Profile
from tools.types import Boxes, Image

MOST_RELOADS = 1.5
"""Times the offline optimum."""
NO_CARD = "not measured: no CUDA device"

ORDER = {
    "detect": ("dfine-large", "grounding-dino-tiny"),
    "segment": ("sam2-large",),
    "caption": ("florence2-large-ft",),
    "vqa": ("qwen3-vl-2b",),
    "ground": ("qwen3-vl-4b",),
    "inpaint": ("sd15-inpaint",),
    "depth": ("depth-anything-small",),
}
"""One model for each call of the script, two detectors told apart by what they are asked for."""


@dataclass
class Run:
    """What happened while a script was run."""

    loads: list[str] = field(default_factory=list)
    sizes: dict[str, float] = field(default_factory=dict)
    """What each was charged when it was last loaded, megabytes."""
    retries: int = 0
    out_of_memory: int = 0
    failed: list[str] = field(default_factory=list)
    peak_charged: float = 0.0

    def __call__(self, event: HostEvent) -> None:
        """Hears the host."""
        if isinstance(event, Loaded):
            self.loads.append(event.name)
            self.sizes[event.name] = event.mb
        self.retries += isinstance(event, Retried)


def pictures(count: int, side: int, seed: int = 0) -> list[Image]:
    """Pictures of noise."""
    dice = np.random.default_rng(seed)
    return [
        Image.as_root(dice.integers(0, 255, (side * 3 // 4, side, 3), np.uint8))
        for _ in range(count)
    ]


def ask(host: Host, name: str, image: Image, cancel: CancelToken | None = None) -> Any:
    """One call that the model `name` answers."""
    use = partial(host.use, cancel=cancel)
    hole = np.zeros(image.pixels.shape[:2], np.bool_)
    hole[image.height // 4 : image.height // 2, image.width // 4 : image.width // 2] = True
    calls: dict[str, Callable[[], Any]] = {
        "dfine-large": lambda: use("detect", image, labels=("cat",)),
        "grounding-dino-tiny": lambda: use("detect", image, labels=("a red mug",)),
        "sam2-large": lambda: use("segment", image, region=middle(image)),
        "depth-anything-small": lambda: use("depth", image),
        "florence2-large-ft": lambda: use("caption", image),
        "qwen3-vl-2b": lambda: use("vqa", image, "what is it"),
        "qwen3-vl-4b": lambda: use("ground", image, "the cat"),
        "sd15-inpaint": lambda: use("inpaint", image, hole),
    }
    return calls[name]()


def middle(image: Image) -> Boxes:
    """A box in the middle of a picture."""
    w, h = image.size_wh
    box = np.array([[w / 4, h / 4, w * 3 / 4, h * 3 / 4]], np.float32)
    return Boxes(image.frame, box, ("thing",), np.ones(1, np.float32))


def run(catalog: Catalog, asked: Sequence[str], budget_mb: float, side: int) -> Run:
    """Make the calls one after the other."""
    told = Run()
    shown = pictures(4, side)
    profile = Profile("bench", budget_mb, ORDER, parked_mb=4 * budget_mb)
    with Host(catalog, profile, on_event=told) as host:
        for number, name in enumerate(asked):
            try:
                ask(host, name, shown[number % len(shown)])
            except OutOfMemory as error:
                told.out_of_memory += 1
                told.failed.append(error.line())
            except ToolFailed as error:
                told.failed.append(error.line())
        told.peak_charged = host.stats().peak_mb
    return told


def measure(catalog: Catalog, side: int, calls: int = CALLS) -> list[Measured]:
    """The rows of the table."""
    import torch

    budget = SHARE * sum(model.memory_mb for model in catalog.models.values())
    asked = script(calls)
    card = torch.cuda.is_available()
    if card:
        torch.cuda.init()  # its statistics cannot be asked for before
        give_back()
        torch.cuda.reset_peak_memory_stats()
    told = run(catalog, asked, budget, side)
    reserved = torch.cuda.max_memory_reserved() / 1e6 if card else None
    first = len(set(asked))
    declared = {name: model.memory_mb for name, model in catalog.models.items()}
    reloads = len(told.loads) - first
    fewest = optimum(asked, told.sizes, budget, declared) - first
    return [
        Measured("peak reserved on the card", reserved, "MB", budget, note="" if card else NO_CARD),
        Measured("peak charged on the ledger", told.peak_charged, "MB", budget),
        Measured("calls that ran out of memory", told.out_of_memory, limit=0),
        Measured(
            "calls that failed", len(told.failed), limit=0, note="; ".join(told.failed[:2])
        ),
        Measured("calls made again after making room", told.retries),
        Measured(
            "reloads", reloads, limit=MOST_RELOADS * fewest,
            note=f"the optimum is {fewest} for {len(asked)} calls of {first} models",
        ),
    ]  # fmt: skip
