"""Decoding of one picture file by a fresh, limited process (``tools/decode_worker.py``).

A decoder that crashes, hangs, eats memory or is taken over by a hostile file fails alone, and the
next picture gets a clean process. Pixels come back as raw rows through a pipe. The answer of the
process is checked like any foreign input. Knows nothing of paths, addresses or artefacts.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tools.errors import InputError
from tools.exif import MAX_FACTS, Fact, clean
from tools.magic import FILMS

AT_ONCE = 2
"""Processes that decode at the same time: each may take the whole memory limit."""
LINE_BYTES = 1 << 20
"""Longest line of JSON taken from the process."""
PIPE_BYTES = 1 << 20
"""Buffer of the pipes to and from the process."""
KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""What the process may know of our environment: where its own libraries lie."""
_slots = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Limits:
    """How much one picture may cost."""

    max_bytes: int = 64 << 20
    """Size of the file."""
    max_pixels: int = 80_000_000
    """Pixels told by the header (for a PDF: of all its pages as drawn)."""
    max_pages: int = 16
    """Pages of a PDF that are drawn."""
    seconds: float = 6.0
    """Wall time of fetching and of decoding, each."""
    memory_mb: int = 1536
    """Memory of the decoding process."""
    film_bytes: int = 256 << 20
    """Size of the file of a video."""
    film_seconds: float = 20.0
    """Wall time of decoding a video; frames that it does not reach are left out."""
    film_frames: int = 64
    """Frames of a video or a moving picture that are kept; together they have at most
    `max_pixels`."""

    def of_kind(self, kind: str) -> int:
        """Size that a file of a kind may have, bytes."""
        return self.film_bytes if kind in FILMS else self.max_bytes


@dataclass(frozen=True)
class Decoded:
    """One picture as it came out of the process."""

    pixels: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    facts: tuple[Fact, ...]


def decode(data: bytes, kind: str, shown: str, limits: Limits, *, frames: int = 1) -> list[Decoded]:
    """The pictures in `data`, a file of a kind of ``magic.READABLE`` or ``magic.FILMS``.

    Safe from several threads. Of what moves, up to `frames` frames come, each with the facts
    ``time`` and ``frame``, in no order; a picture that does not move comes as ever.

    Raises:
        InputError: the file is damaged or over a limit; `shown` is its name in the message.
    """
    seconds = limits.film_seconds if kind in FILMS else limits.seconds
    job = {
        "frames": frames,
        "kind": kind,
        "size": len(data),
        "max_pixels": limits.max_pixels,
        "max_pages": limits.max_pages,
        "seconds": seconds,
        "memory_mb": limits.memory_mb,
        "path": _package_folders(),
    }
    pages: list[Decoded] = []
    with _slots, _worker(seconds) as worker:
        try:
            with contextlib.suppress(BrokenPipeError), worker.stdin as stdin:
                stdin.write(json.dumps(job).encode() + b"\n")
                stdin.write(data)
            _receive(worker.stdout, pages, shown, limits)
        except _Silent:
            if not pages:  # otherwise only a later page took too long
                why = _silence(worker, kind, shown, seconds)
                raise InputError(why, hint="Save it again, smaller or as PNG") from None
    return pages


class _Silent(Exception):
    """The process ended without a last word."""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    late: bool = False
    """Whether it was killed for its time."""

    def kill(self) -> None:
        self.late = True
        self.process.kill()


@contextlib.contextmanager
def _worker(seconds: float) -> Iterator[_Worker]:
    """A process that lives until the block ends, and never longer than `seconds`."""
    script = Path(__file__).with_name("decode_worker.py")
    environment = {k: os.environ[k] for k in KEPT_VARIABLES if k in os.environ}
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=os.sep,
        start_new_session=True,
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("pipes were asked for")
        for pipe in (stdin, stdout):
            _widen(pipe)
        worker = _Worker(process, stdin, stdout)
        timer = threading.Timer(seconds, worker.kill)
        timer.daemon = True
        timer.start()
        try:
            yield worker
        finally:
            timer.cancel()
            process.kill()


def _widen(pipe: IO[bytes]) -> None:
    """A larger buffer quarters the cost of moving a large picture. Linux only, and not always."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return


@cache
def _package_folders() -> list[str]:
    """Folders that hold our package and the decoders, without importing anything."""
    folders = [str(Path(__file__).resolve().parent.parent)]
    for package in ("PIL", "numpy", "cv2", "pillow_heif", "pypdfium2", "pypdfium2_raw"):
        spec = find_spec(package)
        if spec is not None and spec.origin:
            folders.append(str(Path(spec.origin).resolve().parent.parent))
    return list(dict.fromkeys(folders))


def _receive(stdout: IO[bytes], pages: list[Decoded], shown: str, limits: Limits) -> None:
    """Add the pictures that come to `pages`, until the last word."""
    left = limits.max_pixels
    while True:
        line = _line(stdout)
        if pages and ("done" in line or "refused" in line):
            return
        if "refused" in line:
            why, hint = clean(str(line["refused"])), clean(str(line.get("hint", "")))
            raise InputError(f"{shown} {why}", hint=hint or "Copy or download it again")
        width, height = line.get("width"), line.get("height")
        if not (isinstance(width, int) and isinstance(height, int) and width > 0 < height):
            raise _Silent
        left -= width * height
        if left < 0:
            raise _Silent
        pages.append(Decoded(_rows(stdout, width, height), _facts(line.get("facts"))))


def _line(stdout: IO[bytes]) -> dict[str, Any]:
    try:
        line = json.loads(stdout.readline(LINE_BYTES))
    except (ValueError, RecursionError):
        raise _Silent from None
    if not isinstance(line, dict):
        raise _Silent
    return line


def _rows(stdout: IO[bytes], width: int, height: int) -> NDArray[np.uint8]:
    pixels = np.empty((height, width, 3), np.uint8)
    view = pixels.data.cast("B")
    filled = 0
    while filled < len(view):
        count = stdout.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            raise _Silent
        filled += count
    return pixels


def _facts(value: Any) -> tuple[Fact, ...]:
    pairs = value if isinstance(value, list) else []
    whole = [p for p in pairs if isinstance(p, list) and len(p) == 2]
    return tuple((clean(str(k), 60), clean(str(v))) for k, v in whole[:MAX_FACTS])


def _silence(worker: _Worker, kind: str, shown: str, seconds: float) -> str:
    """Why the process said nothing more."""
    try:
        code = worker.process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        code = worker.process.wait()
    if worker.late:
        return f"{shown} takes longer than {seconds:g} s to decode"
    how = f"signal {-code}" if code < 0 else f"exit {code}"
    return f"{shown} broke the {kind} decoder ({how})"
