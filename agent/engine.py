"""What runs the questions of one agent: conversations opened, and one turn after another.

All of it lives in one event loop; the agent brings callers to it. Knows nothing of how questions
are understood, of who listens, or of how models and store are made (``means.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

from agent.asking import Images, clean_question, entered, ingest_all, run_started
from agent.consent import Asks
from agent.events import Event, Preparing
from agent.executor import IN_FLIGHT, Executor
from agent.folders import cache_folder, runs_folder
from agent.given import Given
from agent.ladder import Ladder
from agent.means import Means
from agent.noted import host_word
from agent.offers import Offers
from agent.opening import Opened, Openings
from agent.protocol import Planner
from agent.question import Question
from agent.repair import Repairer
from agent.session import session_name
from agent.settings import Settings
from agent.threads import in_thread, soon
from agent.trace import RunFolder
from agent.turn import Working
from tools import host_events
from tools.catalog import Catalog
from tools.context import CancelToken, Models
from tools.graph import ToolGraph
from tools.ingest import Film
from tools.profiles import Profile
from tools.types import Image

HEAD_START = 0.05
"""Seconds that a first request has for leaving before the loop is imported."""


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
        self._means = Means(settings, catalog, profile, host, self._hear)
        self._openings = Openings(settings)
        self._active: set[Working] = set()
        self._offers = Offers(self.graph)
        self._last = ""
        self._room: asyncio.Semaphore | None = None

    def close(self) -> None:
        """Give the models and the store back. May be called twice."""
        self._means.close()

    async def work(
        self,
        question: str,
        images: Images,
        boxes: Given,
        points: Given,
        session: str,
        among: str | Path = "",
    ) -> AsyncGenerator[Event, None]:
        """One question from its pictures to its last event; arguments as for the agent."""
        started = time.monotonic()
        text = clean_question(question)
        loading = asyncio.ensure_future(self._load())
        try:
            pictures = await in_thread(lambda: ingest_all(images, self.settings), "ocelli-ingest")
            await in_thread(self._means.set_up)
            if among:
                async with contextlib.aclosing(self._among(Path(among), text, pictures)) as told:
                    async for event in told:
                        yield event
        except BaseException:
            await asyncio.gather(loading, return_exceptions=True)
            raise
        async with self.opened(self.named(session, new=bool(pictures))) as opened:
            await opened.stop()
            asked = await in_thread(
                lambda: entered(opened.session, text, pictures, (boxes, points))
            )
            await loading
            with RunFolder(self.runs, text) as folder:
                working = self.working(asked, opened)
                run = self.run(working, opened, folder, started=started)
                async with contextlib.aclosing(run) as events:
                    async for event in events:
                        yield event

    async def _among(
        self, folder: Path, question: str, pictures: list[Image | Film]
    ) -> AsyncGenerator[Event, None]:
        """Add the pictures of a folder that join a question; how far looking at them has come."""
        from agent.among import NEAREST, nearest

        assert self._means.host is not None
        host, indexes = self._means.host, cache_folder(self.settings) / "indexes"
        most = min(NEAREST, self.settings.max_images - len(pictures))
        token, loop = CancelToken(), asyncio.get_running_loop()
        told: asyncio.Queue[Event | None] = asyncio.Queue()

        def report(message: str, share: float) -> None:
            soon(loop, told.put_nowait, Preparing(message=message, share=share))

        given = tuple(pictures)
        work = asyncio.ensure_future(
            in_thread(
                lambda: nearest(folder, indexes, host, question, given, most, token, report),
                "ocelli-folder",
            )
        )
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (event := await told.get()) is not None:
                yield event
            pictures += await work
        finally:
            token.cancel()
            work.cancel()

    async def _load(self) -> None:
        """Import and make what every question needs, while its pictures are decoded elsewhere."""
        await in_thread(self._means.set_up)
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
        self._openings.drop(name)
        self._last = "" if self._last == name else self._last
        self._means.forget(gone, about, kept)

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
        await in_thread(self._means.set_up)
        assert self._means.store is not None
        async with self._openings.opened(name, self._means.store) as found:
            yield found

    def working(
        self, question: Question, opened: Opened, planner: Planner | None = None
    ) -> Working:
        """A turn that is to run, planned by `planner` or else by the engine's own."""
        session = opened.session
        assert self._means.models is not None
        if self._room is None:
            self._room = asyncio.Semaphore(IN_FLIGHT)
        deadline = time.monotonic() + self.settings.max_seconds

        def left() -> float:
            return deadline + working.asking.waited - time.monotonic()

        executor = Executor(
            self.catalog, self._means.models, session, lambda event: working.emit(event),
            call_seconds=self.settings.call_seconds, left=left, room=self._room,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        working = Working(
            question, session, planner or Ladder(self.planner, self.settings.route), self.catalog,
            Repairer(self.graph), executor, self.settings, self._offers.now, self._offers.soon, left, loop,
            remember=opened.saver is not None, asks=self.asks,
        )  # fmt: skip
        return working
