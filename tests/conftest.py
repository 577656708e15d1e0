"""Fixtures shared by all tests: pictures that are drawn, contexts without a host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llm_server import Server, serving

from tools.catalog import discover
from tools.context import CancelToken, ToolContext
from tools.errors import MissingModel

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Tiny networks on many threads spend their time on the threads; set before torch is imported."""


class DirectModels:
    """Loads a model once and calls it in the caller's thread, without budget or actor."""

    loaded: dict[str, Any] = {}

    def use(
        self, ability: str, *args: Any, labels: tuple[str, ...], cancel: CancelToken, **kwargs: Any
    ) -> Any:
        for spec in discover().of_ability(ability):
            if spec.missing() or spec.cannot(labels):
                continue
            if spec.name not in self.loaded:
                self.loaded[spec.name] = spec.load()
            extra = {"labels": labels} if spec.labels else {}
            call = spec.bound(self.loaded[spec.name], ability)
            return call(*args, cancel=cancel, **extra, **kwargs)
        raise MissingModel(f"nothing ready can do {ability!r} for {labels!r}")


@pytest.fixture
def ctx() -> ToolContext:
    """A context whose models run directly."""
    return ToolContext(DirectModels())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


FOREIGN = (
    "OCELLI_WEIGHTS", "OCELLI_MODEL", "OCELLI_SEES", "OCELLI_DATABASE", "OPENAI_BASE_URL",
    "OPENAI_API_KEY", "OCELLI_REPLY_SECONDS",
)  # fmt: skip
"""Variables of the person who runs the tests: none may reach them."""


@pytest.fixture(autouse=True, scope="session")
def _no_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No weights of this machine are seen, and no hub is asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(tmp_path_factory.mktemp("no-weights")))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("OCELLI_DEVICE", "cpu")
        for name in FOREIGN:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def llm_server() -> Iterator[Server]:
    """A scripted server of language models; see ``tests/llm_server.py``."""
    with serving() as server:
        yield server


BUILT: dict[str, Path] = {}
"""Hub id to the folder of its tiny checkpoint, once per run of the tests."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Path]]:
    """``hub(repo, build)`` puts a checkpoint that ``build(folder)`` makes into a hub cache that
    the tests of this module see, and returns its folder."""
    cache = tmp_path_factory.mktemp("hub")

    def place(repo: str, build: Callable[[Path], object]) -> Path:
        key = f"{repo} {build.__module__}.{build.__qualname__}"
        if key not in BUILT:
            BUILT[key] = tmp_path_factory.mktemp("checkpoint")
            build(BUILT[key])
        base = cache / f"models--{repo.replace('/', '--')}"
        snapshot = base / "snapshots" / ("0" * 40)
        shutil.rmtree(base, ignore_errors=True)
        shutil.copytree(BUILT[key], snapshot)
        (base / "refs").mkdir()
        (base / "refs" / "main").write_text("0" * 40)
        return snapshot

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(cache))
        yield place
