"""Fixtures shared by all tests: pictures that are drawn, contexts without a host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tools.catalog import discover
from tools.context import CancelToken, ToolContext
from tools.errors import MissingModel


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
            return self.loaded[spec.name](*args, cancel=cancel, **extra, **kwargs)
        raise MissingModel(f"nothing ready can do {ability!r} for {labels!r}")


@pytest.fixture
def ctx() -> ToolContext:
    """A context whose models run directly."""
    return ToolContext(DirectModels())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
