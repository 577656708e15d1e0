"""The host under many threads: never over budget, serial per model, the same bytes as in turn."""

from __future__ import annotations

import hashlib
import random
import threading
from typing import Any

import pytest
from fake_models import Events, Memory, Task, fake, hosted

from tools.context import CancelToken
from tools.errors import Cancelled, ToolFailed
from tools.host_events import Evicted, Loaded

THREADS, JOBS = 16, 400
SIZES_MB = {"a": 10, "b": 20, "c": 30, "d": 45, "e": 70}
BUDGET_MB = 100


def work(value: Any, *, cancel: CancelToken) -> bytes:
    return hashlib.sha256(repr(value).encode()).digest()


def test_mixed_jobs_of_many_threads_stay_in_the_budget() -> None:
    memory, events = Memory(), Events()
    specs = [fake(n, mb, memory, work) for n, mb in SIZES_MB.items()]
    # Models are taken in runs, as questions do: else nearly every call would be a load.
    with hosted(*specs, budget_mb=BUDGET_MB, on_event=events) as host:

        def client(seed: int) -> None:
            rng = random.Random(seed)
            name = "a"
            for job in range(JOBS):
                if rng.random() < 0.1:
                    name = rng.choice(list(SIZES_MB))
                assert host.use(name, (seed, job)) == work((seed, job), cancel=CancelToken())

        tasks = [Task(lambda s=s: client(s)) for s in range(THREADS)]
        for task in tasks:
            task.join(120)
            task.result()
        stats = host.stats()
        assert sum(m.calls for m in stats.models) == THREADS * JOBS
        assert memory.peak_mb <= BUDGET_MB
        assert stats.peak_mb <= BUDGET_MB
        assert stats.waiting == 0
        assert all(m.users == 0 and m.queued == 0 for m in stats.models)
        assert memory.live_mb == sum(m.mb for m in stats.models)
    assert memory.live_mb == 0
    assert_loads_and_evictions_alternate(events)


def assert_loads_and_evictions_alternate(events: Events) -> None:
    there: set[str] = set()
    for kind, name in events.names(Loaded, Evicted):
        if kind == "Loaded":
            assert name not in there
            there.add(name)
        else:
            there.remove(name)


def test_faults_and_cancels_under_load_leave_no_pin_and_no_charge() -> None:
    memory = Memory()
    rng, lock = random.Random(5), threading.Lock()

    def stumble(value: Any, *, cancel: CancelToken) -> Any:
        with lock:
            dice = rng.random()
        if dice < 0.03:
            raise MemoryError
        if dice < 0.06:
            raise ValueError("bad")
        return value

    specs = [fake(n, mb, memory, stumble) for n, mb in SIZES_MB.items()]
    with hosted(*specs, budget_mb=BUDGET_MB) as host:

        def client(seed: int) -> int:
            mine, answered = random.Random(seed), 0
            for job in range(100):
                token = CancelToken()
                if mine.random() < 0.1:
                    threading.Timer(0.0005, token.cancel).start()
                try:
                    name = mine.choice("abc") if mine.random() < 0.9 else mine.choice("de")
                    assert host.use(name, (seed, job), cancel=token) == (seed, job)
                    answered += 1
                except (Cancelled, ToolFailed):
                    pass
            return answered

        tasks = [Task(lambda s=s: client(s)) for s in range(8)]
        answered = sum(t.result() for t in tasks)
        assert answered > 400
        for name in SIZES_MB:  # every one can still be had, so nothing is pinned for good
            with host.lease(name):
                pass
        assert all(m.users == 0 for m in host.stats().models)
        assert memory.peak_mb <= BUDGET_MB
    assert memory.live_mb == 0


class ClassList:
    """Stateful like an open-vocabulary detector: first the names are set, then it runs."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()

    def __call__(self, value: bytes, names: tuple[str, ...], *, cancel: CancelToken) -> bytes:
        self.names = names
        digest = value
        for _ in range(20):
            digest = hashlib.sha256(digest + ",".join(self.names).encode()).digest()
        return digest


@pytest.mark.parametrize("models", [1, 3])
def test_a_stateful_model_gives_the_same_bytes_as_in_turn(models: int) -> None:
    jobs = [(str(i).encode(), tuple(f"n{i % k}" for k in (2, 3, 5))) for i in range(300)]
    alone = ClassList()
    want = [alone(*job, cancel=CancelToken()) for job in jobs]
    memory = Memory()
    specs = [
        fake(f"m{i}", 40, memory, lambda v, cancel, model=model: model(*v, cancel=cancel))
        for i, model in enumerate(ClassList() for _ in range(models))
    ]
    got: list[bytes | None] = [None] * len(jobs)
    with hosted(*specs, budget_mb=BUDGET_MB) as host:

        def client(first: int) -> None:
            for at in range(first, len(jobs), 8):
                got[at] = host.use(f"m{at // 50 % models}", jobs[at])

        for task in [Task(lambda s=s: client(s)) for s in range(8)]:
            task.result()
    assert got == want
