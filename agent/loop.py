"""The loop as a LangGraph: plan and check, act and fuse, again, until there is an answer.

With ``agent/saver.py`` all that knows LangGraph. What it stores of a conversation is plain records
(names and hashes, never pixels), written before the next step begins, so that a conversation goes
on after a crash: results of calls that had finished are taken over when it is opened again.
"""

# ruff: noqa: TID253 - the module of LangGraph, itself imported when a question is asked
from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from agent.database import examine, unusable
from agent.events import Event
from agent.held import Keeper
from agent.protocol import Call
from agent.saver import BUSY_MS, Saver
from agent.session import Session
from agent.stored import call_record, check_schema, take_over, turn_record
from agent.threads import in_thread
from agent.turn import Working

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


async def _plan(state: State, runtime: Runtime[Working]) -> Command[Any]:
    """Take in what was found, ask the planner, look its plan over."""
    working = runtime.context
    working.take_in()
    await working.decide()
    working.groups = working.look_over() if working.plan is not None else ()
    if not working.remember:
        return Command(goto=_after_plan(working))
    news = {"session": working.session.unsaved(), "turn": turn_record(working), "done": None}
    return Command(update=news, goto=_after_plan(working))


def _after_plan(working: Working) -> str | list[Send]:
    if working.finish is not None:
        return "answer"
    if not working.groups:
        return "plan"
    return [
        Send("act", Group(calls=[c.model_dump(mode="json") for c in g])) for g in working.groups
    ]


async def _act(group: Group, runtime: Runtime[Working]) -> State:
    working = runtime.context
    calls = [Call.model_validate(c) for c in group["calls"]]
    outcomes = await working.executor.run(calls)
    if not working.remember:
        return {}
    return {"done": [call_record(o, working.session) for o in outcomes]}


async def _answer(state: State, runtime: Runtime[Working]) -> State:
    working = runtime.context
    working.close()
    if not working.remember:
        return {}
    return {"session": working.session.unsaved(), "turn": {}}


def _build() -> Any:
    graph: Any = StateGraph(State, context_schema=Working)
    graph.add_node("plan", _plan, destinations=("plan", "act", "answer"))
    graph.add_node("answer", _answer)
    graph.add_node("act", _act, input_schema=Group)
    graph.add_edge(START, "plan")
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
            "turn": turn_record(working),
            "done": None,  # type: ignore[typeddict-item]
        }
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    working.sink = events.put_nowait
    durability = "sync" if saver is not None else None
    walk = app.astream(given, config, context=working, stream_mode=[], durability=durability)
    task = asyncio.create_task(_exhaust(walk))
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _exhaust(walk: AsyncGenerator[Any, None]) -> None:
    async with contextlib.aclosing(walk) as steps:
        async for _ in steps:
            pass


class Conversations:
    """The database of conversations, open for one turn."""

    def __init__(self, saver: Saver) -> None:
        self.app = _COMPILED.copy(update={"checkpointer": saver})
        self._saver = saver

    async def load(self, name: str, keeper: Keeper) -> Session:
        """The conversation as it was left, calls of a turn that died included.

        Raises:
            ConfigError: a newer version of this program wrote it.
        """
        found = await self._saver.aget_tuple({"configurable": {"thread_id": name}})
        values = found.checkpoint["channel_values"] if found else {}
        turn = values.get("turn") or {}
        check_schema(name, turn)
        session = Session.from_records(name, values.get("session", {}), keeper)
        if found and turn:
            written = [v for _, channel, v in found.pending_writes or () if channel == "done"]
            await in_thread(lambda: take_over(session, turn, [r for v in written for r in v]))
        return session

    async def forget(self, name: str) -> None:
        """Delete a conversation."""
        await self._saver.adelete_thread(name)


@contextlib.asynccontextmanager
async def conversations(path: Path) -> AsyncIterator[Conversations]:
    """Open the database of conversations, made where there is none.

    Raises:
        ConfigError: the file is damaged, of another program or newer; it is left as it is.
    """
    await in_thread(lambda: examine(path))
    try:
        connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, check_same_thread=False)
    except (sqlite3.Error, OSError) as error:
        raise unusable(path, str(error)) from None
    saver = Saver(connection)
    try:
        yield Conversations(saver)
    except sqlite3.DatabaseError as error:
        raise unusable(path, str(error)) from None
    finally:
        await asyncio.shield(asyncio.ensure_future(in_thread(saver.close)))
