"""Where LangGraph writes a conversation: one small transaction for each step.

LangGraph would write a checkpoint with all that is known after every node. Here the results of a
plan's calls are written as they end, one checkpoint follows when the planner has seen them, only
the last checkpoint is kept, and the records of the conversation lie in rows of their own of which
only new ones are written. Knows nothing of what the records mean or of databases.
"""

# ruff: noqa: TID253 - beside agent/loop.py the one module of LangGraph, imported by that
from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agent.rows import Row, Rows, Stored
from agent.threads import in_thread

TASKS = "__pregel_tasks"
"""LangGraph's own word for what is to run next: nothing runs on by itself after a crash."""
DONE = "done"
"""Under which the results of calls are written."""
Records = Mapping[str, Mapping[str, Any]]
"""By kind, then by key."""


class Saver(BaseCheckpointSaver[str]):
    """Checkpoints of one conversation at a time, for the asynchronous graph."""

    def __init__(self, rows: Rows) -> None:
        """Write into an open database."""
        super().__init__(serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.rows = rows
        self._writing = asyncio.Lock()
        self._latest: str | None = None
        """The checkpoint that the next one follows."""
        self._stored: Records = {}
        self._noted = 0
        self._failed: Exception | None = None
        """Why nothing more can be written: nothing may be built on what is not on disk."""

    def get_next_version(self, current: str | None, channel: None) -> str:
        """A word that sorts after `current`."""
        return f"{int((current or '0').split('.')[0]) + 1:032}"

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        name = config["configurable"]["thread_id"]
        found = await self._read(name)
        records: dict[str, dict[str, Any]] = {}
        for kind, key, value in found.records:
            records.setdefault(kind, {})[key] = json.loads(value)
        self._stored, self._latest, self._noted = records, None, len(found.noted)
        if found.last is None:
            return None
        row = found.last
        self._latest = row.id
        checkpoint: Checkpoint = self.serde.loads_typed((row.type, row.checkpoint))
        checkpoint["channel_values"]["session"] = records
        at: Any = {
            "configurable": {"thread_id": name, "checkpoint_ns": "", "checkpoint_id": row.id}
        }
        return CheckpointTuple(at, checkpoint, json.loads(row.metadata), None, [])

    async def results(self, name: str) -> list[Any]:
        """What calls had made since the last checkpoint, in the order in which they ended."""
        found = await self._read(name)
        noted = [self.serde.loads_typed((t, v)) for c, t, v in found.noted if c == DONE]
        return [record for value in noted for record in value]

    async def _read(self, name: str) -> Stored:
        rows = self.rows
        return await in_thread(lambda: rows.patiently(lambda: rows.read(name)))

    async def note(self, name: str, call: str, record: Mapping[str, Any]) -> None:
        """Write how a call came out."""
        noted = (DONE, *self.serde.dumps_typed([dict(record)]))
        self._noted += 1
        place, after = self._noted, self._latest or ""
        await self._write(lambda: self.rows.note(name, after, call, place, noted))

    async def aput_writes(
        self, config: Any, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """All that matters is noted as it happens, or in the next checkpoint."""

    async def aput(
        self,
        config: Any,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Any:
        """Write a checkpoint, unless it says nothing of how far the turn has come."""
        name = config["configurable"]["thread_id"]
        if "turn" in new_versions:
            await self._put(name, checkpoint, metadata)
        else:
            self._sound()
        return {"configurable": {**config["configurable"], "checkpoint_id": checkpoint["id"]}}

    async def _put(self, name: str, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> None:
        values = {k: v for k, v in checkpoint["channel_values"].items() if k != TASKS}
        session: Records = values.pop("session", {})
        kind, blob = self.serde.dumps_typed({**checkpoint, "channel_values": values})
        row = Row(checkpoint["id"], kind, blob, json.dumps(metadata).encode())
        news, before = _news(self._stored, session), self._latest
        over = not values.get("turn")
        await self._write(lambda: self.rows.put(name, before, row, news, clear=over))
        self._latest, self._stored, self._noted = row.id, session, 0

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete a conversation."""
        await self._write(lambda: self.rows.delete(thread_id))

    def _sound(self) -> None:
        if self._failed is not None:
            raise self._failed

    async def _write(self, work: Callable[[], object]) -> None:
        """Write in turn; after a failure nothing more."""
        async with self._writing:
            self._sound()
            try:
                await self.rows.when_free(work)
            except Exception as error:
                self._failed = error
                raise


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
