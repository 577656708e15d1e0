"""The catalogue of all tools and models: how they are found, and what declares them.

A tool is one typed function under ``tools/experts/`` with the ``@tool`` decorator
(``tools/declare.py``), a model one module under ``tools/models/`` with a ``ModelSpec``
(``tools/specs.py``). Both are imported from here. Nobody keeps a list. Knows nothing of running
them (``tools/host.py``) or of joining them (``tools/graph.py``).
"""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TypeVar

from tools.declare import PLAIN, tool
from tools.errors import BadArguments, SpecError
from tools.specs import ANY, RESTRICTED, Effect, ModelSpec, Param, ToolSpec

__all__ = [
    "ANY",
    "Catalog",
    "Effect",
    "ModelSpec",
    "PLAIN",
    "Param",
    "RESTRICTED",
    "ToolSpec",
    "discover",
    "tool",
]


@dataclass(frozen=True)
class Catalog:
    """All tools and models, by name."""

    tools: Mapping[str, ToolSpec]
    models: Mapping[str, ModelSpec]

    def tool(self, name: str) -> ToolSpec:
        """The tool of this name.

        Raises:
            BadArguments: there is none; the nearest names are given.
        """
        if name in self.tools:
            return self.tools[name]
        near = get_close_matches(name, self.tools, n=3)
        offer = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(self.tools)}"
        raise BadArguments(f"there is no tool {name!r}", hint=offer)

    def of_ability(self, ability: str) -> list[ModelSpec]:
        """The models that declare `ability`, in order of name."""
        return [m for m in self.models.values() if ability in m.abilities]


@cache
def discover() -> Catalog:
    """Import every module of ``tools/experts`` and ``tools/models`` and read its declarations.

    Raises:
        SpecError: two tools or two models share a name, or a declaration is wrong.
    """
    tools: dict[str, ToolSpec] = {}
    for module in _modules("tools.experts"):
        for item in vars(module).values():
            spec = getattr(item, "spec", None)
            if isinstance(spec, ToolSpec) and item.__module__ == module.__name__:
                _add(tools, spec, module.__name__)
    models: dict[str, ModelSpec] = {}
    for module in _modules("tools.models"):
        for item in vars(module).values():
            if isinstance(item, ModelSpec):
                _add(models, item, module.__name__)
    return Catalog(dict(sorted(tools.items())), dict(sorted(models.items())))


def _modules(package: str) -> list[types.ModuleType]:
    root = importlib.import_module(package)
    return [
        importlib.import_module(f"{package}.{info.name}")
        for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda i: i.name)
    ]


S = TypeVar("S", ToolSpec, ModelSpec)


def _add(known: dict[str, S], spec: S, where: str) -> None:
    if spec.name in known:
        raise SpecError(f"{spec.name!r} is declared twice, the second time in {where}")
    known[spec.name] = spec
