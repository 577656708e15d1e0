"""The host with fake models: which model is used, what happens when it fails, what is told."""

from __future__ import annotations

from typing import Any

import pytest
from fake_models import Events, Gate, Memory, Task, fails, fake, hosted

from tools.context import CancelToken, ToolContext
from tools.errors import (
    BadArguments,
    Cancelled,
    ConfigError,
    MissingModel,
    ToolFailed,
)
from tools.host_events import Called, Evicted, Failed, Loaded, Waiting


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def events() -> Events:
    return Events()


# Which model


def test_a_tool_context_reaches_the_host(memory: Memory) -> None:
    with hosted(fake("ocr", 10, memory, ability="read")) as host:
        assert ToolContext(host).use("read", 7) == 7


def test_the_profile_orders_the_models_and_the_rest_follow_by_name(memory: Memory) -> None:
    specs = [
        fake(n, 1, memory, lambda v, cancel, n=n: n if v == n else _refuse(n), ability="read")
        for n in "abc"
    ]

    def _refuse(name: str) -> Any:
        raise ToolFailed(f"{name} cannot")

    with hosted(*specs, order={"read": ("c", "*")}) as host:
        assert host.use("read", "c") == "c"
        assert memory.loads == ["c"]
        assert host.use("read", "b") == "b"
        assert memory.loads == ["c", "a", "b"]


def test_labels_choose_the_model_and_are_handed_to_those_that_declare_them(memory: Memory) -> None:
    seen: dict[str, Any] = {}

    def note(value: Any, *, cancel: CancelToken, **kwargs: Any) -> Any:
        seen.update(kwargs)
        return value

    faces = fake("a-faces", 1, memory, ability="detect", labels=("face",))
    people = fake("b-people", 1, memory, note, ability="detect", labels=("person",))
    with hosted(faces, people) as host:
        host.use("detect", 1, labels=("person",), min_score=0.5)
    assert memory.loads == ["b-people"]
    assert seen == {"labels": ("person",), "min_score": 0.5}


def test_missing_model_names_each_model_its_reason_and_the_mend(memory: Memory) -> None:
    absent = fake(
        "dino", 1, memory, ability="detect", modules=("no_such_module_x",), extra="detect"
    )
    faces = fake("faces", 1, memory, ability="detect", labels=("face",))
    with hosted(absent, faces) as host, pytest.raises(MissingModel) as caught:
        host.use("detect", 1, labels=("zebra",))
    line = caught.value.line()
    assert "zebra" in line
    assert "dino: package no_such_module_x is not installed" in line
    assert "faces: knows only face, not zebra" in line
    assert "pip install 'ocelli[detect]'" in line
    assert "\n" not in line


def test_missing_model_of_an_ability_nobody_has() -> None:
    with hosted() as host, pytest.raises(MissingModel, match="profile 'test' has no model"):
        host.use("caption", 1)


def test_the_next_model_is_tried_when_one_fails_and_an_event_says_so(
    memory: Memory, events: Events
) -> None:
    bad = fake("a", 1, memory, fails(ValueError("wrong\nshape")), ability="read")
    with hosted(bad, fake("b", 1, memory, ability="read"), on_event=events) as host:
        assert host.use("read", 3) == 3
    (failed,) = [e for e in events if isinstance(e, Failed)]
    assert (failed.name, failed.error) == ("a", "a failed: ValueError: wrong")


def test_bad_arguments_are_no_reason_to_change_the_model(memory: Memory) -> None:
    bad = fake("a", 1, memory, fails(BadArguments("no phrases")), ability="read")
    with hosted(bad, fake("b", 1, memory, ability="read")) as host:
        with pytest.raises(BadArguments, match="no phrases"):
            host.use("read", 3)
        assert memory.loads == ["a"]


def test_when_all_fail_the_last_error_names_the_others(memory: Memory) -> None:
    first = fake("a", 1, memory, fails(KeyError("box")), ability="read")
    second = fake("b", 1, memory, fails(ToolFailed("blank page")), ability="read")
    with hosted(first, second) as host, pytest.raises(ToolFailed) as caught:
        host.use("read", 3)
    assert str(caught.value) == "blank page"
    assert "a (a failed: KeyError: 'box')" in caught.value.line()


@pytest.mark.parametrize("error", [SystemExit(3), ZeroDivisionError(), RuntimeError("")])
def test_what_a_library_throws_becomes_one_line_with_its_cause(
    memory: Memory, error: BaseException
) -> None:
    with hosted(fake("ocr", 1, memory, fails(error))) as host:
        with pytest.raises(ToolFailed) as caught:
            host.use("ocr", 1)
        assert str(caught.value).startswith(f"ocr failed: {type(error).__name__}")
        assert caught.value.__cause__ is error
        assert host.stats().resident == ("ocr",)


def test_a_set_up_error_at_load_is_a_reason_and_the_next_model_is_tried(memory: Memory) -> None:
    def no_weights() -> None:
        raise ConfigError("weights of a are absent", hint="ocelli models pull a")

    broken = fake("a", 1, memory, ability="read", before_load=no_weights)
    with hosted(broken) as host, pytest.raises(MissingModel, match="ocelli models pull a"):
        host.use("read", 1)
    with hosted(broken, fake("b", 1, memory, ability="read")) as host:
        assert host.use("read", 1) == 1


def test_a_failed_load_is_tried_again_by_the_next_call_and_leaves_no_charge(
    memory: Memory, events: Events
) -> None:
    attempts = iter([OSError("disk"), None])

    def load() -> None:
        if error := next(attempts):
            raise error

    with hosted(fake("ocr", 100, memory, before_load=load), on_event=events) as host:
        with pytest.raises(ToolFailed, match="ocr failed: OSError: disk"):
            host.use("ocr", 1)
        assert host.stats().resident == ()
        assert host.use("ocr", 2) == 2
    assert events.names(Failed, Loaded) == [("Failed", "ocr"), ("Loaded", "ocr")]


# Life


def test_an_idle_model_leaves_after_a_time_and_comes_back(memory: Memory, events: Events) -> None:
    with hosted(fake("a", 60, memory), on_event=events, idle=0.02) as host:
        host.use("a", 1)
        event = events.await_one(Evicted, "a")
        assert isinstance(event, Evicted)
        assert event.reason == "idle for 0.02 s"
        assert host.use("a", 2) == 2


def test_a_leased_model_is_never_idle(memory: Memory, events: Events) -> None:
    with hosted(fake("a", 40, memory), fake("b", 40, memory), on_event=events, idle=0.02) as host:
        with host.lease("a") as model:
            host.use("b", 1)
            events.await_one(Evicted, "b")
            assert model(1) == 1
        assert memory.loads == ["a", "b"]


def test_close_ends_running_and_waiting_callers_and_refuses_new_ones(
    memory: Memory, events: Events
) -> None:
    gate = Gate()
    with hosted(fake("a", 60, memory, gate), fake("b", 60, memory), on_event=events) as host:
        running = Task(lambda: host.use("a", 1))
        gate.wait()
        waiting = Task(lambda: host.use("b", 1))
        events.await_one(Waiting, "b")
        host.close(seconds=0)
        for task in (running, waiting):
            with pytest.raises(Cancelled, match="host of the models"):
                task.result()
        with pytest.raises(Cancelled, match="is closed"):
            host.use("a", 1)
        gate.out.set()
    assert gate.stopped


def test_close_frees_what_is_idle(memory: Memory) -> None:
    with hosted(fake("a", 60, memory)) as host:
        host.use("a", 1)
    assert memory.live_mb == 0
    host.close()


def test_a_model_whose_close_fails_still_leaves(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hosted(fake("a", 60, memory), fake("b", 60, memory)) as host:
        host.use("a", 1)
        monkeypatch.setattr("fake_models.Fake.close", lambda self: 1 / 0)
        assert host.use("b", 1) == 1


def test_a_listener_that_raises_breaks_nothing(memory: Memory) -> None:
    def bad(event: Any) -> None:
        raise RuntimeError("listener")

    with hosted(fake("a", 60, memory), on_event=bad) as host:
        assert host.heard_by(bad).use("a", 1, labels=(), cancel=CancelToken()) == 1


def test_a_run_hears_which_model_answered_its_calls_only(memory: Memory) -> None:
    mine, all_events = Events(), Events()
    with hosted(fake("a", 60, memory, version="v7"), on_event=all_events) as host:
        host.use("a", 1)
        ToolContext(host.heard_by(mine)).use("a", 2)
    (called,) = mine
    assert isinstance(called, Called)
    assert (called.name, called.version) == ("a", "v7")
    assert all_events.names(Called) == [("Called", "a")] * 2
    assert all(e.at.utcoffset() is not None for e in all_events)


def test_stats_count_and_time(memory: Memory) -> None:
    with hosted(fake("a", 60, memory), fake("b", 60, memory)) as host:
        for name in "aab":
            host.use(name, 1)
        stats = host.stats()
    b, a = stats.models
    assert (b.name, b.mb, b.calls, b.users, b.queued) == ("b", 60, 1, 0, 0)
    assert (a.name, a.mb, a.calls) == ("a", 0, 2)
    assert (stats.loads, stats.evictions, stats.charged_mb, stats.peak_mb) == (2, 1, 60, 60)
    assert 0 <= a.p50_seconds <= a.p95_seconds
