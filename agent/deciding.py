"""The deciding half of a turn: what the planner is shown, what it answers, when the turn ends.

Knows nothing of LangGraph, nor of how a plan is repaired, consented to and run.
"""

from __future__ import annotations

import asyncio
import time

from agent.authority import shown, trusted
from agent.check import check, known_so_far
from agent.events import LimitHit, PlanMade, SentBack
from agent.limits import left, spent
from agent.protocol import BadReply, Exhausted, Finish, Plan, Status, View
from agent.sound import sound
from agent.turn_state import TurnState
from agent.undo import tree
from tools.errors import PlannerError, ServerError


class Deciding(TurnState):
    """A turn as far as its planner is concerned."""

    def begin(self) -> asyncio.Future[None]:
        """Ask the planner already, while the loop is not ready to run."""
        self._first = asyncio.ensure_future(self._decide())
        return self._first

    def view(self) -> View:
        """What the planner gets to see now."""
        session, usage = self.session, self.usage
        return View(
            question=self.question.text,
            images=self.question.images,
            given=self.question.given,
            results=tuple(self.results),
            scene=session.scene,
            tools=tuple(self.offer(session.kinds)),
            catalog=self.catalog,
            turns=tuple(session.turns),
            left=left(self.settings, self.step, self.calls, self.clock(), usage),
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
            bad=self.bad,
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
        reached = self._reached()
        if reached:
            return self.end_by(*reached)
        self.step += 1
        started = time.perf_counter()
        view = self.view()
        self.problem = ""
        try:
            async with asyncio.timeout(max(0.05, self.clock())) as limit:
                reply = sound(await self.planner.decide(view))
        except Exhausted as error:
            return self._give_up(error)
        except PlannerError as error:
            if isinstance(error, BadReply):
                self.usage += error.usage
            return self.send_back(error.line())
        except ServerError as error:
            return self._end(error.line())
        except TimeoutError:
            if not limit.expired():
                raise
            return self.end_by(*self._seconds())
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
            return self.send_back("; ".join(problems), bad=False)
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

    def send_back(self, problem: str, bad: bool = True) -> None:
        """Have the planner decide again, told what was wrong."""
        self.bad += bad
        self.emit(SentBack(step=self.step, problem=problem))
        self.problem = problem

    def _give_up(self, error: Exhausted) -> None:
        """End the turn: nobody has a usable reply."""
        known = known_so_far(self.session.scene, [r.handle for r in self.results if r.ok])
        self._end(f"I cannot answer this: {error} {known}", "cannot")

    def _reached(self) -> tuple[str, str] | None:
        """The limit that is reached, and in words."""
        if self.step >= self.settings.max_steps:
            return "steps", f"{self.settings.max_steps} steps"
        if self.clock() <= 0:
            return self._seconds()
        return spent(self.usage, self.settings.llm)

    def _seconds(self) -> tuple[str, str]:
        return "seconds", f"{self.settings.max_seconds:g} seconds"

    def end_by(self, limit: str, words: str) -> None:
        """End the turn at a limit with what is known so far."""
        self.emit(LimitHit(step=self.step, limit=limit))
        made = [r.handle for r in self.results if r.ok]
        known = known_so_far(self.session.scene, made)
        self._end(f"I stopped at the limit of {words} before an answer was reached. {known}")

    def _end(self, text: str, status: Status = "failed") -> None:
        session = self.session
        self.finish = Finish(text=text.strip(), status=status)
        self.checked = check(self.finish, session.scene, session.kinds, get=session.get,
                             maker=self._maker)  # fmt: skip
