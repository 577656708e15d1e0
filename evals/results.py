"""What one evaluation leaves on disk, kept whole through crashes.

``results.jsonl`` takes one line a task, written whole and forced to disk before it counts; a tail
torn by a crash is cut when the run goes on; a lock keeps a second run out; ``manifest.json``
carries a fingerprint, so that two experiments never share a folder. Knows nothing of agents.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.errors import ConfigError, SetupError

MANIFEST, RESULTS, LOCK = "manifest.json", "results.jsonl", ".lock"


class Record(BaseModel):
    """One task, asked and judged."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    score: float = Field(ge=0, le=1)
    answer: str
    images: tuple[str, ...] = ()
    """Paths of the pictures that were written."""
    reason: str
    """Why this score, or why the task failed."""
    status: Literal["answered", "cannot", "failed"]
    seconds: float = 0.0
    llm_calls: int = 0
    steps: int = 0
    tools: tuple[str, ...] = ()
    """Tools that were called, in order."""
    question: str = ""
    expected: str = ""
    pictures: tuple[str, ...] = ()
    """Paths of the pictures it was asked about."""
    answer_type: str = ""
    needs: tuple[str, ...] = ()
    tier: str = ""
    trace: str = ""
    report: str = ""
    """Path of the task's own report."""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Results:
    """The open folder of one evaluation. Use as a context manager: it holds the lock."""

    def __init__(self, folder: Path, manifest: dict[str, Any], *, resume: bool) -> None:
        self.folder = folder
        self.manifest = manifest
        self.resume = resume
        self.records: list[Record] = []
        self._file = -1
        self._size = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Results:
        with _named("make", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_locked(self.folder))
            self._check_manifest()
            path = self.folder / RESULTS
            with _named("read", path):
                data = path.read_bytes() if path.exists() else b""
            self.records, self._size = read_whole(data, str(path))
            with _named("write", path):
                self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
                stack.callback(os.close, self._file)
                os.truncate(self._file, self._size)
                os.fsync(self._file)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, record: Record) -> None:
        """Write one line, whole and on the disk, or leave the file as it was.

        Raises:
            SetupError: the disk refuses.
        """
        text = json.dumps(record.model_dump(mode="json"), ensure_ascii=False)
        line = text.encode("utf-8", "replace") + b"\n"  # a lone surrogate could not be read back
        path = self.folder / RESULTS
        try:
            with _named("write", path):
                _write_all(self._file, line, self._size)
                os.fsync(self._file)
        except SetupError:
            with contextlib.suppress(OSError):
                os.truncate(self._file, self._size)
            raise
        self._size += len(line)
        self.records.append(record)

    def _check_manifest(self) -> None:
        path = self.folder / MANIFEST
        kept = _read_manifest(path)
        used = kept is not None or (self.folder / RESULTS).exists()
        if used and not self.resume:
            raise ConfigError(
                f"{str(self.folder)!r} already holds an evaluation",
                hint="Go on with it by --resume, or choose another folder with --out",
            )
        if used and (kept is None or kept.get("fingerprint") != self.manifest["fingerprint"]):
            raise ConfigError(
                f"{str(self.folder)!r} holds another experiment: its questions, pictures or "
                "settings differ from these",
                hint="Choose another folder with --out",
            )
        starts = [*(kept or {}).get("starts", []), *self.manifest["starts"]]
        self.manifest = {**(kept or self.manifest), "starts": starts}
        write_atomically(path, json.dumps(self.manifest, indent=2) + "\n")


def read_whole(data: bytes, where: str) -> tuple[list[Record], int]:
    """The records of the longest undamaged beginning, and its length in bytes.

    Raises:
        ConfigError: good lines follow a damaged one, or an id comes twice.
    """
    records: list[Record] = []
    end = 0
    for line in data.splitlines(keepends=True):
        record = _record(line)
        if record is None:
            break
        records.append(record)
        end += len(line)
    if any(_record(line) for line in data[end:].splitlines(keepends=True)):
        raise ConfigError(
            f"{where!r} is damaged in the middle, at line {len(records) + 1}",
            hint="Move it away and start anew",
        )
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise ConfigError(f"{where!r} holds the id {record.id!r} twice", hint="Start anew")
        seen.add(record.id)
    return records, end


def _record(line: bytes) -> Record | None:
    if not line.endswith(b"\n"):
        return None
    with contextlib.suppress(ValidationError):
        return Record.model_validate_json(line)
    return None


def write_atomically(path: Path, text: str) -> None:
    """Put `text` at `path` so that a reader sees the old file or the new one, never half.

    Raises:
        SetupError: the disk refuses.
    """
    with _named("write", path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _write_all(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written


def _read_manifest(path: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        kept = None
    if not isinstance(kept, dict):
        raise ConfigError(f"{str(path)!r} cannot be read", hint="Choose another --out")
    return kept


@contextlib.contextmanager
def _named(verb: str, path: Path) -> Iterator[None]:
    """Say what the disk refused."""
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"cannot {verb} {str(path)!r}: {error.strerror or error}",
            hint="Make room or choose another --out; --resume goes on with what is done",
        ) from None


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder against a second run; the system lets go of it when a process dies."""
    lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise SetupError(f"cannot lock {str(folder)!r}: {error}") from None
        raise ConfigError(
            f"another evaluation is writing to {str(folder)!r}",
            hint="Wait for it or choose another --out",
        ) from None
    with contextlib.closing(lock):
        yield
