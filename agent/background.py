"""One event loop in a thread of its own, so that plain and asynchronous callers share one engine.

Whoever asks (a script, a notebook with a running loop, several threads or tasks) is served by the
same loop; leaving early cancels the work and waits until it has ended. Knows nothing of agents.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from tools.errors import ConfigError

T = TypeVar("T")
Make = Callable[[], AsyncGenerator[T, None]]


class _End:
    """The last item of a stream: how it ended."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Background:
    """A loop in a daemon thread, started when it is first needed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running: set[Future[None]] = set()
        self._closed = False

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._closed:
                raise ConfigError("this agent was closed", hint="Make a new one")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, daemon=True, name="ocelli-loop"
                )
                self._thread.start()
            return self._loop

    def _pump(self, make: Make[T], put: Callable[[T | _End], None]) -> Future[None]:
        """Run a stream in the loop and hand its items over, an `_End` last."""

        async def work() -> None:
            error: BaseException | None = None
            try:
                async with contextlib.aclosing(make()) as stream:
                    async for item in stream:
                        put(item)
            except BaseException as raised:
                error = raised
                if isinstance(raised, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                    raise
            finally:
                put(_End(error))

        loop = self._started()
        future = asyncio.run_coroutine_threadsafe(work(), loop)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def stream(self, make: Make[T]) -> Iterator[T]:
        """A stream for plain callers."""
        items: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        future = self._pump(make, items.put)
        ended = False
        try:
            while True:
                item = items.get()
                if isinstance(item, _End):
                    ended = True
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        finally:
            future.cancel()
            while not ended:
                ended = isinstance(items.get(), _End)

    async def astream(self, make: Make[T]) -> AsyncGenerator[T, None]:
        """A stream for a task of any loop."""
        loop = asyncio.get_running_loop()
        items: asyncio.Queue[T | _End] = asyncio.Queue()

        def put(item: T | _End) -> None:
            if not loop.is_closed():
                with contextlib.suppress(RuntimeError):  # closed between the two lines
                    loop.call_soon_threadsafe(items.put_nowait, item)

        future = self._pump(make, put)
        ended = False
        try:
            while True:
                item = await items.get()
                if isinstance(item, _End):
                    ended = True
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        finally:
            future.cancel()
            while not ended:
                ended = isinstance(await items.get(), _End)

    def close(
        self, seconds: float = 5.0, last: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Cancel what runs and end the thread. May be called twice.

        Args:
            seconds: How long to wait for what runs.
            last: What the loop does at the end: connections belong to it.
        """
        with self._guard:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        for future in tuple(self._running):
            future.cancel()
        if thread is not threading.current_thread():
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(_settled(last), loop).result(seconds)
        loop.call_soon_threadsafe(loop.stop)
        if thread is not threading.current_thread():
            thread.join(seconds)
            if not thread.is_alive():
                loop.close()


async def _settled(last: Callable[[], Awaitable[None]] | None) -> None:
    """All other tasks of the loop have ended, and what comes last is done."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
    if last is not None:
        await last()
    await asyncio.get_running_loop().shutdown_asyncgens()
