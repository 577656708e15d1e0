"""What passes between the loop and a planner: it reads a View and returns a Plan or a Finish.

A planner never runs tools, touches models or parses results; it speaks in handles. ``img1`` and
``boxes2`` are artefacts, ``#4`` is an entity of the scene, ``$a`` is the result of the call with
id ``a`` of the same plan. Knows nothing of LangGraph, stores or hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from agent.scene import Scene
from tools.catalog import Catalog, ToolSpec
from tools.types import Artefact

Status = Literal["answered", "cannot", "failed"]


class Call(BaseModel):
    """One tool call of a plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    """Unique within the plan; ``$id`` in another call's arguments means this call's result."""
    tool: str
    args: dict[str, Any] = {}
    """Plain values, or handles (``img1``, ``#4``, ``$id``) where the tool takes an artefact."""


class Plan(BaseModel):
    """A small DAG of calls. Those that do not wait for one another run together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: tuple[Call, ...] = Field(min_length=1, max_length=24)
    thought: str = ""
    """Why, for people."""
    llm_calls: int = 0
    """Requests to a language model that this decision took."""


class Finish(BaseModel):
    """The end of a turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    """The answer, with cites in square brackets: ``[#1 #2]`` entities, ``[table1]`` artefacts."""
    status: Status = "answered"
    images: tuple[str, ...] = ()
    """Handles of pictures that are part of the answer."""
    llm_calls: int = 0
    """Requests to a language model that this decision took."""


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
class Left:
    """What remains of the limits of this turn."""

    steps: int
    calls: int
    seconds: float


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
    problem: str = ""
    """Why the last reply was sent back, in one line."""

    def of_call(self, call_id: str) -> Result | None:
        """The result of a call of this turn."""
        return next((r for r in self.results if r.call.id == call_id), None)


class Planner(Protocol):
    """Decides the next calls, or ends the turn."""

    name: str

    async def decide(self, view: View) -> Plan | Finish:
        """The next plan, or the end.

        Raises:
            PlannerError: no usable reply came.
        """
