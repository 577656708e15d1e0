"""Good transcripts: what the offline planner did, said as a language model would have said it.

Its plans are recorded, joined into as few replies as a reader without foresight can give, numbered
as a reply numbers its calls, and written as function calls or as MM-ReAct's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llm_server import Reply

from agent.planners.offline import OfflinePlanner
from agent.planning.react_text import render
from agent.protocol import Call, Finish, Plan, View

Said = tuple[str, dict[str, Any]]
"""Name and arguments of a call, as a language model says it."""


@dataclass
class Recorder:
    """The offline planner, with its decisions of each turn written down."""

    name: str = "offline"
    trusted: bool = True
    turns: list[list[tuple[View, Plan | Finish]]] = field(default_factory=list)

    async def decide(self, view: View) -> Plan | Finish:
        if view.step == 1:
            self.turns.append([])
        decision = await OfflinePlanner().decide(view)
        self.turns[-1].append((view, decision))
        return decision


def replies(turn: list[tuple[View, Plan | Finish]]) -> tuple[list[list[Said]], Finish]:
    """The replies of a turn, each a list of calls, and its end.

    A plan joins the reply before it unless it says what only a result could tell.
    """
    made: list[_Reply] = []
    for view, decision in turn:
        if isinstance(decision, Finish):
            return [reply.calls for reply in made], decision
        if not made or not made[-1].foresees(decision, view):
            made.append(_Reply(frozenset(view.kinds)))
        for call in decision.calls:
            made[-1].add(call, view)
    raise AssertionError("the turn has no end")


class _Reply:
    """One reply as it grows."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        """Handles there were when it was asked for."""
        self.calls: list[Said] = []
        self._places: dict[str, int] = {}

    def foresees(self, plan: Plan, view: View) -> bool:
        """Whether a plan could have been said before the results of this reply were seen."""
        own = [r for r in view.results if r.call.id in self._places]
        if not all(r.ok for r in own):
            return False
        handles = self.known | {r.handle for r in own}
        seen = "\n".join(r.artefact.describe() for r in own if r.artefact is not None)
        values = [v for call in plan.calls for arg in call.args.values() for v in _flat(arg)]
        return not any(_learned(value, view.question, seen, view, handles) for value in values)

    def add(self, call: Call, view: View) -> None:
        handles = {r.handle: r.call.id for r in view.results if r.call.id in self._places}
        self._places[call.id] = len(self.calls) + 1
        self.calls.append(
            (call.tool, {k: self._said(v, view, handles) for k, v in call.args.items()})
        )

    def _said(self, value: Any, view: View, handles: Mapping[str, str]) -> Any:
        if isinstance(value, list):
            return [self._said(item, view, handles) for item in value]
        if not isinstance(value, str):
            return value
        if value.startswith("$"):
            if value[1:] in self._places:
                return f"${self._places[value[1:]]}"
            earlier = view.of_call(value[1:])
            assert earlier is not None
            return earlier.handle
        if value in handles and value not in self.known:
            return f"${self._places[handles[value]]}"
        return value


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _learned(value: Any, question: str, seen: str, view: View, handles: frozenset[str]) -> bool:
    """Whether a value was taken from a result."""
    if isinstance(value, str) and value.startswith("#"):
        return True
    if isinstance(value, str) and value in view.kinds:
        return value not in handles
    if value is None or isinstance(value, bool) or value == "":
        return False
    said = f"{value:g}" if isinstance(value, int | float) else str(value)
    told = re.compile(rf"(?<!\w){re.escape(said)}(?!\w)", re.IGNORECASE)
    asked = re.search(rf"(?<!\w){re.escape(said)}", question.replace("-", ""), re.IGNORECASE)
    return bool(told.search(seen)) and not asked


def as_functions(calls: list[Said]) -> Reply:
    """A reply as function calls."""
    return Reply("I ask the experts.", calls=calls)


def as_text(calls: list[Said]) -> Reply:
    """A reply as lines of MM-ReAct."""
    return Reply(render(calls, "I ask the experts."))


def end_by_function(finish: Finish) -> Reply:
    """The end of a turn as the call of ``answer``."""
    said = {"text": finish.text, "status": finish.status, "images": list(finish.images)}
    return Reply(calls=[("answer", said)])


def end_by_text(finish: Finish) -> Reply:
    """The end of a turn as MM-ReAct's final answer."""
    lines = ["Thought: The experts have seen it.", f"Final Answer: {finish.text}"]
    lines += ["Status: cannot"] if finish.status == "cannot" else []
    lines += [f"Pictures: {', '.join(finish.images)}"] if finish.images else []
    return Reply("\n".join(lines))
