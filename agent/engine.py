"""What runs the questions of one agent: conversations, store, models, and one turn after another.

All of it lives in one event loop; the agent brings callers to it. Knows nothing of how questions
are understood or of who listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
import threading
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from agent.asking import Images, clean_question, ingest_all, run_started
from agent.consent import Asks
from agent.events import Event
from agent.executor import IN_FLIGHT, Executor
from agent.given import Given, drawn
from agent.held import Keeper, NoKeeper
from agent.ladder import Ladder
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
from tools.ingest import Film
from tools.profiles import Profile
from tools.types import Artefact, Image

if TYPE_CHECKING:
    from agent.conversations import Conversations
    from agent.stored import Unfinished

HEAD_START = 0.05
"""Seconds that a first request has for leaving before the loop is imported."""
LIVE_SESSIONS = 8
"""Conversations that are kept in memory where nothing is remembered on disk."""


def cache_folder(settings: Settings) -> Path:
    """Where the store and the conversations lie."""
    return settings.home or Path.home() / ".cache" / "ocelli"


def runs_folder(settings: Settings) -> Path:
    """Where the folders of the runs lie."""
    return settings.out or Path("ocelli-runs")


@dataclass
class Opened:
    """A conversation that is being worked on."""

    session: Session
    saver: Conversations | None = None
    """Where it is written; None where nothing is remembered."""
    left: Unfinished | None = None
    """Its last question, where that was cut off."""

    async def stop(self) -> None:
        """Enter a question that was cut off as one that was stopped."""
        if self.left is not None and self.saver is not None:
            await self.saver.stopped(self.session, self.left)
            self.left = None


class Engine:
    """Runs questions. All of `work` must happen in one event loop."""

    def __init__(
        self,
        settings: Settings,
        planner: Planner,
        catalog: Catalog,
        profile: Profile,
        host: Models | None,
        asks: Asks | None = None,
    ) -> None:
        """Make nothing yet; a host that is given is not closed with the engine."""
        self.settings = settings
        self.asks = asks
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
        self._offers: dict[frozenset[Any], Sequence[ToolSpec]] = {}
        """By the classes of what is held: which tools are ready does not change meanwhile."""
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
        loading = asyncio.ensure_future(self._load())
        try:
            pictures = await in_thread(lambda: ingest_all(images, self.settings), "ocelli-ingest")
        finally:
            await loading
        async with self.opened(self.named(session, new=bool(pictures))) as opened:
            await opened.stop()
            asked = await in_thread(
                lambda: self._enter(opened.session, text, pictures, (boxes, points))
            )
            with RunFolder(self.runs, text) as folder:
                working = self.working(asked, opened)
                run = self.run(working, opened, folder, started=started)
                async with contextlib.aclosing(run) as events:
                    async for event in events:
                        yield event

    async def _load(self) -> None:
        """Import and make what every question needs, while its pictures are decoded elsewhere."""
        await in_thread(self._set_up)
        prepare = getattr(self.planner, "prepare", None)
        if prepare is None:
            await in_thread(lambda: importlib.import_module("agent.loop"), "ocelli-load")
        else:  # the loop can wait until the first request is under way
            await prepare()

    @property
    def runs(self) -> Path:
        """Where the folders of the runs lie."""
        return runs_folder(self.settings)

    def named(self, session: str, *, new: bool = False) -> str:
        """The conversation that is meant: by its name, else a new one or the latest.

        Raises:
            InputError: that is no name of a conversation.
        """
        name = session or self.settings.session or ("" if new else self._last)
        self._last = name = session_name(name, lambda: uuid.uuid4().hex)
        return name

    async def run(
        self,
        working: Working,
        opened: Opened,
        folder: RunFolder,
        before: Sequence[Event] = (),
        started: float | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Take a turn to its end, from its first event or from those there were `before`.

        `started` is when the person asked, by the monotonic clock; now, where it is not said.
        """
        from agent.ending import finished

        started = time.monotonic() if started is None else started
        working.run, working.executor.write = folder.path.name, folder.put_bytes
        events = list(before)
        if not events:
            first = run_started(working.question, working.session, self.settings, working.run)
            events.append(first)
            folder.write(first)
        for event in tuple(events):
            yield event
        self._active.add(working)
        try:
            await working.warm()
            if not before and "agent.loop" not in sys.modules:
                await asyncio.wait([working.begin()], timeout=HEAD_START)
            loop = await in_thread(lambda: importlib.import_module("agent.loop"), "ocelli-load")
            async with contextlib.aclosing(loop.run(working, opened.saver)) as stream:
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

    def used_elsewhere(self, name: str) -> set[str]:
        """SHA-256 of what this process works on for other conversations."""
        others = [w.session for w in tuple(self._active) if w.session.name != name]
        return {h.sha256 for session in others for h in session.held.values()}

    def drop(self, name: str, gone: set[str], about: set[str], kept: set[str]) -> None:
        """Forget a conversation that was deleted.

        Args:
            name: of it.
            gone: SHA-256 of the artefacts that no other conversation uses.
            about: SHA-256 of what models may have answered about.
            kept: SHA-256 of the artefacts that others use.
        """
        self._sessions.pop(name, None)
        self._last = "" if self._last == name else self._last
        from tools.recall import Answers

        path = cache_folder(self.settings) / "answers.sqlite"
        if self._store is None or not gone | about:
            return
        known = getattr(self._models, "answers", None)
        answers = known or (Answers(path) if path.exists() else None)
        gone = gone | (answers.forget(about) if answers else set())
        if answers is not None and answers is not known:
            answers.close()
        self._store.delete(gone - kept)

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
    async def opened(self, name: str) -> AsyncIterator[Opened]:
        """A conversation for one turn; other turns of it wait.

        Raises:
            ConfigError: the conversations cannot be used.
        """
        await in_thread(self._set_up)
        async with self._locks.setdefault(name, asyncio.Lock()), self._loaded(name) as found:
            yield found

    @contextlib.asynccontextmanager
    async def _loaded(self, name: str) -> AsyncIterator[Opened]:
        assert self._store is not None
        if not self.settings.remember:
            session = self._sessions.get(name) or Session(name, self._store)
            self._sessions[name] = session
            self._sessions.move_to_end(name)
            while len(self._sessions) > LIVE_SESSIONS:
                self._sessions.popitem(last=False)
            yield Opened(session)
            return
        from agent.conversations import conversations

        address = self.settings.database.get_secret_value()
        file = cache_folder(self.settings) / "conversations.sqlite"
        async with conversations(address or file) as saver:
            session, left = await saver.load(name, self._store)
            yield Opened(session, saver, left)

    def _enter(
        self, session: Session, text: str, pictures: list[Image | Film], marks: tuple[Given, Given]
    ) -> Question:
        """Give the pictures and drawings of a question their handles."""
        handles: list[str] = []
        for item in pictures:
            picture = item.still() if isinstance(item, Film) else item
            sha256 = session.keeper.put(picture)
            known = session.given_again(sha256, handles)
            handles.append(known or session.add(picture, sha256, name=picture.name))
            if isinstance(item, Film):
                session.add_clip(item.clip, item.name)
        if not pictures and session.turns:
            last = session.turns[-1]
            handles = list(last.images or last.made)  # what was made out of words alone stands
        asked = [i for h in handles if isinstance(i := session.get(h), Image)]
        given = [session.add(d, session.keeper.put(d)) for d in drawn(*marks, asked)]
        clips = session.clips_of(handles)
        names = {h: session.held[h].name for h in (*handles, *clips)}
        return Question(
            text, tuple(handles), tuple(given), names, fresh=bool(pictures), clips=clips
        )  # fmt: skip

    def working(
        self, question: Question, opened: Opened, planner: Planner | None = None
    ) -> Working:
        """A turn that is to run, planned by `planner` or else by the engine's own."""
        session = opened.session
        assert self._models is not None
        if self._room is None:
            self._room = asyncio.Semaphore(IN_FLIGHT)
        deadline = time.monotonic() + self.settings.max_seconds

        def left() -> float:
            return deadline + working.asking.waited - time.monotonic()

        executor = Executor(
            self.catalog, self._models, session, lambda event: working.emit(event),
            call_seconds=self.settings.call_seconds, left=left, room=self._room,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        working = Working(
            question, session, planner or Ladder(self.planner, self.settings.route), self.catalog,
            Repairer(self.graph), executor, self.settings, self._offer, self._offer_soon, left, loop,
            remember=opened.saver is not None, asks=self.asks,
        )  # fmt: skip
        return working

    def _offer(self, kinds: Mapping[str, type[Artefact]]) -> Sequence[ToolSpec]:
        """The tools that can fire; no tool wants more than a few artefacts of one class."""
        held = Counter(kinds.values())
        some = frozenset((kind, min(n, 3)) for kind, n in held.items())
        if some not in self._offers:
            self._offers[some] = self.graph.offer([k for k, n in some for _ in range(n)])
        return self._offers[some]

    def _offer_soon(self, kinds: Mapping[str, type[Artefact]]) -> Sequence[ToolSpec]:
        """The tools that can fire now, and those that can on their results, and so on."""
        held = frozenset(kinds.values())
        if held not in self._offers:
            known: frozenset[type] = frozenset()
            reach: frozenset[type] = held
            while known != reach:
                known = reach
                reach |= {spec.returns for spec in self.graph.offer(known)}
            self._offers[held] = self.graph.offer(reach)
        return self._offers[held]
