"""The planners, found by name: one file in this folder, with a ``PLANNER`` factory, is one.

``PLANNER(settings)`` answers with a `Planner`. Nobody keeps a list.
"""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches

from agent.protocol import Planner
from agent.settings import Settings
from tools.errors import ConfigError


def names() -> list[str]:
    """The names that `make` knows."""
    modules = (m.name for m in pkgutil.iter_modules(__path__))
    return sorted(name for name in modules if not name.startswith("_"))


def make(name: str, settings: Settings) -> Planner:
    """The planner of this name, set up by `settings`.

    ``auto`` is ``tools`` where the settings name a language model, else ``offline``.

    Raises:
        ConfigError: there is none; the nearest names are given.
    """
    if name == "auto":
        name = "tools" if settings.llm.model else "offline"
    known = names()
    module = importlib.import_module(f"{__name__}.{name}") if name in known else None
    factory = getattr(module, "PLANNER", None)
    if factory is None:
        able = [n for n in known if n != name]
        near = get_close_matches(name, able, n=2)
        offer = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(able)}"
        raise ConfigError(f"there is no planner {name!r}", hint=offer)
    planner: Planner = factory(settings)
    return planner
