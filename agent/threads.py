"""Work in threads that nobody has to wait for, and events brought back from them.

Knows nothing of tools or runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
IDLE_SECONDS = 10
"""How long a thread waits for more work before it ends."""


class _Worker:
    """A daemon thread that does one piece of work after the other."""

    def __init__(self, idle: deque[_Worker]) -> None:
        self._given: queue.SimpleQueue[tuple[Callable[[], None], str]] = queue.SimpleQueue()
        self._idle = idle
        threading.Thread(target=self._work, daemon=True).start()

    def give(self, work: Callable[[], None], name: str) -> None:
        self._given.put((work, name))

    def _work(self) -> None:
        thread = threading.current_thread()
        while True:
            try:
                work, thread.name = self._given.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with contextlib.suppress(ValueError):
                    self._idle.remove(self)
                    return
                continue  # somebody has just taken it: work is on its way
            work()
            thread.name = "ocelli-idle"
            del work  # or the last result would be kept
            self._idle.append(self)


_IDLE: deque[_Worker] = deque()


async def in_thread(work: Callable[[], T], name: str = "ocelli") -> T:
    """Run `work` in a thread that nobody else has and no exit waits for; hand its outcome over.

    A thread that hangs is left behind, so that it takes nobody else's place; one that is done
    waits a while for more.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except BaseException as raised:  # noqa: BLE001 - handed over whole, not swallowed
            error = raised
        soon(loop, lambda outcome: settle(*outcome), (value, error))

    context = contextvars.copy_context()
    try:
        worker = _IDLE.pop()
    except IndexError:
        worker = _Worker(_IDLE)
    worker.give(lambda: context.run(run), name)
    return await future


def soon(loop: asyncio.AbstractEventLoop, tell: Callable[[T], None], value: T) -> None:
    """Tell the loop's thread something, from any thread; nothing where the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(tell, value)
