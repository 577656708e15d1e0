"""Asks the person at a terminal whether calls may run. Knows nothing of runs or views."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import IO

from agent.consent import SECONDS
from agent.events import ConsentAsked
from agent.words import clean

MAX_CHARS = 200
"""Of one call."""


def is_there() -> bool:
    """Whether somebody can read a question and type an answer."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


async def ask(asked: ConsentAsked, out: IO[str] | None = None) -> bool:
    """Show the question and read one line; anything but yes is no."""
    out = out or sys.stderr
    for call in asked.calls:
        args = ", ".join(f"{name}={value}" for name, value in call.args.items())
        out.write(f"   {clean(f'{call.tool}({args})')[:MAX_CHARS]}\n")
    out.write(f"   {clean(asked.why)}. Allow it? [y/N] ")
    out.flush()
    try:
        typed = await asyncio.wait_for(_line(), SECONDS)
    except TimeoutError:
        typed = ""
        out.write("\n")
    return typed.strip().casefold() in ("y", "yes")


async def _line() -> str:
    """The next line that is typed; Ctrl-C is heard meanwhile."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def come() -> None:
        if not ready.done():
            ready.set_result(None)

    try:
        loop.add_reader(sys.stdin.fileno(), come)
    except NotImplementedError:  # this loop cannot watch a terminal
        return await asyncio.to_thread(sys.stdin.readline)
    try:
        await ready
        return sys.stdin.readline()
    finally:
        with contextlib.suppress(ValueError, OSError):  # it was closed meanwhile
            loop.remove_reader(sys.stdin.fileno())
