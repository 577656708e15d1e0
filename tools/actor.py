"""One thread with a queue for one loaded model, so that calls on it are serial.

The thread loads the model, runs the jobs in the order in which they came, and drops the model when
it is closed, idle for long, or given up. A model with a ``close`` method has it called at the end.
A Python thread cannot be killed: an actor that is given up settles all its jobs at once and its
thread ends by itself as soon as the model returns; until then its memory is not free.

Knows nothing of memory, abilities or other actors: `Hooks` tell whoever owns it.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.device import Gauge, Taken, give_back
from tools.errors import Cancelled, OcelliError, ToolTimeout
from tools.job import Job, as_tool_error, run_together

LOG = logging.getLogger(__name__)
GATHER_SHARE = 0.05
"""Of the time of the last batch: so long others may still join the next one."""
GATHER_SECONDS = 0.01
"""At most."""
GAUGE = Gauge()
"""One for all actors: they share a card."""


@dataclass(frozen=True)
class Hooks:
    """How an actor tells its owner. Called on the actor's thread, without a lock held."""

    loaded: Callable[[Any, float], None]
    """The model is there, after so many seconds."""
    failed: Callable[[], None]
    """It did not load: no new job may come."""
    retire: Callable[[], bool]
    """It has been idle for long: True when it may leave."""
    worked: Callable[[Taken], None]
    """A call is over: what it took of the card."""
    ended: Callable[[], None]
    """The model is dropped and the thread is about to end."""


class Actor:
    """The thread of one model."""

    def __init__(
        self,
        name: str,
        load: Callable[[], Any],
        hooks: Hooks,
        *,
        load_seconds: float | None = None,
        idle_seconds: float | None = None,
    ) -> None:
        self.name = name
        self._load = load
        self._hooks = hooks
        self._load_seconds = load_seconds
        self._idle_seconds = idle_seconds
        self._wake = threading.Condition()
        self._queue: deque[Job] = deque()
        self._current: Job | None = None
        self._together: list[Job] = []
        """Calls that are answered together with the current one."""
        self._gather = 0.0
        """Seconds to wait for companions: none unless the last calls had some."""
        self._load_deadline: float | None = None
        self._closing = False
        self._dead: OcelliError | None = None
        """Why no job is taken any more; None while jobs are."""
        self._moving = False
        self._thread = threading.Thread(target=self._run, name=f"model {name}", daemon=True)

    def start(self) -> None:
        """Begin to load; jobs may have been queued before."""
        if self._load_seconds is not None:
            self._load_deadline = time.monotonic() + self._load_seconds
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; it is settled at once where the actor has failed or was given up."""
        with self._wake:
            if self._dead is None:
                self._queue.append(job)
                self._wake.notify()
                return
        self._turn_away(job)

    def queued(self) -> int:
        """How many jobs wait, the running one not counted."""
        with self._wake:
            return len(self._queue)

    def overdue(self) -> bool:
        """Whether the load or the running call has outlasted its time."""
        with self._wake:
            return self._is_overdue()

    def close(self, seconds: float) -> bool:
        """End an idle actor; False when its thread is still there after `seconds`."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self, error: OcelliError | None = None) -> bool:
        """Leave the thread to itself. Jobs end with `error`.

        Without one only an overdue actor is given up (else False): what hangs ends as
        `ToolTimeout`, jobs that have not begun are marked `moved`.
        """
        with self._wake:
            if self._dead is not None or (error is None and not self._is_overdue()):
                return False
            loading = self._load_deadline is not None and self._current is None
            current = self._current
            self._dead = error or self._late(current)
            self._moving = error is None and not loading
            self._closing = True
            self._wake.notify()
        for job in (current, *self._together) if current is not None else ():
            job.token.cancel()
            job.settle(error=copy.copy(self._dead))
        self._drain()
        return True

    def _late(self, current: Job | None) -> ToolTimeout:
        if current is None:
            return ToolTimeout(f"{self.name} did not load within {self._load_seconds:g} s")
        return ToolTimeout(
            f"{self.name} did not answer within {current.limit_seconds or 0:g} s",
            hint="Try a smaller region or picture, or another tool",
        )

    def _is_overdue(self) -> bool:
        deadline = self._current.deadline if self._current else self._load_deadline
        return deadline is not None and time.monotonic() > deadline

    def _run(self) -> None:
        try:
            self._live()
        finally:
            give_back()
            self._hooks.ended()

    def _live(self) -> None:
        if self._dead is not None:
            return
        start = time.monotonic()
        try:
            with GAUGE.watching():
                model = self._load()
        except BaseException as raised:  # noqa: BLE001 - border to foreign code, SystemExit too
            error = as_tool_error(self.name, raised)
            self._hooks.failed()
            with self._wake:
                self._dead = self._dead or error
            self._drain()
            return
        self._load_deadline = None
        if self._dead is None:
            self._hooks.loaded(model, time.monotonic() - start)
        while (job := self._next()) is not None:
            jobs = [job, *self._companions(job, model)]
            begun = time.monotonic()
            with GAUGE.watching() as taken:
                run_together(jobs, self.name, model)
            spent = time.monotonic() - begun if len(jobs) > 1 else 0.0
            self._gather = min(GATHER_SHARE * spent, GATHER_SECONDS)
            with self._wake:
                self._current, self._together = None, []
            if not job.moves and taken.peak is not None:
                self._hooks.worked(taken)
            del job, jobs
        self._unload(model)

    def _next(self) -> Job | None:
        """The next job that still has a caller; None when the thread shall end."""
        idle_since = time.monotonic()
        while True:
            with self._wake:
                if self._closing:
                    return None
                if not self._queue:
                    self._wake.wait(self._rest_left(idle_since))
                job = self._current = self._queue.popleft() if self._queue else None
            if job is not None:
                if job.begin():
                    return job
                with self._wake:
                    self._current = None
                job.settle(error=Cancelled("stopped by the user"))
            elif self._rest_left(idle_since) == 0.0 and not self._closing:
                if self._hooks.retire():
                    return None
                idle_since = time.monotonic()

    def _companions(self, job: Job, model: Any) -> list[Job]:
        """Queued calls that the model can answer together with `job`, begun.

        Callers who were answered together come back together, so the first waits for the others
        for a moment: a call alone takes nearly as long as a batch.
        """
        most = int(getattr(model, "batch_size", 1)) - 1
        if job.shared is None or most < 1 or not callable(getattr(model, "batch", None)):
            return []
        until = time.monotonic() + self._gather
        with self._wake:
            while True:
                like = [j for j in self._queue if j.shared and j.shared.key == job.shared.key]
                left = until - time.monotonic()
                others = len(self._queue) > len(like)  # they would wait in vain
                if len(like) >= most or others or left <= 0 or self._closing:
                    break
                self._wake.wait(left)
            like = like[:most]
            for other in like:
                self._queue.remove(other)
        begun = [other for other in like if other.begin()]
        for other in like:
            if other not in begun:
                other.settle(error=Cancelled("stopped by the user"))
        with self._wake:
            self._together = begun
        return begun

    def _rest_left(self, idle_since: float) -> float | None:
        if self._idle_seconds is None:
            return None
        return max(0.0, idle_since + self._idle_seconds - time.monotonic())

    def _unload(self, model: Any) -> None:
        try:
            close = getattr(model, "close", None)
            if callable(close):
                close()
        except Exception:  # border to foreign code: it is leaving anyway
            LOG.exception("closing %s failed", self.name)

    def _drain(self) -> None:
        while True:
            with self._wake:
                if not self._queue:
                    return
                job = self._queue.popleft()
            self._turn_away(job)

    def _turn_away(self, job: Job) -> None:
        job.settle(error=copy.copy(self._dead), moved=self._moving)
