"""The agent: takes questions about pictures and runs them to an answer with its evidence.

``astream()`` is the one implementation; ``aask``, ``ask`` and ``stream`` are folds of it. An agent
may be shared by threads and tasks: all questions run in one loop in the background, those of one
conversation one after the other. Knows nothing of how questions are understood.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from agent import between
from agent.answer import Answer, Fold
from agent.asking import Images
from agent.background import Background
from agent.consent import Asks, Desk
from agent.engine import Engine
from agent.events import Event
from agent.folders import kept_pictures
from agent.given import Given
from agent.planners import make
from agent.protocol import Planner, Version
from agent.settings import Settings
from tools.catalog import Catalog, discover
from tools.context import Models
from tools.profiles import load_profile
from tools.types import Image

__all__ = ["Agent", "Answer", "Fold"]


class Agent:
    """Answers questions about pictures. Safe to share; close it, or use it as a context."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        planner: Planner | None = None,
        catalog: Catalog | None = None,
        host: Models | None = None,
        consent: Asks | None = None,
    ) -> None:
        """Set an agent up; nothing is loaded before the first question.

        Args:
            settings: What a person may choose; the defaults where there are none.
            planner: In place of the one the settings name.
            catalog: In place of all tools and models that are found.
            host: In place of a host made from the profile; it is not closed with the agent.
            consent: Says whether calls may run that change or send what the person's own words do
                not order: a function of the event `ConsentAsked`, plain or asynchronous, that
                answers with True or False; or a `Desk`, where whoever follows the events calls
                `settle`. Without it they are refused, unless the settings allow them.

        Raises:
            ConfigError: the planner or the profile is unknown.
        """
        self.settings = settings = settings or Settings()
        self.catalog = catalog or discover()
        self.profile = load_profile(settings.profile)
        self.planner = planner or make(settings.planner, settings)
        self._background = Background()
        self._engine = Engine(settings, self.planner, self.catalog, self.profile, host, consent)

    async def astream(
        self,
        question: str,
        images: Images = (),
        *,
        boxes: Given = None,
        points: Given = None,
        session: str = "",
        folder: str | Path = "",
    ) -> AsyncGenerator[Event, None]:
        """Ask; the events of the run as they happen, `AnswerGiven` last.

        Without pictures the conversation goes on with those it is about. A conversation that
        is not named is a new one where there are pictures, else the agent's latest.

        Args:
            question: In plain words.
            images: Paths, bytes, Pillow pictures, arrays or addresses; one or several.
            boxes: xyxy boxes the person drew on the first picture, in its pixels, or a mapping
                from the picture's index to its boxes.
            points: xy points, likewise.
            session: Name of the conversation.
            folder: The few pictures of this folder that are most like the first picture, or fit the
                words best where there is none, join the question.

        Raises:
            InputError: a picture, box, point or folder cannot be used; nothing was run.
            MissingModel: there is a folder, and no model that compares pictures is ready.
            ConfigError: the run cannot be written, or the conversations are damaged.
        """
        work = self._engine.work(question, images, boxes, points, session, folder)
        async with contextlib.aclosing(self._background.astream(lambda: work)) as events:
            async for event in events:
                yield event

    async def aask(
        self,
        question: str,
        images: Images = (),
        *,
        boxes: Given = None,
        points: Given = None,
        session: str = "",
        folder: str | Path = "",
    ) -> Answer:
        """Ask; the answer. Arguments and errors as for `astream`."""
        work = self._engine.work(question, images, boxes, points, session, folder)
        async with contextlib.aclosing(self._background.astream(lambda: folded(work))) as answers:
            return await anext(answers)

    def stream(
        self,
        question: str,
        images: Images = (),
        *,
        boxes: Given = None,
        points: Given = None,
        session: str = "",
        folder: str | Path = "",
    ) -> Iterator[Event]:
        """Ask from plain code; the events. Arguments and errors as for `astream`."""
        work = self._engine.work(question, images, boxes, points, session, folder)
        return self._background.stream(lambda: work)

    def ask(
        self,
        question: str,
        images: Images = (),
        *,
        boxes: Given = None,
        points: Given = None,
        session: str = "",
        folder: str | Path = "",
    ) -> Answer:
        """Ask from plain code; the answer. Arguments and errors as for `astream`."""
        work = self._engine.work(question, images, boxes, points, session, folder)
        return self._answer(work)

    def _answer(self, work: AsyncGenerator[Event, None]) -> Answer:
        [answer] = self._background.stream(lambda: folded(work))
        return answer

    def settle(self, id: str, allowed: bool) -> bool:
        """Answer the question of a `ConsentAsked`, where the agent has a `Desk` for it.

        Args:
            id: Of the event.
            allowed: Whether its calls may run.

        Returns:
            Whether the question was still open.
        """
        desk = self._engine.asks
        return isinstance(desk, Desk) and desk.settle(id, allowed)

    def kept(self, sha256s: Sequence[str]) -> list[Image]:
        """Pictures of earlier runs, by hash.

        Raises:
            InputError: one is no longer in the store.
        """
        return kept_pictures(self.settings, sha256s)

    async def aresume(self, session: str = "") -> AsyncGenerator[Event, None]:
        """Go on with the question of a conversation that was cut off, from its last finished step.

        What had been found out is known and what was spent is spent; of the plan under way only
        the calls that had not ended run. The events are those of the whole run.

        Args:
            session: Name of the conversation.

        Raises:
            InputError: no question of it was cut off.
            ConfigError: the conversations cannot be used.
        """
        work = between.resume(self._engine, session)
        async with contextlib.aclosing(self._background.astream(lambda: work)) as events:
            async for event in events:
                yield event

    def resume(self, session: str = "") -> Answer:
        """Go on with a question that was cut off, from plain code. As `aresume`."""
        return self._answer(between.resume(self._engine, session))

    def history(self, session: str = "") -> tuple[Version, ...]:
        """The versions of a conversation's pictures, parents first. Not for use in an event loop.

        Args:
            session: Name of the conversation.
        """
        [found] = self._background.stream(lambda: between.history(self._engine, session))
        return found

    async def amove(self, where: str, session: str = "") -> AsyncGenerator[Event, None]:
        """Go to a version of the pictures, as a run without a plan.

        Args:
            where: ``undo``, ``redo`` or the handle of a picture.
            session: Name of the conversation.

        Raises:
            InputError: the conversation has no such picture.
            ConfigError: the conversations cannot be used.
        """
        work = between.move(self._engine, session, where)
        async with contextlib.aclosing(self._background.astream(lambda: work)) as events:
            async for event in events:
                yield event

    def go_back(self, session: str, handle: str) -> Answer:
        """Go on from any version of a picture; `handle` as ``where`` of `amove`."""
        return self._answer(between.move(self._engine, session, handle))

    def undo(self, session: str = "") -> Answer:
        """Undo the last edit of what stands; an honest "cannot" where there is none."""
        return self.go_back(session, between.UNDO)

    def redo(self, session: str = "") -> Answer:
        """Do an edit again that was undone."""
        return self.go_back(session, between.REDO)

    def forget(self, session: str) -> None:
        """Delete a conversation, and what was kept for it and for no other one.

        With it go the pictures, the artefacts and the remembered answers of models about them;
        the folders of its runs stay. A question of it that is under way is waited for. Not for
        use in an event loop.

        Args:
            session: Name of the conversation.

        Raises:
            InputError: that is no name of a conversation.
            ConfigError: the conversations are damaged.
        """
        for _ in self._background.stream(lambda: between.forget(self._engine, session)):
            raise AssertionError("forgetting tells nothing")

    def close(self) -> None:
        """Stop what runs and give the models back. May be called twice."""
        self._background.close(last=getattr(self.planner, "aclose", None))
        self._engine.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()


async def folded(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Answer, None]:
    """The answer that a run ends with, as a stream of one: its events need not leave their loop."""
    fold = Fold()
    async with contextlib.aclosing(events):
        async for event in events:
            fold.add(event)
    yield fold.answer()
