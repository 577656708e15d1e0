"""One call on a model: pending, running, settled; and foreign errors turned into ours.

Knows nothing of threads that run it, of queues or of memory.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.context import CancelToken
from tools.errors import Cancelled, OcelliError, OutOfMemory, ToolError, ToolFailed

LOG = logging.getLogger(__name__)
MEMORY_WORDS = ("out of memory", "insufficient memory", "failed to allocate", "bad allocation")
"""How libraries without a class of their own for it say that memory ran out."""

ROOM = "Give a smaller picture or region, or put a smaller model first in the profile"
"""The mend when a model has run out of memory though all that was idle has left."""


class CallToken(CancelToken):
    """Cancelled with the caller's token, or alone when this one call is given up."""

    def __init__(self, caller: CancelToken) -> None:
        super().__init__()
        self._caller = caller

    @property
    def cancelled(self) -> bool:
        """Whether the run or this call was stopped."""
        return super().cancelled or self._caller.cancelled

    def check(self) -> None:
        """Raise where the run or this call was stopped.

        Raises:
            Cancelled: it was.
        """
        if self.cancelled:
            raise Cancelled("stopped by the user")


@dataclass(frozen=True)
class Shared:
    """What a call has in common with those it may be answered together with."""

    ability: str
    key: Hashable
    """Equal for calls that differ in their positional arguments only."""
    args: tuple[Any, ...]
    """Positional arguments of this call."""
    named: Mapping[str, Any]
    """The arguments that all of them share."""


class EveryToken(CancelToken):
    """Cancelled once every one of several calls is."""

    def __init__(self, tokens: Sequence[CancelToken]) -> None:
        super().__init__()
        self._tokens = tuple(tokens)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for an answer any more."""
        return super().cancelled or all(token.cancelled for token in self._tokens)

    def check(self) -> None:
        """Raise once nobody waits any more.

        Raises:
            Cancelled: all calls were stopped.
        """
        if self.cancelled:
            raise Cancelled("stopped by the user")


class Job:
    """One call: pending, running, settled. Settled once, by whoever comes first."""

    def __init__(
        self,
        call: Callable[[Any, CancelToken], Any],
        release: Callable[[], None],
        cancel: CancelToken,
        seconds: float | None = None,
        shared: Shared | None = None,
        *,
        moves: bool = False,
    ) -> None:
        self.shared = shared
        """None: it is never answered together with others."""
        self.moves = moves
        """It moves the model, so what it takes of the card says nothing of calls."""
        self.done = threading.Event()
        self.token = CallToken(cancel)
        """What the model polls."""
        self.value: Any = None
        self.error: OcelliError | None = None
        self.moved = False
        """The actor was given up before this job began: another actor must take it."""
        self.seconds = 0.0
        """How long the model worked on it."""
        self.limit_seconds = seconds
        self.deadline: float | None = None
        """Monotonic time at which the running job is overdue."""
        self._call = call
        self._release = release
        self._lock = threading.Lock()
        self._running = False
        self._settled = False

    def begin(self) -> bool:
        """Claim it for running; False when its caller has left."""
        with self._lock:
            if self._settled or self.token.cancelled:
                return False
            self._running = True
            if self.limit_seconds is not None:
                self.deadline = time.monotonic() + self.limit_seconds
            return True

    def run(self, name: str, model: Any) -> None:
        """Call the model and settle."""
        start = time.monotonic()
        value, error = None, None
        try:
            value = self._call(model, self.token)
        except BaseException as raised:  # noqa: BLE001 - border to foreign code, SystemExit too
            error = as_tool_error(name, raised)
        self.seconds = time.monotonic() - start
        self.settle(value, error)

    def settle(
        self, value: Any = None, error: OcelliError | None = None, *, moved: bool = False
    ) -> bool:
        """Give the outcome; False when it has one already."""
        with self._lock:
            if self._settled:
                return False
            self._settled = True
            self.deadline = None
            self.value, self.error, self.moved = value, error, moved
        self._release()
        self.done.set()
        return True

    def walk_away(self, grace_seconds: float) -> None:
        """The caller leaves: a pending job is dropped, a running one may take `grace_seconds`."""
        with self._lock:
            running = self._running
            if running:
                end = time.monotonic() + grace_seconds
                self.deadline = end if self.deadline is None else min(self.deadline, end)
        self.token.cancel()
        if not running:
            self.settle(error=Cancelled("stopped by the user"))


def run_together(jobs: Sequence[Job], name: str, model: Any) -> None:
    """Answer calls that have begun, in one batch where the model can; one by one where it fails.

    A model that can has a ``batch_size`` and ``batch(calls, *, cancel, **named)``: `calls` are
    (ability, positional arguments) of each, and the result is one answer for each, in their order,
    or the `ToolError` that it would have raised alone.
    """
    first = jobs[0].shared
    if len(jobs) == 1 or first is None:
        for job in jobs:
            job.run(name, model)
        return
    start = time.monotonic()
    token = EveryToken([job.token for job in jobs])
    calls = [(job.shared.ability, job.shared.args) for job in jobs if job.shared is not None]
    try:
        answers = model.batch(calls, cancel=token, **first.named)
        if len(answers) != len(jobs):
            raise ValueError(f"{len(answers)} answers to {len(jobs)} calls")
    except BaseException as raised:  # noqa: BLE001 - border to foreign code: each call tells its own
        LOG.info("%s did not answer %d calls together: %s", name, len(jobs), raised)
        for job in jobs:
            job.run(name, model)
        return
    for job, answer in zip(jobs, answers, strict=True):
        job.seconds = (time.monotonic() - start) / len(jobs)
        failed = isinstance(answer, ToolError)
        job.settle(None if failed else answer, answer if failed else None)


def as_tool_error(name: str, error: BaseException) -> OcelliError:
    """`error` as one of ours, on one line that names the model.

    The lines it came from stay known; what the calls on the way held, such as tensors on a card,
    is let go.
    """
    for one in _chain(error):
        traceback.clear_frames(one.__traceback__)
    if isinstance(error, OutOfMemory):
        return error.with_traceback(None)
    if isinstance(error, OcelliError):
        return error
    words = next(iter(str(error).strip().splitlines()), "")[:200]
    text = f"{type(error).__name__}: {words}" if words else type(error).__name__
    if (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or any(w in words.lower() for w in MEMORY_WORDS)
    ):
        return OutOfMemory(f"{name} ran out of memory: {text}", hint=ROOM)
    wrapped = ToolFailed(f"{name} failed: {text}")
    wrapped.__cause__ = error
    return wrapped


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those it came from."""
    found: list[BaseException] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is not None and all(one is not other for other in found):
            found.append(one)
            left += [one.__cause__, one.__context__]
    return found
