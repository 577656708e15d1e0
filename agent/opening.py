"""Opens conversations, from disk or from memory, each for one turn at a time.

Knows nothing of what a turn does, nor of how a conversation is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from agent.folders import cache_folder
from agent.held import Keeper
from agent.session import Session
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.conversations import Conversations
    from agent.stored import Unfinished

LIVE_SESSIONS = 8
"""Conversations that are kept in memory where nothing is remembered on disk."""


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


class Openings:
    """The conversations of one agent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def drop(self, name: str) -> None:
        """Forget a conversation that is kept in memory."""
        self._sessions.pop(name, None)

    @contextlib.asynccontextmanager
    async def opened(self, name: str, keeper: Keeper) -> AsyncIterator[Opened]:
        """A conversation for one turn; other turns of it wait."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            async with self._loaded(name, keeper) as found:
                yield found

    @contextlib.asynccontextmanager
    async def _loaded(self, name: str, keeper: Keeper) -> AsyncIterator[Opened]:
        if not self._settings.remember:
            session = self._sessions.get(name) or Session(name, keeper)
            self._sessions[name] = session
            self._sessions.move_to_end(name)
            while len(self._sessions) > LIVE_SESSIONS:
                self._sessions.popitem(last=False)
            yield Opened(session)
            return
        from agent.conversations import conversations

        address = self._settings.database.get_secret_value()
        file = cache_folder(self._settings) / "conversations.sqlite"
        async with conversations(address or file) as saver:
            session, left = await saver.load(name, keeper)
            yield Opened(session, saver, left)
