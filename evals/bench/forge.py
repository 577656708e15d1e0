"""Checkpoints of random weights in a hub cache, so that the production ids load with no download.

What such models say means nothing. Knows nothing of how a network is made, nor of what is measured.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from evals.bench.forged_language import florence, inpainter, qwen
from evals.bench.forged_vision import depth, dfine, grounding_dino, sam2
from evals.bench.random_weights import Size
from tools.catalog import Catalog, discover
from tools.device import give_back
from tools.diffusion import quiet

COMMIT = "0" * 40


def pool() -> Catalog:
    """The models that are forged, from the catalogue, with no tools."""
    every = discover().models
    return Catalog({}, {name: every[name] for name in MAKERS})


@contextmanager
def forged(cache: Path, size: Size) -> Iterator[Catalog]:
    """The forged models, seen by this process while the context lasts; made where not yet there."""
    quiet()
    catalog = pool()
    for name, make in MAKERS.items():
        (repo,) = catalog.models[name].repos
        place(cache, repo, partial(make, size))
        give_back()
    names = ("HF_HUB_CACHE", "HF_HUB_OFFLINE", "OCELLI_WEIGHTS")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ |= {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    try:
        yield catalog
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def place(cache: Path, repo: str, make: Callable[[Path], None]) -> Path:
    """Let `make` fill the snapshot folder of a hub id, unless it is there."""
    base = cache / f"models--{repo.replace('/', '--')}"
    snapshot, ref = base / "snapshots" / COMMIT, base / "refs" / "main"
    if not ref.is_file():
        snapshot.mkdir(parents=True, exist_ok=True)
        make(snapshot)
        ref.parent.mkdir(exist_ok=True)
        ref.write_text(COMMIT)
    return snapshot


MAKERS: dict[str, Callable[[Size, Path], None]] = {
    "dfine-large": dfine,
    "grounding-dino-tiny": grounding_dino,
    "sam2-large": sam2,
    "depth-anything-small": depth,
    "florence2-large-ft": florence,
    "qwen3-vl-2b": partial(qwen, "2b"),
    "qwen3-vl-4b": partial(qwen, "4b"),
    "sd15-inpaint": inpainter,
}
"""Names in the catalogue, and what makes their weights."""
