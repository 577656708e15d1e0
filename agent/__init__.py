"""Ocelli: ask about pictures in plain words and get an answer with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.answer import Answer
    from agent.run import Agent
    from agent.settings import Settings

__all__ = ["Agent", "Answer", "Settings"]

_HOMES = {"Agent": "agent.run", "Answer": "agent.answer", "Settings": "agent.settings"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'agent' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
