"""The state of a turn under way: question, parts that work on it, progress, and who listens.

Knows nothing of how a planner decides or how its plan is carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.authority import ordered
from agent.check import Checked
from agent.consent import Asking, Asks
from agent.events import Event
from agent.executor import Executor
from agent.outcome import Outcome
from agent.protocol import Finish, Plan, Planner, Result, Usage
from agent.question import Question
from agent.repair import Fixed, Repairer
from agent.session import Session
from agent.settings import Settings
from agent.threads import soon
from tools.catalog import Catalog, ToolSpec


@dataclass(eq=False)
class TurnState:
    """What a turn has at hand and how far it has come. Lives for one run, is never stored."""

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
    ended: Mapping[str, Outcome] = field(default_factory=dict)
    """How those calls came out that had ended, of a plan left by a process that died, by id."""
    asks: Asks | None = None
    """Who says whether calls that nobody ordered may run."""
    sink: Callable[[Event], None] | None = None
    """Where events go at the moment."""
    untold: list[Event] = field(default_factory=list)
    """Events that nobody has heard yet."""
    _first: asyncio.Future[None] | None = None
    """What the planner was asked before the loop was ready."""
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
    results: list[Result] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)
    """The results as records, each made once."""
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

    def later(self, event: Event) -> None:
        """Tell whoever listens, from any thread."""
        soon(self.loop, self.emit, event)
