"""What every command does with the terminal it was typed in: say lines, be stopped, fail in one line.

The exit codes stand here: 0 answered (an honest "cannot" included), 1 the run failed, 2 wrong use,
130 stopped. Knows nothing of any one command.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import typer

from agent.words import clean, safe_json
from tools.errors import ConfigError, InputError, OcelliError

FAILED, MISUSED, STOPPED = 1, 2, 130
TYPER_ERROR: Any = typer.BadParameter.__mro__[2]
"""The base of all that typer says about what was typed; it has no public name."""

T = TypeVar("T")


def driven(work: Coroutine[Any, Any, T]) -> T:
    """What `work` answers, waited for; Ctrl-C ends it with the exit code of that."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from None


def say(stream: Any, line: str) -> None:
    """One line, made safe for a terminal."""
    stream.write(clean(line) + "\n")


def say_json(value: object) -> None:
    """A value on stdout as JSON."""
    sys.stdout.write(safe_json(value, indent=2) + "\n")


def explain(error: Exception) -> tuple[str, int]:
    """One line for a person, and the exit code."""
    if isinstance(error, OcelliError):
        return error.line(), MISUSED if isinstance(error, ConfigError | InputError) else FAILED
    if isinstance(error, TYPER_ERROR):
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", "") or "ocelli"
        said = " ".join(error.format_message().split()).rstrip(".")
        return f"{said}. See: {path} --help", MISUSED
    return f"{type(error).__name__}: {error}. Run it again with --debug to see where", FAILED
