"""What a turn leaves on disk after each step, and what is made of it when the turn was cut off.

Plain records: names and hashes, never pixels. Knows nothing of LangGraph or of databases.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from agent.database import SCHEMA
from agent.executor import Outcome
from agent.held import Held
from agent.protocol import Call, Result, Turn
from agent.session import Session
from agent.turn import STOPPED, Working
from tools.errors import ConfigError, InputError, ToolError


def turn_record(working: Working) -> dict[str, Any]:
    """How far a turn has come."""
    question = working.question
    return {
        "schema": SCHEMA,
        "question": question.text,
        "images": list(question.images),
        "step": working.step,
        "calls": [r.call.model_dump(mode="json") for r in working.results],
        "handles": [r.handle for r in working.results],
    }


def call_record(outcome: Outcome, session: Session) -> dict[str, Any]:
    """How one call came out."""
    result = outcome.result
    held = session.held.get(result.handle)
    return {
        "call": result.call.model_dump(mode="json"),
        "handle": result.handle,
        "key": outcome.key,
        "model": result.model,
        "held": vars(held) if held else None,
    }


def check_schema(name: str, turn: Mapping[str, Any]) -> None:
    """Refuse what a newer version wrote.

    Raises:
        ConfigError: it did.
    """
    if turn.get("schema", SCHEMA) > SCHEMA:
        raise ConfigError(f"conversation {name!r} was written by a newer version of Ocelli")


def take_over(session: Session, turn: Mapping[str, Any], done: Sequence[Mapping[str, Any]]) -> None:
    """Enter what a turn that was cut off had found out by then."""
    calls = [Call.model_validate(c) for c in turn["calls"]]
    handles = list(turn["handles"])
    for record in done:
        call = Call.model_validate(record["call"])
        calls.append(call)
        handles.append(record["handle"])
        if record["held"]:
            _enter(session, call, record)
    session.turns.append(
        Turn(
            question=turn["question"],
            answer=STOPPED,
            status="failed",
            images=tuple(turn["images"]),
            made=(),
            calls=tuple(calls),
            handles=tuple(handles),
        )  # fmt: skip
    )


def _enter(session: Session, call: Call, record: Mapping[str, Any]) -> None:
    handle = record["handle"]
    session.enter(handle, Held(**record["held"]))
    session.memory[record["key"]] = handle
    with contextlib.suppress(InputError, ToolError):
        result = Result(call, handle, session.get(handle), model=record["model"])
        session.scene = session.scene.add(result, pictures=session.pictures)
