"""The account of memory: who is resident, who is in use, who waits for room.

Everything charged never exceeds the budget: a model that leaves stays charged until its memory is
given back. Callers are served in the order in which they came. The first of the line lays a claim
on the models that must leave for it; nobody behind may take a claimed model up again, so a big
model does not starve behind a busy small one, while models it does not need stay usable. Nothing
is evicted before that is known to be enough; then those leave that are least likely to be wanted.

Knows nothing of threads, loads or calls: residents are payloads with a name and a size.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tools.errors import OutOfMemory
from tools.host_habits import Habits
from tools.host_victims import EPSILON_MB, Entry, cheapest, enough, total

POLL_SECONDS = 0.02
"""How often a waiter looks whether its caller has given up."""
T = TypeVar("T")


@dataclass(eq=False)
class _Ticket(Generic[T]):
    name: str
    mb: float
    patient: bool
    beside: tuple[str, float] | None = None
    since: float = field(default_factory=time.monotonic)
    claim: tuple[Entry[T], ...] = ()


@dataclass(frozen=True)
class _Step(Generic[T]):
    """What a waiter does next: take the entry, make these leave, or wait."""

    entry: Entry[T] | None = None
    fresh: bool = False
    victims: tuple[Entry[T], ...] = ()
    contended: bool = False
    """Whether it waits for models in use, not just for one that is leaving already."""


class Ledger(Generic[T]):
    """One budget shared by all models. Thread-safe."""

    def __init__(self, budget_mb: float, grace_seconds: float = 10.0) -> None:
        self.budget_mb = budget_mb
        self.peak_mb = 0.0
        self._grace_seconds = grace_seconds
        self._turn = threading.Condition()
        self._line: list[_Ticket[T]] = []
        self._entries: dict[str, Entry[T]] = {}
        self._leaving: list[Entry[T]] = []
        self._clock = 0
        self._habits = Habits()
        self._version = 0

    def acquire(
        self,
        name: str,
        mb: float,
        make: Callable[[], T],
        *,
        evict: Callable[[Entry[T]], None],
        check: Callable[[], None],
        waiting: Callable[[], None],
        patient: bool = True,
        beside: tuple[str, float] | None = None,
    ) -> tuple[Entry[T], bool]:
        """The entry of `name`, pinned, and whether it is new.

        Args:
            name: which model.
            mb: what it is charged when it is not resident.
            make: makes the payload of a new entry; called under the lock, must be quick.
            evict: ends a model that has left the account; must lead to `forget`.
            check: called while waiting; raises to give up.
            waiting: called once when models in use are waited for.
            patient: False refuses instead of waiting for models in use. A caller that holds one
                lease must not wait for another: two such callers could wait for each other.
            beside: a model that it has parts in common with, and what it is charged while that one
                is resident; it is spared where that is enough.

        Raises:
            OutOfMemory: it can never fit, or not without waiting and `patient` is False.
        """
        if mb > self.budget_mb:
            raise OutOfMemory(
                f"{name} needs {mb:.0f} MB, more than the whole budget of {self.budget_mb:.0f} MB",
                hint="Raise budget_mb in the profile or order a smaller model first",
            )
        ticket: _Ticket[T] = _Ticket(name, mb, patient, beside)
        with self._turn:
            self._line.insert(len(self._line) if patient else 0, ticket)
        try:
            return self._stand(ticket, make, evict, check, waiting)
        finally:
            with self._turn:
                self._line.remove(ticket)
                self._changed()

    def pin(self, entry: Entry[T]) -> None:
        """Use a pinned entry once more."""
        with self._turn:
            entry.pins += 1

    def release(self, entry: Entry[T]) -> None:
        """Give one use back."""
        with self._turn:
            entry.pins -= 1
            self._touch(entry)
            self._changed()

    def recharge(self, entry: Entry[T], mb: float) -> list[Entry[T]]:
        """Charge what a model was measured to take; idle ones that must leave for it, off the list.

        The caller ends them. Where all idle ones together are too small none leaves: the account
        is over its budget, and stays so until models in use are given back.
        """
        with self._turn:
            entry.mb = mb
            charged = total(self._entries.values()) + total(self._leaving)
            idle = [e for e in self._idle() if e is not entry]
            victims = self.choose(idle, charged - self.budget_mb) or ()
            for victim in victims:
                self._remove(victim)
            self.peak_mb = max(self.peak_mb, charged - total(victims))
            self._changed()
            return list(victims)

    def leave(self, entry: Entry[T], *, only_idle: bool = False, stuck: bool = False) -> bool:
        """Take a resident off the list; it stays charged until `forget`. False if it is not there.

        Args:
            entry: which.
            only_idle: refuse (False) when it is in use.
            stuck: its memory comes back at an unknown time.
        """
        with self._turn:
            if self._entries.get(entry.name) is not entry or (only_idle and entry.pins):
                return False
            self._remove(entry)
            entry.stuck = stuck
            return True

    def forget(self, entry: Entry[T]) -> None:
        """The memory of an entry is free again."""
        with self._turn:
            self._entries = {n: e for n, e in self._entries.items() if e is not entry}
            self._leaving = [e for e in self._leaving if e is not entry]
            self._changed()

    def leave_idle(self, but: str) -> list[Entry[T]]:
        """Take every idle resident but one off the list; the caller ends them."""
        with self._turn:
            idle = [e for e in self._idle() if e.name != but]
            for entry in idle:
                self._remove(entry)
            return idle

    def residents(self) -> list[Entry[T]]:
        """Those on the list, least recently used first."""
        with self._turn:
            return sorted(self._entries.values(), key=lambda e: e.used)

    def charged(self) -> list[Entry[T]]:
        """Residents and those still leaving."""
        with self._turn:
            return [*self._entries.values(), *self._leaving]

    def charged_mb(self) -> float:
        """What residents and those still leaving occupy together."""
        return total(self.charged())

    def waiting(self) -> int:
        """How many callers stand in line."""
        with self._turn:
            return len(self._line)

    def choose(
        self, idle: list[Entry[T]], need_mb: float, wanted: str = ""
    ) -> tuple[Entry[T], ...] | None:
        """Which of `idle`, longest unused first, free `need_mb` for `wanted`; None: too small."""
        if need_mb <= EPSILON_MB:
            return ()
        chances = self._habits.chances([e.name for e in idle], wanted)
        return cheapest(idle, need_mb, chances, self.budget_mb)

    def _stand(
        self,
        ticket: _Ticket[T],
        make: Callable[[], T],
        evict: Callable[[Entry[T]], None],
        check: Callable[[], None],
        waiting: Callable[[], None],
    ) -> tuple[Entry[T], bool]:
        told = False
        while True:
            check()
            with self._turn:
                step, seen = self._step(ticket, make), self._version
            if step.entry is not None:
                return step.entry, step.fresh
            for victim in step.victims:
                evict(victim)
            if step.victims:
                continue
            if step.contended and not told:
                told = True
                waiting()
            with self._turn:
                if self._version == seen:
                    self._turn.wait(POLL_SECONDS)

    def _step(self, ticket: _Ticket[T], make: Callable[[], T]) -> _Step[T]:
        head, entry = self._line[0], self._entries.get(ticket.name)
        if entry is not None and (head is ticket or entry not in head.claim):
            entry.pins += 1
            self._touch(entry)
            self._habits.called(entry.name)
            return _Step(entry)
        if head is not ticket:
            return _Step(contended=True)
        free = self.budget_mb - total(self._entries.values()) - total(self._leaving)
        soon = free + total(e for e in self._leaving if not e.stuck)
        idle, victims = self._idle(), None
        lender = self._entries.get(ticket.beside[0]) if ticket.beside is not None else None
        if lender is not None and ticket.beside is not None:
            mb = ticket.beside[1]
            if mb <= free + EPSILON_MB:
                return _Step(self._enter(ticket, make, mb), fresh=True)
            victims = self.choose([e for e in idle if e is not lender], mb - soon, ticket.name)
        if ticket.mb <= free + EPSILON_MB:
            return _Step(self._enter(ticket, make, ticket.mb), fresh=True)
        if victims is None:
            victims = self.choose(idle, ticket.mb - soon, ticket.name)
        if victims is not None:
            for victim in victims:
                self._remove(victim)
            return _Step(victims=victims)
        self._refuse(ticket)
        ticket.claim = self._claim(ticket, soon)
        return _Step(contended=any(e.pins for e in self._entries.values()))

    def _enter(self, ticket: _Ticket[T], make: Callable[[], T], mb: float) -> Entry[T]:
        entry = Entry(ticket.name, mb, make())
        self._entries[entry.name] = entry
        self._touch(entry)
        self._habits.called(entry.name)
        charged = total(self._entries.values()) + total(self._leaving)
        self.peak_mb = max(self.peak_mb, charged)
        return entry

    def _refuse(self, ticket: _Ticket[T]) -> None:
        stuck = [e for e in self._leaving if e.stuck]
        late = time.monotonic() - ticket.since > self._grace_seconds
        if stuck and late and ticket.mb > self.budget_mb - total(stuck):
            raise OutOfMemory(
                f"{ticket.name} needs {ticket.mb:.0f} MB, but {total(stuck):.0f} MB are still held "
                f"by a call of {', '.join(e.name for e in stuck)} that outlasted its time",
                hint="Raise budget_mb in the profile or restart",
            )
        if not ticket.patient and any(e.pins for e in self._entries.values()):
            busy = ", ".join(e.name for e in self._entries.values() if e.pins)
            raise OutOfMemory(
                f"{ticket.name} needs {ticket.mb:.0f} MB beside the leased {busy}, and the budget "
                f"is {self.budget_mb:.0f} MB",
                hint="Give the lease back first, or raise budget_mb in the profile",
            )

    def _claim(self, ticket: _Ticket[T], soon_mb: float) -> tuple[Entry[T], ...]:
        """Whom to let run dry for `ticket`: those claimed before, then idle ones, then the rest."""
        order = sorted(
            self._entries.values(), key=lambda e: (e not in ticket.claim, e.pins > 0, e.used)
        )
        return enough(order, ticket.mb - soon_mb) or tuple(order)

    def _idle(self) -> list[Entry[T]]:
        return sorted((e for e in self._entries.values() if not e.pins), key=lambda e: e.used)

    def _remove(self, entry: Entry[T]) -> None:
        del self._entries[entry.name]
        self._leaving.append(entry)
        self._changed()

    def _touch(self, entry: Entry[T]) -> None:
        self._clock += 1
        entry.used = self._clock

    def _changed(self) -> None:
        self._version += 1
        self._turn.notify_all()
