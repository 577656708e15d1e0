"""Models leave the card for host memory and come back; what is charged is what was measured."""

from __future__ import annotations

import pytest
from fake_models import Events, Memory, Parkable, Task, fake, hosted

from tools.errors import ToolFailed
from tools.host_events import Evicted, Loaded


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def events() -> Events:
    return Events()


def parkable(name, mb, memory, **more):
    return fake(name, mb, memory, kind=Parkable, weights_mb=mb, **more)


def test_an_evicted_model_comes_back_without_loading(memory, events):
    specs = [parkable(n, 60, memory) for n in "ab"]
    with hosted(*specs, on_event=events, parked_mb=100) as host:
        for name in "abab":
            assert host.use(name, 1) == 1
            assert memory.live_mb == 60
            assert host.stats().resident == (name,)
    assert memory.loads == ["a", "b", "a again", "b again"]
    told = [(type(e).__name__, e.name, e.parked) for e in events if isinstance(e, Loaded | Evicted)]
    assert told[:4] == [
        ("Loaded", "a", False),
        ("Evicted", "a", True),
        ("Loaded", "b", False),
        ("Evicted", "b", True),
    ]
    assert told[4] == ("Loaded", "a", True)
    assert memory.live_mb == 0


def test_the_one_parked_longest_leaves_for_good(memory):
    specs = [parkable(n, 60, memory) for n in "abc"]
    with hosted(*specs, parked_mb=70) as host:
        for name in "abca":
            host.use(name, 1)
    assert memory.loads == ["a", "b", "c", "a"]


def test_without_room_it_is_dropped(memory):
    specs = [parkable(n, 60, memory) for n in "ab"]
    with hosted(*specs, parked_mb=59) as host:
        for name in "aba":
            host.use(name, 1)
    assert memory.loads == ["a", "b", "a"]


def test_a_model_that_cannot_move_is_dropped(memory):
    specs = [fake(n, 60, memory) for n in "ab"]
    with hosted(*specs, parked_mb=100) as host:
        for name in "aba":
            host.use(name, 1)
    assert memory.loads == ["a", "b", "a"]


def test_callers_that_come_while_it_moves_back_wait_for_it(memory):
    specs = [parkable(n, 60, memory) for n in "ab"]
    with hosted(*specs, parked_mb=100) as host:
        host.use("a", 0)
        host.use("b", 0)
        tasks = [Task(lambda i=i: host.use("a", i)) for i in range(8)]
        assert [task.result() for task in tasks] == list(range(8))
    assert memory.loads == ["a", "b", "a again"]


class Stuck(Parkable):
    """Leaves the card and never fits on it again."""

    def unpark(self) -> None:
        raise RuntimeError("CUDA error: broken")


def test_one_that_does_not_come_back_fails_the_call_and_loads_anew(memory):
    specs = [fake("a", 60, memory, kind=Stuck, weights_mb=60), parkable("b", 60, memory)]
    with hosted(*specs, parked_mb=100) as host:
        host.use("a", 1)
        host.use("b", 1)
        with pytest.raises(ToolFailed, match="broken"):
            host.use("a", 1)
        assert host.use("a", 2) == 2
    assert memory.loads == ["a", "b", "a"]


def test_the_measured_size_is_charged_with_the_room_to_work_in(memory, events):
    spec = fake("a", 30, memory, kind=Parkable, really_mb=50, weights_mb=20)
    with hosted(spec, on_event=events) as host:
        host.use("a", 1)
        assert host.stats().charged_mb == pytest.approx(60)
    assert next(e for e in events if isinstance(e, Loaded)).mb == pytest.approx(60)


def test_one_larger_than_declared_makes_room(memory):
    small = fake("small", 40, memory)
    big = fake("big", 50, memory, kind=Parkable, really_mb=90, weights_mb=50)
    with hosted(small, big) as host:
        host.use("small", 1)
        host.use("big", 1)
        host.use("big", 2)
        assert host.stats().resident == ("big",)
        assert host.stats().charged_mb == pytest.approx(90)
