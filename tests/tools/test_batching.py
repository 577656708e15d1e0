"""Calls that wait for one model are answered together where it can, and never mixed up."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
from fake_models import Gate, Memory, Task, fake, hosted, until

from tools.context import CancelToken
from tools.errors import Cancelled, ToolFailed


class Doubler:
    """Doubles numbers; the first call waits until it is let go."""

    batch_size = 3

    def __init__(self, gate: Gate, broken: bool = False) -> None:
        self.gate, self.broken = gate, broken
        self.batches: list[list[Any]] = []

    def __call__(self, value: int, *, cancel: CancelToken, plus: int = 0) -> int:
        if value == 0:
            self.gate(value, cancel=cancel)
        if value == 13:
            raise ValueError("thirteen")
        return 2 * value + plus

    def batch(self, calls: Any, *, cancel: CancelToken, plus: int = 0) -> list[Any]:
        self.batches.append([value for _, (value,) in calls])
        if self.broken:
            raise RuntimeError("no batches today")
        return [self(value, cancel=cancel, plus=plus) for _, (value,) in calls]


def model(doubler: Doubler) -> Any:
    spec = fake("double", 1, Memory())
    return type(spec)(**{**vars(spec), "load": lambda: doubler})


def behind(host: Any, gate: Gate, calls: list[tuple[int, int]]) -> list[Task]:
    """Tasks of (value, plus) that queue up behind a call under way; then all are let go."""
    first = Task(lambda: host.use("double", 0))
    gate.wait()
    tasks = []
    for value, plus in calls:
        more = {"plus": plus} if plus else {}
        tasks.append(Task(lambda v=value, m=more: host.use("double", v, **m)))
        waiting = len(tasks)
        until(lambda n=waiting: host.stats().models[0].queued == n)
    gate.out.set()
    assert first.result() == 0
    return tasks


def test_waiting_calls_are_answered_together_up_to_the_size():
    gate = Gate()
    doubler = Doubler(gate)
    with hosted(model(doubler)) as host:
        tasks = behind(host, gate, [(n, 0) for n in range(1, 6)])
        assert [t.result() for t in tasks] == [2, 4, 6, 8, 10]
    assert doubler.batches == [[1, 2, 3], [4, 5]]


def test_calls_with_other_arguments_are_not_joined():
    gate = Gate()
    doubler = Doubler(gate)
    with hosted(model(doubler)) as host:
        tasks = behind(host, gate, [(1, 0), (2, 5), (3, 0), (4, 5)])
        assert [t.result() for t in tasks] == [2, 9, 6, 13]
    assert doubler.batches == [[1, 3], [2, 4]]


@pytest.mark.parametrize("broken", [True, False])
def test_one_bad_input_fails_alone(broken):
    gate = Gate()
    with hosted(model(Doubler(gate, broken))) as host:
        tasks = behind(host, gate, [(1, 0), (13, 0), (2, 0)])
        assert tasks[0].result() == 2
        with pytest.raises(ToolFailed, match="thirteen"):
            tasks[1].result()
        assert tasks[2].result() == 4


def test_a_call_stopped_in_the_queue_takes_no_part():
    gate, stop = Gate(), CancelToken()
    doubler = Doubler(gate)
    with hosted(model(doubler)) as host:
        first = Task(lambda: host.use("double", 0))
        gate.wait()
        gone = Task(lambda: host.use("double", 1, cancel=stop))
        until(lambda: host.stats().models[0].queued == 1)
        stop.cancel()
        with pytest.raises(Cancelled):
            gone.result()
        stays = [Task(lambda n=n: host.use("double", n)) for n in (2, 3)]
        until(lambda: host.stats().models[0].queued >= 2)
        gate.out.set()
        assert first.result() == 0
        assert sorted(t.result() for t in stays) == [4, 6]
    assert all(1 not in batch for batch in doubler.batches)


def test_many_callers_get_their_own_answers():
    gate = Gate()
    gate.out.set()
    doubler = Doubler(gate)
    with hosted(model(doubler)) as host:
        ready = threading.Barrier(16)

        def call(n: int) -> list[int]:
            ready.wait()
            return [host.use("double", 1000 + 100 * n + i) for i in range(1, 20)]

        tasks = [Task(lambda n=n: call(n)) for n in range(16)]
        for n, task in enumerate(tasks):
            assert task.result() == [2 * (1000 + 100 * n + i) for i in range(1, 20)]


def test_an_answer_that_is_an_error_fails_its_call_alone():
    class Choosy(Doubler):
        def batch(self, calls: Any, *, cancel: CancelToken, plus: int = 0) -> list[Any]:
            return [ToolFailed("too odd") if v % 2 else 2 * v for _, (v,) in calls]

    gate = Gate()
    with hosted(model(Choosy(gate))) as host:
        tasks = behind(host, gate, [(1, 0), (2, 0)])
        with pytest.raises(ToolFailed, match="too odd"):
            tasks[0].result()
        assert tasks[1].result() == 4


@pytest.fixture
def patient(monkeypatch):
    """An actor that waits for companions longer than a test for an answer, where it waits."""
    monkeypatch.setattr("tools.actor.GATHER_SHARE", 1e9)
    monkeypatch.setattr("tools.actor.GATHER_SECONDS", 30.0)


def test_callers_who_were_answered_together_are_again(patient):
    gate = Gate()
    doubler = Doubler(gate)
    with hosted(model(doubler)) as host:
        for task in behind(host, gate, [(1, 0), (2, 0), (3, 0)]):
            task.result()
        again = []
        for value in (4, 5, 6):
            again.append(Task(lambda v=value: host.use("double", v)))
            if value < 6:
                until(lambda n=value - 3: host.stats().models[0].users == n)
        assert [t.result() for t in again] == [8, 10, 12]
    assert doubler.batches == [[1, 2, 3], [4, 5, 6]]


def test_who_comes_alone_waits_for_nobody(patient):
    doubler = Doubler(Gate())
    with hosted(model(doubler)) as host:
        for n in (1, 2, 3):
            assert Task(lambda n=n: host.use("double", n)).result() == 2 * n
    assert doubler.batches == []


def test_nobody_is_waited_for_while_other_calls_wait(patient):
    gate = Gate()
    doubler = Doubler(gate)
    with hosted(model(doubler)) as host:
        for task in behind(host, gate, [(1, 0), (2, 0)]):
            task.result()
        tasks = [Task(lambda: host.use("double", 4)), Task(lambda: host.use("double", 5, plus=1))]
        assert [t.result() for t in tasks] == [8, 11]
    assert doubler.batches == [[1, 2]]


class Big:
    """Something a call holds while it works."""


@pytest.mark.parametrize("kind", [ValueError, Cancelled, ToolFailed])
def test_what_a_failed_call_held_is_let_go_at_once(kind):
    held = []

    def work(value, *, cancel):
        big = Big()
        held.append(weakref.ref(big))
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise kind("it failed") from inner

    gc.disable()
    try:
        with hosted(fake("double", 1, Memory(), work)) as host:
            task = Task(lambda: host.use("double", 1))
            with pytest.raises((Cancelled, ToolFailed)) as caught:
                task.result()
            assert held[0]() is None
            assert caught.value is not None
    finally:
        gc.enable()
