"""Models as residents: loaded on demand under one budget, each on its actor, called by spec.

A model that must leave a card waits in host memory where there is room for it (``parked_mb``).
A caller who cancels is answered at once; the model gets the token and may stop itself. A call that
outlasts its seconds ends as `ToolTimeout`: its actor is given up and the next call gets a new one,
while the old one stays charged until its thread ends. Threads cannot be killed, so a model that
never returns keeps its memory for good. Out of memory evicts what is idle and tries once more.

Knows nothing of abilities, profiles or which model to try next (``tools/host.py``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tools.actor import Actor, Hooks
from tools.catalog import ModelSpec
from tools.device import Taken, cap
from tools.errors import Cancelled, OutOfMemory
from tools.garage import Garage
from tools.host_charge import Sizes
from tools.host_events import Called, Evicted, HostEvent, Loaded, Retried, Waiting
from tools.host_stats import Counters, HostStats
from tools.host_victims import Entry
from tools.job import Job
from tools.ledger import POLL_SECONDS, Ledger
from tools.tenancy import Limits, Listener, Request, Tenancy

LOG = logging.getLogger(__name__)
LONGEST_POLL_SECONDS = 0.1
"""How seldom one of many waiters looks whether its caller has given up: each look takes Python's
lock from the model that all of them wait for."""


class Residence:
    """The models that are loaded and the memory they share. Thread-safe."""

    def __init__(
        self,
        budget_mb: float,
        limits: Limits,
        on_event: Listener | None,
        parked_mb: float = 0.0,
        loader: Callable[[ModelSpec], Callable[[], Any]] = lambda spec: spec.load,
    ) -> None:
        self._limits = limits
        self._on_event = on_event
        self._ledger: Ledger[Actor] = Ledger(budget_mb, limits.grace)
        self._garage = Garage(parked_mb)
        self._loader = loader
        self._sizes = Sizes()
        self._waking: dict[str, Job] = {}
        self._counters = Counters()
        self._closed = threading.Event()

    def call(self, request: Request, tenancy: Tenancy | None = None) -> Any:
        """The model's answer.

        Raises:
            Cancelled: the caller's token was set, or all was closed.
            ToolError: it did not load or it failed.
        """
        job = self._settled(request, tenancy)
        spec = request.spec
        self._counters.called(spec.name, job.seconds)
        self.tell(Called(spec.name, spec.version, job.seconds), request.told)
        return job.value

    def settle_in(self, request: Request) -> Tenancy:
        """The model loaded and kept until `move_out`.

        Raises:
            ToolError: as for `call`.
        """
        tenancy = Tenancy(self._take(request))
        try:
            self._settled(request, tenancy)
        except BaseException:
            self.move_out(tenancy)
            raise
        return tenancy

    def move_out(self, tenancy: Tenancy) -> None:
        """The tenancy ends."""
        self._ledger.release(tenancy.entry)

    def stats(self) -> HostStats:
        """Who is resident, how much, how often, how fast."""
        ledger = self._ledger
        rows = [(e.name, e.mb, e.pins, e.payload.queued()) for e in ledger.residents()]
        charged, waiting = ledger.charged_mb(), ledger.waiting()
        return self._counters.stats(rows, ledger.budget_mb, charged, ledger.peak_mb, waiting)

    def close(self, seconds: float) -> None:
        """Stop every call and end every actor, waiting for their threads up to `seconds`."""
        self._closed.set()
        end = time.monotonic() + seconds
        for entry in self._ledger.residents():
            self._shut(entry)
        for entry in self._ledger.charged():
            entry.payload.close(max(0.0, end - time.monotonic()))
        self._garage.close(max(0.0, end - time.monotonic()))

    def tell(self, event: HostEvent, told: Listener | None = None) -> None:
        """Hand an event to the host's listener and to the one of a call."""
        for listener in (self._on_event, told):
            if listener is None:
                continue
            try:
                listener(event)
            except Exception:  # a listener is foreign code: it must not break a call
                LOG.exception("a listener of the host failed on %s", event)

    def _settled(self, request: Request, tenancy: Tenancy | None) -> Job:
        job = self._once(request, tenancy)
        if isinstance(job.error, OutOfMemory):
            name = request.spec.name
            gone = self._make_room(name)
            self.tell(Retried(name, job.error.line(), gone), request.told)
            job = self._once(request, tenancy)
        if job.error is not None:
            raise job.error
        return job

    def _once(self, request: Request, tenancy: Tenancy | None) -> Job:
        seconds = request.seconds if request.seconds is not None else self._limits.call
        while True:
            entry = self._again(request, tenancy) if tenancy else self._take(request)
            released = partial(self._ledger.release, entry)
            job = Job(request.run, released, request.cancel, seconds, request.shared)
            entry.payload.submit(job)
            while not job.done.wait(min(POLL_SECONDS * max(1, entry.pins), LONGEST_POLL_SECONDS)):
                if request.cancel.cancelled:
                    job.walk_away(self._limits.grace)
                    raise Cancelled("stopped by the user")
                self._reap()
            if not job.moved:
                return job

    def _take(self, request: Request) -> Entry[Actor]:
        """The entry of the model, pinned for the caller, its actor started."""
        spec = request.spec

        def check() -> None:
            request.cancel.check()
            if self._closed.is_set():
                raise Cancelled("the host of the models is closed")
            self._reap()

        entry, fresh = self._ledger.acquire(
            spec.name,
            self._sizes.wanted(spec, self._ledger.budget_mb),
            partial(self._actor_of, spec),
            evict=lambda victim: self._evict(victim, f"room for {spec.name}", spec.name),
            check=check,
            waiting=lambda: self.tell(Waiting(spec.name, spec.memory_mb), request.told),
            patient=not request.holding,
            beside=self._sizes.beside(spec),
        )
        if self._closed.is_set():
            self._shut(entry)
        elif fresh and not self._woken(entry, request):
            cap(self._ledger.budget_mb)  # that of another host may have been lower
            entry.payload.start()
        return entry

    def _actor_of(self, spec: ModelSpec) -> Actor:
        """The parked actor of a model, moving back to the card, or a new one. Quick."""
        parked = self._garage.fetch(spec.name)
        if parked is None:
            return self._actor(spec)
        actor, self._waking[spec.name] = parked
        return actor

    def _woken(self, entry: Entry[Actor], request: Request) -> bool:
        """Wait until a parked model is back; False for one that was not parked.

        One that does not come back is given up: the call that wanted it fails, as on a failed load.
        """
        job = self._waking.pop(entry.name, None)
        if job is None:
            return False
        job.done.wait()
        if job.error is not None:
            self._ledger.leave(entry)
            entry.payload.give_up(job.error)
        else:
            self._sizes.returned(request.spec)
            self.tell(Loaded(entry.name, job.seconds, entry.mb, parked=True), request.told)
        return True

    def _again(self, request: Request, tenancy: Tenancy) -> Entry[Actor]:
        """The tenant pinned once more; a new one where its actor was given up or did not load."""
        with tenancy.lock:
            if tenancy.entry not in self._ledger.residents():
                fresh = self._take(request)
                self._ledger.release(tenancy.entry)
                tenancy.entry = fresh
            self._ledger.pin(tenancy.entry)
            return tenancy.entry

    def _actor(self, spec: ModelSpec) -> Actor:
        def mine(act: Callable[[Entry[Actor]], Any]) -> Any:
            # The entry is made after its actor, but before the actor starts and calls a hook.
            return next((act(e) for e in self._ledger.charged() if e.payload is actor), False)

        def charge(mb: float) -> None:
            victims: Any = mine(lambda e: self._ledger.recharge(e, mb)) or ()
            for victim in victims:
                self._evict(victim, f"{spec.name} is larger than declared")

        def loaded(model: Any, seconds: float) -> None:
            self._counters.loaded()
            cap(self._ledger.budget_mb)
            mb = self._sizes.loaded(spec, model)
            charge(mb)
            self.tell(Loaded(spec.name, seconds, mb))

        def worked(taken: Taken) -> None:
            mb = self._sizes.worked(spec, taken)
            if mb is not None:
                charge(mb)

        def retire() -> bool:
            left = bool(mine(lambda e: self._ledger.leave(e, only_idle=True)))
            if left:
                self._counters.evicted()
                self.tell(Evicted(spec.name, f"idle for {self._limits.idle:g} s"))
            return left

        def ended() -> None:
            self._inherit(spec.name)
            mine(self._ledger.forget)

        hooks = Hooks(
            loaded=loaded,
            failed=lambda: mine(self._ledger.leave),
            retire=retire,
            worked=worked,
            ended=ended,
        )
        limits = self._limits
        load = self._loader(spec)
        actor = Actor(spec.name, load, hooks, load_seconds=limits.load, idle_seconds=limits.idle)
        return actor

    def _inherit(self, gone: str) -> None:
        """Charge those that stay for what they had in common with one that has left."""
        charges = self._sizes.gone(gone)
        for entry in self._ledger.residents() if charges else ():
            for victim in self._ledger.recharge(entry, charges.get(entry.name, entry.mb)):
                self._evict(victim, f"{entry.name} keeps what {gone} brought")

    def _evict(self, victim: Entry[Actor], reason: str, wanted: str = "") -> None:
        self._counters.evicted()
        parked = self._garage.park(victim.payload, victim.mb, self._limits.grace, wanted)
        if parked:
            self._ledger.forget(victim)
        elif not victim.payload.close(self._limits.grace):
            victim.stuck = True
        self.tell(Evicted(victim.name, reason, parked=parked))

    def _make_room(self, name: str) -> tuple[str, ...]:
        victims = self._ledger.leave_idle(but=name)
        for victim in victims:
            self._evict(victim, f"{name} ran out of memory")
        return tuple(v.name for v in victims)

    def _reap(self) -> None:
        """Give up the actors whose load or call has outlasted its time."""
        for entry in self._ledger.residents():
            if entry.payload.overdue() and entry.payload.give_up():
                self._ledger.leave(entry, stuck=True)
                self._counters.evicted()
                self.tell(Evicted(entry.name, "it outlasted its time"))

    def _shut(self, entry: Entry[Actor]) -> None:
        self._ledger.leave(entry)
        entry.payload.give_up(Cancelled("the host of the models was closed"))
