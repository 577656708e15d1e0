"""A folder of files named by the SHA-256 of their content, with a cap on their size.

A process that is killed leaves a file whole or not at all. After a power cut one may be torn, for
none is forced to the disk; what is read is checked against its name, and a damaged file is removed,
never served. The least recently used files leave when the cap is reached, except those
that a living process holds. Several threads and processes may share a folder: writers hold its
lock together, whoever removes holds it alone. The time of access is set by hand, so it works on
disks that do not keep it. Knows nothing of what the files mean.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.errors import ConfigError, ToolFailed
from tools.locks import TEMPORARY, is_abandoned, is_stale, locked, owned_file, write_whole

Data = bytes | NDArray[np.uint8]
FILLED_TO = 0.9
"""Share of the cap that an eviction leaves filled."""
RECOUNT_SHARE = 8
"""Files of other processes are counted whenever this part of the cap was written here."""


class Shelf:
    """Files named ``….<SHA-256 of the content>.<ending>``; the first two letters choose a folder."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        """Open or make the folder and remove what dead processes left behind.

        Raises:
            ConfigError: the folder cannot be made or written.
        """
        self.root = root
        self.max_bytes = max_bytes
        self._lock = root / "lock"
        self._guard = threading.Lock()
        self._held: Counter[str] = Counter()
        self._holds = -1
        self._holds_path = root / "holds" / secrets.token_hex(8)
        self._let_go: Callable[[], object] = lambda: None
        self._unseen = 0
        try:
            for folder in (root / "objects", root / "holds"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with locked(self._lock, exclusive=True, wait=False) as alone:
                if alone:
                    self._sweep()
            self._bytes = sum(size for _, size, _ in self._files())
        except OSError as error:
            raise ConfigError(
                f"the store {str(root)!r} cannot be used: {error.strerror}",
                hint="Choose a folder that can be written",
            ) from None

    def add(self, files: Mapping[str, Data], *, hold: bool = False) -> None:
        """Write the files that are not there yet; with `hold` they stay until released.

        Raises:
            ToolFailed: they are larger than the cap, or the disk cannot take them.
        """
        size = sum(len(data) for data in files.values())
        if size > self.max_bytes:
            raise ToolFailed(
                f"the artefact has {size / 2**20:.1f} MiB, the store takes "
                f"{self.max_bytes / 2**20:.1f} MiB",
                hint="Raise the cap of the store",
            )
        try:
            with locked(self._lock, exclusive=False):
                grown = sum(self._ensure(name, data) for name, data in files.items())
                if hold:
                    self._count(files, 1)
            self._grow(grown, set(files))
        except OSError as error:
            raise ToolFailed(
                f"the store {str(self.root)!r} cannot be written: {error.strerror}",
                hint="Free some space on the disk",
            ) from None

    def read(self, name: str) -> NDArray[np.uint8] | None:
        """The content of a file, None where it is absent or was damaged (and is removed now)."""
        path = self.path_of(name)
        try:
            data = np.fromfile(path, np.uint8)
        except OSError:
            return None
        if not _is_content(name, data):
            self._remove_damaged(name)
            return None
        _touch(path)
        return data

    def find(self, prefix: str, ending: str) -> Path | None:
        """An undamaged file whose name begins and ends so, None where there is none."""
        for path in self.path_of(prefix).parent.glob(f"{prefix}.*{ending}"):
            if self.read(path.name) is not None:
                return path
        return None

    def touch(self, names: Iterable[str]) -> None:
        """Mark files as used now."""
        for name in names:
            _touch(self.path_of(name))

    def release(self, names: Iterable[str]) -> None:
        """Let files go."""
        with contextlib.suppress(OSError), locked(self._lock, exclusive=False):
            self._count(names, -1)

    def remove(self, names: set[str], parts: Callable[[str, bytes], list[str]]) -> int:
        """Remove files, what only they refer to and what was made of them; how many of them went.

        Args:
            names: of the files; those that anybody holds stay.
            parts: the files that a file refers to, by its name and content.
        """
        with locked(self._lock, exclusive=True):
            with self._guard:
                held = set(self._held)
            gone = {n for n in names - held - self._held_by_others() if self.path_of(n).exists()}
            if not gone:
                return 0
            used: set[str] = set()
            loose: set[str] = set()
            for _, _, path in self._files():
                if path.suffix == ".json":
                    found = loose if path.name in gone else used
                    with contextlib.suppress(OSError):
                        found.update(parts(path.name, path.read_bytes()))
            stems = {name.split(".")[0] for name in gone}
            derived = [p for s in stems for p in self.path_of(s).parent.glob(f"{s}.*.*")]
            for path in [*map(self.path_of, gone | (loose - used)), *derived]:
                with contextlib.suppress(OSError):
                    size = path.stat().st_size
                    path.unlink()
                    with self._guard:
                        self._bytes -= size
        return len(gone)

    def close(self) -> None:
        """Let everything go. The shelf can be used again."""
        with self._guard:
            self._held.clear()
            self._holds = -1
            self._let_go()

    def path_of(self, name: str) -> Path:
        """Where a file lies or would lie."""
        return self.root / "objects" / name[:2] / name

    def _ensure(self, name: str, data: Data) -> int:
        """Write a file unless it is there undamaged; by how much the shelf grew."""
        path = self.path_of(name)
        try:
            intact = _is_content(name, np.fromfile(path, np.uint8))
        except OSError:
            intact = False
        if intact:
            _touch(path)
            return 0
        try:
            return write_whole(path, data)
        except FileNotFoundError:  # the first file of its folder
            path.parent.mkdir(exist_ok=True, mode=0o700)
            return write_whole(path, data)

    def _remove_damaged(self, name: str) -> None:
        path = self.path_of(name)
        with locked(self._lock, exclusive=True):
            try:
                if not _is_content(name, np.fromfile(path, np.uint8)):
                    path.unlink()
            except OSError:
                return  # another process removed it first

    def _count(self, names: Iterable[str], by: int) -> None:
        """Change what we hold and tell the other processes, under the shared lock."""
        with self._guard:
            for name in names:
                self._held[name] += by
            self._held = +self._held
            if self._holds < 0:
                self._holds = owned_file(self._holds_path)
                self._let_go = weakref.finalize(
                    self, _give_up, self._holds, self._holds_path, os.getpid()
                )
            os.ftruncate(self._holds, 0)
            os.lseek(self._holds, 0, os.SEEK_SET)
            os.write(self._holds, json.dumps(sorted(self._held)).encode())

    def _held_by_others(self) -> set[str]:
        """What living processes hold, under the exclusive lock."""
        held: set[str] = set()
        for path in (self.root / "holds").iterdir():
            if path != self._holds_path and not is_abandoned(path):
                with contextlib.suppress(OSError, ValueError):  # gone, or cut by a full disk
                    held.update(json.loads(path.read_bytes()))
        return held

    def _grow(self, size: int, fresh: set[str]) -> None:
        with self._guard:
            self._bytes += size
            self._unseen += size
            full = self._bytes > self.max_bytes
            if not full and self._unseen * RECOUNT_SHARE < self.max_bytes:
                return
        with locked(self._lock, exclusive=True):
            total = self._evict(fresh)
        with self._guard:
            self._bytes, self._unseen = total, 0

    def _evict(self, fresh: set[str]) -> int:
        """Remove the least recently used files while there is too much; the size that is left."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        if total <= self.max_bytes:
            return total
        with self._guard:
            kept = fresh | set(self._held)
        kept |= self._held_by_others()
        for _, size, path in files:
            if total <= self.max_bytes * FILLED_TO:
                break
            if path.name not in kept:
                path.unlink(missing_ok=True)
                total -= size
        return total

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """(time of last use, size, path) of every file."""
        for folder in (self.root / "objects").iterdir():
            for path in folder.iterdir():
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue
                yield status.st_atime_ns, status.st_size, path

    def _sweep(self) -> None:
        """Remove unfinished files and holds of processes that died, under the exclusive lock."""
        for path in (self.root / "objects").glob(f"*/{TEMPORARY}*"):
            if is_stale(path):
                path.unlink(missing_ok=True)
        for path in (self.root / "holds").iterdir():
            if is_abandoned(path):
                path.unlink(missing_ok=True)


def _give_up(descriptor: int, path: Path, owner: int) -> None:
    """Close and remove the list of holds, unless this is a forked copy of its owner."""
    os.close(descriptor)
    if os.getpid() == owner:
        path.unlink(missing_ok=True)


def _is_content(name: str, data: NDArray[np.uint8]) -> bool:
    return hashlib.sha256(data.data).hexdigest() == name.split(".")[-2]


def _touch(path: Path) -> None:
    """Set the time of access to now and leave the time of change."""
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except OSError:
        return  # evicted meanwhile
