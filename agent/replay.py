"""The chain of an earlier run, run again without a planner that thinks.

The recorded plans are given once more, with what they made named by the call that made it, so
that they fit other pictures. Where everything comes out as before the recorded answer stands;
otherwise the new findings are the answer. Knows nothing of terminals.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from agent.events import AnswerGiven, CallFinished, Event, PlanMade, RunStarted
from agent.planners.scripted import Decision, ScriptedPlanner
from agent.protocol import Call, Finish, Plan, Result, View
from agent.settings import Settings
from agent.trace import read_trace
from tools.errors import InputError, ToolFailed
from tools.types import Image


async def replay(settings: Settings, trace: Path, images: Sequence[Any]) -> AsyncIterator[Event]:
    """The events of the run as it goes this time.

    Raises:
        InputError: the trace cannot be used, or its pictures are no longer kept.
    """
    from agent.run import Agent, cache_folder

    recorded = read_trace(trace)
    start = next((e for e in recorded if isinstance(e, RunStarted)), None)
    decisions = script(recorded)
    if start is None or not decisions:
        raise InputError(f"{str(trace)!r} has no run that could be replayed",
                         hint="Give the trace.jsonl of a run that made calls")  # fmt: skip
    sources: list[Any] = list(images) or _kept(start, cache_folder(settings) / "store")
    rows = [row for shape in start.given.values() for row in shape]
    given: dict[str, Any] = {
        "boxes": [row for row in rows if len(row) == 4] or None,
        "points": [row for row in rows if len(row) < 4] or None,
    }
    with Agent(settings, planner=ScriptedPlanner(decisions)) as agent:
        async with aclosing(agent.astream(start.question, sources, **given)) as events:
            async for event in events:
                yield event


def script(recorded: Sequence[Event]) -> list[Decision]:
    """The plans of a run as decisions, and its end; empty where it made no call."""
    makers = {e.handle: e.call for e in recorded if isinstance(e, CallFinished)}
    plans = [e for e in recorded if isinstance(e, PlanMade) and e.calls]
    decisions: list[Decision] = [
        Plan(calls=tuple(_open(c, makers) for c in p.calls), thought=p.thought) for p in plans
    ]
    answer = next((e for e in recorded if isinstance(e, AnswerGiven)), None)
    found = {e.call: e.text for e in recorded if isinstance(e, CallFinished)}

    def end(view: View) -> Finish:
        now = {r.call.id: r.artefact.describe() for r in view.results if r.artefact is not None}
        pictures = last_pictures(view.results)
        if answer is not None and now == found:
            return Finish(text=answer.text, status=answer.status, images=pictures)
        return Finish(text=findings(view.results), images=pictures)

    return [*decisions, end] if decisions else []


def findings(results: Sequence[Result]) -> str:
    """What the calls found that no later call used, each with its cite."""
    used = _used(results)
    lines = [
        f"{r.artefact.describe()} [{r.handle}]"
        for r in results
        if r.artefact is not None and r.handle not in used
    ]
    lines += [f"{r.call.tool} failed: {r.error}" for r in results if not r.ok]
    return ". ".join(lines)


def last_pictures(results: Sequence[Result]) -> tuple[str, ...]:
    """Handles of the pictures that were made and not worked on further."""
    used = _used(results)
    return tuple(
        r.handle for r in results if isinstance(r.artefact, Image) and r.handle not in used
    )


def _used(results: Sequence[Result]) -> set[str]:
    return {value for r in results for value in _words(list(r.call.args.values()))}


def _words(value: Any) -> set[str]:
    if isinstance(value, list | tuple):
        return {word for item in value for word in _words(item)}
    return {value} if isinstance(value, str) else set()


def _open(call: Call, makers: dict[str, str]) -> Call:
    """The call with handles of things that were made replaced by who makes them."""

    def opened(value: Any) -> Any:
        if isinstance(value, list):
            return [opened(item) for item in value]
        return f"${makers[value]}" if isinstance(value, str) and value in makers else value

    return call.model_copy(update={"args": {k: opened(v) for k, v in call.args.items()}})


def _kept(start: RunStarted, folder: Path) -> list[Image]:
    from tools.store import Store

    pictures: list[Image] = []
    store = Store(folder)
    for ref in start.images:
        try:
            found = store.get(ref.sha256)
        except ToolFailed:
            found = None
        if not isinstance(found, Image):
            raise InputError(f"the picture {ref.name or ref.handle!r} of the run is no longer kept",
                             hint="Name it after the trace")  # fmt: skip
        pictures.append(found)
    return pictures
