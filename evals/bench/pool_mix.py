"""A scripted mix of calls under one budget: what the card held, and how often models came back.

The offline optimum is exact: every set of models that fits is followed through the whole script.
Knows nothing of how the weights were made.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from evals.bench.table import Measured
from tools.catalog import Catalog
from tools.context import CancelToken
from tools.device import give_back
from tools.errors import OutOfMemory, ToolFailed
from tools.host import Host
from tools.host_events import HostEvent, Loaded, Retried
from tools.profiles import Profile
from tools.types import Boxes, Image

CALLS = 200
SHARE = 0.5
"""Of what all the models declare together: the budget."""
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
CHAINS = (
    (9, ("dfine-large", "sam2-large")),
    (8, ("florence2-large-ft", "qwen3-vl-2b", "qwen3-vl-2b")),
    (7, ("grounding-dino-tiny", "sam2-large", "depth-anything-small")),
    (5, ("dfine-large", "florence2-large-ft", "qwen3-vl-2b")),
    (3, ("qwen3-vl-4b", "qwen3-vl-4b", "sam2-large")),
    (2, ("grounding-dino-tiny", "sam2-large", "sd15-inpaint", "sd15-inpaint")),
)
"""How often a kind of question is asked, and whom it takes."""


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


def script(calls: int = CALLS, seed: int = 0) -> list[str]:
    """Names of models in the order in which they are called: kinds of questions come in runs."""
    dice = random.Random(seed)
    weights, chains = zip(*CHAINS, strict=True)
    said: list[str] = []
    while len(said) < calls:
        (chain,) = dice.choices(chains, weights)
        for _ in range(dice.randint(1, 4)):  # somebody asks the same of a few pictures
            said += chain
    return said[:calls]


def optimum(asked: Sequence[str], sizes: Mapping[str, float], budget_mb: float) -> int:
    """The fewest loads that any way of evicting needs for these calls."""
    best: dict[frozenset[str], int] = {frozenset(): 0}
    for name in asked:
        after: dict[frozenset[str], int] = {}
        for held, loads in best.items():
            for kept in _kept(held, name, sizes, budget_mb):
                cost = loads + (name not in held)
                after[kept] = min(cost, after.get(kept, cost))
        best = after
    return min(best.values())


def _kept(
    held: frozenset[str], name: str, sizes: Mapping[str, float], budget_mb: float
) -> list[frozenset[str]]:
    """What may be in memory after a call of `name`: nothing leaves that need not."""
    if name in held:
        return [held]
    room = budget_mb - sizes[name] + 1e-6
    fits = [
        frozenset(stay)
        for count in range(len(held) + 1)
        for stay in combinations(sorted(held), count)
        if sum(sizes[other] for other in stay) <= room
    ]
    whole = [s for s in fits if not any(s < other for other in fits)]
    return [s | {name} for s in whole] or [frozenset({name})]


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
        give_back()
        torch.cuda.reset_peak_memory_stats()
    told = run(catalog, asked, budget, side)
    reserved = torch.cuda.max_memory_reserved() / 1e6 if card else None
    first = len(set(asked))
    reloads, fewest = len(told.loads) - first, optimum(asked, told.sizes, budget) - first
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
