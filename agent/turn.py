"""One question on its way: its planner's plans repaired, consented to, run and remembered.

The steps of the loop as plain methods; ``agent/loop.py`` says in which order they run. Knows
nothing of LangGraph, files or how events are delivered.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.aims import lineage
from agent.authority import read_so_far, trusted, unordered
from agent.deciding import Deciding
from agent.events import Repaired
from agent.outcome import Outcome
from agent.protocol import Plan, Turn
from agent.repair import Fixed
from agent.threads import in_thread
from tools.errors import PlannerError

STOPPED = "(stopped before there was an answer)"


class Working(Deciding):
    """A turn under way. Lives for one run, is never stored."""

    async def carry_out(self) -> None:
        """Run the calls of the plan under way that can run, and take in what came out."""
        if self.fixed is None:
            return
        left = [c for c in self.fixed.calls if c.id not in self.executor.outcomes]
        if left:
            await self.executor.run(left)
        self.results += [self.executor.outcomes[c.id].result for c in self.fixed.calls]
        self.news = len(self.fixed.calls) or self.news
        self.fixed, self.ended = None, {}

    def look_over(self) -> None:
        """Repair the plan, refuse what cannot run, hold back what nobody ordered."""
        if self.plan is None:
            return
        try:
            fixed = self.repairer.fix(self.plan, self.session, self._known())
        except PlannerError as error:
            return self.send_back(error.line())
        if self.calls + len(fixed.calls) > self.settings.max_calls:
            return self.end_by("calls", f"{self.settings.max_calls} calls")
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

    def _hold_back(self, fixed: Fixed) -> None:
        """Put what the person's words do not order before the person."""
        if trusted(self.planner):
            return
        session, tools = self.session, self.catalog.tools
        calls = [c for c in fixed.calls if c.id not in fixed.refused]
        if all(c.tool not in tools or tools[c.tool].effect == "read" for c in calls):
            return  # looking is free, and nothing has to be gone through for it
        read = read_so_far(session.scene, self.question.names.values())
        known = lineage(self.catalog, session.scene, fixed.calls, self.results, session.turns)
        why = unordered(calls, known, self.wishes, read)
        if why:
            held = tuple(c for c in calls if c.id in why)
            self.asking.about(held, "; ".join(dict.fromkeys(why.values())), self.step)

    def consented(self, allowed: bool, by: str) -> None:
        """What was held back may run, or is refused."""
        assert self.fixed is not None
        refused = self.asking.close(allowed, by)
        self.fixed.refused.update(refused)
        for call in self.fixed.calls:
            if call.id in refused:
                self.executor.refuse(call, refused[call.id])

    def pick_up(self, fixed: Fixed, done: Mapping[str, Outcome], thought: str) -> None:
        """Take up a plan that was under way; what has ended is told by `tell_again`."""
        self.plan = Plan.model_construct(calls=fixed.calls, thought=thought, look=self.look)
        self.fixed, self.ended = fixed, dict(done)

    def tell_again(self) -> None:
        """Of a plan taken up: how the calls came out that had ended; the person is asked again."""
        if self.fixed is None:
            return
        self.executor.begin(self.step, self.fixed.calls, self.ended)
        left = [c for c in self.fixed.calls if c.id not in self.ended]
        self._hold_back(Fixed(tuple(left)))

    def _known(self) -> list[str]:
        """Handles that a missing argument may be filled with, oldest first."""
        made = [r.handle for r in self.results if r.ok]
        return [*self.question.images, *self.question.clips, *self.question.given, *made]

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
