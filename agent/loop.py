"""The loop as a LangGraph: act and fuse, plan and check, again, until there is an answer.

With ``agent/saver.py`` all that knows LangGraph; it takes long to import and is so, for planners
that ask a server, while the first request is under way. What it stores of a conversation is plain records
(names and hashes, never pixels), written before the next step begins, so that a conversation goes
on after a crash: results of calls that had finished are taken over when it is opened again, and a
question that was cut off can be taken up where it was.
"""

# ruff: noqa: TID253 - the module of LangGraph, itself imported when a question is asked
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt

from agent.conversations import Conversations
from agent.events import Event
from agent.stored import turn_record
from agent.turn import Working

NODES_PER_DECISION = 2
"""A step and, at times, a question to the person."""


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Records of the conversation with newer ones put over them."""
    result = dict(old or {})
    for kind, records in (new or {}).items():
        result[kind] = {**result.get(kind, {}), **records}
    return result


class State(TypedDict, total=False):
    """What is stored after each step."""

    session: Annotated[dict[str, Any], merged]
    turn: dict[str, Any]


async def _step(state: State, runtime: Runtime[Working]) -> Command[Any]:
    """Run the plan under way, take in what was found, ask the planner, look its plan over."""
    working = runtime.context
    if working.asking.open is None:  # a question taken up again may have been left with one
        await working.carry_out()
        await working.decide()
        working.look_over()
    if not working.remember:
        return Command(goto=_next(working))
    news = {"session": working.session.unsaved(), "turn": turn_record(working)}
    return Command(update=news, goto=_next(working))


def _next(working: Working) -> str:
    if working.finish is not None:
        return "answer"
    return "step" if working.asking.open is None else "consent"


async def _consent(state: State, runtime: Runtime[Working]) -> Command[Any]:
    """Hear the person on what was held back; a kept conversation stops here until then."""
    working = runtime.context
    allowed, by = interrupt(None) if working.remember else await working.asking.answer()
    working.consented(allowed, by)
    return Command(goto="step")


async def _answer(state: State, runtime: Runtime[Working]) -> State:
    working = runtime.context
    working.close()
    if not working.remember:
        return {}
    return {"session": working.session.unsaved(), "turn": {}}


def _build() -> Any:
    graph: Any = StateGraph(State, context_schema=Working)
    graph.add_node("step", _step, destinations=("step", "consent", "answer"))
    graph.add_node("consent", _consent, destinations=("step",))
    graph.add_node("answer", _answer)
    graph.add_edge(START, "step")
    graph.add_edge("answer", END)
    return graph


_COMPILED = _build().compile()


async def run(working: Working, saver: Conversations | None) -> AsyncGenerator[Event, None]:
    """Take a turn from its question to its answer; its events as they happen."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    working.listen(events.put_nowait)
    working.tell_again()
    app = _COMPILED if saver is None else _COMPILED.copy(update={"checkpointer": saver.saver})
    config: dict[str, Any] = {
        "recursion_limit": 20 + NODES_PER_DECISION * working.settings.max_steps * 2
    }
    given: State = {"turn": {}}
    if saver is not None:
        config["configurable"] = {"thread_id": working.session.name}
        given = {"session": working.session.unsaved(), "turn": turn_record(working)}
        working.executor.keep = saver.keeping(working.session)
    durability = "sync" if saver is not None else None
    walk = partial(
        app.astream, config=config, context=working, stream_mode=[], durability=durability
    )
    task = asyncio.create_task(_exhaust(walk, given, working))
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _exhaust(
    walk: Callable[[Any], AsyncGenerator[Any, None]], given: Any, working: Working
) -> None:
    """Walk to the end; where the graph stopped for the person, on from there with the answer."""
    while given is not None:
        async with contextlib.aclosing(walk(given)) as steps:
            async for _ in steps:
                pass
        waits = working.asking.open is not None
        given = Command(resume=await working.asking.answer()) if waits else None
