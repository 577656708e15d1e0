"""Models for the tests of the host: they count what lives, wait on events, fail on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tools.catalog import Catalog, ModelSpec
from tools.context import CancelToken
from tools.host import Host
from tools.host_events import HostEvent
from tools.profiles import Profile
from tools.tenancy import Limits

PATIENCE = 20.0
"""Seconds after which a test that hangs fails. Nothing waits that long when all is well."""


class Memory:
    """What all fakes of a test occupy together."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.live_mb = 0.0
        self.peak_mb = 0.0
        self.loads: list[str] = []

    def take(self, name: str, mb: float) -> None:
        with self.lock:
            self.live_mb += mb
            self.peak_mb = max(self.peak_mb, self.live_mb)
            self.loads.append(name)

    def give(self, mb: float) -> None:
        with self.lock:
            self.live_mb -= mb


class Fake:
    """Answers (name, value); detects two calls at the same time."""

    parked = False

    def __init__(self, name: str, mb: float, memory: Memory, act: Callable[..., Any]) -> None:
        self.name, self.mb, self.memory, self.act = name, mb, memory, act
        self.inside = threading.Lock()
        memory.take(name, mb)

    def __call__(self, value: Any, *, cancel: CancelToken, **kwargs: Any) -> Any:
        assert self.inside.acquire(blocking=False), f"{self.name}: two calls at the same time"
        try:
            return self.act(value, cancel=cancel, **kwargs)
        finally:
            self.inside.release()

    def close(self) -> None:
        if not self.parked:
            self.memory.give(self.mb)


class Parkable(Fake):
    """A fake that can leave the card for host memory, and tells its bytes."""

    def park(self) -> None:
        self.parked = True
        self.memory.give(self.mb)

    def unpark(self) -> None:
        self.parked = False
        self.memory.take(f"{self.name} again", self.mb)

    def nbytes(self) -> int:
        return int(self.mb * 1e6)


def echo(value: Any, *, cancel: CancelToken, **kwargs: Any) -> Any:
    return value


def fake(
    name: str,
    mb: float,
    memory: Memory,
    act: Callable[..., Any] = echo,
    *,
    ability: str = "",
    before_load: Callable[[], None] = lambda: None,
    kind: type[Fake] = Fake,
    really_mb: float | None = None,
    **more: Any,
) -> ModelSpec:
    """A model of the ability of its own name that does `act`."""

    def load() -> Fake:
        before_load()
        return kind(name, mb if really_mb is None else really_mb, memory, act)

    spec = {"licence": "MIT", "version": "1", **more}
    return ModelSpec(name=name, ability=ability or name, load=load, memory_mb=mb, **spec)


class Events(list[HostEvent]):
    """A listener that can be waited on."""

    def __init__(self) -> None:
        super().__init__()
        self.more = threading.Condition()

    def __call__(self, event: HostEvent) -> None:
        with self.more:
            self.append(event)
            self.more.notify_all()

    def await_one(self, kind: type, name: str = "") -> HostEvent:
        def found() -> HostEvent | None:
            return next(
                (e for e in self if isinstance(e, kind) and (not name or e.name == name)), None
            )

        with self.more:
            assert self.more.wait_for(lambda: found() is not None, PATIENCE), f"no {kind} {name}"
            event = found()
        assert event is not None
        return event

    def names(self, *kinds: type) -> list[tuple[str, str]]:
        """(kind, model) of the events so far."""
        return [(type(e).__name__, e.name) for e in self if isinstance(e, kinds)]


@contextmanager
def hosted(
    *specs: ModelSpec,
    budget_mb: float = 100,
    on_event: Any = None,
    order: dict[str, tuple[str, ...]] | None = None,
    parked_mb: float = 0,
    **limits: Any,
) -> Iterator[Host]:
    """A host of these models, closed at the end."""
    catalog = Catalog({}, {s.name: s for s in specs})
    profile = Profile("test", budget_mb, order or {}, parked_mb)
    with Host(catalog, profile, on_event=on_event, limits=Limits(**limits)) as host:
        yield host


class Task(threading.Thread):
    """A call in a thread whose result or error is read later."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.call = call
        self.value: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.value = self.call()
        except Exception as error:  # noqa: BLE001 - handed to the test by `result`
            self.error = error

    def result(self) -> Any:
        self.join(PATIENCE)
        assert not self.is_alive(), "the call hangs"
        if self.error is not None:
            raise self.error
        return self.value


class Gate:
    """A model that says when it was entered and stays until it is let out."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.out = threading.Event()
        self.stopped = False

    def __call__(self, value: Any, *, cancel: CancelToken, **kwargs: Any) -> Any:
        self.entered.set()
        assert self.out.wait(PATIENCE)
        self.stopped = cancel.cancelled
        return value

    def wait(self) -> None:
        assert self.entered.wait(PATIENCE)


def fails(error: BaseException) -> Any:
    def act(value: Any, *, cancel: CancelToken, **kwargs: Any) -> Any:
        raise error

    return act


def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)
