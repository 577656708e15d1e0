"""The report of a run: one HTML file that needs nothing else, made of the run's events.

Every text is escaped and stripped of control characters, pictures are small data addresses, and
the page may load nothing. Highlighting is plain CSS. What it shows is gathered in
``report_steps.py`` and ``report_pictures.py``. Knows nothing of how a run is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from agent.cites import CITE, cites_in
from agent.claims import is_cite
from agent.events import AnswerGiven, CallFinished, Event, LimitHit, RunStarted
from agent.report_pictures import Row, edits_of, figures_of, row_of, tracks_of
from agent.report_steps import Step, steps_of
from agent.scene import Scene
from tools.types import Artefact

if TYPE_CHECKING:
    from jinja2 import Template


TEMPLATE = Path(__file__).parent / "templates" / "report.html"
ROWS = 80
"""Pieces of evidence shown at most."""


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
    rows = [row_of(r, get) for r in end.evidence[:ROWS]]
    steps = steps_of(events)
    handles = {c.handle for s in steps for c in s.calls if c.handle}
    return _template().render(
        start=start,
        end=end,
        answer=list(_pieces(end.text, _places(rows, steps))),
        rows=rows,
        hidden=max(0, len(end.evidence) - ROWS),
        figures=figures_of(start, rows, get),
        edits=list(edits_of(made, start, get)),
        tracks=list(tracks_of(steps, get)),
        steps=steps,
        facts=[f for f in (scene.facts if scene else ()) if f.handle in handles],
        limits=[e.limit for e in events if isinstance(e, LimitHit)],
        models=_models(events),
        took=_duration,
    )


def _places(rows: Sequence[Row], steps: Sequence[Step]) -> dict[str, str]:
    """Where in the page stands what an answer cites: its box, its row, or the call it came from."""
    calls = {
        call.handle: f"s{step.number}-{place}"
        for step in reversed(steps)
        for place, call in enumerate(step.calls, 1)
        if call.handle
    }
    return calls | {r.record.id: r.key if r.record.box else f"row-{r.key}" for r in rows}


def _pieces(text: str, places: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The answer cut at its cites: text, and each cite behind it with its place ('' for none)."""
    at = 0
    for match in CITE.finditer(text):
        cites = cites_in(match[1])
        if all(is_cite(c) for c in cites) and places.keys() & cites:
            yield text[at : match.start()], [(c, places.get(c, "")) for c in cites]
            at = match.end()
    yield text[at:], []


def _models(events: Sequence[Event]) -> list[str]:
    found = (e.model for e in events if isinstance(e, CallFinished) and e.model)
    return sorted({name for names in found for name in names.split(", ")})


def _duration(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
