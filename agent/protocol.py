"""What passes between the loop and a planner: it reads a View and returns a Plan or a Finish.

A planner never runs tools, touches models or parses results; it speaks in handles. ``img1`` and
``boxes2`` are artefacts, ``#4`` is an entity of the scene, ``$a`` is the result of the call with
id ``a`` of the same plan. Knows nothing of LangGraph, stores or hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.scene import Scene
from tools.catalog import Catalog, ToolSpec
from tools.context import Models
from tools.errors import PlannerError
from tools.types import Artefact

Status = Literal["answered", "cannot", "failed"]


class Usage(BaseModel):
    """What a decision, or a turn, took of a language model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    llm_calls: int = 0
    """Requests that were answered."""
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: int = 0
    """Requests whose tokens are estimated, since the server did not count them."""
    cost: float = 0.0
    """In the currency of the prices that are set; 0 where none are."""
    pictures: int = 0
    """Pictures that were sent."""
    sent_bytes: int = 0
    """Size of the requests' bodies."""
    model: str = ""
    """Who answered last."""
    prompt: str = ""
    """Hash of the prompt files that were rendered."""
    retries: tuple[str, ...] = ()
    """One line for each request that was sent again, and why."""

    def __add__(self, other: Usage) -> Usage:
        """Both together; the names are those of the later one."""
        sums = {n: getattr(self, n) + getattr(other, n) for n in _SUMMED}
        last = {n: getattr(other, n) or getattr(self, n) for n in ("model", "prompt")}
        return Usage(**sums, **last)


_SUMMED = (
    "llm_calls", "tokens_in", "tokens_out", "estimated", "cost", "pictures", "sent_bytes", "retries",
)  # fmt: skip


class BadReply(PlannerError):
    """A language model's reply that could not be used, and what it took all the same."""

    def __init__(self, message: str, *, hint: str = "", usage: Usage | None = None) -> None:
        super().__init__(message, hint=hint)
        self.usage = usage or Usage()


class Exhausted(PlannerError):
    """Reply after reply could not be used, and there is nobody else to ask."""


class Call(BaseModel):
    """One tool call of a plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    """Unique within the plan; ``$id`` in another call's arguments means this call's result."""
    tool: str
    args: dict[str, Any] = {}
    """Plain values, or handles (``img1``, ``#4``, ``$id``) where the tool takes an artefact."""


class Decision(BaseModel):
    """What a planner may answer with: a plan or an end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usage: Usage = Usage()
    """What it took of a language model."""
    shown: tuple[str, ...] = ()
    """Handles of the pictures that the language model was sent."""


class Plan(Decision):
    """A small DAG of calls. Those that do not wait for one another run together."""

    calls: tuple[Call, ...] = Field(default=(), max_length=24)
    thought: str = ""
    """Why, for people."""
    look: tuple[str, ...] = ()
    """Handles of pictures and things that the planner wants to see with its next request."""

    @model_validator(mode="after")
    def _wants_something(self) -> Self:
        if not self.calls and not self.look:
            raise ValueError("a plan has calls, or pictures to look at")
        return self


class Finish(Decision):
    """The end of a turn."""

    text: str
    """The answer, with cites in square brackets: ``[#1 #2]`` entities, ``[table1]`` artefacts."""
    status: Status = "answered"
    images: tuple[str, ...] = ()
    """Handles of pictures that are part of the answer."""


@dataclass(frozen=True)
class Result:
    """What became of one call."""

    call: Call
    handle: str = ""
    """Of the artefact it made; empty when it failed."""
    artefact: Artefact | None = None
    error: str = ""
    """One line; empty when it worked."""
    error_kind: str = ""
    """Class name in ``tools.errors``, or ``Stale`` for a call whose input failed."""
    model: str = ""
    """Who answered, where a model did."""
    seconds: float = 0.0
    cached: bool = False
    """Answered from an earlier same call of the conversation."""

    @property
    def ok(self) -> bool:
        """Whether there is an artefact."""
        return self.artefact is not None


@dataclass(frozen=True)
class Turn:
    """An earlier question of the same conversation and what came of it."""

    question: str
    answer: str
    status: Status
    images: tuple[str, ...]
    """Handles of the pictures it was asked about."""
    made: tuple[str, ...]
    """Handles of the pictures it answered with."""
    calls: tuple[Call, ...]
    """What was run, arguments as planned (handles resolved from ``$id``)."""
    handles: tuple[str, ...]
    """Handle made by each of `calls` ('' where it failed)."""


@dataclass(frozen=True)
class Version:
    """A picture of the conversation: as given, or made from another one."""

    handle: str
    parent: str = ""
    """Handle of the picture it was made from; '' for one that was given."""
    call: Call | None = None
    """What made it."""
    turn: int = 0
    """Number of the question that made it, from 1; 0 for one that was given."""
    shown: bool = True
    """Whether it was given or an answer; else a step on the way to one."""
    stands: bool = False
    """Whether it is what the conversation goes on with now."""


@dataclass(frozen=True)
class Left:
    """What remains of the limits of this turn."""

    steps: int
    calls: int
    seconds: float
    llm_calls: int = 1_000_000
    tokens: int = 1_000_000_000
    pictures: int = 1_000_000
    """That may still be sent to a language model."""
    cost: float = float("inf")


@dataclass(frozen=True)
class View:
    """All a planner gets to see. It does not grow with the number of steps."""

    question: str
    images: tuple[str, ...]
    """Handles of the pictures in question, as the person gave them: first, second …"""
    given: tuple[str, ...]
    """Handles of boxes and points the person drew."""
    results: tuple[Result, ...]
    """The calls of this turn so far."""
    scene: Scene
    tools: tuple[ToolSpec, ...]
    """Those that can fire now."""
    catalog: Catalog
    """All tools and models, ready or not."""
    turns: tuple[Turn, ...]
    """Earlier turns, oldest first."""
    left: Left
    get: Callable[[str], Artefact] = field(repr=False)
    """Artefact of a handle; BadArguments with the valid ones otherwise."""
    kinds: Mapping[str, type[Artefact]] = field(default_factory=dict)
    """Every handle that can be named, with the class of its artefact."""
    names: Mapping[str, str] = field(default_factory=dict)
    """File names of pictures by handle. Not trusted."""
    fresh: bool = True
    """Whether the pictures came with this question, not from an earlier one."""
    clips: tuple[str, ...] = ()
    """Handles of the films in question; the first frame of each is among `images`."""
    versions: tuple[Version, ...] = ()
    """The pictures that edits of earlier turns began from and made, parents first."""
    problem: str = ""
    """Why the last reply was sent back, in one line."""
    bad: int = 0
    """How many replies in a row could not be used."""
    step: int = 1
    """The decision that is asked for, from 1."""
    news: int = 0
    """How many of the last `results` came of the last plan."""
    soon: tuple[ToolSpec, ...] = ()
    """Tools that can fire now or on the results of those: what one plan may hold."""
    shown: frozenset[str] = frozenset()
    """Handles of the pictures that the language model has been sent in this turn."""
    look: tuple[str, ...] = ()
    """Handles that the planner asked to see."""
    usage: Usage = Usage()
    """What this turn has taken of a language model so far."""
    models: Models | None = field(default=None, repr=False)
    """The host, for planners that think with a model of its own."""
    tell: Callable[[Any], None] = field(default=lambda event: None, repr=False)
    """Takes an event that tells people what the planner is about."""

    @property
    def last(self) -> bool:
        """Whether this decision must be the end: what is left is spent after it."""
        left = self.left
        return left.steps <= 1 or left.calls < 1 or left.llm_calls <= 1

    def of_call(self, call_id: str) -> Result | None:
        """The result of a call of this turn."""
        return next((r for r in self.results if r.call.id == call_id), None)


class Planner(Protocol):
    """Decides the next calls, or ends the turn."""

    @property
    def name(self) -> str:
        """By which it is chosen and named in traces."""

    async def decide(self, view: View) -> Plan | Finish:
        """The next plan, or the end.

        Raises:
            PlannerError: no usable reply came; the planner is asked again with the reason.
            Exhausted: it makes no sense to ask again.
            ServerError: the language model cannot be reached, or gives no whole reply.
        """
