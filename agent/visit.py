"""One open page of the web app: its conversation, its files and what is clicked on its picture.

Puts a question to the agent and grows the conversation with the events. Knows nothing of widgets
or HTTP.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from PIL import Image as PilImage

from agent.chat import NO, YES, Turn
from agent.chat_markdown import SHOWABLE, Message
from agent.events import Event
from agent.marks import Marks
from agent.undo import SAYS_BACK
from agent.visitors import Visitors
from tools.errors import OcelliError
from tools.ingest import Film, Limits, watch

log = logging.getLogger("ocelli.app")
MAX_GALLERY = 60
MAX_QUESTION = 4_000
"""Characters."""
MAX_TURNS = 200
"""Questions in one conversation."""
POINTED = Limits(film_frames=2)
"""Of a film only the first frame is pointed at; two make it a film, at the size it is asked at."""
PROGRESS_SECONDS = 0.2
"""How often a bar may move."""


class Asks(Protocol):
    """What the app needs of an agent."""

    def astream(
        self,
        question: str,
        images: Any = ...,
        *,
        boxes: Any = ...,
        points: Any = ...,
        session: str = ...,
    ) -> AsyncGenerator[Event, None]:
        """The events of one question."""

    def amove(self, where: str, session: str = "") -> AsyncGenerator[Event, None]:
        """The events of going to another version of the pictures."""

    def forget(self, session: str) -> None:
        """Delete a conversation."""

    def settle(self, id: str, allowed: bool) -> bool:
        """Answer whether calls may run that the person's words do not order."""


@dataclass
class Visit:
    """What one open page shows. Lives on the server only."""

    visitors: Visitors
    visitor: str
    """Name of the visitor; empty where no guard stands before the app."""
    room: Path
    """Folder of the files this conversation shows."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    """Name of the conversation for the agent: unguessable."""
    turns: list[Turn] = field(default_factory=list)
    uploads: set[str] = field(default_factory=set)
    originals: dict[str, tuple[str, tuple[int, int]]] = field(default_factory=dict)
    """Upload and upright size of each picture, by SHA-256."""
    source: str = ""
    """Upload that is shown for pointing."""
    marks: Marks | None = None
    written: int = 0
    """Files so far: part of their names."""

    @classmethod
    def of(cls, visitors: Visitors, visitor: str) -> Visit:
        """A new conversation."""
        return cls(visitors, visitor, visitors.room())

    @property
    def messages(self) -> list[Message]:
        """All messages of the conversation."""
        return [message for turn in self.turns for message in turn.messages]

    async def ask(self, agent: Asks, question: str, files: list[str]) -> AsyncGenerator[None, None]:
        """Put a question; says each time when there is something new to show."""
        turn = Turn(f"t{len(self.turns) + 1}", self.publish)
        given: dict[str, Any] = {"session": self.id}
        marks = self.marks
        turn.ask(question, files, marks.words() if marks else "")
        self.turns.append(turn)
        self.uploads.update(files)
        yield
        problem = self._problem(question, files)
        if problem:
            turn.fail(problem)
            return
        if marks:
            given |= {"boxes": marks.boxes} if marks.boxes else {}
            given |= {"points": marks.points} if marks.points else {}
            marks.clear()
        stream = agent.astream(question, files, **given)
        async with contextlib.aclosing(_events(stream, turn)) as events:
            async for _ in events:
                yield
        for ref, path in zip(turn.started.images if turn.started else (), files, strict=False):
            self.originals[ref.sha256] = (path, (ref.width, ref.height))

    async def move(self, agent: Asks, where: str) -> AsyncGenerator[None, None]:
        """Undo or redo an edit; as `ask`."""
        turn = Turn(f"t{len(self.turns) + 1}", self.publish, moved=where)
        turn.ask(where.capitalize(), [], "")
        self.turns.append(turn)
        yield
        problem = self._problem(where, [])
        if problem:
            turn.fail(problem)
            return
        async with contextlib.aclosing(_events(agent.amove(where, self.id), turn)) as events:
            async for _ in events:
                yield

    def _problem(self, question: str, files: list[str]) -> str:
        """Why a question cannot be put, '' when it can."""
        if not question:
            return "There is no question. Write what you want to know about the picture."
        if len(question) > MAX_QUESTION:
            return f"The question has more than {MAX_QUESTION} characters. Make it shorter."
        if len(self.turns) > MAX_TURNS:
            return f"This conversation has {MAX_TURNS} questions. Start a new one."
        if not files and not self.uploads:
            return "There is no picture yet. Add one with the paper clip, then ask again."
        return ""

    def stop(self) -> None:
        """Close what was under way when the person stopped it."""
        for turn in self.turns:
            if turn.answer is None and not turn.over:
                turn.stop()

    def settle(self, agent: Asks, said: str) -> None:
        """A button of the open question was pressed; nothing where none is open."""
        turn = next((turn for turn in reversed(self.turns) if turn.consent), None)
        if turn is not None and said in (YES, NO):
            agent.settle(turn.consent, said == YES)

    def point_at(self, path: str) -> None:
        """Take an upload as the picture to point at; one that cannot be read is left out."""
        self.source, self.marks = path, None
        self.uploads.add(path)
        with contextlib.suppress(OcelliError):  # asking about it says what is wrong with it
            shown = watch(path, limits=POINTED)[0]
            self.marks = Marks.on(shown.still() if isinstance(shown, Film) else shown)

    def marked(self) -> str | None:
        """Path of the picture to point at, with its marks."""
        if self.marks is None:
            return None
        path = self.marks.draw(self.room, self._next_name("marks.png"))
        self.visitors.give(self.visitor, path)
        return path

    def publish(self, path: str) -> str:
        """Copy a written file to where this visitor, and nobody else, may fetch it."""
        target = str(self.room / self._next_name(Path(path).name))
        shutil.copyfile(path, target)
        self.visitors.give(self.visitor, target)
        return target

    def _next_name(self, name: str) -> str:
        self.written += 1
        return f"{self.written:04d}-{name}"

    def close(self, agent: Asks) -> None:
        """Delete the conversation and its files."""
        if self.turns:
            with contextlib.suppress(OcelliError):  # the files go all the same
                agent.forget(self.id)
        runs = [Path(t.answer.trace).parent for t in self.turns if t.answer and t.answer.trace]
        self.visitors.discard(self.visitor, self.uploads, [self.room, *runs])

    @property
    def report(self) -> str | None:
        """Path of the last report."""
        return next((turn.report for turn in reversed(self.turns) if turn.report), None)

    def pictures(self) -> list[tuple[str, str]]:
        """(path, caption) of what the answers showed, newest first."""
        found = []
        for turn in reversed(self.turns):
            found += [(path, "Answer") for path in turn.pictures]
            found += [(turn.overlay, "Evidence")] if turn.overlay else []
        return found[:MAX_GALLERY]

    def can_move(self) -> tuple[bool, bool]:
        """Whether there may be an edit to undo, and one to redo."""
        back = forth = 0
        for number, turn in enumerate(self.turns, 1):
            worked = turn.answer is not None and turn.answer.status == "answered"
            if turn.moved == "undo":
                back, forth = (max(0, back - 1), forth + 1) if worked else (0, forth)
            elif turn.moved:
                back, forth = (back + 1, max(0, forth - 1)) if worked else (back, 0)
            elif turn.given:
                back, forth = len(turn.pictures[:1]), 0
            elif turn.pictures:  # an edit, or words that go back by any number of edits
                said = SAYS_BACK.search(turn.question)
                back, forth = (number, number) if said else (back + 1, 0)
        return back > 0, forth > 0

    def before_after(self) -> tuple[str, str] | None:
        """The original and the last answer's first picture, where they have one size."""
        if not self.turns or not self.turns[-1].pictures or not self.originals:
            return None
        turn = self.turns[-1]
        asked = turn.started.images if turn.started else ()
        known = [self.originals[i.sha256] for i in asked if i.sha256 in self.originals]
        path, size_wh = known[0] if known else list(self.originals.values())[-1]
        cited = {row.id for row in turn.answer.evidence} if turn.answer and turn.moved else set()
        if cited & {image.handle for image in asked}:
            return None  # everything was undone
        with PilImage.open(turn.pictures[0]) as after:  # written by us; only its header is read
            same = after.size == size_wh
        return (path, turn.pictures[0]) if same and Path(path).suffix.lower() in SHOWABLE else None


async def _events(stream: AsyncGenerator[Event, None], turn: Turn) -> AsyncGenerator[None, None]:
    """Feed the turn with the events of the agent."""
    shown_at = 0.0
    try:
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                turn.add(event)
                now = time.monotonic()
                if event.type != "call_progress" or now - shown_at > PROGRESS_SECONDS:
                    shown_at = now
                    yield
    except OcelliError as error:
        turn.fail(error.line())
    except Exception as error:  # the last guard of the page: a line for the visitor, all to the log
        log.exception("a question failed")
        name = type(error).__name__
        turn.fail(f"Something broke inside ({name}). Ask again; the server's log says more.")
