"""How a person is asked whether calls may run that nobody ordered, and what follows.

A turn holds its plan back while it waits; nothing of it has run by then. The one asked may be a
callback of a program, or whoever follows the events and answers by the id of the question at a
desk: a terminal, a page. Where there is nobody the answer is no. Knows nothing of LangGraph, plans
or who may call what.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.events import ConsentAsked, ConsentGiven, Event
from agent.protocol import Call
from agent.threads import in_thread
from tools.errors import Refused

Asks = Callable[[ConsentAsked], bool | Awaitable[bool]]
"""Says whether calls may run. A plain function runs in a thread of its own and may block; an
asynchronous one runs in the agent's loop."""
SECONDS = 600.0
"""How long an answer is waited for; after that it is no."""
MOST = 3
"""Times that one turn asks; after that the answer is no without asking."""
HOW = (
    "Do without it, or say so in the answer. The person allows it by asking for it in so many "
    "words, by saying yes when asked, or with --consent allow"
)
_BY = {
    "person": ": the person said no",
    "setting": ": consent is set to refuse",
    "nobody": ": nobody was there to ask",
}


class Desk:
    """Open questions, answered by id from any thread."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Future[bool]]] = {}
        self._guard = threading.Lock()

    async def __call__(self, asked: ConsentAsked) -> bool:
        """Wait until somebody answers."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        with self._guard:
            self._open[asked.id] = loop, future
        try:
            return await future
        finally:
            with self._guard:
                del self._open[asked.id]

    def settle(self, id: str, allowed: bool) -> bool:
        """Answer a question; whether it was still open."""
        with self._guard:
            loop, future = self._open.get(id, (None, None))
            if loop is None or future is None:
                return False
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_settle, future, allowed)
            return True


def _settle(future: asyncio.Future[bool], allowed: bool) -> None:
    if not future.done():
        future.set_result(allowed)


@dataclass
class Asking:
    """The questions of one turn to the person."""

    mode: str
    """``ask``, ``allow`` or ``refuse``."""
    asks: Asks | None
    """Who is asked; None where there is nobody."""
    tell: Callable[[Event], None]
    waited: float = 0.0
    """Seconds that went by while the person thought."""
    times: int = 0
    refused: set[str] = field(default_factory=set)
    """Tools that the person refused in this turn: they are not asked about again."""
    open: ConsentAsked | None = None
    """What is to be decided now."""

    def about(self, calls: tuple[Call, ...], why: str, step: int) -> None:
        """Put a question, to be answered by `answer`."""
        self.open = ConsentAsked(step=step, id=secrets.token_hex(16), calls=calls, why=why)

    async def answer(self) -> tuple[bool, str]:
        """Whether the open question is allowed, and by whom."""
        asked = self.open
        assert asked is not None
        self.tell(asked)
        if self.mode != "ask":
            return self.mode == "allow", "setting"
        tools = {c.tool for c in asked.calls}
        if self.asks is None or self.times >= MOST or tools <= self.refused:
            return False, "person" if tools <= self.refused else "nobody"
        self.times += 1
        started = time.monotonic()
        try:
            async with asyncio.timeout(SECONDS) as limit:
                return await _said(self.asks, asked), "person"
        except TimeoutError:
            if not limit.expired():
                raise
            return False, "nobody"
        finally:
            self.waited += time.monotonic() - started

    def close(self, allowed: bool, by: str) -> dict[str, Refused]:
        """The open question is decided; why calls must not run, by id."""
        asked = self.open
        assert asked is not None
        if not allowed and by == "person":
            self.refused |= {c.tool for c in asked.calls}
        self.open = None
        self.tell(ConsentGiven(step=asked.step, id=asked.id, allowed=allowed, by=by))
        if allowed:
            return {}
        return {c.id: Refused(f"{c.tool} was not allowed{_BY[by]}", hint=HOW) for c in asked.calls}


async def _said(asks: Asks, asked: ConsentAsked) -> bool:
    if inspect.iscoroutinefunction(asks) or inspect.iscoroutinefunction(type(asks).__call__):
        answer = asks(asked)
    else:
        answer = await in_thread(lambda: asks(asked), "ocelli-consent")
    return (await answer if inspect.isawaitable(answer) else answer) is True
