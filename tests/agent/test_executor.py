import asyncio
import threading
from typing import Any

import pytest
from loop_fakes import ALL, BARRIERS, GATES, NoModels, catalog, ended, find, picture

from agent.events import CallFailed, CallFinished, CallProgress, CallStarted, Event
from agent.executor import Executor
from agent.held import NoKeeper
from agent.outcome import Outcome
from agent.protocol import Call
from agent.session import Session
from tools.catalog import Catalog, tool
from tools.context import ToolContext
from tools.types import Artefact, Boxes, Image, Number, Placed


class Bench:
    """An executor with one picture, and what it told."""

    def __init__(
        self, models: Any = None, call_seconds: float = 30.0, tools: Catalog = ALL
    ) -> None:
        self.events: list[Event] = []
        self.session = Session("s", NoKeeper())
        image = picture()
        self.session.add(image, self.session.keeper.put(image), name="a.png")
        self.executor = Executor(
            tools, models or NoModels(), self.session, self.events.append,
            call_seconds=call_seconds, left=lambda: 60.0,
        )  # fmt: skip
        self.step = 0

    async def arun(self, *calls: Call) -> list[Outcome]:
        self.step += 1
        self.executor.begin(self.step, calls)
        return await self.executor.run(calls)

    def run(self, *calls: Call) -> list[Outcome]:
        return asyncio.run(self.arun(*calls))

    def told(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


def call(name: str, tool: str, /, **args: Any) -> Call:
    return Call(id=name, tool=tool, args=args)


def artefact(outcome: Outcome) -> Artefact:
    assert outcome.result.artefact is not None, outcome.result.error
    return outcome.result.artefact


def test_independent_calls_run_together() -> None:
    BARRIERS["four"] = threading.Barrier(4)
    bench = Bench()
    texts = [bench.session.add(picture(seed=i), f"{i:064d}") for i in range(4)]
    outcomes = bench.run(
        *[call(f"c{i}", "meet", name="four", image=h) for i, h in enumerate(texts)]
    )
    assert all(o.result.ok for o in outcomes)


def test_a_chain_goes_on_while_a_slow_call_runs() -> None:
    """The second link of one chain and an unrelated call are under way at the same time."""
    BARRIERS["two"] = threading.Barrier(2)
    outcomes = Bench().run(
        call("a", "note"), call("b", "after", name="two", first="$a"), call("c", "meet", name="two")
    )
    assert all(o.result.ok for o in outcomes)


def test_calls_run_after_those_they_wait_for_whatever_their_order() -> None:
    bench = Bench()
    last, first = bench.run(
        call("n", "tally", things="$f"), call("f", "find", image="img1", what="face")
    )
    assert artefact(last).value == 2.0  # type: ignore[attr-defined]
    assert first.result.handle == "boxes1"
    started = [e.call.id for e in bench.told(CallStarted)]
    assert started == ["f", "n"]


def test_results_are_named_and_told_in_the_order_of_the_plan() -> None:
    GATES["deaf"] = threading.Event()
    bench = Bench()

    async def run() -> list[Outcome]:
        work = asyncio.create_task(
            bench.arun(call("a", "deaf"), call("b", "note", text="b"), call("c", "note", text="c"))
        )
        while len(bench.told(CallStarted)) < 3:
            await asyncio.sleep(0)
        GATES["deaf"].set()
        return await work

    outcomes = asyncio.run(run())
    assert [o.result.handle for o in outcomes] == ["note1", "note2", "note3"]
    assert [e.call for e in bench.told(CallFinished)] == ["a", "b", "c"]


@tool()
def keep(ctx: ToolContext, things: Placed) -> Placed:
    """All of them, once somebody opens."""
    assert GATES["opened"].wait(20)
    return things


@tool()
def opens(ctx: ToolContext, things: Boxes) -> Boxes:
    """The first one."""
    GATES["opened"].set()
    return things.take([0])


def test_a_choice_among_things_has_its_name_in_the_order_of_the_plan_too() -> None:
    GATES["opened"] = threading.Event()
    outcomes = Bench(tools=catalog(find, keep, opens)).run(
        call("a", "find", image="img1"), call("b", "keep", things="$a"),
        call("c", "opens", things="$a"),
    )  # fmt: skip
    assert [o.result.handle for o in outcomes] == ["boxes1", "boxes2", "boxes3"]


def test_a_failed_call_makes_those_that_wait_for_it_stale() -> None:
    bench = Bench()
    failed, stale, staler, fine = bench.run(
        call("a", "fail"), call("b", "tally", things="$a"),
        call("c", "choosy", n="$b"), call("d", "note"),
    )  # fmt: skip
    assert failed.result.error == "it broke. Try another"
    assert failed.result.error_kind == "ToolFailed"
    assert stale.result.error_kind == staler.result.error_kind == "Stale"
    assert "$a" in stale.result.error
    assert fine.result.ok
    assert [e.kind for e in bench.told(CallFailed)] == ["ToolFailed", "Stale", "Stale"]


def test_the_same_call_is_answered_from_memory() -> None:
    bench = Bench()
    bench.run(call("a", "find", image="img1", what="face"))
    again, other = bench.run(
        call("x", "find", image="img1", what="face", min_score=0.3),  # the default, said
        call("y", "find", image="img1", what="cat"),
    )
    assert again.result.cached
    assert again.result.handle == "boxes1"
    assert not other.result.cached
    assert other.result.handle == "boxes2"
    assert [e.cached for e in bench.told(CallFinished)] == [False, True, False]


def test_the_same_call_twice_in_one_plan_runs_once() -> None:
    bench = Bench()
    one, two = bench.run(call("a", "note", text="x"), call("b", "note", text="x"))
    assert (one.result.handle, two.result.handle) == ("note1", "note1")
    assert two.result.cached
    assert len(bench.told(CallStarted)) == 1


def test_equal_pixels_elsewhere_are_another_picture() -> None:
    bench = Bench()
    flat = Image.as_root(picture().pixels * 0)
    handle = bench.session.add(flat, flat.sha256)
    one, two = bench.run(
        call("a", "paint", image="img1", grey=0), call("b", "paint", image=handle, grey=0)
    )
    assert one.result.handle != two.result.handle
    assert one.result.artefact.frame != two.result.artefact.frame  # type: ignore[union-attr]


def test_invented_handles_are_refused_with_the_valid_ones() -> None:
    bench = Bench()
    bench.run(call("a", "find", image="img1"))
    unknown, entity, text = bench.run(
        call("b", "tally", things="boxes9"), call("c", "tally", things="#7"),
        call("d", "tally", things=[[1, 2, 3, 4]]),
    )  # fmt: skip
    assert unknown.result.error_kind == "BadArguments"
    assert "there is no 'boxes9'" in unknown.result.error
    assert "boxes1" in unknown.result.error
    assert "there is no #7" in entity.result.error
    assert "#1 to #2" in entity.result.error
    assert "wants a handle of Placed, not list" in text.result.error


def test_entities_become_rows() -> None:
    bench = Bench()
    bench.run(call("a", "find", image="img1"), call("r", "read", image="img1"))
    row, both, line = bench.run(
        call("x", "take", things="#2"), call("y", "tally", things="#1 #2"),
        call("z", "take", things="#3"),
    )  # fmt: skip
    found = artefact(row)
    assert isinstance(found, Boxes)
    assert found.xyxy[0].tolist() == [30, 10, 44, 30]
    count = artefact(both)
    assert isinstance(count, Number)
    assert count.value == 2
    assert artefact(line).labels == ("STOP now",)  # type: ignore[attr-defined]


def test_results_give_plain_values() -> None:
    bench = Bench()
    read, said, number, even = bench.run(
        call("r", "read", image="img1"), call("s", "note", text="$r"),
        call("n", "tally", things="$r"), call("e", "noop", n="$n"),
    )  # fmt: skip
    assert artefact(said).value == "STOP now"  # type: ignore[attr-defined]
    assert artefact(even).value == 1  # type: ignore[attr-defined]


def test_a_text_that_looks_like_money_is_a_text() -> None:
    (said,) = Bench().run(call("a", "note", text="$12.50"))
    assert artefact(said).value == "$12.50"  # type: ignore[attr-defined]


def test_fifty_pictures_at_once_have_fifty_handles() -> None:
    bench = Bench()
    outcomes = bench.run(*[call(f"c{i}", "paint", image="img1", grey=i) for i in range(50)])
    handles = [o.result.handle for o in outcomes]
    assert handles == [f"img{i}" for i in range(2, 52)]
    greys = [bench.session.get(h).pixels[0, 0, 0] for h in handles]  # type: ignore[attr-defined]
    assert greys == list(range(50))


def test_a_call_that_takes_too_long_is_named_and_leaves_the_others_alone() -> None:
    GATES["deaf"] = threading.Event()
    bench = Bench(call_seconds=0.1)
    late, fine = bench.run(call("a", "deaf"), call("b", "note"))
    GATES["deaf"].set()
    assert late.result.error_kind == "ToolTimeout"
    assert "deaf did not finish within 0.1 s" in late.result.error
    assert fine.result.ok


def test_stopping_reaches_a_tool_under_way() -> None:
    GATES["hang"] = threading.Event()
    bench = Bench()

    async def run() -> None:
        work = asyncio.create_task(bench.arun(call("a", "hang")))
        while not bench.told(CallProgress):
            await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(run())
    assert ended("hang")


def test_a_tool_that_keeps_failing_is_refused() -> None:
    bench = Bench()
    errors = [bench.run(call("a", "choosy", n=n))[0].result for n in (1, 3, 5, 2)]
    assert [e.error_kind for e in errors[:3]] == ["BadArguments"] * 3
    assert errors[3].error_kind == "ToolFailed"
    assert "has failed in 3 steps" in errors[3].error


def test_success_forgives() -> None:
    bench = Bench()
    results = [bench.run(call("a", "choosy", n=n))[0].result.ok for n in (1, 3, 2, 5, 4)]
    assert results == [False, False, True, False, True]


def test_a_missing_model_is_a_result_and_a_bug_is_not() -> None:
    bench = Bench()
    (lacking,) = bench.run(call("a", "lack"))
    assert lacking.result.error_kind == "MissingModel"
    assert "pip install 'ocelli[gpu]'" in lacking.result.error
    with pytest.raises(ZeroDivisionError, match="a bug of the tool"):
        bench.run(call("a", "note"), call("b", "buggy"))


def test_the_model_that_answered_is_said() -> None:
    from tools.catalog import Catalog, ModelSpec
    from tools.host import Host
    from tools.profiles import Profile

    models = {
        "bad": ModelSpec("bad", "say", "MIT", lambda: broken, "1"),
        "good": ModelSpec("good", "say", "MIT", lambda: lambda cancel: "hello", "1"),
    }

    def broken(cancel: Any) -> str:
        from tools.errors import ToolFailed

        raise ToolFailed("no luck")

    with Host(Catalog({}, models), Profile("p", 1000.0, {"say": ("bad", "good")})) as host:
        bench = Bench(models=host)
        (said,) = bench.run(call("a", "model"))
        assert artefact(said).value == "hello"  # type: ignore[attr-defined]
        assert said.result.model == "good"
        (again,) = bench.run(call("a", "model"))
        assert again.result.model == "good"
        assert [e.what for e in bench.events if e.type == "host"].count("failed") == 1
