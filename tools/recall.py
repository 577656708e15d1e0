"""Answers of models, remembered on disk: what the same weights said of the same pixels.

The key of an answer is the content of the inputs, the arguments, the model, the commit of its
weights and the kind of device. Shared by steps, conversations and runs; two processes may use one
folder. An answer that was stored and evicted since is worked out again. Knows nothing of tools or
of how models are hosted: it stands before whoever calls them and is used in the same way.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tools.catalog import ModelSpec
from tools.codec import freeze
from tools.context import CancelToken, Models
from tools.errors import ToolError
from tools.host_events import Called, HostEvent
from tools.types import Artefact, Clip, Image, pixels_sha256
from tools.weights import commit

MAX_ANSWERS = 100_000
"""Keys that are kept; the answers themselves lie in the store, under its own cap."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, used REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (
    sha256 TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (sha256, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS about_key ON about (key);
"""
_shas: weakref.WeakKeyDictionary[Artefact, str] = weakref.WeakKeyDictionary()


class Keeper(Protocol):
    """Where artefacts are kept; ``tools/store.py`` is the real one."""

    def put(self, artefact: Artefact) -> str:
        """Store it; its SHA-256."""

    def get(self, sha: str) -> Artefact:
        """The artefact of a SHA-256; `ToolFailed` when it is lost."""


class Hosting(Models, Protocol):
    """Models that tell who would answer; ``tools/host.py`` is the real one."""

    def first(
        self, ability: str, labels: tuple[str, ...], skip: tuple[str, ...] = ()
    ) -> ModelSpec | None:
        """The model that is tried first, of those not to skip; None when none is ready."""

    def heard_by(self, told: Callable[[HostEvent], None]) -> Models:
        """The same, telling `told` of the calls made through it."""


class Answers:
    """Key of a question to SHA-256 of its answer, in one SQLite file. Thread-safe.

    A file that is damaged, foreign or cannot be written is no loss: nothing is remembered then.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.executescript(SCHEMA)
            self._prune()
        except (OSError, sqlite3.Error):
            self._file = None

    def find(self, key: str) -> str:
        """The SHA-256 of the answer, '' when none is known."""
        rows = self._run("UPDATE answers SET used=? WHERE key=? RETURNING sha256", time.time(), key)
        return str(rows[0][0]) if rows else ""

    def add(self, key: str, sha256: str) -> None:
        """Remember an answer."""
        self._run("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", key, sha256, time.time())

    def note(self, key: str, about: Iterable[str]) -> None:
        """Remember what an answer is about, by SHA-256, so that it can be forgotten with it."""
        for sha256 in about:
            self._run("INSERT OR IGNORE INTO about VALUES (?, ?)", sha256, key)

    def forget(self, about: Iterable[str]) -> set[str]:
        """Forget all answers about these; the SHA-256 of answers that no other question has."""
        gone: set[str] = set()
        for sha256 in about:
            for (key,) in self._run("SELECT key FROM about WHERE sha256=?", sha256):
                rows = self._run("DELETE FROM answers WHERE key=? RETURNING sha256", key)
                gone.update(str(row[0]) for row in rows)
                self._run("DELETE FROM about WHERE key=?", key)
        left = {s for s in gone if self._run("SELECT 1 FROM answers WHERE sha256=? LIMIT 1", s)}
        return gone - left

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _run(self, words: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._file is None:
                return []
            try:
                with closing(self._file.execute(words, values)) as cursor:
                    return cursor.fetchall()
            except sqlite3.Error:
                return []

    def _prune(self) -> None:
        self._run(
            "DELETE FROM answers WHERE key IN "
            "(SELECT key FROM answers ORDER BY used DESC LIMIT -1 OFFSET ?)",
            MAX_ANSWERS,
        )
        self._run("DELETE FROM about WHERE key NOT IN (SELECT key FROM answers)")


@dataclass(frozen=True)
class Recalling:
    """Models whose answers are remembered; used like a host."""

    host: Hosting
    answers: Answers
    store: Keeper
    told: Callable[[HostEvent], None] | None = None

    def heard_by(self, told: Callable[[HostEvent], None]) -> Models:
        """The same for one run: `told` hears the events of the calls made through it."""
        return Recalling(self.host, self.answers, self.store, told)

    def first(
        self, ability: str, labels: tuple[str, ...] = (), skip: tuple[str, ...] = ()
    ) -> ModelSpec | None:
        """The model that is tried first, of those not to skip; None when none is ready."""
        return self.host.first(ability, labels, skip) if skip else self.host.first(ability, labels)

    def use(
        self, ability: str, *args: Any, labels: tuple[str, ...], cancel: CancelToken, **kwargs: Any
    ) -> Any:
        """The remembered answer, or that of the first ready model, which is then remembered.

        Raises:
            MissingModel: as the host says.
            ToolError: likewise; a failure is never remembered.
        """
        spec = self.first(ability, labels, kwargs.get("skip", ()))
        key = None if spec is None else key_of(spec, ability, args, labels, kwargs)
        if key is not None and spec is not None:
            known = self._known(key)
            if known is not None:
                if self.told is not None:
                    self.told(Called(spec.name, spec.version, 0.0, remembered=True))
                return known
        answered: list[str] = []

        def hear(event: HostEvent) -> None:
            if isinstance(event, Called):
                answered.append(event.name)
            if self.told is not None:
                self.told(event)

        models = self.host.heard_by(hear)
        answer = models.use(ability, *args, labels=labels, cancel=cancel, **kwargs)
        right = spec is not None and answered[-1:] == [spec.name]
        if key is not None and right and isinstance(answer, Artefact):
            self._keep(key, answer, about([*args, *kwargs.values()]))
        return answer

    def close(self) -> None:
        """Let go of the file of answers."""
        self.answers.close()

    def _known(self, key: str) -> Artefact | None:
        sha256 = self.answers.find(key)
        if not sha256:
            return None
        try:
            return self.store.get(sha256)
        except ToolError:
            return None

    def _keep(self, key: str, answer: Artefact, about: set[str]) -> None:
        try:
            self.answers.note(key, about)
            self.answers.add(key, self.store.put(answer))
        except ToolError:
            return  # a full disk or an answer that cannot be stored: it is right all the same


def key_of(
    spec: ModelSpec,
    ability: str,
    args: Iterable[Any],
    labels: tuple[str, ...],
    kwargs: dict[str, Any],
) -> str | None:
    """What an answer is remembered by; None when the inputs have no content to tell it by."""
    try:
        asked = [_plain(arg) for arg in args]
        # What is called only hears how the work goes: it does not change the answer.
        heard = {name for name, value in kwargs.items() if callable(value)}
        named = {n: _plain(v) for n, v in sorted(kwargs.items()) if n not in heard}
    except (TypeError, ToolError):
        return None
    weights = [commit(repo) for repo in spec.repos]
    whole = [spec.name, spec.version, weights, ability, list(labels), asked, named]
    return hashlib.sha256(json.dumps(whole, separators=(",", ":")).encode()).hexdigest()


def about(values: Iterable[Any]) -> set[str]:
    """SHA-256 of what a question is about: the root pictures, and what has none by itself."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, list | tuple):
            found |= about(value)
        elif isinstance(value, Clip) and len(value.frames):
            found |= {pixels_sha256(value.frames[0]), sha256_of(value)}
        elif isinstance(value, Artefact):
            frame = getattr(value, "frame", None)
            found.add(sha256_of(value) if frame is None else frame.root)
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Artefact):
        return {"sha256": sha256_of(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} has no content to tell an answer by")


def sha256_of(artefact: Artefact) -> str:
    """Identity of an artefact by its content, worked out once an object.

    Of a picture its pixels and where they lie count; its name and its metadata do not.
    """
    known = _shas.get(artefact)
    if known is None:
        known = _shas[artefact] = (
            _of_view(artefact) if isinstance(artefact, Image) else freeze(artefact).sha256
        )
    return known


def _of_view(image: Image) -> str:
    whole = image.pixels.shape[:2] == (image.frame.height, image.frame.width)
    if whole and np.array_equal(image.to_root, np.eye(*image.to_root.shape)):
        return image.frame.root
    view = f"{image.frame.root} {image.to_root.tolist()} {pixels_sha256(image.pixels)}"
    return hashlib.sha256(view.encode()).hexdigest()
