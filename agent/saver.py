"""Where LangGraph writes a conversation: one small transaction for each step, from its own thread.

LangGraph would write a checkpoint with all that is known after every node. Here the results of a
plan's calls are written as they end, one checkpoint follows when the planner has seen them, only
the last checkpoint is kept, and the records of the conversation lie in rows of their own of which
only new ones are written. Knows nothing of what the records mean.
"""

# ruff: noqa: TID253 - beside agent/loop.py the one module of LangGraph, imported by that
from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.threads import in_thread
from tools.errors import ConfigError

T = TypeVar("T")
TASKS = "__pregel_tasks"
"""LangGraph's own word for what is to run next: nothing runs on after a crash."""
Records = Mapping[str, Mapping[str, Any]]
"""By kind, then by key."""
BUSY_MS = 10_000
"""How long a write waits for those of other processes."""
TABLE = """
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS records (
    thread_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (thread_id, kind, key)
) WITHOUT ROWID;
"""
"""What is committed is in the journal, which a killed process leaves whole; it is not forced to the
disk each time, so a power cut may take the last steps, but never the soundness of the file."""

BEGIN = """INSERT INTO checkpoints SELECT ?1, '', ?2, ?3, ?4, ?5, ?6
WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE thread_id = ?1)"""
FOLLOW = """UPDATE checkpoints SET
checkpoint_id = ?2, parent_checkpoint_id = ?3, type = ?4, checkpoint = ?5, metadata = ?6
WHERE thread_id = ?1 AND checkpoint_id = ?3"""
"""A conversation has one checkpoint, in whose place the next one comes. Neither changes a row where
another process has been faster."""


class Saver(SqliteSaver):
    """Checkpoints of one conversation at a time, for the asynchronous graph."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Write through a connection that threads may share."""
        super().__init__(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self._writing = asyncio.Lock()
        self._latest: str | None = None
        """The checkpoint that the next one follows."""
        self._stored: Records = {}
        self._failed: Exception | None = None
        """Why nothing more can be written: nothing may be built on what is not on disk."""

    def setup(self) -> None:
        if not self.is_setup:
            super().setup()
            self.conn.executescript(TABLE)

    def get_tuple(self, config: Any) -> CheckpointTuple | None:
        found = super().get_tuple(config)
        name = config["configurable"]["thread_id"]
        rows = self.conn.execute("SELECT kind, key, value FROM records WHERE thread_id = ?", [name])
        stored: dict[str, dict[str, Any]] = {}
        for kind, key, value in rows:
            stored.setdefault(kind, {})[key] = json.loads(value)
        self._stored, self._latest = stored, None
        if found is not None:
            self._latest = found.checkpoint["id"]
            found.checkpoint["channel_values"]["session"] = stored
        return found

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        return await in_thread(lambda: self._patiently(lambda: self.get_tuple(config)))

    async def aput_writes(
        self, config: Any, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Write the results of calls down; all else is in the next checkpoint."""
        results = [(channel, value) for channel, value in writes if channel == "done" and value]
        if results:
            at: Any = {"configurable": {**config["configurable"], "checkpoint_id": self._latest}}
            await self._write(lambda: self.put_writes(at, results, task_id, task_path))

    async def aput(
        self,
        config: Any,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Any:
        """Write a checkpoint, unless it says only what `aput_writes` has written."""
        name = config["configurable"]["thread_id"]
        if "turn" in new_versions:
            await self._write(lambda: self._put(name, checkpoint, metadata))
        else:
            await self._write(lambda: None)  # the results are on disk before the next step begins
        return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}

    def _put(self, name: str, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> None:
        values = {k: v for k, v in checkpoint["channel_values"].items() if k != TASKS}
        session: Records = values.pop("session", {})
        kind, blob = self.serde.dumps_typed({**checkpoint, "channel_values": values})
        news = [(name, *row) for row in _news(self._stored, session)]
        number, said = checkpoint["id"], json.dumps(metadata).encode()
        with self.lock, self.conn as base:
            self.setup()
            row = (name, number, self._latest, kind, blob, said)
            if not base.execute(FOLLOW if self._latest else BEGIN, row).rowcount:
                raise ConfigError(
                    f"another process went on with the conversation {name!r} at the same time",
                    hint="Ask again, one question after the other",
                )
            base.execute("DELETE FROM writes WHERE thread_id = ?", (name,))
            base.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", news)
        self._latest, self._stored = number, session

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a conversation."""
        await self._write(lambda: self._delete(thread_id))

    def _delete(self, name: str) -> None:
        with self.lock, self.conn as base:
            self.setup()
            for table in ("checkpoints", "writes", "records"):
                base.execute(f"DELETE FROM {table} WHERE thread_id = ?", (name,))

    async def _write(self, work: Callable[[], object]) -> None:
        """Write in turn: at once where the database is free, else by waiting in a thread."""
        async with self._writing:
            if self._failed is not None:
                raise self._failed
            try:
                await self._at_once_or_later(work)
            except Exception as error:
                self._failed = error
                raise

    async def _at_once_or_later(self, work: Callable[[], object]) -> None:
        try:
            work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            await in_thread(lambda: self._patiently(work))

    def _patiently(self, work: Callable[[], T]) -> T:
        self.conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        try:
            return work()
        finally:
            self.conn.execute("PRAGMA busy_timeout = 0")

    def close(self) -> None:
        """Close the connection once a write that nobody waits for any more has ended."""
        with self.lock:
            self.conn.close()


def _news(old: Records, new: Records) -> list[tuple[str, str, str]]:
    """The records that are new or another object than before, as rows."""
    return [
        (kind, key, json.dumps(record))
        for kind, records in new.items()
        if records is not old.get(kind)
        for known in [old.get(kind, {})]
        for key, record in records.items()
        if known.get(key) is not record
    ]
