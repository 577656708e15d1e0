"""One question on its way: what the planner is shown, what it decided, what is left of limits.

The steps of the loop as plain methods; ``agent/loop.py`` says in which order they run. Knows
nothing of LangGraph, files or how events are delivered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.authority import ordered, read_so_far, shown, trusted, unordered
from agent.check import Checked, check, known_so_far
from agent.consent import Asking, Asks
from agent.events import Event, LimitHit, PlanMade, Repaired, SentBack
from agent.executor import Executor, Outcome
from agent.protocol import BadReply, Call, Finish, Left, Plan, Planner, Result, Turn, Usage, View
from agent.repair import Fixed, Repairer
from agent.session import Session
from agent.settings import Settings
from agent.sound import sound
from agent.threads import in_thread, soon
from agent.undo import tree
from tools.catalog import Catalog, ToolSpec
from tools.errors import PlannerError, ServerError

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
    clips: tuple[str, ...] = ()
    """Handles of the films whose first frames are among `images`."""


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
    offer_soon: Callable[[Mapping[str, type]], Sequence[ToolSpec]]
    """Those, and the tools that can fire on their results."""
    clock: Callable[[], float]
    """Seconds left of this turn."""
    loop: asyncio.AbstractEventLoop
    remember: bool = False
    """Whether the conversation is stored after each step."""
    run: str = ""
    """Name of the run's folder."""
    picked_up: bool = False
    """Whether the plan under way was left by a process that died."""
    ended: Mapping[str, Outcome] = field(default_factory=dict)
    """How those of its calls came out that had ended, by id."""
    asks: Asks | None = None
    """Who says whether calls that nobody ordered may run."""
    sink: Callable[[Event], None] | None = None
    untold: list[Event] = field(default_factory=list)
    _first: asyncio.Future[None] | None = None
    """Where events go at the moment."""
    step: int = 0
    calls: int = 0
    usage: Usage = Usage()
    """What the turn has taken of a language model."""
    shown: set[str] = field(default_factory=set)
    look: tuple[str, ...] = ()
    news: int = 0
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

    def __post_init__(self) -> None:
        self.asking = Asking(self.settings.consent, self.asks, self.emit)
        self.wishes = ordered(self.question.text, self.session.turns)

    def emit(self, event: Event) -> None:
        """Tell whoever listens; what is told before anybody does is kept."""
        if self.sink is None:
            self.untold.append(event)
        else:
            self.sink(event)

    def listen(self, sink: Callable[[Event], None]) -> None:
        """Events go to `sink` from now on, those that nobody has heard first."""
        self.sink = sink
        for event in self.untold:
            sink(event)
        self.untold.clear()

    def begin(self) -> asyncio.Future[None]:
        """Ask the planner already, while the loop is not ready to run."""
        self._first = asyncio.ensure_future(self._decide())
        return self._first

    def later(self, event: Event) -> None:
        """Tell whoever listens, from any thread."""
        soon(self.loop, self.emit, event)

    def view(self) -> View:
        """What the planner gets to see now."""
        session, usage, limits = self.session, self.usage, self.settings.llm
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
                llm_calls=limits.max_calls - usage.llm_calls,
                tokens=limits.max_tokens - usage.tokens_in - usage.tokens_out,
                pictures=limits.max_pictures - usage.pictures,
                cost=limits.max_cost - usage.cost if limits.max_cost else float("inf"),
            ),
            get=session.get,
            kinds=dict(session.kinds),
            names=self.question.names,
            fresh=self.question.fresh,
            clips=self.question.clips,
            versions=tree(
                session.turns,
                [h for h, held in session.held.items() if held.kind == "Image" and not held.made],
                self.question.images,
                fresh=self.question.fresh,
            ),
            problem=self.problem,
            step=self.step,
            news=self.news,
            soon=tuple(self.offer_soon(session.kinds)),
            shown=frozenset(self.shown),
            look=self.look,
            usage=usage,
            models=self.executor.models,
            tell=lambda event: self.emit(event.model_copy(update={"step": self.step})),
        )

    async def decide(self) -> None:
        """Ask the planner once: a plan, an end, or a reply that is sent back."""
        first, self._first = self._first, None
        await (self._decide() if first is None else first)

    async def _decide(self) -> None:
        self.plan = self.fixed = None
        if self.step >= self.settings.max_steps:
            return self._end_by("steps", f"{self.settings.max_steps} steps")
        if self.clock() <= 0:
            return self._out_of_time()
        spent = self._spent()
        if spent:
            return self._end_by(*spent)
        self.step += 1
        started = time.perf_counter()
        view = self.view()
        self.problem = ""
        try:
            async with asyncio.timeout(max(0.05, self.clock())) as limit:
                reply = sound(await self.planner.decide(view))
        except PlannerError as error:
            if isinstance(error, BadReply):
                self.usage += error.usage
            return self._send_back(error.line())
        except ServerError as error:
            return self._end(error.line())
        except TimeoutError:
            if not limit.expired():
                raise
            return self._out_of_time()
        self.usage += reply.usage
        self.shown.update(reply.shown)
        self.look = ()
        if isinstance(reply, Finish):
            return self._take_end(reply)
        self._take_plan(reply, time.perf_counter() - started)

    def _take_plan(self, plan: Plan, seconds: float) -> None:
        self.emit(
            PlanMade(
                step=self.step,
                thought=plan.thought,
                calls=plan.calls,
                look=plan.look,
                planner=self.planner.name,
                seconds=seconds,
                usage=plan.usage,
            )  # fmt: skip
        )
        self.plan, self.look = plan, plan.look

    def _take_end(self, finish: Finish) -> None:
        session = self.session
        if not trusted(self.planner):
            images = shown(finish.images, self.results, self.catalog, self.wishes)
            finish = finish.model_copy(update={"images": images})
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

    def _spent(self) -> tuple[str, str] | None:
        """The limit of what a language model may take that is reached, and in words."""
        used, limits = self.usage, self.settings.llm
        if used.llm_calls >= limits.max_calls:
            return "llm_calls", f"{limits.max_calls} requests to the language model"
        if used.tokens_in + used.tokens_out >= limits.max_tokens:
            return "tokens", f"{limits.max_tokens} tokens"
        if limits.max_cost and used.cost >= limits.max_cost:
            return "cost", f"{limits.max_cost:g} of cost"
        return None

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
        self._hold_back(fixed)
        return fixed.groups()

    def _hold_back(self, fixed: Fixed) -> None:
        """Put what the person's words do not order before the person."""
        if trusted(self.planner):
            return
        read = read_so_far(self.session.scene, self.question.names.values())
        calls = [c for c in fixed.calls if c.id not in fixed.refused]
        why = unordered(calls, self.catalog, self.wishes, read)
        if why:
            held = tuple(c for c in calls if c.id in why)
            self.asking.about(held, "; ".join(dict.fromkeys(why.values())), self.step)

    def consented(self, allowed: bool, by: str) -> None:
        """What was held back may run, or is refused; the groups of calls that can run now."""
        assert self.fixed is not None
        refused = self.asking.close(allowed, by)
        self.fixed.refused.update(refused)
        for call in self.fixed.calls:
            if call.id in refused:
                self.executor.refuse(call, refused[call.id])
        self.groups = self._to_run(self.fixed)

    def pick_up(self, fixed: Fixed, done: Mapping[str, Outcome], thought: str) -> None:
        """Take up a plan that was under way; what has ended is told by `tell_again`."""
        self.plan = Plan.model_construct(calls=fixed.calls, thought=thought, look=self.look)
        self.fixed, self.picked_up, self.ended = fixed, True, dict(done)
        self.groups = self._to_run(fixed)

    def tell_again(self) -> None:
        """Tell how the calls came out that had ended before; the person is asked again."""
        assert self.fixed is not None
        self.executor.begin(self.step, self.fixed.calls, self.ended)
        left = [c for c in self.fixed.calls if c.id not in self.ended]
        self._hold_back(Fixed(tuple(left)))

    def _to_run(self, fixed: Fixed) -> tuple[tuple[Call, ...], ...]:
        """The groups of calls that can run and have not ended yet."""
        left = [tuple(c for c in group if c.id not in self.ended) for group in fixed.groups()]
        return tuple(group for group in left if group)

    def _known(self) -> list[str]:
        """Handles that a missing argument may be filled with, oldest first."""
        made = [r.handle for r in self.results if r.ok]
        return [*self.question.images, *self.question.clips, *self.question.given, *made]

    def take_in(self) -> None:
        """The results of the last plan, in its order, for the planner to see."""
        if self.fixed is not None:
            self.results += [self.executor.outcomes[c.id].result for c in self.fixed.calls]
            self.news = len(self.fixed.calls) or self.news
            self.fixed, self.ended = None, {}

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
        if self._first is not None:
            self._first.cancel()
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
