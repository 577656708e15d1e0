"""Locks on files that the kernel lets go of when their owner dies, and files written whole.

A lock lasts as long as the process that holds it, ``kill -9`` included, so whoever finds a file
unlocked knows that its owner is gone. Where the system has no ``flock`` (Windows) locks hold
between threads only and age decides who is gone. Knows nothing of what the files hold.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

STALE_SECONDS = 3600.0
"""Where there are no locks, a file of this age has lost its owner."""
TEMPORARY = "tmp-"
"""How the names of unfinished files begin."""
_threads = threading.RLock()


@contextlib.contextmanager
def locked(path: Path, *, exclusive: bool, wait: bool = True) -> Iterator[bool]:
    """Hold the lock at `path`: many shared holders, or one exclusive one. Not re-entrant.

    Yields:
        whether it was got; always true when waiting.
    """
    if fcntl is None:
        with _threads:
            yield True
        return
    mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, mode if wait else mode | fcntl.LOCK_NB)
            got = True
        except BlockingIOError:
            got = False
        yield got
    finally:
        os.close(descriptor)


def owned_file(path: Path) -> int:
    """Descriptor of a new file, locked until it is closed or this process ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def is_abandoned(path: Path) -> bool:
    """Whether the process that owned this file is gone. False where the file itself is."""
    if fcntl is None:
        return is_stale(path)
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by its owner, or not there
        return False
    return True


def is_stale(path: Path) -> bool:
    """Whether an unfinished file found under the exclusive lock has lost its writer."""
    if fcntl is not None:
        return True  # writers hold the shared lock, so none is alive now
    try:
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    except OSError:
        return False


def write_whole(path: Path, data: bytes | NDArray[np.uint8]) -> int:
    """Write a new file beside `path` and put it in place; its size.

    It is not forced to the disk: a killed process leaves it whole or leaves nothing, a power cut
    may leave it torn, so a reader must be able to tell.

    Raises:
        OSError: the disk is full or the folder is gone; nothing is left behind.
    """
    temporary = f"{path.parent}{os.sep}{TEMPORARY}{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(temporary, flags, 0o600), "wb", buffering=0) as file:
            left = memoryview(data if isinstance(data, bytes) else data.data)
            while left:
                left = left[file.write(left) :]
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return len(data)
