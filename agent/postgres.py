"""Conversations in a PostgreSQL database, for several machines or many people.

The tables lie in a schema of their own, which is marked as ours and looked at before it is used.
The password of the address is never told. Knows nothing of what is stored.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from agent.rows import APPLICATION, BUSY_SECONDS, SCHEMA, Cursor, Rows
from agent.threads import in_thread
from tools.errors import ConfigError, SetupError

T = TypeVar("T")
PLACE = "ocelli"
"""The schema of our tables."""
MARK = f"""
CREATE SCHEMA {PLACE};
CREATE TABLE {PLACE}.made_by (application integer NOT NULL, version integer NOT NULL);
INSERT INTO {PLACE}.made_by VALUES ({APPLICATION}, {SCHEMA});
"""
TABLES = """
CREATE TABLE IF NOT EXISTS checkpoints (
    thread_id text COLLATE "C" PRIMARY KEY, checkpoint_ns text NOT NULL DEFAULT '',
    checkpoint_id text COLLATE "C" NOT NULL, parent_checkpoint_id text, type text,
    checkpoint bytea, metadata bytea
);
CREATE TABLE IF NOT EXISTS writes (
    thread_id text COLLATE "C" NOT NULL, checkpoint_ns text NOT NULL DEFAULT '',
    checkpoint_id text COLLATE "C" NOT NULL, task_id text COLLATE "C" NOT NULL,
    idx integer NOT NULL, channel text NOT NULL, type text, value bytea,
    PRIMARY KEY (thread_id, checkpoint_id, task_id, idx)
);
CREATE TABLE IF NOT EXISTS records (
    thread_id text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL, value text NOT NULL, PRIMARY KEY (thread_id, kind, key)
);
"""
THEIRS = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
MARKED = "SELECT to_regclass(%s) IS NOT NULL"
WAITS = {
    "connect_timeout": str(BUSY_SECONDS), "application_name": "ocelli",
    "keepalives_idle": "30",
}  # fmt: skip
HINT = "Check OCELLI_DATABASE and the server, or leave it empty for a file of this machine"


def _driver() -> Any:
    try:
        return importlib.import_module("psycopg")
    except ImportError:
        raise SetupError(
            "conversations in PostgreSQL need psycopg, which is not installed",
            hint="Install it: pip install 'ocelli[postgres]'",
        ) from None


class _Cursor:
    """Statements with ``?`` for values, as this driver wants them."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)

    def execute(self, words: str, values: Sequence[Any] = (), /) -> Any:
        return self._cursor.execute(words.replace("?", "%s"), values)

    def executemany(self, words: str, values: Iterable[Sequence[Any]], /) -> Any:
        return self._cursor.executemany(words.replace("?", "%s"), list(values))

    def fetchall(self) -> list[Any]:
        return list(self._cursor.fetchall())


class PostgresRows(Rows):
    """One connection to a server, for one turn."""

    def __init__(self, address: str) -> None:
        """Connect; make our tables where there are none.

        Raises:
            ConfigError: the address is none, the server refuses or cannot be reached, or what
                lies there is of another program or newer; it is left as it is.
            SetupError: psycopg is not installed.
        """
        self._psycopg = _driver()
        self.faults = (self._psycopg.Error,)
        self._lock = threading.RLock()
        self._secrets: list[str] = []
        self.place = "PostgreSQL"
        known = self._read_address(address)
        try:
            self._base = self._psycopg.connect(**{**WAITS, **known})
        except self._psycopg.Error as error:
            raise self.refusal(error) from None
        try:
            self._prepare()
        except self._psycopg.Error as error:
            self._base.close()
            raise self.refusal(error) from None
        except ConfigError:
            self._base.close()
            raise

    def _read_address(self, address: str) -> dict[str, Any]:
        if not address.startswith(("postgresql://", "postgres://")):
            raise ConfigError(
                "the address of the database is not one of PostgreSQL",
                hint="Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            )
        try:
            known = dict(self._psycopg.conninfo.conninfo_to_dict(address))
        except self._psycopg.Error:  # what it says may hold the password
            raise ConfigError(
                "the address of the database cannot be read",
                hint="Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special "
                "characters of the password as %XX",
            ) from None
        self._secrets = [str(known[k]) for k in ("password", "sslpassword") if known.get(k)]
        host, base = known.get("host", "this machine"), known.get("dbname", "")
        self.place = f"PostgreSQL database {base!r} on {host}"
        return known

    def _prepare(self) -> None:
        base = self._base
        with base.transaction():
            base.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
            if not self._look():
                base.execute("SELECT pg_advisory_xact_lock(%s)", (APPLICATION,))
                if not self._look():  # nobody has been faster
                    base.execute(MARK)
            base.execute(f"SET search_path = {PLACE}")
            if not self._has("records"):
                base.execute("SELECT pg_advisory_xact_lock(%s)", (APPLICATION,))
                base.execute(TABLES)

    def _look(self) -> bool:
        """Whether the schema is there and ours."""
        if not self._base.execute(THEIRS, (PLACE,)).fetchone():
            return False
        rows: list[Any] = []
        if self._has("made_by"):
            rows = self._base.execute(
                f"SELECT application, version FROM {PLACE}.made_by"
            ).fetchall()
        if [owner for owner, _ in rows] != [APPLICATION]:
            raise self._unusable(f"its schema {PLACE!r} is of another program")
        if rows[0][1] > SCHEMA:
            raise self._unusable(f"it has version {rows[0][1]}, this program knows {SCHEMA}")
        return True

    def _has(self, table: str) -> bool:
        return bool(self._base.execute(MARKED, (f"{PLACE}.{table}",)).fetchone()[0])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Cursor]:
        with self._lock, self._base.transaction(), self._base.cursor() as cursor:
            yield _Cursor(cursor)

    async def when_free(self, work: Callable[[], T]) -> T:
        """In a thread: a server may take its time."""
        return await in_thread(work, "ocelli-postgres")

    def refusal(self, error: Exception) -> ConfigError:
        said = " ".join(str(error).split()) or type(error).__name__
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return self._unusable(said)

    def _unusable(self, why: str) -> ConfigError:
        return ConfigError(
            f"the conversations in the {self.place} cannot be used: {why}", hint=HINT
        )

    def close(self) -> None:
        with self._lock, contextlib.suppress(self._psycopg.Error):
            self._base.close()
