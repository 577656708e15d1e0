"""The ways a turn can take, and when one is given up for the next.

The route is chosen with the first view. A planner that gives no usable reply three times, whose
server is gone, or that says it cannot, is followed by the multimodal model where one is ready;
where the model's own answer is to be checked, experts look a second time, and a contradiction goes
to the planner. Made anew for each turn. Knows nothing of LangGraph or of running tools.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.claims import COUNT, WORDS
from agent.events import FellBack, Routed
from agent.planners.direct import STEM, DirectPlanner
from agent.protocol import BadReply, Call, Exhausted, Finish, Plan, Planner, Usage, View
from agent.routing import EYES, Route, can_help, route
from tools.errors import PlannerError, ServerError
from tools.types import Boxes

TRIES = 3
"""Unusable replies in a row, after which the next way is taken."""
CHECK = "check"
"""Id of the call that looks a second time."""
_YES = re.compile(r"^\W*(yes|no)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\b(\d{1,4}|" + "|".join(WORDS) + r")\b", re.IGNORECASE)


class Ladder:
    """A planner made of planners: the one that was chosen, then those to fall back on."""

    def __init__(self, planner: Planner, wanted: str) -> None:
        """Nothing is chosen yet.

        Args:
            planner: Plans chains.
            wanted: ``auto``, ``chain`` or ``direct``.
        """
        self._chain = planner
        self._wanted = wanted
        self._direct = DirectPlanner()
        self._now: Planner = planner
        self._route: Route | None = None
        self._tried: list[str] = []
        self._forgiven = 0
        self._owed = Usage()
        self._refused: Finish | None = None
        self._draft: Finish | None = None

    @property
    def name(self) -> str:
        """Of the planner whose turn it is."""
        return self._now.name

    @property
    def trusted(self) -> bool:
        """Whether the planner whose turn it is cannot be talked into anything."""
        return bool(getattr(self._now, "trusted", False))

    async def decide(self, view: View) -> Plan | Finish:
        """The next plan, or the end, of whichever planner has the turn.

        Raises:
            PlannerError: the reply is of no use; another try is left.
            Exhausted: neither a try nor another way is.
            ServerError: the language model is gone, and there is no other way.
        """
        if self._route is None:
            self._choose(view)
        view = self._after_bad(view)
        while True:
            try:
                reply = await self._now.decide(view)
            except PlannerError as error:
                spent, self._owed = self._owed, Usage()
                spent += error.usage if isinstance(error, BadReply) else Usage()
                raise BadReply(str(error), hint=error.hint, usage=spent) from None
            except ServerError as error:
                if not self._fall(view, error.line()):
                    raise
                continue
            weighed = self._weigh(reply, view) if isinstance(reply, Finish) else reply
            if weighed is not None:
                owed, self._owed = self._owed, Usage()
                return weighed.model_copy(update={"usage": owed + weighed.usage})

    def _after_bad(self, view: View) -> View:
        """The view for whose turn it is after unusable replies: of one way, only so many."""
        if not view.bad:
            self._forgiven = 0
        if view.bad - self._forgiven < TRIES:
            return view
        if not self._next_model(view) and not self._fall(view, view.problem):
            tried = "".join(f"; before that {t}" for t in self._tried)
            raise Exhausted(f"no usable reply came in {TRIES} tries ({view.problem}){tried}.")
        self._forgiven = view.bad
        return replace(view, problem="")

    def _next_model(self, view: View) -> bool:
        """Whether the planner has another language model to ask from now on."""
        other = getattr(self._chain, "next_model", None) if self._now is self._chain else None
        if other is None or not other(view):
            return False
        self._told(view, "language model", "the next one", view.problem)
        return True

    def _choose(self, view: View) -> None:
        fixed = getattr(self._chain, "fixed", False)
        self._route = found = route(view, "chain" if fixed else self._wanted)
        if found.way != "chain":
            self._now = self._direct
        if not fixed:
            view.tell(Routed(route=found.way, why=found.why, features=dict(found.features)))

    def _fall(self, view: View, why: str) -> bool:
        """Whether there is a next way; it has the turn from now on."""
        helps = self._wanted != "chain" and self._sighted(view) and can_help(view.question)
        if self._now is self._direct or not helps:
            return False
        self._told(view, self._chain.name, self._direct.name, why)
        self._now = self._direct
        return True

    def _sighted(self, view: View) -> bool:
        fixed = getattr(self._chain, "fixed", False)
        return bool(not fixed and view.images and any(t.name == EYES for t in view.tools))

    def _told(self, view: View, given_up: str, taken: str, why: str) -> None:
        self._tried.append(f"{given_up}: {why}")
        view.tell(FellBack(given_up=given_up, taken=taken, why=why))

    def _weigh(self, finish: Finish, view: View) -> Plan | Finish | None:
        """What becomes of an end; None where another planner goes on."""
        assert self._route is not None
        if self._now is self._chain:
            return self._weigh_chain(finish, view)
        if finish.status == "cannot":
            return self._weigh_silence(finish, view)
        if self._route.way == "checked" and self._refused is None:
            return self._weigh_checked(finish, view)
        return finish

    def _weigh_chain(self, finish: Finish, view: View) -> Finish | None:
        """A chain that cannot is followed by the multimodal model."""
        asked = any(r.call.id.startswith(STEM) for r in view.results)
        falls = self._wanted == "auto" and self._sighted(view) and can_help(view.question)
        if finish.status != "cannot" or asked or not falls:
            return finish
        self._refused = finish
        self._told(view, self._chain.name, self._direct.name, finish.text[:200])
        self._now = self._direct
        self._owed += finish.usage
        return None

    def _weigh_silence(self, finish: Finish, view: View) -> Finish | None:
        """The multimodal model knows no answer: the chain goes on, or had said so before."""
        if self._refused is not None:
            return self._refused
        if self._tried or self._wanted == "direct":
            tried = f" Tried before: {'; '.join(self._tried)}." if self._tried else ""
            return finish.model_copy(update={"text": f"{finish.text}{tried}"})
        self._told(view, self._direct.name, self._chain.name, finish.text[:200])
        self._now = self._chain
        return None

    def _weigh_checked(self, finish: Finish, view: View) -> Plan | Finish | None:
        """Experts look a second time; what they contradict goes to the planner."""
        assert self._route is not None
        done = view.of_call(f"{CHECK}-{view.images[0]}")
        if done is None:
            names = self._names(view)
            if not names:
                return finish
            self._draft = finish
            calls = [
                Call(id=f"{CHECK}-{h}", tool="detect", args={"image": h, "phrases": names})
                for h in view.images[:4]
            ]
            return Plan(calls=tuple(calls), thought="has the model's answer checked by a detector")
        seen = [r for r in view.results if r.call.id.startswith(CHECK)]
        if not all(r.ok for r in seen):
            return self._draft or finish
        found = sum(len(r.artefact) for r in seen if isinstance(r.artefact, Boxes))
        against = contradiction(self._route.kind, finish.text, found)
        if not against:
            return finish
        self._told(view, self._direct.name, self._chain.name, against)
        self._now = self._chain
        return None

    def _names(self, view: View) -> list[str]:
        """What to look for: the thing that the question names, else what the model placed."""
        assert self._route is not None
        if self._route.thing:
            return [self._route.thing]
        placed = [r.artefact for r in view.results if isinstance(r.artefact, Boxes)]
        return list(dict.fromkeys(label for boxes in placed for label in boxes.labels if label))[:4]


def contradiction(kind: str, text: str, found: int) -> str:
    """How a detector's count contradicts what was said, in words; '' where it does not."""
    if kind == "count":
        said = COUNT.search(text) or _NUMBER.search(text)
        if said is None:
            return ""
        number = WORDS.get(said[1].lower())
        number = int(said[1]) if number is None else number
        return f"the multimodal model says {number}, a detector finds {found}" * (number != found)
    yes = _YES.match(text)
    if yes is None:
        return ""
    says = yes[1].lower() == "yes"
    where = "finds one" if found else "finds none"
    return f"the multimodal model says {yes[1].lower()}, a detector {where}" * (says != bool(found))
