"""Databases for the tests of conversations: a file, and a PostgreSQL server of the test's own."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.settings import Settings

USER, PASSWORD = "ocelli", "hunter2-canary"


def binaries() -> Path | None:
    """The folder with ``initdb``, in the path or where Debian puts it."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


def _as_user(words: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "nobody", "--", *words] if os.geteuid() == 0 else list(words)


@contextmanager
def server() -> Iterator[str]:
    """Address of a running server on a socket of its own; nothing listens on the network."""
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL here: initdb is not found (Debian: apt-get install postgresql)")
    pytest.importorskip(
        "psycopg", reason="psycopg is not installed: pip install 'ocelli[postgres]'"
    )
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    with tempfile.TemporaryDirectory(prefix="pg-") as temporary:
        home = Path(temporary)
        home.chmod(0o777)
        secret = home / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        run(folder / "initdb", "-D", home / "data", "-U", USER, "-A", "scram-sha-256",
            "--pwfile", secret, "-E", "UTF8", "--no-sync")  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        ctl = (folder / "pg_ctl", "-D", home / "data")
        run(*ctl, "-o", options, "-l", home / "data" / "log", "-w", "start")
        try:
            yield f"postgresql://{USER}:{PASSWORD}@/postgres?host={home}"
        finally:
            run(*ctl, "-m", "immediate", "-w", "stop")


def run(*words: object) -> None:
    """Run a program of the server."""
    line = _as_user([str(word) for word in words])
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=120, check=False, cwd="/",
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Base:
    """A database that conversations are kept in during a test."""

    home: Path
    address: str = ""
    """Of a PostgreSQL server; a file of `home` where it is empty."""

    def settings(self, **chosen: Any) -> Settings:
        """Settings that keep conversations here."""
        places = {"home": self.home, "out": self.home / "runs", "database": self.address}
        return Settings(**{**places, **chosen})

    def run(self, words: str) -> list[Any]:
        """Run a statement from outside."""
        if not self.address:
            with closing(sqlite3.connect(self.home / "conversations.sqlite")) as base, base:
                return base.execute(words).fetchall()
        import psycopg

        with psycopg.connect(self.address, options="-c search_path=ocelli") as server:
            found = server.execute(words)
            return found.fetchall() if found.description else []

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.run(f"SELECT count(*) FROM {table}")[0][0])


def fresh(address: str) -> str:
    """A new database of the server; its address."""
    import psycopg

    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(address, autocommit=True) as base:
        base.execute(f"CREATE DATABASE {name}")
    return address.replace("/postgres?", f"/{name}?")
