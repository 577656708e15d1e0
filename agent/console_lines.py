"""What a terminal says of each event of a run, as lines of plain text that are safe to print.

Knows nothing of what moves, or of where the lines go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent import told
from agent.events import (
    AnswerGiven,
    CallFinished,
    ConsentAsked,
    ConsentGiven,
    EntityRecord,
    Event,
    FellBack,
    HostEvent,
    LimitHit,
    PlanMade,
    Preparing,
    Repaired,
    Routed,
    RunStarted,
    SentBack,
)
from agent.protocol import Call
from agent.words import clean

MAX_EVIDENCE = 12
"""Rows of evidence shown; the report has all."""
MAX_WORDS = 160
"""Characters of a result shown in one line."""
MAX_NOTE = 300
"""Characters of a line about a turn of the run."""
INDENT = "   "


def short(text: str, limit: int = MAX_WORDS) -> str:
    """`text` on one line, safe, cut at `limit` characters."""
    line = clean(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def call_words(call: Call) -> str:
    """A call as people read it: ``crop(image=img1, region=$a)``."""
    args = ", ".join(f"{name}={value}" for name, value in call.args.items())
    return short(f"{call.tool}({args})")


def notes(event: Event) -> Iterator[tuple[str, str]]:
    """The (style, line) pairs of an event that is no call and no answer."""
    match event:
        case RunStarted():
            for image in event.images:
                name = f" {image.name}" if image.name else ""
                note = f" ({image.note})" if image.note else ""
                size = f"{image.width}×{image.height} px"
                yield "dim", short(f"{image.handle}:{name} {size}{note}")
        case Preparing():
            yield "dim", short(event.message)
        case PlanMade():
            yield "bold", short(f"{event.step}. {event.thought or 'next step'}")
            for line in event.usage.retries:
                yield "yellow", INDENT + short(f"asked again: {line}")
        case Repaired():
            yield "dim", INDENT + short(f"completed: {event.note}")
        case HostEvent():
            yield "dim", INDENT + short(told.line(event))
        case Routed() if event.route != "chain":
            yield "dim", short(told.line(event))
        case SentBack() | LimitHit() | FellBack() | ConsentAsked() | ConsentGiven():
            yield "yellow", INDENT + short(told.line(event), MAX_NOTE)


def finished_words(event: CallFinished) -> str:
    """What a call found, by whom and how fast."""
    by = f" by {event.model}" if event.model else ""
    how = "known already" if event.cached else f"{event.seconds:.2f} s"
    return f"{event.handle}: {short(event.text)}{clean(by)} ({how})"


def place(record: EntityRecord) -> str:
    """The box of a piece of evidence in whole pixels."""
    return ",".join(f"{v:.0f}" for v in record.box) if record.box else ""


def closing(answer: AnswerGiven) -> list[str]:
    """What is said below the evidence: doubts, pictures, where to read on, and the cost."""
    lines = [f"not borne out by what was seen: {short(claim)}" for claim in answer.unsupported]
    more = len(answer.evidence) - MAX_EVIDENCE
    if more > 0:
        lines.append(f"{more} more pieces of evidence are in the report")
    lines += [f"picture: {clean(path)}" for path in answer.images]
    if answer.report:
        lines.append(f"report:  {clean(answer.report)}")
    return [*lines, f"{answer.status}: {told.summary(answer)}"]


def before(plan: Sequence[Call], asked: ConsentAsked) -> list[str]:
    """The calls of a plan that wait with those that are held back."""
    held = {call.id for call in asked.calls}
    return [f"{INDENT}${c.id} = {call_words(c)}, to come" for c in plan if c.id not in held]
