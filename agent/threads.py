"""Work in threads that nobody has to wait for, and events brought back from them.

Knows nothing of tools or runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str = "ocelli") -> T:
    """Run `work` in a thread of its own that no exit waits for, and hand its outcome over.

    A thread that hangs is left behind, so that it takes nobody else's place.
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
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), daemon=True, name=name).start()
    return await future


def soon(loop: asyncio.AbstractEventLoop, tell: Callable[[T], None], value: T) -> None:
    """Tell the loop's thread something, from any thread; nothing where the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(tell, value)
