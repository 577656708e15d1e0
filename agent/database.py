"""Conversations in a SQLite file: made, marked as ours, and looked at before it is used.

Knows nothing of what is stored in it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from agent.rows import APPLICATION, BUSY_SECONDS, SCHEMA, Cursor, Rows
from agent.threads import in_thread
from tools.errors import ConfigError

T = TypeVar("T")
TABLES = """
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS checkpoints (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT, type TEXT, checkpoint BLOB, metadata BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
);
CREATE TABLE IF NOT EXISTS writes (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL, task_path TEXT NOT NULL DEFAULT '', idx INTEGER NOT NULL,
    channel TEXT NOT NULL, type TEXT, value BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
CREATE TABLE IF NOT EXISTS records (
    thread_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (thread_id, kind, key)
) WITHOUT ROWID;
"""
"""What is committed is in the journal, which a killed process leaves whole; it is not forced to the
disk each time, so a power cut may take the last steps, but never the soundness of the file."""


def unusable(path: Path, why: str) -> ConfigError:
    """The refusal of a file that stays as it is."""
    return ConfigError(
        f"the conversations in {path} cannot be used: {why}",
        hint="Move the file away, or choose another home, or turn remember off",
    )


def examine(path: Path) -> None:
    """Look at a database without changing it; make and mark a new one.

    Raises:
        ConfigError: it is damaged, of another program or newer.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            return _make(path)
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as base:
            owner = base.execute("PRAGMA application_id").fetchone()[0]
            version = base.execute("PRAGMA user_version").fetchone()[0]
            base.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except (sqlite3.Error, OSError) as error:
        raise unusable(path, str(error)) from None
    if owner != APPLICATION:
        raise unusable(path, "it is a database of another program")
    if version > SCHEMA:
        raise unusable(path, f"it has version {version}, this program knows {SCHEMA}")


def _make(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute(f"PRAGMA application_id = {APPLICATION}")
        base.execute(f"PRAGMA user_version = {SCHEMA}")
        base.commit()


class SqliteRows(Rows):
    """A file that several processes may use."""

    faults = (sqlite3.DatabaseError,)

    def __init__(self, path: Path) -> None:
        """Open it, made where there is none.

        Raises:
            ConfigError: the file is damaged, of another program or newer; it is left as it is.
        """
        examine(path)
        self.path = path
        self._lock = threading.RLock()
        try:
            self._base = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        except (sqlite3.Error, OSError) as error:
            raise unusable(path, str(error)) from None
        try:
            self._base.executescript(TABLES)
            self._base.execute("PRAGMA busy_timeout = 0")
        except sqlite3.DatabaseError as error:
            self._base.close()
            raise unusable(path, str(error)) from None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Cursor]:
        with self._lock, self._base as base:
            yield base.cursor()

    async def when_free(self, work: Callable[[], T]) -> T:
        """At once where the file is free, which takes no time, else by waiting in a thread."""
        try:
            return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        return await in_thread(lambda: self.patiently(work))

    def patiently(self, work: Callable[[], T]) -> T:
        with self._lock:
            self._base.execute(f"PRAGMA busy_timeout = {1000 * BUSY_SECONDS}")
            try:
                return work()
            finally:
                self._base.execute("PRAGMA busy_timeout = 0")

    def refusal(self, error: Exception) -> ConfigError:
        return unusable(self.path, str(error))

    def close(self) -> None:
        with self._lock:
            self._base.close()
