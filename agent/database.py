"""The file of conversations: made, marked as ours, and looked at before it is used.

Knows nothing of what is stored in it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from tools.errors import ConfigError

SCHEMA = 1
"""Version of what is stored; newer ones are refused."""
APPLICATION = 0x4F434C49
"""Marks a database as ours."""


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
