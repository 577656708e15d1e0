"""One question on its way: what the planner is shown, what it decided, what is left of limits.

The steps of the loop as plain methods; ``agent/loop.py`` says in which order they run. Knows
nothing of LangGraph, files or how events are delivered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.check import Checked, check, known_so_far
from agent.events import Event, LimitHit, PlanMade, Repaired, SentBack
from agent.executor import Executor
from agent.protocol import Call, Finish, Left, Plan, Planner, Result, Turn, View
from agent.repair import Fixed, Repairer
from agent.session import Session
from agent.settings import Settings
from agent.threads import in_thread, soon
from tools.catalog import Catalog, ToolSpec
from tools.errors import PlannerError

BAD_REPLIES = 3
"""Unusable replies in a row that end a turn."""


STOPPED = "(stopped before there was an answer)"


@dataclass
class Question:
    """What was asked."""

    text: str
    images: tuple[str, ...]
    """Handles, as given."""
    given: tuple[str, ...]
    """Handles of boxes and points the person drew."""
    names: Mapping[str, str]
    """File names by handle. Not trusted."""
    fresh: bool = True
    """Whether the pictures came with this question, not from an earlier one."""


@dataclass(eq=False)
class Working:
    """A turn under way. Lives for one run, is never stored."""

    question: Question
    session: Session
    planner: Planner
    catalog: Catalog
    repairer: Repairer
    executor: Executor
    settings: Settings
    offer: Callable[[Mapping[str, type]], Sequence[ToolSpec]]
    """The tools that can fire with handles of these classes."""
    clock: Callable[[], float]
    """Seconds left of this turn."""
    loop: asyncio.AbstractEventLoop
    remember: bool = False
    """Whether the conversation is stored after each step."""
    sink: Callable[[Event], None] = lambda event: None
    """Where events go at the moment."""
    step: int = 0
    calls: int = 0
    llm_calls: int = 0
    problem: str = ""
    bad: int = 0
    sent_back: bool = False
    plan: Plan | None = None
    fixed: Fixed | None = None
    checked: Checked | None = None
    groups: tuple[tuple[Call, ...], ...] = ()
    results: list[Result] = field(default_factory=list)
    finish: Finish | None = None
    closed: bool = False

    def emit(self, event: Event) -> None:
        """Tell whoever listens."""
        self.sink(event)

    def later(self, event: Event) -> None:
        """Tell whoever listens, from any thread."""
        soon(self.loop, self.emit, event)

    def view(self) -> View:
        """What the planner gets to see now."""
        session = self.session
        return View(
            question=self.question.text,
            images=self.question.images,
            given=self.question.given,
            results=tuple(self.results),
            scene=session.scene,
            tools=tuple(self.offer(session.kinds)),
            catalog=self.catalog,
            turns=tuple(session.turns),
            left=Left(
                steps=self.settings.max_steps - self.step + 1,
                calls=self.settings.max_calls - self.calls,
                seconds=self.clock(),
            ),
            get=session.get,
            kinds=dict(session.kinds),
            names=self.question.names,
            fresh=self.question.fresh,
            problem=self.problem,
        )

    async def decide(self) -> None:
        """Ask the planner once: a plan, an end, or a reply that is sent back."""
        self.plan = self.fixed = None
        if self.step >= self.settings.max_steps:
            return self._end_by("steps", f"{self.settings.max_steps} steps")
        if self.clock() <= 0:
            return self._out_of_time()
        self.step += 1
        started = time.perf_counter()
        view = self.view()
        self.problem = ""
        try:
            async with asyncio.timeout(max(0.05, self.clock())) as limit:
                reply = await self.planner.decide(view)
        except PlannerError as error:
            return self._send_back(error.line())
        except TimeoutError:
            if not limit.expired():
                raise
            return self._out_of_time()
        self.llm_calls += reply.llm_calls
        if isinstance(reply, Finish):
            return self._take_end(reply)
        self._take_plan(reply, time.perf_counter() - started)

    def _take_plan(self, plan: Plan, seconds: float) -> None:
        self.emit(
            PlanMade(
                step=self.step,
                thought=plan.thought,
                calls=plan.calls,
                planner=self.planner.name,
                seconds=seconds,
                llm_calls=plan.llm_calls,
            )  # fmt: skip
        )
        self.plan = plan

    def _take_end(self, finish: Finish) -> None:
        session = self.session
        strange = [h for h in finish.images if h not in session.held]
        checked = check(finish, session.scene, session.kinds, get=session.get,
                        question=self.question.text, maker=self._maker)  # fmt: skip
        problems = list(checked.problems)
        if strange:
            problems.insert(0, f"no picture {', '.join(strange)}. {session.valid(strange[0])}")
        if problems and not self.sent_back and self.step < self.settings.max_steps:
            self.sent_back = True
            return self._send_back("; ".join(problems), bad=False)
        images = tuple(h for h in dict.fromkeys(finish.images) if h in session.held)
        self.finish, self.checked = finish.model_copy(update={"images": images}), checked

    def _maker(self, handle: str) -> tuple[str, str]:
        """Who made an artefact: tool and model."""
        for result in reversed(self.results):
            if result.handle == handle:
                return result.call.tool, result.model
        for turn in reversed(self.session.turns):
            if handle in turn.handles:
                return turn.calls[turn.handles.index(handle)].tool, ""
        return "", ""

    def _send_back(self, problem: str, bad: bool = True) -> None:
        self.bad += bad
        self.emit(SentBack(step=self.step, problem=problem))
        self.problem = problem
        if self.bad >= BAD_REPLIES:
            self._end(f"The planner gave no usable reply: {problem}")

    def _out_of_time(self) -> None:
        self._end_by("seconds", f"{self.settings.max_seconds:g} seconds")

    def _end_by(self, limit: str, words: str) -> None:
        self.emit(LimitHit(step=self.step, limit=limit))
        made = [r.handle for r in self.results if r.ok]
        known = known_so_far(self.session.scene, made)
        self._end(f"I stopped at the limit of {words} before an answer was reached. {known}")

    def _end(self, text: str) -> None:
        session = self.session
        self.finish = Finish(text=text.strip(), status="failed")
        self.checked = check(self.finish, session.scene, session.kinds, get=session.get,
                             maker=self._maker)  # fmt: skip

    def look_over(self) -> tuple[tuple[Call, ...], ...]:
        """Repair the plan, refuse what cannot run; the groups of calls that can."""
        assert self.plan is not None
        try:
            fixed = self.repairer.fix(self.plan, self.session, self._known())
        except PlannerError as error:
            self._send_back(error.line())
            return ()
        if self.calls + len(fixed.calls) > self.settings.max_calls:
            self._end_by("calls", f"{self.settings.max_calls} calls")
            return ()
        self.bad = 0
        self.fixed = fixed
        self.calls += len(fixed.calls)
        for name, note in fixed.notes:
            self.emit(Repaired(step=self.step, call=name, note=note))
        self.executor.begin(self.step, fixed.calls)
        refused = set(fixed.refused)
        for call in fixed.calls:
            if call.id in refused:
                self.executor.refuse(call, fixed.refused[call.id])
        return fixed.groups()

    def _known(self) -> list[str]:
        """Handles that a missing argument may be filled with, oldest first."""
        made = [r.handle for r in self.results if r.ok]
        return [*self.question.images, *self.question.given, *made]

    def take_in(self) -> None:
        """The results of the last plan, in its order, for the planner to see."""
        if self.fixed is not None:
            self.results += [self.executor.outcomes[c.id].result for c in self.fixed.calls]
            self.fixed = None

    async def warm(self) -> None:
        """Read the pictures in question from disk before anybody waits for them."""
        cold = [h for h in self.question.images if h in self.session.cold]
        if cold:
            await in_thread(lambda: [self.session.get(h) for h in cold])

    def close(self) -> None:
        """The turn is over: the conversation remembers it."""
        self.closed = True
        self.session.turns.append(self.record())

    def abandon(self) -> None:
        """The turn was cut off; on disk the next one finds it as it was left."""
        if not self.closed and not self.remember:
            self.close()

    def record(self) -> Turn:
        """This turn as the conversation remembers it."""
        finish = self.finish
        return Turn(
            question=self.question.text,
            answer=self.checked.text if self.checked and finish else STOPPED,
            status=finish.status if finish else "failed",
            images=self.question.images,
            made=finish.images if finish else (),
            calls=tuple(r.call for r in self.results),
            handles=tuple(r.handle for r in self.results),
        )
