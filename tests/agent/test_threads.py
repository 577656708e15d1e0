"""Threads that work for the loop: taken again, left behind where they hang."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque

import pytest

from agent import threads
from agent.threads import in_thread

NAME = contextvars.ContextVar("NAME", default="")


def test_a_thread_that_is_done_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_IDLE", deque())

    async def work() -> list[int]:
        idents = []
        for _ in range(5):
            idents.append(await in_thread(threading.get_ident))
            while not threads._IDLE:
                await asyncio.sleep(0)
        return idents

    assert len(set(asyncio.run(work()))) == 1


def test_one_that_hangs_takes_nobody_elses_place() -> None:
    gate = threading.Event()

    async def work() -> list[bool]:  # more than any pool would have at once
        hanging = [asyncio.ensure_future(in_thread(gate.wait, "ocelli-x")) for _ in range(20)]
        assert await in_thread(lambda: True)
        gate.set()
        return await asyncio.gather(*hanging)

    assert asyncio.run(work()) == [True] * 20


def test_errors_and_context_come_along() -> None:
    def fail() -> None:
        raise KeyError(NAME.get())

    async def work() -> None:
        for said in ("one", "two"):
            NAME.set(said)
            with pytest.raises(KeyError, match=said):
                await in_thread(fail)

    asyncio.run(work())


def test_idle_threads_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(threads, "_IDLE", idle := deque())
    ident = asyncio.run(in_thread(threading.get_ident))
    [thread] = [t for t in threading.enumerate() if t.ident == ident] or [None]
    if thread is not None:
        thread.join(10)
        assert not thread.is_alive()
    assert not idle
