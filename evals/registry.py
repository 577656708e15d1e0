"""How benchmarks are found: one module under ``evals/benchmarks/`` each, nobody keeps a list.

A benchmark module has a docstring (source, one worked example), ``VERSION``, ``LICENCE``,
``samples(folder)`` and ``score(task, outcome)``. Knows nothing of running them.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import evals.benchmarks
from evals.score import Outcome, Score
from evals.tasks import Task
from tools.errors import ConfigError, SpecError

PARTS = ("VERSION", "LICENCE", "samples", "score")


@dataclass(frozen=True)
class Benchmark:
    """Questions with checked answers that come with the package."""

    name: str
    doc: str
    version: str
    """Changes whenever a number could move."""
    licence: str
    samples: Callable[[Path], Sequence[Task]]
    """Writes what it draws below the folder; answers with tasks whose pictures are absolute."""
    score: Callable[[Task, Outcome], Score]


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(info.name for info in pkgutil.iter_modules(evals.benchmarks.__path__))


def find(name: str) -> Benchmark:
    """The benchmark of this name.

    Raises:
        ConfigError: there is none; the near ones are given.
        SpecError: its module lacks a part.
    """
    known = names()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        offer = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}"
        raise ConfigError(f"there is no benchmark or task file {name!r}", hint=offer)
    module = importlib.import_module(f"evals.benchmarks.{name}")
    missing = [part for part in PARTS if not hasattr(module, part)]
    if missing or not module.__doc__:
        raise SpecError(f"benchmark {name!r} lacks {', '.join(missing) or 'a docstring'}")
    return Benchmark(
        name, inspect.getdoc(module) or "", module.VERSION, module.LICENCE,
        module.samples, module.score,
    )  # fmt: skip
