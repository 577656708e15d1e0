"""A run as it is seen in a terminal: a fold over its events.

``LiveView`` shows thoughts, running tools and results as they come, then the answer with its
evidence; ``PlainView`` writes the same as lines for pipes and logs. All text that people, files,
pictures or models wrote is made safe first and never read as markup. Knows nothing of agents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import IO, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from agent.console_lines import (
    MAX_EVIDENCE,
    before,
    call_words,
    closing,
    finished_words,
    notes,
    place,
    short,
)
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
    PlanMade,
    Preparing,
    RunStarted,
    SentBack,
    Thinking,
)
from agent.protocol import Call
from agent.words import clean, clean_lines

MAX_THOUGHT = 240
"""Characters, the latest, of a thought that is under way."""


class View(Protocol):
    """Shows the events of a run as they come. A context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...  # fmt: skip

    def show(self, event: Event) -> None:
        """Take note of one event."""


class PlainView:
    """Lines without colours or movement."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self._calls: dict[str, Call] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.out.flush()

    def show(self, event: Event) -> None:
        """Write the lines of one event."""
        for line in self._lines(event):
            self.out.write(line + "\n")
        self.out.flush()

    def _lines(self, event: Event) -> Iterator[str]:
        match event:
            case CallStarted():
                self._calls[event.call.id] = event.call
            case CallFinished() | CallFailed():
                call = self._calls.get(event.call)
                words = call_words(call) if call else event.tool
                if isinstance(event, CallFinished):
                    yield f"   {words} -> {finished_words(event)}"
                else:
                    yield f"   {words} failed: {short(event.message)}"
            case AnswerGiven():
                yield from ("", *clean_lines(event.text), "")
                for record in event.evidence[:MAX_EVIDENCE]:
                    parts = (
                        record.id,
                        record.label,
                        record.text or "",
                        place(record),
                        record.image,
                    )
                    yield "  " + "  ".join(short(part) for part in parts if part)
                yield from closing(event)
            case _:
                if isinstance(event, PlanMade):
                    self._calls |= {call.id: call for call in event.calls}
                yield from (line for _, line in notes(event))


class LiveView:
    """Colours, spinners for what is under way, and a table of the evidence."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._running: dict[str, tuple[Call, Spinner]] = {}
        self._plan: dict[str, Call] = {}
        self._held: ConsentAsked | None = None
        self._thought = Spinner("dots", Text(" getting ready", "dim"))
        self._live = Live(
            console=console, transient=True, refresh_per_second=12, get_renderable=self._now
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        """Print what is over, spin what is not."""
        match event:
            case Preparing():
                self._think(f"{event.message} ({event.share:.0%})")
            case Thinking():
                self._think(event.text)
            case CallStarted():
                spinner = Spinner("dots", Text(f" {call_words(event.call)}", "cyan"))
                self._running[event.call.id] = event.call, spinner
            case CallProgress():
                self._progress(event)
            case CallFinished():
                words = self._over(event.call, event.tool)
                self._print(("green", " ✓ "), ("cyan", words), ("", f" {finished_words(event)}"))
            case CallFailed():
                words = self._over(event.call, event.tool)
                self._print(("red", " ✗ "), ("cyan", words), ("", f" {short(event.message)}"))
            case AnswerGiven():
                self._live.stop()
                self._answer(event)
            case _:
                self._noted(event)

    def _noted(self, event: Event) -> None:
        """Print the lines of an event that is no call and no answer."""
        if isinstance(event, ConsentAsked):
            self._live.stop()  # the person types where it would move
            for line in before([*self._plan.values()], event):
                self._print(("dim", line))
            self._held = event
            return
        if isinstance(event, ConsentGiven) and self._held and event.by != "person":
            self._print(*(("yellow", line) for _, line in notes(self._held)))
        if isinstance(event, PlanMade):
            self._plan = {call.id: call for call in event.calls}
        if isinstance(event, RunStarted | PlanMade | SentBack | FellBack):
            self._think("")
        for style, line in notes(event):
            self._print((style, line))
        if isinstance(event, ConsentGiven):
            self._live.start()

    def _think(self, text: str) -> None:
        words = clean(" ".join(text.split()))
        words = words if len(words) <= MAX_THOUGHT else "…" + words[1 - MAX_THOUGHT :]
        self._thought.update(text=Text(f" {words or 'thinking'}", "dim italic"))

    def _now(self) -> RenderableType:
        spinners = [spinner for _, spinner in self._running.values()]
        return Group(*(spinners or [self._thought]))

    def _over(self, call_id: str, tool: str) -> str:
        started = self._running.pop(call_id, None)
        call = started[0] if started else self._plan.get(call_id)
        return call_words(call) if call else tool

    def _progress(self, event: CallProgress) -> None:
        if event.call in self._running:
            call, spinner = self._running[event.call]
            said = f" {call_words(call)} {short(event.message)} {event.share:.0%}"
            spinner.update(text=Text(said, "cyan"))

    def _print(self, *parts: tuple[str, str]) -> None:
        with self._live._lock:  # else a refresh comes between and leaves a stale line
            self.console.print(Text.assemble(*((words, style) for style, words in parts)))

    def _answer(self, event: AnswerGiven) -> None:
        colour = {"answered": "green", "cannot": "yellow", "failed": "red"}[event.status]
        body = Text("\n".join(clean_lines(event.text)), f"bold {colour}")
        self.console.print(Padding(body, (1, 2)))
        if event.evidence:
            self.console.print(evidence_table(event.evidence))
        for line in closing(event):
            self.console.print(Text(line, "dim"), soft_wrap=True)


def evidence_table(evidence: Sequence[EntityRecord]) -> Table:
    """The first pieces of evidence, one a row."""
    rows = [
        (r.id, short(r.label, 40), short(r.text or "", 60), place(r),
         "" if r.score is None else f"{r.score:.2f}", r.image, short(", ".join(r.sources), 40))
        for r in evidence[:MAX_EVIDENCE]
    ]  # fmt: skip
    return text_table(("", "what", "reads", "box x1,y1,x2,y2", "score", "in", "seen by"), rows)


def text_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    style: Callable[[int, int], str] = lambda row, column: "",
) -> Table:
    """A table of plain text: no cell is read as markup; empty columns are left out."""
    kept = [n for n, _ in enumerate(columns) if any(row[n] for row in rows) or not rows]
    table = Table(
        box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0), show_header=any(columns)
    )
    for n in kept:
        table.add_column(columns[n], overflow="fold")
    for y, row in enumerate(rows):
        table.add_row(*(Text(clean(row[n]), style(y, n)) for n in kept))
    return table


def view_for(out: IO[str]) -> View:
    """The view that suits a stream: live on a terminal, lines elsewhere."""
    return LiveView(Console(file=out)) if out.isatty() else PlainView(out)
