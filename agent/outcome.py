"""How a call came out: its result, what the loop keeps of it, and the event that tells it.

Knows nothing of how calls are run or in which order they are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.events import CallFailed, CallFinished
from agent.protocol import Result
from agent.session import Session


@dataclass(frozen=True)
class Outcome:
    """A result and what only the loop wants to know of it."""

    result: Result
    key: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    """Arguments with defaults, handles as written."""


def told(result: Result, call_id: str, step: int, session: Session) -> CallFailed | CallFinished:
    """The event that tells a result, whose artefact is in the scene of the session already."""
    artefact = result.artefact
    if artefact is None:
        return CallFailed(
            step=step,
            call=call_id,
            tool=result.call.tool,
            kind=result.error_kind,
            message=result.error,
            seconds=result.seconds,
        )
    return CallFinished(
        step=step,
        call=call_id,
        tool=result.call.tool,
        handle=result.handle,
        kind=type(artefact).__name__,
        sha256=session.held[result.handle].sha256,
        text=artefact.describe(),
        model=result.model,
        seconds=result.seconds,
        cached=result.cached,
        entities=session.scene.numbers(result.handle),
    )
