"""The database of conversations: opened for a turn, read, written to, and deleted from.

What the records mean is known to ``agent/stored.py``, how they lie in a database to
``agent/rows.py``. Knows nothing of how questions are answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.held import Keeper
from agent.outcome import Outcome
from agent.rows import Rows
from agent.session import Session
from agent.stored import Unfinished, call_record, check_schema, done_records, take_over
from agent.threads import in_thread

if TYPE_CHECKING:
    from agent.saver import Saver


class Conversations:
    """The database of conversations, open for one turn."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    @cached_property
    def saver(self) -> Saver:
        """What LangGraph writes through; slow to import, so made when it is first needed."""
        from agent.saver import Saver

        return Saver(self.rows)

    async def load(self, name: str, keeper: Keeper) -> tuple[Session, Unfinished | None]:
        """The conversation as it was left, and the question of it that was cut off.

        Raises:
            ConfigError: a newer version of this program wrote it.
        """
        rows = self.rows
        if not await in_thread(lambda: rows.patiently(lambda: rows.knows(name))):
            return Session(name, keeper), None
        found = await self.saver.aget_tuple({"configurable": {"thread_id": name}})
        values = found.checkpoint["channel_values"] if found else {}
        turn = values.get("turn") or {}
        check_schema(name, turn)
        session = Session.from_records(name, values.get("session", {}), keeper)
        if not turn:
            return session, None
        done = done_records(turn, await self.saver.results(name))
        return session, Unfinished(turn, done)

    async def stopped(self, session: Session, left: Unfinished) -> None:
        """Enter a question that was cut off as one that was stopped."""
        await in_thread(lambda: take_over(session, left))

    def keeping(self, session: Session) -> Callable[[Outcome], Awaitable[None]]:
        """Writes the outcomes of a conversation's calls as they come."""

        async def keep(outcome: Outcome) -> None:
            call = outcome.result.call.id
            await self.saver.note(session.name, call, call_record(outcome, session))

        return keep

    async def others(self, name: str) -> list[dict[str, Any]]:
        """What the handles of all other conversations stand for, as records."""
        rows = self.rows
        found = await in_thread(lambda: rows.patiently(lambda: rows.others(name, "held")))
        return [json.loads(value) for value in found]

    async def forget(self, name: str) -> None:
        """Delete a conversation."""
        await self.saver.adelete_thread(name)


@contextlib.asynccontextmanager
async def conversations(where: Path | str) -> AsyncIterator[Conversations]:
    """Open the database of conversations, made where there is none.

    Args:
        where: A file for SQLite, or the address of a PostgreSQL server.

    Raises:
        ConfigError: it cannot be reached, is damaged, of another program or newer; it is left as
            it is.
    """
    rows = await in_thread(lambda: _rows(where))
    try:
        yield Conversations(rows)
    except rows.faults as error:
        raise rows.refusal(error) from None
    finally:
        await asyncio.shield(asyncio.ensure_future(in_thread(rows.close)))


def _rows(where: Path | str) -> Rows:
    if isinstance(where, Path):
        from agent.database import SqliteRows

        return SqliteRows(where)
    from agent.postgres import PostgresRows

    return PostgresRows(where)
