"""Cancel and time limits of the host with fake models."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fake_models import PATIENCE, Events, Gate, Memory, Task, fake, hosted, until

from tools.context import CancelToken
from tools.errors import (
    Cancelled,
    OutOfMemory,
    ToolTimeout,
)
from tools.host_events import Evicted, Loaded, Waiting


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def events() -> Events:
    return Events()


def test_cancel_while_waiting_for_memory(memory: Memory, events: Events) -> None:
    token = CancelToken()
    with hosted(fake("a", 60, memory), fake("b", 60, memory), on_event=events) as host:
        with host.lease("a"):
            waiter = Task(lambda: host.use("b", 1, cancel=token))
            events.await_one(Waiting, "b")
            token.cancel()
            with pytest.raises(Cancelled):
                waiter.result()
            assert host.stats().waiting == 0
        assert host.use("b", 2) == 2


def test_cancel_while_running_answers_at_once_and_the_actor_goes_on(memory: Memory) -> None:
    gate, token = Gate(), CancelToken()
    with hosted(fake("a", 60, memory, gate)) as host:
        running = Task(lambda: host.use("a", 1, cancel=token))
        gate.wait()
        queued = Task(lambda: host.use("a", 2))
        token.cancel()
        with pytest.raises(Cancelled):
            running.result()  # although the gate is still shut
        gate.out.set()
        assert queued.result() == 2
        assert host.use("a", 3) == 3
    assert memory.loads == ["a"]


def test_a_queued_call_that_is_cancelled_never_runs(memory: Memory) -> None:
    gate, token, seen = Gate(), CancelToken(), []

    def act(value: Any, *, cancel: CancelToken) -> Any:
        seen.append(value)
        return gate(value, cancel=cancel)

    with hosted(fake("a", 60, memory, act)) as host:
        first = Task(lambda: host.use("a", 1))
        gate.wait()
        second = Task(lambda: host.use("a", 2, cancel=token))
        token.cancel()
        with pytest.raises(Cancelled):
            second.result()
        gate.out.set()
        first.result()
    assert seen == [1]


def test_the_model_gets_the_token_and_may_stop_itself(memory: Memory) -> None:
    token, entered = CancelToken(), threading.Event()

    def loop(value: Any, *, cancel: CancelToken) -> Any:
        entered.set()
        while True:
            cancel.check()
            threading.Event().wait(0.001)

    with hosted(fake("a", 60, memory, loop), fake("b", 60, memory)) as host:
        running = Task(lambda: host.use("a", 1, cancel=token))
        assert entered.wait(PATIENCE)
        token.cancel()
        with pytest.raises(Cancelled):
            running.result()
        assert host.use("b", 1) == 1  # which needs the memory of a


def test_a_call_that_outlasts_its_seconds_is_given_up_and_the_actor_replaced(
    memory: Memory, events: Events
) -> None:
    gate = Gate()

    def act(value: Any, *, cancel: CancelToken) -> Any:
        return gate(value, cancel=cancel) if value == "slow" else value

    with hosted(fake("a", 40, memory, act), on_event=events) as host:
        with pytest.raises(ToolTimeout, match=r"a did not answer within 0\.01 s"):
            host.use("a", "slow", seconds=0.01)
        assert host.use("a", "quick") == "quick"  # a second copy: the first still holds 40
        assert host.stats().charged_mb == 80
        gate.out.set()
        until(lambda: host.stats().charged_mb <= 40)
    assert gate.stopped  # the model was told to stop
    assert events.names(Loaded, Evicted)[:3] == [("Loaded", "a"), ("Evicted", "a"), ("Loaded", "a")]


def test_calls_queued_behind_one_that_is_given_up_move_to_the_new_actor(memory: Memory) -> None:
    gate = Gate()

    def act(value: Any, *, cancel: CancelToken) -> Any:
        return gate(value, cancel=cancel) if value == "slow" else value

    with hosted(fake("a", 40, memory, act)) as host:
        slow = Task(lambda: host.use("a", "slow", seconds=0.05))
        gate.wait()
        others = [Task(lambda i=i: host.use("a", i)) for i in range(3)]
        with pytest.raises(ToolTimeout):
            slow.result()
        assert [t.result() for t in others] == [0, 1, 2]
        gate.out.set()


def test_memory_that_a_hung_call_keeps_is_refused_after_a_grace(memory: Memory) -> None:
    gate = Gate()
    with hosted(fake("a", 60, memory, gate), fake("b", 60, memory), grace=0.05) as host:
        with pytest.raises(ToolTimeout):
            host.use("a", 1, seconds=0.01)
        with pytest.raises(OutOfMemory, match="60 MB are still held by a call of a"):
            host.use("b", 1)
        gate.out.set()
        assert host.use("b", 1) == 1


def test_a_hung_call_whose_caller_left_is_given_up_after_a_grace(memory: Memory) -> None:
    gate, token = Gate(), CancelToken()

    def act(value: Any, *, cancel: CancelToken) -> Any:
        return gate(value, cancel=cancel) if value == "hung" else value

    with hosted(fake("a", 40, memory, act), grace=0.02) as host:
        hung = Task(lambda: host.use("a", "hung", cancel=token))
        gate.wait()
        token.cancel()
        with pytest.raises(Cancelled):
            hung.result()
        assert host.use("a", "next") == "next"
        gate.out.set()


def test_a_load_that_hangs_is_given_up(memory: Memory) -> None:
    out = threading.Event()
    spec = fake("a", 40, memory, before_load=lambda: out.wait(PATIENCE) and None)
    with hosted(spec, load=0.01) as host:
        with pytest.raises(ToolTimeout, match=r"a did not load within 0\.01 s"):
            host.use("a", 1)
        out.set()


def test_a_lease_survives_a_call_that_was_given_up(memory: Memory) -> None:
    gate = Gate()

    def act(value: Any, *, cancel: CancelToken) -> Any:
        return gate(value, cancel=cancel) if value == "slow" else value

    with hosted(fake("a", 40, memory, act)) as host:
        with host.lease("a") as model:
            with pytest.raises(ToolTimeout):
                model("slow", seconds=0.01)
            assert model("quick") == "quick"
        assert host.stats().models[0].users == 0
        gate.out.set()
