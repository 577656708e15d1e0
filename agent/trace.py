"""A run on disk: a folder with ``trace.jsonl``, ``answer.json``, ``images/`` and ``report.html``.

Each event is written and flushed as it happens, so a run that dies leaves what it had done; a torn
last line is no fault when it is read. Knows nothing of how a run is made or how it looks.
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from PIL import Image as PilImage
from pydantic import ValidationError

from agent.events import EVENTS, Event
from agent.moving import animated
from tools.errors import ConfigError, InputError
from tools.types import Clip, Image

TRACE = "trace.jsonl"
ANSWER = "answer.json"
REPORT = "report.html"
IMAGES = "images"
SLUG_CHARS = 40
MAX_LINE = 16 << 20
"""Longest line of a trace that is read."""


def run_name(question: str, at: datetime | None = None) -> str:
    """Name of a run's folder: when, what, and four random letters."""
    when = (at or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    plain = unicodedata.normalize("NFKD", question[:400]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:SLUG_CHARS].strip("-")
    return "-".join(part for part in (when, slug or "question", secrets.token_hex(2)) if part)


class RunFolder:
    """The folder of one run, written while it runs."""

    def __init__(self, out: Path, question: str) -> None:
        """Make the folder and open the trace.

        Raises:
            ConfigError: it cannot be written.
        """
        for _ in range(8):
            self.path = Path(out) / run_name(question)
            try:
                self.path.mkdir(parents=True)
            except FileExistsError:
                if self.path.exists():
                    continue
                raise self._unwritable("a file stands in its way") from None
            except OSError as error:
                raise self._unwritable(error.strerror) from None
            break
        self.trace = self.path / TRACE
        try:
            self._file = self.trace.open("ab", buffering=0)
        except OSError as error:
            raise self._unwritable(error.strerror) from None

    @classmethod
    def again(cls, path: Path, events: Iterable[Event]) -> RunFolder:
        """The folder of a run that was cut off, its trace cut to `events`.

        Raises:
            ConfigError: it cannot be written.
        """
        found = cls.__new__(cls)
        found.path, found.trace = path, path / TRACE
        whole = b"".join(EVENTS.dump_json(event) + b"\n" for event in events)
        unfinished = path / f"{TRACE}.new"
        try:
            unfinished.write_bytes(whole)
            unfinished.replace(found.trace)
            found._file = found.trace.open("ab", buffering=0)
        except OSError as error:
            raise found._unwritable(error.strerror) from None
        return found

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, event: Event) -> None:
        """One more line of the trace.

        Raises:
            ConfigError: it cannot be written; the run must end.
        """
        line = EVENTS.dump_json(event) + b"\n"
        try:
            written = self._file.write(line)
            if written != len(line):
                raise self._unwritable("the disk took only a part of it")
        except OSError as error:
            raise self._unwritable(error.strerror) from None

    def close(self) -> None:
        """The trace is on the disk."""
        if self._file.closed:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error.strerror) from None
        finally:
            self._file.close()

    def put_picture(self, name: str, image: Image) -> Path:
        """``images/name.png``; only pixels are written, nothing of the file's own data."""
        path = self.path / IMAGES / f"{name}.png"
        try:
            path.parent.mkdir(exist_ok=True)
            PilImage.fromarray(image.pixels).save(path, "PNG", compress_level=3)
        except OSError as error:
            raise self._unwritable(error.strerror) from None
        return path

    def put_film(self, name: str, clip: Clip) -> Path:
        """``images/name.webp``: a clip as a moving picture."""
        return self.put_bytes(f"{IMAGES}/{name}.webp", animated(clip))

    def put_bytes(self, name: str, data: bytes) -> Path:
        """A small file of the run, written whole."""
        path = self.path / name
        try:
            path.parent.mkdir(exist_ok=True)
            whole = path.with_name(f".{path.name}")
            whole.write_bytes(data)
            whole.replace(path)
        except OSError as error:
            raise self._unwritable(error.strerror) from None
        return path

    def put_text(self, name: str, text: str) -> Path:
        """A text file of the run, written whole."""
        path = self.path / name
        try:
            path.write_text(text, "utf-8", errors="backslashreplace")
        except OSError as error:
            raise self._unwritable(error.strerror) from None
        return path

    def _unwritable(self, why: str | None) -> ConfigError:
        return ConfigError(
            f"the run cannot be written to {self.path}: {why or 'unknown reason'}",
            hint="Choose another folder for the runs, or make room",
        )


def trace_file(path: Path) -> Path:
    """The trace of a run, named by itself or by its folder."""
    return path / TRACE if path.is_dir() else path


def read_trace(path: Path) -> list[Event]:
    """The events of a run. A torn or empty last line is left out.

    Raises:
        InputError: the file cannot be read, or a line within it is no event.
    """
    file = trace_file(Path(path))
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"cannot read the trace {file}: {error.strerror}") from None
    return list(_events(file, lines))


def _events(file: Path, lines: list[bytes]) -> Iterable[Event]:
    for number, line in enumerate(lines, 1):
        if not line.strip(b"\x00\r \t"):
            continue
        if len(line) > MAX_LINE:
            raise InputError(f"line {number} of {file} is longer than a trace can have")
        try:
            yield EVENTS.validate_json(line)
        except ValidationError as error:
            if number == len(lines):
                return
            reason = error.errors()[0]["msg"]
            raise InputError(f"line {number} of {file} is no event of a run: {reason}") from None
