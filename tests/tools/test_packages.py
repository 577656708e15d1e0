"""Which packages are installed, seen without importing them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tools.catalog import discover
from tools.packages import installed


def test_what_is_there_and_what_is_not() -> None:
    assert installed("numpy")
    assert installed("numpy.linalg")
    assert not installed("no_such_package")
    assert not installed("no_such_package.part")
    assert not installed("")


def test_nothing_is_imported_to_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ocelli_trap.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert installed("ocelli_trap")
    assert "ocelli_trap" not in sys.modules


def test_many_models_look_a_package_up_once() -> None:
    installed.cache_clear()
    models = discover().models.values()
    for spec in models:
        spec.missing()
    asked = [name for spec in models for name in spec.modules]
    assert installed.cache_info().misses == len(set(asked)) < len(asked)
