"""The steps of a run as its report shows them: decisions, their calls, and what was noted beside them.

A fold over the events. Knows nothing of pages, evidence or artefacts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent import told
from agent.embed import file_address
from agent.events import (
    CallFailed,
    CallFinished,
    CallProgress,
    CallStarted,
    ConsentAsked,
    ConsentGiven,
    Event,
    FellBack,
    HostEvent,
    LimitHit,
    PlanMade,
    Repaired,
    Routed,
    SentBack,
)
from agent.protocol import Call

ARGUMENT_CHARS = 80


@dataclass
class Step:
    """One decision of the planner and what came of it."""

    number: int
    plan: PlanMade | None = None
    calls: list[Shown] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Shown:
    """One call as it is shown."""

    id: str
    tool: str
    arguments: list[tuple[str, str]]
    text: str = ""
    handle: str = ""
    model: str = ""
    failed: str = ""
    cached: bool = False
    seconds: float = 0.0
    share: float = 0.0
    """Of the longest call, in percent."""
    notes: list[str] = field(default_factory=list)
    sketch: str = ""
    """Data address of the last picture that it showed while it ran."""


def steps_of(events: Sequence[Event]) -> list[Step]:
    """The steps in which something was planned, called or noted, each call against the longest."""
    steps: dict[int, Step] = {}
    for event in events:
        if event.step:
            _note(steps.setdefault(event.step, Step(event.step)), event)
    longest = max((c.seconds for s in steps.values() for c in s.calls), default=0.0) or 1.0
    for step in steps.values():
        for call in step.calls:
            call.share = max(0.5, 100 * call.seconds / longest)
    return [s for s in steps.values() if s.plan or s.notes or s.calls]


def _note(step: Step, event: Event) -> None:
    match event:
        case PlanMade():
            step.plan = event
            step.calls = [_shown(c) for c in event.calls]
        case SentBack() | LimitHit() | Routed() | FellBack() | ConsentGiven():
            step.notes += [line for line in (told.line(event),) if line]
        case ConsentAsked():
            held = told.held_back(event, step.plan.calls if step.plan else ())
            step.notes.append("; ".join((told.line(event), *held)))
        case HostEvent():
            step.notes.append(f"{event.model} {event.what}" + (event.note and f" ({event.note})"))
        case Repaired():
            _call(step, event.call).notes.append(event.note)
        case CallStarted():
            call = _call(step, event.call.id)
            call.tool, call.arguments = event.call.tool, _arguments(event.call.args)
        case CallProgress() if event.sketch:
            _call(step, event.call).sketch = file_address(event.sketch)
        case CallFailed():
            call = _call(step, event.call)
            call.tool, call.failed = event.tool, f"{event.kind}: {event.message}"
            call.seconds = event.seconds
        case CallFinished():
            call = _call(step, event.call)
            call.tool, call.text, call.handle = event.tool, event.text, event.handle
            call.model, call.cached, call.seconds = event.model, event.cached, event.seconds


def _shown(call: Call) -> Shown:
    return Shown(call.id, call.tool, _arguments(call.args))


def _call(step: Step, name: str) -> Shown:
    found = next((c for c in step.calls if c.id == name), None)
    if found is None:
        found = Shown(name, "", [])
        step.calls.append(found)
    return found


def _arguments(args: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _short(value)) for name, value in args.items() if value is not None]


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        text = ", ".join(str(v) for v in value)
    else:
        text = str(value)
    return text if len(text) <= ARGUMENT_CHARS else text[: ARGUMENT_CHARS - 1] + "…"
