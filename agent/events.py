"""The one union of events that a run is made of: streamed, written as JSON lines, read back.

Small frozen records; artefacts by handle and hash, never pixels. The app, the command line, the
evaluator and the report are folds over these. Knows nothing of who makes or reads them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.protocol import Call, Status, Usage


class Base(BaseModel):
    """What every event has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    """UTC."""
    step: int = 0
    """The planner's decision it belongs to, from 1; 0 before the first."""


class ImageRef(BaseModel):
    """A picture of the question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    handle: str
    sha256: str
    width: int
    height: int
    name: str = ""
    """File name. Not trusted."""
    note: str = ""
    """What ingest has to say: ``first of 12 frames``, ``page 2 of 3``."""


class Preparing(Base):
    """Something takes long before the run begins: the pictures of a folder are looked at."""

    type: Literal["preparing"] = "preparing"
    message: str
    share: float
    """Of the work that is done, 0 to 1."""


class RunStarted(Base):
    """A question was accepted."""

    type: Literal["run_started"] = "run_started"
    run: str
    """Id of the run: the name of its folder."""
    session: str
    question: str
    images: tuple[ImageRef, ...]
    given: dict[str, list[list[float]]] = {}
    """Boxes and points the person drew, by handle, root pixels."""
    settings: dict[str, Any] = {}
    versions: dict[str, str] = {}


class PlanMade(Base):
    """The planner asked for calls."""

    type: Literal["plan_made"] = "plan_made"
    thought: str
    calls: tuple[Call, ...]
    """As the planner said them."""
    look: tuple[str, ...] = ()
    """Handles that it wants to see."""
    planner: str
    seconds: float
    usage: Usage = Usage()
    """What the decision took of a language model."""


class Thinking(Base):
    """The planner thinks aloud; each says all there is so far."""

    type: Literal["thinking"] = "thinking"
    text: str


class Routed(Base):
    """Which way a question goes, and why."""

    type: Literal["routed"] = "routed"
    route: str
    """``chain`` of experts, ``direct`` to the multimodal model, or ``checked``: both."""
    why: str
    features: dict[str, str] = {}
    """What the choice was made by."""


class FellBack(Base):
    """A way was given up and the next one is taken."""

    type: Literal["fell_back"] = "fell_back"
    given_up: str
    taken: str
    why: str


class ConsentAsked(Base):
    """A call changes or sends something that the person's own words do not ask for."""

    type: Literal["consent_asked"] = "consent_asked"
    id: str
    """To answer by."""
    calls: tuple[Call, ...]
    why: str


class ConsentGiven(Base):
    """What the person said to it."""

    type: Literal["consent_given"] = "consent_given"
    id: str
    allowed: bool
    by: str
    """``person``, ``setting`` or ``nobody`` where there was none to ask."""


class Repaired(Base):
    """The check changed a plan: filled an argument or inserted a call."""

    type: Literal["repaired"] = "repaired"
    call: str
    note: str


class CallStarted(Base):
    """A tool began."""

    type: Literal["call_started"] = "call_started"
    call: Call
    """Arguments with ``$id`` resolved to handles."""


class CallProgress(Base):
    """A tool is under way."""

    type: Literal["call_progress"] = "call_progress"
    call: str
    message: str
    share: float
    sketch: str = ""
    """Path of a small picture of what is there so far."""


class CallFinished(Base):
    """A tool made an artefact."""

    type: Literal["call_finished"] = "call_finished"
    call: str
    tool: str
    handle: str
    kind: str
    """Class name of the artefact."""
    sha256: str
    """Where the store keeps it."""
    text: str
    """Its ``describe()``."""
    model: str = ""
    seconds: float = 0.0
    cached: bool = False
    """Answered from an earlier same call."""
    entities: tuple[int, ...] = ()
    """Scene numbers of its rows."""


class CallFailed(Base):
    """A tool made nothing; the planner is told."""

    type: Literal["call_failed"] = "call_failed"
    call: str
    tool: str
    kind: str
    """Class name in ``tools.errors``, or ``Stale``."""
    message: str
    seconds: float = 0.0


class HostEvent(Base):
    """A model was loaded, evicted, waited for, retried or gave up."""

    type: Literal["host"] = "host"
    what: str
    model: str
    note: str = ""


class SentBack(Base):
    """A reply of the planner could not be used as it was."""

    type: Literal["sent_back"] = "sent_back"
    problem: str


class LimitHit(Base):
    """A limit ended the turn."""

    type: Literal["limit_hit"] = "limit_hit"
    limit: str


class EntityRecord(BaseModel):
    """Evidence as contract C3 prints it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """``#3`` or a handle."""
    label: str
    box: tuple[float, float, float, float] | None
    score: float | None
    text: str | None
    image: str
    """Handle of the picture it is in."""
    sources: tuple[str, ...]
    """Tools and models that saw it."""


class AnswerGiven(Base):
    """The end of the turn."""

    type: Literal["answer_given"] = "answer_given"
    text: str
    status: Status
    evidence: tuple[EntityRecord, ...] = ()
    unsupported: tuple[str, ...] = ()
    """Claims of the answer that no witness bears."""
    images: tuple[str, ...] = ()
    """Paths of the pictures that were written."""
    overlay: str = ""
    """Path of the first picture with the numbered evidence drawn over it."""
    steps: int = 0
    usage: Usage = Usage()
    """What the turn took of a language model."""
    seconds: float = 0.0
    trace: str = ""
    """Path of ``trace.jsonl``."""
    report: str = ""
    """Path of ``report.html``."""


Event = Annotated[
    Preparing | RunStarted | Routed | Thinking | PlanMade | Repaired | ConsentAsked | ConsentGiven | CallStarted | CallProgress | CallFinished | CallFailed
    | FellBack | HostEvent | SentBack | LimitHit | AnswerGiven,
    Field(discriminator="type"),
]  # fmt: skip

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads and writes any event."""
