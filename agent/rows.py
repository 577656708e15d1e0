"""The rows that conversations are made of, in whichever database they lie.

A conversation has one checkpoint, in whose place the next one comes, records of which only new
ones are written, and the results of calls that ended since. The statements are the same for every
database; a database says how to open, run and refuse. Knows nothing of what the rows mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from tools.errors import ConfigError

T = TypeVar("T")
SCHEMA = 1
"""Version of the tables; newer ones are refused."""
APPLICATION = 0x4F434C49
"""Marks a database as ours."""
BUSY_SECONDS = 10
"""How long a write waits for those of other processes."""
TABLES = ("checkpoints", "writes", "records")
LAST = """SELECT checkpoint_id, type, checkpoint, metadata FROM checkpoints
WHERE thread_id = ? ORDER BY checkpoint_id DESC LIMIT 1"""
BEGIN = """INSERT INTO checkpoints
(thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
SELECT ?, '', ?, NULL, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE thread_id = ?)
ON CONFLICT DO NOTHING"""
FOLLOW = """UPDATE checkpoints SET
checkpoint_id = ?, parent_checkpoint_id = ?, type = ?, checkpoint = ?, metadata = ?
WHERE thread_id = ? AND checkpoint_id = ?"""
"""Neither changes a row where another process has been faster."""
NOTE = """INSERT INTO writes
(thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, value)
VALUES (?, '', ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
NOTED = """SELECT channel, type, value FROM writes WHERE thread_id = ? AND checkpoint_id = ?
ORDER BY idx, task_id"""
KEEP = """INSERT INTO records (thread_id, kind, key, value) VALUES (?, ?, ?, ?)
ON CONFLICT (thread_id, kind, key) DO UPDATE SET value = excluded.value"""


@dataclass(frozen=True)
class Row:
    """A checkpoint as it is stored."""

    id: str
    type: str
    checkpoint: bytes
    metadata: bytes


@dataclass(frozen=True)
class Stored:
    """All rows of a conversation."""

    last: Row | None = None
    noted: list[tuple[str, str, bytes]] = field(default_factory=list)
    """(channel, type, value) of what was written since the checkpoint."""
    records: list[tuple[str, str, str]] = field(default_factory=list)
    """(kind, key, JSON)."""


class Cursor(Protocol):
    """What runs statements within a transaction."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, words: str, values: Sequence[Any] = (), /) -> Any:
        """Run a statement with ``?`` for values."""

    def executemany(self, words: str, values: Iterable[Sequence[Any]], /) -> Any:
        """Run a statement once for each row of values."""

    def fetchall(self) -> list[Any]:
        """What a statement found."""


class Rows(ABC):
    """An open database of conversations. Used by one turn at a time, from any thread."""

    faults: tuple[type[Exception], ...]
    """What its driver raises."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Cursor]:
        """All of it is written at its end, or nothing."""

    @abstractmethod
    async def when_free(self, work: Callable[[], T]) -> T:
        """Do something with the database without holding the event loop up."""

    def patiently(self, work: Callable[[], T]) -> T:
        """Do something however long other processes keep the database busy."""
        return work()

    @abstractmethod
    def refusal(self, error: Exception) -> ConfigError:
        """Why the database cannot be used, in words without secrets."""

    @abstractmethod
    def close(self) -> None:
        """Let go once a statement that nobody waits for any more has ended."""

    def knows(self, name: str) -> bool:
        """Whether anything is kept of a conversation."""
        with self.transaction() as cursor:
            cursor.execute("SELECT 1 FROM checkpoints WHERE thread_id = ? LIMIT 1", (name,))
            return bool(cursor.fetchall())

    def read(self, name: str) -> Stored:
        """All of a conversation."""
        with self.transaction() as cursor:
            cursor.execute(LAST, (name,))
            found = [Row(*row) for row in cursor.fetchall()]
            noted: list[Any] = []
            if found:
                cursor.execute(NOTED, (name, found[0].id))
                noted = cursor.fetchall()
            cursor.execute("SELECT kind, key, value FROM records WHERE thread_id = ?", (name,))
            return Stored(found[0] if found else None, noted, cursor.fetchall())

    def put(
        self,
        name: str,
        before: str | None,
        row: Row,
        records: Iterable[Sequence[str]],
        *,
        clear: bool = True,
    ) -> None:
        """Put a checkpoint in the place of the one before, with new records.

        Args:
            name: of the conversation.
            before: the checkpoint that it follows.
            row: the checkpoint.
            records: (kind, key, JSON) of what is new.
            clear: whether what was noted after earlier checkpoints goes; nobody reads it.

        Raises:
            ConfigError: another process was faster.
        """
        body = (row.type, row.checkpoint, row.metadata)
        with self.transaction() as cursor:
            if before is None:
                cursor.execute(BEGIN, (name, row.id, *body, name))
            else:
                cursor.execute(FOLLOW, (row.id, before, *body, name, before))
            if not cursor.rowcount:
                raise ConfigError(
                    f"another process went on with the conversation {name!r} at the same time",
                    hint="Ask again, one question after the other",
                )
            if clear:
                cursor.execute("DELETE FROM writes WHERE thread_id = ?", (name,))
            rows = [(name, *record) for record in records]
            if rows:
                cursor.executemany(KEEP, rows)

    def note(self, name: str, after: str, task: str, place: int, noted: tuple[str, str, bytes]) -> None:  # fmt: skip
        """Write what ended since a checkpoint."""
        with self.transaction() as cursor:
            cursor.execute(NOTE, (name, after, task, place, *noted))

    def delete(self, name: str) -> None:
        """Delete a conversation."""
        with self.transaction() as cursor:
            for table in TABLES:
                cursor.execute(f"DELETE FROM {table} WHERE thread_id = ?", (name,))

    def others(self, name: str, kind: str) -> list[str]:
        """The records of a kind of all other conversations."""
        with self.transaction() as cursor:
            cursor.execute(
                "SELECT value FROM records WHERE kind = ? AND thread_id <> ?", (kind, name)
            )
            return [value for (value,) in cursor.fetchall()]
