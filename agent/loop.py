"""The loop as a LangGraph: plan and check, act and fuse, again, until there is an answer.

The only module that knows LangGraph. What it stores of a conversation is plain records (names and
hashes, never pixels), written before the next step begins, so that a conversation goes on after a
crash: results of calls that had finished are taken over when it is opened again.
"""

# ruff: noqa: TID253 - the one module of LangGraph, itself imported when a question is asked
from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypedDict

import aiosqlite
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from agent.database import SCHEMA, examine, unusable
from agent.events import Event
from agent.executor import Outcome
from agent.held import Held, Keeper
from agent.protocol import Call, Result, Turn
from agent.session import Session
from agent.threads import in_thread
from agent.turn import STOPPED, Working
from tools.errors import ConfigError, InputError, ToolError

SUPER_STEPS_PER_DECISION = 2


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Records of the conversation with newer ones put over them."""
    result = dict(old or {})
    for kind, records in (new or {}).items():
        result[kind] = {**result.get(kind, {}), **records}
    return result


def gathered(old: list[Any], new: list[Any] | None) -> list[Any]:
    """Results of calls that run together; None clears them."""
    return [] if new is None else [*(old or []), *new]


class State(TypedDict, total=False):
    """What is stored after each step."""

    session: Annotated[dict[str, Any], merged]
    turn: dict[str, Any]
    done: Annotated[list[dict[str, Any]], gathered]


class Group(TypedDict):
    """Calls that wait for one another, run as one task."""

    calls: list[dict[str, Any]]


async def _plan(state: State, runtime: Runtime[Working]) -> State:
    """Take in what was found, ask the planner, look its plan over."""
    working = _here(runtime)
    working.take_in()
    await working.decide()
    working.groups = working.look_over() if working.plan is not None else ()
    if not working.remember:
        return {}
    return {"session": working.session.unsaved(), "turn": _turn_state(working), "done": None}  # type: ignore[typeddict-item]


def _here(runtime: Runtime[Working]) -> Working:
    """The turn, its events going into LangGraph's stream whatever thread or task they are from."""
    context, writer = contextvars.copy_context(), runtime.stream_writer
    runtime.context.sink = lambda event: context.run(writer, event)
    return runtime.context


def _after_plan(state: State, runtime: Runtime[Working]) -> str | list[Send]:
    working = runtime.context
    if working.finish is not None:
        return "answer"
    if not working.groups:
        return "plan"
    return [
        Send("act", Group(calls=[c.model_dump(mode="json") for c in g])) for g in working.groups
    ]


async def _act(group: Group, runtime: Runtime[Working]) -> State:
    working = _here(runtime)
    calls = [Call.model_validate(c) for c in group["calls"]]
    outcomes = await working.executor.run(calls)
    if not working.remember:
        return {}
    return {"done": [_record(o, working.session) for o in outcomes]}


async def _answer(state: State, runtime: Runtime[Working]) -> State:
    working = runtime.context
    working.close()
    if not working.remember:
        return {}
    return {"session": working.session.unsaved(), "turn": {}}


def _turn_state(working: Working) -> dict[str, Any]:
    question = working.question
    return {
        "schema": SCHEMA,
        "question": question.text,
        "images": list(question.images),
        "step": working.step,
        "calls": [r.call.model_dump(mode="json") for r in working.results],
        "handles": [r.handle for r in working.results],
    }


def _record(outcome: Outcome, session: Session) -> dict[str, Any]:
    result = outcome.result
    held = session.held.get(result.handle)
    return {
        "call": result.call.model_dump(mode="json"),
        "handle": result.handle,
        "key": outcome.key,
        "model": result.model,
        "held": vars(held) if held else None,
    }


def _build() -> Any:
    graph: Any = StateGraph(State, context_schema=Working)
    graph.add_node("plan", _plan)
    graph.add_node("answer", _answer)
    graph.add_node("act", _act, input_schema=Group)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _after_plan, ["plan", "act", "answer"])
    graph.add_edge("act", "plan")
    graph.add_edge("answer", END)
    return graph


_COMPILED = _build().compile()


async def run(working: Working, saver: Conversations | None) -> AsyncGenerator[Event, None]:
    """Take a turn from its question to its answer; its events as they happen."""
    app = _COMPILED if saver is None else saver.app
    config: dict[str, Any] = {
        "recursion_limit": 20 + SUPER_STEPS_PER_DECISION * working.settings.max_steps * 2
    }
    given: State = {"turn": {}}
    if saver is not None:
        config["configurable"] = {"thread_id": working.session.name}
        given = {
            "session": working.session.unsaved(),
            "turn": _turn_state(working),
            "done": None,  # type: ignore[typeddict-item]
        }
    durability = "sync" if saver is not None else None
    stream = app.astream(
        given, config, context=working, stream_mode="custom", durability=durability
    )
    async with contextlib.aclosing(stream):
        async for event in stream:
            yield event


class _Saver(AsyncSqliteSaver):
    """Keeps the last two checkpoints of a conversation: the file does not grow with its steps."""

    async def aput(
        self,
        config: Any,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Any:
        await self.setup()
        ids = config["configurable"]
        before = ids.get("checkpoint_id")
        if before:
            async with self.lock:
                for table in ("checkpoints", "writes"):
                    await self.conn.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < ?",
                        (ids["thread_id"], before),
                    )
        return await super().aput(config, checkpoint, metadata, new_versions)


class Conversations:
    """The database of conversations, open for one turn."""

    def __init__(self, saver: AsyncSqliteSaver) -> None:
        self.app = _COMPILED.copy(update={"checkpointer": saver})

    async def load(self, name: str, keeper: Keeper) -> Session:
        """The conversation as it was left, calls of a turn that died included."""
        config = {"configurable": {"thread_id": name}}
        snapshot = await self.app.aget_state(config)
        values = snapshot.values
        turn = values.get("turn") or {}
        if turn.get("schema", SCHEMA) > SCHEMA:
            raise ConfigError(f"conversation {name!r} was written by a newer version of Ocelli")
        session = Session.from_records(name, values.get("session", {}), keeper)
        if turn:
            done = [*values.get("done", [])]
            for task in snapshot.tasks:
                found = (task.result or {}).get("done") or []
                done.extend(record for record in found if record not in done)
            await in_thread(lambda: _take_over(session, turn, done))
        return session


def _take_over(session: Session, turn: Mapping[str, Any], done: list[dict[str, Any]]) -> None:
    """What a turn that was cut off had found out by then."""
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


@contextlib.asynccontextmanager
async def conversations(path: Path) -> AsyncIterator[Conversations]:
    """Open the database of conversations, made where there is none.

    Raises:
        ConfigError: the file is damaged, of another program or newer; it is left as it is.
    """
    await in_thread(lambda: examine(path))
    try:
        connection = await aiosqlite.connect(path)
    except (sqlite3.Error, OSError) as error:
        raise unusable(path, str(error)) from None
    try:
        await connection.execute("PRAGMA busy_timeout = 10000")
        serde = JsonPlusSerializer(allowed_msgpack_modules=None)
        yield Conversations(_Saver(connection, serde=serde))
    except sqlite3.DatabaseError as error:
        raise unusable(path, str(error)) from None
    finally:
        await asyncio.shield(asyncio.ensure_future(connection.close()))
