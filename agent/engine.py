"""What runs the questions of one agent: conversations, store, models, and one turn after another.

All of it lives in one event loop; the agent brings callers to it. Knows nothing of how questions
are understood or of who listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from agent.asking import Images, clean_question, ingest_all, run_started
from agent.events import Event
from agent.executor import IN_FLIGHT, Executor
from agent.given import Given, drawn
from agent.held import Keeper, NoKeeper
from agent.noted import host_word
from agent.protocol import Planner
from agent.repair import Repairer
from agent.session import Session, session_name
from agent.settings import Settings
from agent.threads import in_thread
from agent.trace import RunFolder
from agent.turn import Question, Working
from tools import host_events
from tools.catalog import Catalog, ToolSpec
from tools.context import Models
from tools.errors import InputError, ToolError
from tools.graph import ToolGraph
from tools.profiles import Profile
from tools.types import Artefact, Image

if TYPE_CHECKING:
    from agent.loop import Conversations

LIVE_SESSIONS = 8
"""Conversations that are kept in memory where nothing is remembered on disk."""


def cache_folder(settings: Settings) -> Path:
    """Where the store and the conversations lie."""
    return settings.home or Path.home() / ".cache" / "ocelli"


def runs_folder(settings: Settings) -> Path:
    """Where the folders of the runs lie."""
    return settings.out or Path("ocelli-runs")


class Engine:
    """Runs questions. All of `work` must happen in one event loop."""

    def __init__(
        self,
        settings: Settings,
        planner: Planner,
        catalog: Catalog,
        profile: Profile,
        host: Models | None,
    ) -> None:
        """Make nothing yet; a host that is given is not closed with the engine."""
        self.settings = settings
        self.planner = planner
        self.catalog = catalog
        self.profile = profile
        self.graph = ToolGraph(catalog, profile.readiness(catalog))
        self._host = host
        self._own_host = host is None
        self._models: Models | None = None
        self._guard = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._active: set[Working] = set()
        self._last = ""
        self._store: Keeper | None = None
        self._room: asyncio.Semaphore | None = None

    def close(self) -> None:
        """Give the models and the store back. May be called twice."""
        for part in ((self._host if self._own_host else None), self._models, self._store):
            close = getattr(part, "close", None)
            if close is not None and (self._own_host or part is not self._host):
                close()
        self._store = self._models = None

    def kept(self, sha256s: Sequence[str]) -> list[Image]:
        """Pictures of earlier runs, by hash.

        Raises:
            InputError: one is no longer in the store.
        """
        from tools.store import Store

        store = Store(cache_folder(self.settings) / "store")
        try:
            found = [store.get(sha256) for sha256 in sha256s]
        except ToolError as error:
            raise InputError(
                f"a picture of that run is no longer kept: {error}",
                hint="Name the pictures to use",
            ) from None
        finally:
            store.close()
        return [artefact for artefact in found if isinstance(artefact, Image)]

    async def work(
        self, question: str, images: Images, boxes: Given, points: Given, session: str
    ) -> AsyncGenerator[Event, None]:
        """One question from its pictures to its last event; arguments as for the agent."""
        started = time.monotonic()
        text = clean_question(question)
        pictures = await in_thread(lambda: ingest_all(images, self.settings), "ocelli-ingest")
        await in_thread(self._set_up)
        name = session or self.settings.session
        if not name and not pictures:
            name = self._last
        name = session_name(name, lambda: uuid.uuid4().hex)
        self._last = name
        async with self._locks.setdefault(name, asyncio.Lock()), self._opened(name) as opened:
            conversation, saver = opened
            asked = await in_thread(
                lambda: self._enter(conversation, text, pictures, (boxes, points))
            )
            with RunFolder(runs_folder(self.settings), text) as folder:
                working = self._working(asked, conversation, saver)
                run = self._run(working, saver, folder, started)
                async with contextlib.aclosing(run) as events:
                    async for event in events:
                        yield event

    async def forget(self, session: str) -> AsyncGenerator[Event, None]:
        """Delete a conversation, release its artefacts; a stream of no events."""
        name = session_name(session, str)
        await in_thread(self._set_up)
        async with self._locks.setdefault(name, asyncio.Lock()), self._opened(name) as opened:
            conversation, saver = opened
            for held in conversation.held.values():
                conversation.keeper.release(held.sha256)
            if saver is not None:
                await saver.forget(name)
            self._sessions.pop(name, None)
        if self._last == name:
            self._last = ""
        nothing: tuple[Event, ...] = ()
        for event in nothing:
            yield event

    async def _run(
        self,
        working: Working,
        saver: Conversations | None,
        folder: RunFolder,
        started: float,
    ) -> AsyncGenerator[Event, None]:
        from agent import loop
        from agent.ending import finished

        events: list[Event] = [
            run_started(working.question, working.session, self.settings, folder.path.name)
        ]
        folder.write(events[0])
        yield events[0]
        self._active.add(working)
        try:
            await working.warm()
            async with contextlib.aclosing(loop.run(working, saver)) as stream:
                async for event in stream:
                    events.append(event)
                    folder.write(event)
                    yield event
        except BaseException:
            working.abandon()
            raise
        finally:
            working.executor.stop()
            self._active.discard(working)
        end = await in_thread(lambda: finished(working, folder, events, started), "ocelli-report")
        folder.write(end)
        yield end

    def _set_up(self) -> None:
        """What is made once, when it is first needed."""
        with self._guard:
            if self._host is None:
                from tools.host import Host

                self._host = Host(self.catalog, self.profile, on_event=self._hear)
            if self._store is None:
                self._store = self._keeper()
            if self._models is None:
                self._models = self._recalling() or self._host

    def _recalling(self) -> Models | None:
        """The host behind what its models have answered before; None where nothing is kept."""
        if not (self.settings.cache and self.settings.remember and self._own_host):
            return None
        from tools.recall import Answers, Recalling

        answers = Answers(cache_folder(self.settings) / "answers.sqlite")
        return Recalling(cast(Any, self._host), answers, cast(Any, self._store))

    def _keeper(self) -> Keeper:
        if not self.settings.remember:
            return NoKeeper()
        from tools.store import Store

        return Store(cache_folder(self.settings) / "store")

    def _hear(self, event: host_events.HostEvent) -> None:
        """Loads and evictions concern every run under way."""
        if isinstance(event, host_events.Loaded | host_events.Evicted):
            for working in tuple(self._active):
                working.later(host_word(event, working.step))

    @contextlib.asynccontextmanager
    async def _opened(self, name: str) -> AsyncIterator[tuple[Session, Conversations | None]]:
        assert self._store is not None
        if not self.settings.remember:
            session = self._sessions.get(name) or Session(name, self._store)
            self._sessions[name] = session
            self._sessions.move_to_end(name)
            while len(self._sessions) > LIVE_SESSIONS:
                self._sessions.popitem(last=False)
            yield session, None
            return
        from agent.loop import conversations

        async with conversations(cache_folder(self.settings) / "conversations.sqlite") as opened:
            yield await opened.load(name, self._store), opened

    def _enter(
        self, session: Session, text: str, pictures: list[Image], marks: tuple[Given, Given]
    ) -> Question:
        """Give the pictures and drawings of a question their handles."""
        handles: list[str] = []
        for picture in pictures:
            sha256 = session.keeper.put(picture)
            known = session.given_again(sha256, handles)
            handles.append(known or session.add(picture, sha256, name=picture.name))
        if not pictures and session.turns:
            handles = list(session.turns[-1].images)
        asked = [i for h in handles if isinstance(i := session.get(h), Image)]
        given = [session.add(d, session.keeper.put(d)) for d in drawn(*marks, asked)]
        names = {h: session.held[h].name for h in handles}
        return Question(text, tuple(handles), tuple(given), names, fresh=bool(pictures))

    def _working(
        self,
        question: Question,
        session: Session,
        saver: Conversations | None,
    ) -> Working:
        assert self._models is not None
        if self._room is None:
            self._room = asyncio.Semaphore(IN_FLIGHT)
        deadline = time.monotonic() + self.settings.max_seconds

        def left() -> float:
            return deadline - time.monotonic()

        executor = Executor(
            self.catalog, self._models, session, lambda event: working.emit(event),
            call_seconds=self.settings.call_seconds, left=left, room=self._room,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        working = Working(
            question, session, self.planner, self.catalog, Repairer(self.graph),
            executor, self.settings, self._offer, left, loop, remember=saver is not None,
        )  # fmt: skip
        return working

    def _offer(self, kinds: Mapping[str, type[Artefact]]) -> list[ToolSpec]:
        """The tools that can fire; no tool wants more than a few artefacts of one class."""
        counted = Counter(kinds.values())
        return self.graph.offer([k for k, n in counted.items() for _ in range(min(n, 3))])
