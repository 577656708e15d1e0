"""Runs the calls of a plan: together what does not wait for one another, told in the plan's order.

A tool that fails says so in its result, and the calls that wait for it are stale; a bug in a tool
is no result: it ends the run. Knows nothing of LangGraph, planners, how answers are made or how one
tool is run (``tool_threads.py``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agent.arguments import Ready, prepare, references, resolved
from agent.events import CallStarted, Event
from agent.noted import Noted
from agent.outcome import Outcome, told
from agent.protocol import Call, Result
from agent.session import Session
from agent.sketches import Sketches, Write
from agent.threads import in_thread, soon
from agent.tool_threads import ToolThreads
from tools.catalog import Catalog, ToolSpec
from tools.context import Models
from tools.errors import (
    InputError,
    MissingModel,
    OcelliError,
    ToolError,
    ToolFailed,
)
from tools.graph_search import passes_on
from tools.types import Artefact

IN_FLIGHT = 8
"""Tools of one agent that run at the same time."""
TRIES = 3
"""Steps of one turn in which the same tool may fail before it is refused."""


class Executor:
    """Runs the calls of one turn."""

    def __init__(
        self,
        catalog: Catalog,
        models: Models,
        session: Session,
        emit: Callable[[Event], None],
        *,
        call_seconds: float,
        left: Callable[[], float],
        room: asyncio.Semaphore | None = None,
    ) -> None:
        self.catalog = catalog
        self.models = models
        self.session = session
        self.emit = emit
        room = room or asyncio.Semaphore(IN_FLIGHT)
        self._threads = ToolThreads(models, session, room, call_seconds, left)
        self.write: Write | None = None
        """Takes the small files that a run keeps beside its trace."""
        self.step = 0
        self.outcomes: dict[str, Outcome] = {}
        """By call id, of the current plan."""
        self._order: list[str] = []
        self._ids: frozenset[str] = frozenset()
        self._flying: dict[str, asyncio.Future[str]] = {}
        self._failed: dict[str, set[int]] = {}
        self._reserved: dict[str, str] = {}
        self._ready: dict[str, Ready] = {}
        self.keep: Callable[[Outcome], Awaitable[None]] | None = None
        """Writes an outcome down before anything is built on it."""

    def begin(
        self, step: int, calls: Sequence[Call], done: Mapping[str, Outcome] | None = None
    ) -> None:
        """Announce a plan: results are told and numbered in its order, however they finish.

        Args:
            step: the planner's decision it belongs to.
            calls: all of the plan.
            done: how those came out that ended before this process began.
        """
        done = done or {}
        self.step = step
        self.outcomes = {}
        self._order = [c.id for c in calls]
        self._ids = frozenset(self._order)
        self._ready = {}
        keys: set[str] = set()
        made: dict[str, type[Artefact]] = {}
        for call in calls:
            spec = self.catalog.tools.get(call.tool)
            if spec is None:
                continue
            made[f"${call.id}"] = kind = self._kind(spec, call, made)
            if call.id not in done and self._makes_new(spec, call, kind, keys):
                self._reserved[call.id] = self.session.reserve(kind.KIND)
        for name, outcome in done.items():
            self._tell(name, outcome)

    def _kind(
        self, spec: ToolSpec, call: Call, made: Mapping[str, type[Artefact]]
    ) -> type[Artefact]:
        """The class of what a call makes; of a choice among things, that of the things."""
        param = passes_on(spec)
        given = str(call.args.get(param.name, "")) if param else ""
        return made.get(given) or self.session.kinds.get(given) or spec.returns

    def _makes_new(self, spec: ToolSpec, call: Call, kind: type[Artefact], keys: set[str]) -> bool:
        """Whether a call will, as far as is known, need a name for what it makes."""
        if kind.KIND == Artefact.KIND:
            return False
        if self.session.cold or references(call, self._ids):
            return True
        try:
            ready = self._ready[call.id] = prepare(spec, call, self.session)
        except ToolError:
            return False  # it is refused in the same words when its turn comes
        known = ready.key in keys or ready.key in self.session.memory
        keys.add(ready.key)
        return not known

    def stop(self) -> None:
        """Ask all tools under way to stop."""
        self._threads.stop()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls that may wait for one another; outcomes in the order given."""
        tasks: dict[str, asyncio.Task[Outcome]] = {}

        async def when_ready(call: Call) -> Outcome:
            await asyncio.sleep(0)  # all tasks exist before the first looks for its inputs
            inputs = {}
            for name in sorted(references(call, self._ids)):
                done = await tasks[name] if name in tasks else self.outcomes[name]
                inputs[name] = done.result
            outcome = await self._one(call, inputs)
            self._tell(call.id, outcome)
            if self.keep is not None:
                await self.keep(outcome)
            return outcome

        try:
            for call in calls:
                tasks[call.id] = asyncio.create_task(when_ready(call))
            return list(await asyncio.gather(*tasks.values()))
        except BaseException:
            self.stop()
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
            raise

    def refuse(self, call: Call, error: OcelliError) -> Outcome:
        """A call that must not run; the refusal is its result."""
        outcome = Outcome(Result(call, error=error.line(), error_kind=type(error).__name__))
        self._tell(call.id, outcome)
        return outcome

    async def _one(self, call: Call, inputs: Mapping[str, Result]) -> Outcome:
        broken = [i for i, r in inputs.items() if not r.ok]
        if broken:
            reason = f"not run: it waits for {', '.join('$' + i for i in broken)}, which failed"
            return Outcome(Result(call, error=reason, error_kind="Stale"))
        call = resolved(call, {i: r.handle for i, r in inputs.items()})
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        noted = Noted(lambda e: soon(loop, self.emit, e), self.step)
        try:
            return await self._answer(call, noted, started)
        except (ToolError, MissingModel) as error:
            self._failed.setdefault(call.tool, set()).add(self.step)
            seconds = time.perf_counter() - started
            kind = type(error).__name__
            return Outcome(Result(call, error=error.line(), error_kind=kind, seconds=seconds))

    async def _answer(self, call: Call, noted: Noted, started: float) -> Outcome:
        spec = self.catalog.tool(call.tool)
        if len(self._failed.get(call.tool, ())) >= TRIES:
            raise ToolFailed(
                f"{call.tool} has failed in {TRIES} steps of this turn",
                hint="Choose another way or say that it cannot be done",
            )
        ready = await self._prepare(spec, call)
        known = await self._remembered(ready.key)
        if known:
            made = self.session.held[known].model
            result = Result(
                call, known, self.session.get(known), model=made, cached=True,
                seconds=time.perf_counter() - started,
            )  # fmt: skip
            return Outcome(result, ready.key, ready.plain)
        flight: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._flying[ready.key] = flight
        try:
            self.emit(CallStarted(step=self.step, call=call))
            sketches = Sketches(self.write, f"{self.step}-{call.id}")
            artefact, sha256 = await self._threads.run(spec, call, ready, noted, sketches)
            model = ", ".join(dict.fromkeys(noted.models))
            handle = self.session.add(
                artefact, sha256, made=True, model=model, handle=self._name(call.id, artefact)
            )
            self.session.memory[ready.key] = handle
            flight.set_result(handle)
        finally:
            self._flying.pop(ready.key, None)
            if not flight.done():
                flight.set_result("")
        self._failed.pop(call.tool, None)
        seconds = time.perf_counter() - started
        result = Result(call, handle, artefact, model=model, seconds=seconds)
        return Outcome(result, ready.key, ready.plain)

    async def _prepare(self, spec: ToolSpec, call: Call) -> Ready:
        """In a thread where an artefact must be read back from disk first."""
        if call.id in self._ready:
            return self._ready.pop(call.id)
        if not self.session.cold:
            return prepare(spec, call, self.session)
        return await in_thread(lambda: prepare(spec, call, self.session))

    async def _remembered(self, key: str) -> str:
        """The handle of an earlier same call, '' where there is none that can still be had."""
        flight = self._flying.get(key)
        if flight is not None:
            return await asyncio.shield(flight)
        handle = self.session.memory.get(key, "")
        if not handle or handle not in self.session.cold:
            return handle
        try:
            await in_thread(lambda: self.session.get(handle))
        except (InputError, ToolError):
            return ""
        return handle

    def _name(self, call_id: str, artefact: Artefact) -> str:
        reserved = self._reserved.get(call_id, "")
        if reserved.rstrip("0123456789") != artefact.KIND:
            return ""
        return self._reserved.pop(call_id)

    def _tell(self, call_id: str, outcome: Outcome) -> None:
        """Fuse and announce outcomes in the order of the plan."""
        self.outcomes[call_id] = outcome
        while self._order and self._order[0] in self.outcomes:
            self._announce(self._order.pop(0))
        if not self._order:
            for handle in reversed(self._reserved.values()):
                self.session.give_back(handle)
            self._reserved.clear()

    def _announce(self, call_id: str) -> None:
        outcome, session = self.outcomes[call_id], self.session
        if outcome.result.artefact is not None:
            session.scene = session.scene.add(
                outcome.result, pictures=session.pictures, args=outcome.args
            )
        self.emit(told(outcome.result, call_id, self.step, session))
