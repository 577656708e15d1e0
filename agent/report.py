"""The report of a run: one HTML file that needs nothing else, made of the run's events.

Every text is escaped and stripped of control characters, pictures are small data addresses, and
the page may load nothing. Highlighting is plain CSS. Knows nothing of how a run is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from agent import told
from agent.cites import CITE, cites_in
from agent.claims import is_cite
from agent.embed import file_address, picture_address, thumbnail
from agent.events import (
    AnswerGiven,
    CallFailed,
    CallFinished,
    CallProgress,
    CallStarted,
    ConsentAsked,
    ConsentGiven,
    EntityRecord,
    Event,
    FellBack,
    HostEvent,
    LimitHit,
    PlanMade,
    Repaired,
    Routed,
    RunStarted,
    SentBack,
)
from agent.moving import clip_address
from agent.protocol import Call
from agent.scene import Scene
from tools.draw import colour_of
from tools.tracks import is_track
from tools.types import Artefact, Clip, Image, Table

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).parent / "templates" / "report.html"
ROWS = 80
"""Pieces of evidence shown at most."""
TRACK_ROWS = 200
"""Rows of a followed thing shown at most."""
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


@dataclass(frozen=True)
class Row:
    """One piece of evidence as it is shown."""

    record: EntityRecord
    key: str
    """For addresses within the page: ``e3``, ``table1``."""
    colour: str
    thumb: str
    """Data address."""


@dataclass(frozen=True)
class Figure:
    """A picture with its numbered boxes."""

    handle: str
    name: str
    width: int
    height: int
    source: str
    """Data address."""
    rows: tuple[Row, ...]
    unit: float
    """Size of a number in pixels of the picture."""
    note: str = ""


def clean(value: Any) -> Any:
    """Text without control, escape and direction characters; the rest unchanged."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=clean, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.from_string(TEMPLATE.read_text("utf-8"))


def render(
    events: Sequence[Event],
    get: Callable[[str], Artefact],
    made: Sequence[str] = (),
    scene: Scene | None = None,
) -> str:
    """The page.

    Args:
        events: Of one run, `RunStarted` first and `AnswerGiven` last.
        get: Artefact of a handle.
        made: Handles of the pictures the run answered with.
        scene: What was known at the end.
    """
    start, end = events[0], events[-1]
    assert isinstance(start, RunStarted)
    assert isinstance(end, AnswerGiven)
    rows = [_row(r, get) for r in end.evidence[:ROWS]]
    steps = _steps(events)
    handles = {c.handle for s in steps for c in s.calls if c.handle}
    return _template().render(
        start=start,
        end=end,
        answer=list(_pieces(end.text, {r.record.id for r in rows})),
        rows=rows,
        hidden=max(0, len(end.evidence) - ROWS),
        figures=_figures(start, rows, get),
        edits=list(_edits(made, start, get)),
        tracks=list(_tracks(steps, get)),
        steps=steps,
        facts=[f for f in (scene.facts if scene else ()) if f.handle in handles],
        limits=[e.limit for e in events if isinstance(e, LimitHit)],
        models=_models(events),
        took=_duration,
    )


def _pieces(text: str, known: set[str]) -> Iterator[tuple[str, list[str]]]:
    """The answer cut at its cites: (text, handles cited after it)."""
    at = 0
    for match in CITE.finditer(text):
        cites = cites_in(match[1])
        if all(is_cite(c) for c in cites) and known.intersection(cites):
            yield text[at : match.start()], cites
            at = match.end()
    yield text[at:], []


def key_of(cite: str) -> str:
    """The address within the page of what is cited."""
    return f"e{cite[1:]}" if cite.startswith("#") else cite


def _row(record: EntityRecord, get: Callable[[str], Artefact]) -> Row:
    number = int(record.id[1:]) if record.id.startswith("#") else 0
    red, green, blue = colour_of(number)[:3]
    thumb = ""
    picture = get(record.image) if record.image else None
    if isinstance(picture, Image):
        box = record.box or (0, 0, picture.width, picture.height)
        thumb = thumbnail(picture, box)
    return Row(record, key_of(record.id), f"rgb({red} {green} {blue})", thumb)


def _figures(
    start: RunStarted, rows: Sequence[Row], get: Callable[[str], Artefact]
) -> list[Figure]:
    refs = {i.handle: i for i in start.images}
    others = dict.fromkeys(r.record.image for r in rows if r.record.image and r.record.box)
    figures = []
    for handle in dict.fromkeys([*refs, *others]):
        picture = get(handle)
        if not isinstance(picture, Image):
            continue
        own = tuple(r for r in rows if r.record.image == handle and r.record.box)
        unit = max(picture.size_wh) * (
            0.03 if len(own) <= 8 else 0.022 if len(own) <= 24 else 0.016
        )
        ref = refs.get(handle)
        name = ref.name if ref else ""
        note = ref.note if ref else ""
        source = picture_address(picture)
        figures.append(
            Figure(handle, name, picture.width, picture.height, source, own, unit, note)
        )  # fmt: skip
    return sorted(figures, key=lambda f: not f.rows)


def _edits(
    made: Sequence[str], start: RunStarted, get: Callable[[str], Artefact]
) -> Iterator[dict[str, Any]]:
    """Pictures of the answer, each with the picture it was made of."""
    asked = [i.handle for i in start.images]
    for handle in made:
        after = get(handle)
        if isinstance(after, Clip):
            yield _film(handle, after)
        if not isinstance(after, Image):
            continue
        roots = [(h, get(h)) for h in asked]
        before = next(
            ((h, i) for h, i in roots if isinstance(i, Image) and i.frame.root == after.frame.root),
            None,
        )
        yield {
            "handle": handle,
            "size": f"{after.width} × {after.height} px",
            "after": picture_address(after),
            "before": picture_address(before[1]) if before and before[0] != handle else "",
            "of": before[0] if before else "",
        }


def _film(handle: str, clip: Clip) -> dict[str, Any]:
    """A clip of the answer, as a moving picture."""
    frames, height, width, _ = clip.frames.shape
    size = f"{width} × {height} px, {frames} frames"
    return {"handle": handle, "size": size, "after": clip_address(clip), "before": "", "of": ""}


def _tracks(
    steps: Sequence[Step], get: Callable[[str], Artefact]
) -> Iterator[tuple[str, Table, int]]:
    """What was followed through films: handle, the rows that are shown, how many are not."""
    for handle in dict.fromkeys(c.handle for s in steps for c in s.calls if c.handle):
        table = get(handle)
        if isinstance(table, Table) and is_track(table):
            shown = Table(table.columns, table.rows[:TRACK_ROWS])
            yield handle, shown, len(table) - len(shown)


def _steps(events: Sequence[Event]) -> list[Step]:
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


def _models(events: Sequence[Event]) -> list[str]:
    found = (e.model for e in events if isinstance(e, CallFinished) and e.model)
    return sorted({name for names in found for name in names.split(", ")})


def _duration(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
