"""Pictures to store, and ways to look at what lies in a store."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from tools.types import Artefact, Image


def noise(seed: int, size: int = 100) -> Image:
    """A picture of about 3 · size² bytes."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size, size, 3), np.uint8)
    return Image.as_root(pixels, f"noise {seed}")


def files(root: Path, ending: str = "") -> list[Path]:
    return [p for p in (root / "objects").rglob("*") if p.is_file() and p.name.endswith(ending)]


def used(root: Path) -> int:
    return sum(p.stat().st_size for p in files(root))


def assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    elif isinstance(one, Artefact):
        for column in fields(one):  # type: ignore[arg-type]
            assert_same(getattr(one, column.name), getattr(other, column.name))
    else:
        assert one == other
