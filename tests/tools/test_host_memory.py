"""The host's memory with fake models: budget, eviction, leases, waiting, running out."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fake_models import PATIENCE, Events, Gate, Memory, Task, fails, fake, hosted, until

from tools.context import CancelToken
from tools.errors import (
    MissingModel,
    OutOfMemory,
    ToolFailed,
)
from tools.host_events import Evicted, Failed, Loaded, Retried, Waiting


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def events() -> Events:
    return Events()


# Memory


def test_the_least_recently_used_idle_model_leaves_first(memory: Memory, events: Events) -> None:
    specs = [fake(n, 40, memory) for n in "abc"]
    with hosted(*specs, on_event=events) as host:
        for name in "abac":
            host.use(name, 1)
        assert host.stats().resident == ("a", "c")
        assert memory.live_mb == 80
    assert events.names(Loaded, Evicted)[:4] == [
        ("Loaded", "a"),
        ("Loaded", "b"),
        ("Evicted", "b"),
        ("Loaded", "c"),
    ]


def test_a_model_larger_than_the_budget_is_refused_before_anything_leaves(memory: Memory) -> None:
    with hosted(fake("a", 60, memory), fake("huge", 101, memory)) as host:
        host.use("a", 1)
        with pytest.raises(OutOfMemory, match="huge needs 101 MB, more than the whole budget"):
            host.use("huge", 1)
        assert host.stats().resident == ("a",)


def test_a_leased_model_stays_and_a_caller_waits_for_it(memory: Memory, events: Events) -> None:
    with hosted(fake("a", 60, memory), fake("b", 60, memory), on_event=events) as host:
        with host.lease("a") as model:
            waiter = Task(lambda: host.use("b", 1))
            events.await_one(Waiting, "b")
            assert model(5) == 5
            assert host.stats().resident == ("a",)
        assert waiter.result() == 1
        assert host.stats().resident == ("b",)
    assert memory.peak_mb == 60


def test_a_holder_of_a_lease_is_refused_rather_than_deadlocked(memory: Memory) -> None:
    with hosted(fake("a", 60, memory), fake("b", 60, memory), fake("c", 30, memory)) as host:
        with host.lease("a"):
            with pytest.raises(OutOfMemory, match="b needs 60 MB beside the leased a"):
                host.use("b", 1)
            assert host.use("c", 1) == 1
            assert host.use("a", 2) == 2
        assert host.use("b", 1) == 1


def test_a_lease_of_an_unknown_or_unready_model_is_refused(memory: Memory) -> None:
    with hosted(fake("a", 1, memory, modules=("no_such_module_x",))) as host:
        with pytest.raises(MissingModel, match="there is no model 'z'"), host.lease("z"):
            pass
        with pytest.raises(MissingModel, match="no_such_module_x"), host.lease("a"):
            pass


def test_a_lease_loads_at_once_and_leaves_no_pin_when_that_fails(memory: Memory) -> None:
    def load() -> None:
        raise OSError("disk")

    with hosted(fake("a", 60, memory, before_load=load), fake("b", 60, memory)) as host:
        with pytest.raises(ToolFailed, match="disk"), host.lease("a"):
            pytest.fail("the body must not run")
        assert host.use("b", 1) == 1


def test_loads_of_one_model_are_coalesced(memory: Memory) -> None:
    callers = 8
    inside = threading.Event()
    with hosted(fake("a", 60, memory, before_load=lambda: inside.wait(PATIENCE) or None)) as host:
        tasks = [Task(lambda i=i: host.use("a", i)) for i in range(callers)]
        until(lambda: sum(m.queued for m in host.stats().models) == callers)
        inside.set()
        assert [t.result() for t in tasks] == list(range(callers))
    assert memory.loads == ["a"]


def test_a_big_model_does_not_starve_behind_a_busy_small_one(
    memory: Memory, events: Events
) -> None:
    order: list[str] = []
    gates = [Gate(), Gate()]
    turn = iter(gates)

    def small(value: Any, *, cancel: CancelToken) -> Any:
        order.append("small")
        gate = next(turn, None)
        return gate(value, cancel=cancel) if gate else value

    def big(value: Any, *, cancel: CancelToken) -> Any:
        order.append("big")
        return value

    specs = [fake("small", 40, memory, small), fake("big", 80, memory, big)]
    with hosted(*specs, on_event=events) as host:
        before = [Task(lambda: host.use("small", 0)) for _ in range(2)]
        gates[0].wait()
        until(lambda: host.stats().models[0].queued == 1)
        first = Task(lambda: host.use("big", 1))
        events.await_one(Waiting, "big")
        after = [Task(lambda: host.use("small", 2)) for _ in range(4)]
        events.await_one(Waiting, "small")
        for gate in gates:
            gate.out.set()
        assert first.result() == 1
        assert [t.result() for t in before + after] == [0, 0, 2, 2, 2, 2]
    assert order == ["small", "small", "big", "small", "small", "small", "small"]


def test_a_model_that_nobody_must_evict_stays_usable_while_another_is_waited_for(
    memory: Memory, events: Events
) -> None:
    gate = Gate()
    specs = [fake("old", 60, memory, gate), fake("tiny", 20, memory), fake("new", 70, memory)]
    with hosted(*specs, on_event=events) as host:
        old = Task(lambda: host.use("old", 0))
        gate.wait()
        host.use("tiny", 1)
        new = Task(lambda: host.use("new", 2))
        events.await_one(Waiting, "new")
        assert host.use("tiny", 3) == 3
        gate.out.set()
        assert (old.result(), new.result()) == (0, 2)


# Out of memory


class CUDA:
    """Stands for a library that has its own class."""

    class OutOfMemoryError(RuntimeError):
        pass


OOM = [
    MemoryError(),
    OutOfMemory("full"),
    CUDA.OutOfMemoryError("CUDA"),
    RuntimeError("Failed to allocate 3 GB"),
]


@pytest.mark.parametrize("where", ["load", "call"])
@pytest.mark.parametrize("error", OOM, ids=lambda e: type(e).__name__)
def test_out_of_memory_evicts_idle_models_and_retries_once(
    memory: Memory, events: Events, where: str, error: Exception
) -> None:
    faults = {where: [error]}

    def stumble(place: str) -> None:
        if faults.get(place):
            raise faults[place].pop()

    def act(value: Any, *, cancel: CancelToken) -> Any:
        stumble("call")
        return value

    spec = fake("big", 50, memory, act, before_load=lambda: stumble("load"))
    with hosted(fake("idle", 20, memory), fake("kept", 20, memory), spec, on_event=events) as host:
        host.use("idle", 1)
        with host.lease("kept"):
            pass
        with host.lease("kept"):
            assert host.use("big", 9) == 9
            assert set(host.stats().resident) == {"kept", "big"}
    (retried,) = [e for e in events if isinstance(e, Retried)]
    assert (retried.name, retried.evicted) == ("big", ("idle",))


def test_out_of_memory_twice_goes_to_the_next_model(memory: Memory, events: Events) -> None:
    big = fake("a-big", 50, memory, fails(MemoryError()), ability="read")
    small = fake("b-small", 10, memory, ability="read")
    with hosted(big, small, on_event=events) as host:
        assert host.use("read", 4) == 4
    assert events.names(Retried, Failed) == [("Retried", "a-big"), ("Failed", "a-big")]
