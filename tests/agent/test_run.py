import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import ALL, BARRIERS, GATES, SEEN, NoModels, ended, picture
from PIL import Image as PilImage

from agent.events import AnswerGiven, CallFinished, CallProgress, Event, LimitHit, RunStarted
from agent.planners.scripted import Decision, ScriptedPlanner
from agent.protocol import Call, Finish, Plan, Planner, View
from agent.run import Agent
from agent.settings import Settings
from agent.trace import read_trace
from tools.errors import ConfigError, InputError, PlannerError

Make = Callable[..., Agent]


def call(name: str, tool: str, /, **args: Any) -> Call:
    return Call(id=name, tool=tool, args=args)


def plan(*calls: Call) -> Plan:
    return Plan(calls=calls, thought="because")


@pytest.fixture
def agent_of(tmp_path: Path) -> Iterator[Make]:
    """Agents over the small tools, closed at the end."""
    made: list[Agent] = []

    def make(*decisions: Decision, planner: Planner | None = None, **chosen: Any) -> Agent:
        fields = {"home": tmp_path / "home", "out": tmp_path / "runs", "remember": False, **chosen}
        agent = Agent(
            Settings(**fields), planner=planner or ScriptedPlanner(decisions), catalog=ALL,
            host=NoModels(),
        )  # fmt: skip
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.close()


@pytest.fixture(params=[False, True], ids=["in-memory", "on-disk"])
def remember(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Views:
    """A planner that is a function of the view; safe to share."""

    name = "views"

    def __init__(self, decide: Callable[[View], Plan | Finish]) -> None:
        self._decide = decide

    async def decide(self, view: View) -> Plan | Finish:
        return self._decide(view)


def counting(view: View) -> Plan | Finish:
    if not view.results:
        return plan(call("a", "find", image=view.images[0]))
    return Finish(text="There are 2 faces [#1 #2].")


def test_a_question_becomes_an_answer_with_evidence(agent_of: Make, remember: bool) -> None:
    agent = agent_of(
        plan(call("a", "find", image="img1"), call("p", "paint", image="img1", region="$a")),
        Finish(text="There are 2 faces [#1 #2]; they are painted over [img2].", images=("img2",)),
        remember=remember,
    )
    answer = agent.ask("Paint over the faces", picture(name="me.png"))
    assert answer.status == "answered"
    assert answer.unsupported == ()
    assert [(e.id, e.label, e.image, e.sources) for e in answer.evidence[:2]] == [
        ("#1", "face", "me.png", ("find",)),
        ("#2", "face", "me.png", ("find",)),
    ]
    folder = Path(answer.trace).parent
    assert [Path(p) for p in answer.images] == [folder / "images" / "img2.png"]
    assert Path(answer.overlay) == folder / "images" / "img1-evidence.png"
    with PilImage.open(answer.images[0]) as made:
        assert np.asarray(made).max() == 0
    assert json.loads((folder / "answer.json").read_text()) == json.loads(answer.to_json())
    assert "There are 2 faces" in Path(answer.report).read_text()
    assert answer.steps == 2
    events = read_trace(folder)
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], AnswerGiven)
    assert [e.entities for e in events if isinstance(e, CallFinished)] == [(1, 2), ()]


def test_streams_and_folds_say_the_same(agent_of: Make) -> None:
    agent = agent_of(planner=Views(counting))
    kinds = [e.type for e in agent.stream("how many?", picture())]

    async def main() -> tuple[list[str], str]:
        streamed = [e.type async for e in agent.astream("how many?", picture())]
        return streamed, (await agent.aask("how many?", picture())).text

    streamed, text = asyncio.run(main())
    assert kinds == streamed
    assert kinds == [
        "run_started", "routed", "plan_made", "call_started", "call_finished", "answer_given",
    ]  # fmt: skip
    assert text == agent.ask("how many?", picture()).text


def test_asking_works_inside_a_running_loop(agent_of: Make) -> None:
    agent = agent_of(planner=Views(counting))

    async def notebook() -> str:
        return agent.ask("how many?", picture()).text

    assert asyncio.run(notebook()) == "There are 2 faces [#1 #2]."


def test_threads_and_tasks_share_an_agent(agent_of: Make) -> None:
    """Eight questions are under way together, from threads and from tasks of another loop."""
    BARRIERS["shared"] = threading.Barrier(8)

    def decide(view: View) -> Plan | Finish:
        if not view.results:
            return plan(call("m", "meet", name="shared", image=view.images[0]))
        return Finish(text=f"{view.question} [note1]")

    agent = agent_of(planner=Views(decide))
    texts: dict[int, str] = {}

    def ask(n: int) -> None:
        texts[n] = agent.ask(f"q{n}", picture(seed=n)).text

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()

    async def main() -> None:
        answers = await asyncio.gather(*[agent.aask(f"q{n}", picture(seed=n)) for n in range(4, 8)])
        texts.update({n: a.text for n, a in enumerate(answers, 4)})

    asyncio.run(main())
    for thread in threads:
        thread.join(30)
    assert texts == {n: f"q{n} [note1]" for n in range(8)}


def test_a_follow_up_goes_on_with_pictures_scene_and_memory(agent_of: Make, remember: bool) -> None:
    agent = agent_of(
        plan(call("a", "find", image="img1")),
        Finish(text="Two [#1 #2]"),
        plan(call("a", "find", image="img1"), call("b", "take", things="#2")),
        Finish(text="That one [#2]"),
        remember=remember,
    )
    first = agent.ask("how many?", picture(name="a.png"))
    second = agent.ask("and the other?")
    assert second.session == first.session
    view = agent.planner.views[-1]  # type: ignore[attr-defined]
    assert view.images == ("img1",)
    assert view.names == {"img1": "a.png"}
    assert [(t.question, t.answer, t.status) for t in view.turns] == [
        ("how many?", "Two [#1 #2]", "answered")
    ]
    assert view.turns[0].handles == ("boxes1",)
    assert view.results[0].cached
    assert len(view.scene.entities) == 2
    assert second.evidence[0].sources == ("find", "take")


def test_a_conversation_survives_a_new_agent(agent_of: Make) -> None:
    edit = (
        plan(call("p", "paint", image="img1", grey=7)),
        Finish(text="done [img2]", images=("img2",)),
    )
    agent_of(*edit, remember=True, session="tea").ask("grey it", picture(name="a.png"))

    def undo(view: View) -> Finish:
        original, edited = view.get("img1"), view.get("img2")
        assert edited.pixels.max() == 7  # type: ignore[attr-defined]
        assert np.array_equal(original.pixels, picture().pixels)  # type: ignore[attr-defined]
        assert view.turns[0].made == ("img2",)
        return Finish(text="undone [img1]", images=("img1",))

    again = agent_of(undo, remember=True, session="tea")
    answer = again.ask("undo that")
    assert answer.status == "answered"
    assert answer.session == "tea"


def test_pictures_of_an_earlier_question_keep_their_handles(agent_of: Make) -> None:
    agent = agent_of(*[Finish(text="x", status="cannot")] * 3)
    agent.ask("one", picture(seed=1), session="s")
    agent.ask("two", [picture(seed=2), picture(seed=1)], session="s")
    agent.ask("twins", [picture(seed=1), picture(seed=1)], session="s")
    views = agent.planner.views  # type: ignore[attr-defined]
    assert [v.images for v in views] == [("img1",), ("img2", "img1"), ("img1", "img3")]


def test_conversations_do_not_mix(agent_of: Make, remember: bool) -> None:
    agent = agent_of(planner=Views(counting), remember=remember)
    one = agent.ask("how many?", picture(seed=1))
    two = agent.ask("how many?", picture(seed=2))
    assert one.session != two.session
    assert [e.id for e in two.evidence] == ["#1", "#2"]


def test_what_was_drawn_has_handles(agent_of: Make) -> None:
    def decide(view: View) -> Finish:
        assert view.given == ("boxes1", "points1")
        assert view.get("boxes1").xyxy.tolist() == [[1, 2, 30, 40]]  # type: ignore[attr-defined]
        points = view.get("points1")
        assert points.xy.tolist() == [[5, 6], [7, 8]]  # type: ignore[attr-defined]
        assert points.positive == (True, False)  # type: ignore[attr-defined]
        return Finish(text="x", status="cannot")

    agent = agent_of(decide)
    events = list(
        agent.stream("this?", picture(), boxes=[(1, 2, 30, 40)], points=[(5, 6, 1), (7, 8, 0)])
    )
    assert isinstance(events[0], RunStarted)
    assert events[0].given == {"boxes1": [[1, 2, 30, 40]], "points1": [[5, 6, 1], [7, 8, 0]]}


@pytest.mark.parametrize("nothing", [[], (), [[]], np.zeros((0, 4)), {}, {0: []}, {3: []}])
def test_an_empty_drawing_is_none(agent_of: Make, nothing: Any) -> None:
    agent = agent_of(lambda view: Finish(text=str(view.given), status="cannot"))
    answer = agent.ask("this?", picture(), boxes=nothing, points=nothing)
    assert answer.text == "()"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"question": "  "}, "question is empty"),
        ({"question": "x" * 9000}, "9000 characters"),
        ({"boxes": [(0, 0, 640, 10)]}, "outside the picture of 64×48 px"),
        ({"boxes": [(30, 10, 5, 20)]}, "empty or inverted"),
        ({"boxes": [(0, 0, float("nan"), 9)]}, "not a finite number"),
        ({"boxes": [(0, 0, 9)]}, "a box has 4 numbers, not 3"),
        ({"boxes": ["left"]}, "not made of numbers"),
        ({"boxes": {1: [(0, 0, 9, 9)]}}, "picture 1, but there are 1 pictures"),
        ({"points": [(70, 5)]}, "outside the picture of 64×48 px"),
        ({"images": "/nowhere/at-all.png"}, "at-all.png"),
        ({"images": 7}, "a int is not a picture"),
        ({"session": "../../x"}, "no name of a conversation"),
        ({"images": [picture()] * 17}, "more than 16 pictures"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_a_run(
    agent_of: Make, tmp_path: Path, asked: dict[str, Any], says: str
) -> None:
    agent = agent_of(Finish(text="x"))
    arguments = {"question": "what?", "images": picture(), **asked}
    with pytest.raises(InputError, match=says):
        agent.ask(**arguments)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("limits", "limit"),
    [({"max_steps": 3}, "steps"), ({"max_calls": 2}, "calls"), ({"max_seconds": 0.3}, "seconds")],
)
def test_a_limit_ends_the_turn_with_what_is_known(
    agent_of: Make, limits: dict[str, Any], limit: str
) -> None:
    GATES["deaf"] = threading.Event()

    def endless(view: View) -> Plan:
        n = len(view.results)
        slow = [call("d", "deaf")] if limit == "seconds" and n else []
        return plan(call("a", "find" if not n else "noop", **({} if not n else {"n": n})), *slow)

    agent = agent_of(planner=Views(endless), **limits)
    events = list(agent.stream("go on", picture()))
    GATES["deaf"].set()
    assert [e.limit for e in events if isinstance(e, LimitHit)] == [limit]
    end = events[-1]
    assert isinstance(end, AnswerGiven)
    assert end.status == "failed"
    assert "limit of" in end.text
    assert "face, face [#1 #2]" in end.text
    assert [e.id for e in end.evidence][:2] == ["#1", "#2"]


def test_the_planner_sees_what_is_left(agent_of: Make) -> None:
    agent = agent_of(planner := ScriptedPlanner([plan(call("a", "note")), Finish(text="x [note1]")]),
                     planner=planner, max_steps=2, max_calls=5)  # fmt: skip
    agent.ask("q", picture())
    assert [(v.left.steps, v.left.calls) for v in planner.views] == [(2, 5), (1, 4)]


def test_the_planner_is_offered_what_can_fire(agent_of: Make) -> None:
    planner = ScriptedPlanner([plan(call("a", "find")), Finish(text="x [boxes1]")])
    agent_of(planner=planner).ask("q", picture())
    first, second = ({t.name for t in v.tools} for v in planner.views)
    assert "tally" not in first
    assert {"find", "note"} <= first
    assert {"tally", "take"} <= second


def test_cites_of_nothing_are_sent_back_once(agent_of: Make) -> None:
    planner = ScriptedPlanner([Finish(text="A face [#5]."), Finish(text="A cat [#6 img1].")])
    answer = agent_of(planner=planner).ask("q", picture())
    assert "no #5 to cite (valid: img1)" in planner.views[1].problem
    assert answer.text == "A cat [img1]."
    assert [e.id for e in answer.evidence] == ["img1"]


def test_a_planner_that_cannot_speak_is_stopped(agent_of: Make) -> None:
    class Mute:
        name = "mute"

        async def decide(self, view: View) -> Plan | Finish:
            raise PlannerError("no JSON in the reply")

    events = list(agent_of(planner=Mute()).stream("q", picture()))
    assert [e.type for e in events[1:-1]] == ["routed", *["sent_back"] * 3]
    end = events[-1]
    assert isinstance(end, AnswerGiven)
    assert (end.status, "no JSON in the reply" in end.text) == ("cannot", True)


def test_plans_that_are_none_and_refused_calls_reach_the_planner(agent_of: Make) -> None:
    planner = ScriptedPlanner(
        [
            plan(call("a", "note"), call("a", "note")),
            plan(call("a", "paint", image="boxes9"), call("b", "tally", things="$a")),
            Finish(text="I cannot.", status="cannot"),
        ]
    )
    agent_of(planner=planner).ask("q", picture())
    assert "share the id 'a'" in planner.views[1].problem
    kinds = [r.error_kind for r in planner.views[2].results]
    assert kinds == ["BadArguments", "BadArguments"]


def test_a_bug_in_a_tool_is_not_swallowed(agent_of: Make, remember: bool) -> None:
    agent = agent_of(
        plan(call("a", "buggy")), Finish(text="never"), Finish(text="later", status="cannot"),
        remember=remember,
    )  # fmt: skip
    with pytest.raises(ZeroDivisionError, match="a bug of the tool"):
        agent.ask("q", picture(), session="s")
    agent.planner.views.append(None)  # type: ignore[attr-defined]
    assert agent.ask("and now?", session="s").text == "later"


def test_leaving_early_stops_the_tools_and_keeps_the_conversation(
    agent_of: Make, remember: bool
) -> None:
    GATES["hang"] = threading.Event()

    def decide(view: View) -> Plan | Finish:
        if view.question == "hang":
            if not view.results:
                return plan(call("f", "find", image="img1"))
            return plan(call("h", "hang"))
        if not view.results:
            return plan(call("f", "find", image="img1"))
        assert view.results[0].cached
        assert [(t.question, t.status) for t in view.turns] == [("hang", "failed")]
        return Finish(text="There are 2 faces [#1 #2].")

    agent = agent_of(planner=Views(decide), remember=remember)

    async def main() -> None:
        stream = agent.astream("hang", picture(), session="s")
        async for event in stream:
            if isinstance(event, CallProgress):
                break
        await stream.aclose()

    asyncio.run(main())
    assert ended("hang")
    assert agent.ask("how many?", session="s").text == "There are 2 faces [#1 #2]."


def test_cancelling_a_task_stops_the_run(agent_of: Make) -> None:
    GATES["hang"] = threading.Event()
    agent = agent_of(plan(call("h", "hang")), Finish(text="x"))

    async def main() -> None:
        task = asyncio.create_task(agent.aask("q", picture()))
        while not GATES["hang"].is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended("hang")


def test_a_plain_stream_may_be_left(agent_of: Make) -> None:
    GATES["hang"] = threading.Event()
    agent = agent_of(plan(call("h", "hang")), Finish(text="x"))
    stream = agent.stream("q", picture())
    for event in stream:
        if isinstance(event, CallProgress):
            break
    stream.close()  # type: ignore[attr-defined]
    assert ended("hang")


def test_closing_ends_what_runs_and_refuses_what_comes(agent_of: Make) -> None:
    agent = agent_of(Finish(text="x", status="cannot"))
    agent.ask("q", picture())
    agent.close()
    agent.close()
    with pytest.raises(ConfigError, match="this agent was closed"):
        agent.ask("q", picture())
    assert not any(t.name == "ocelli-loop" for t in threading.enumerate())


def test_a_run_that_cannot_be_written_ends_by_name(agent_of: Make, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        agent_of(Finish(text="x")).ask("q", picture())


def test_the_right_witness_is_found_however_calls_finish(agent_of: Make) -> None:
    """Numbers follow the plan, not who is quicker."""
    SEEN.clear()

    def decide(view: View) -> Plan | Finish:
        if not view.results:
            names = ("cat", "dog", "cow", "hen")
            return plan(
                *[call(n, "find", image=view.images[i], what=n) for i, n in enumerate(names)]
            )
        labels = [e.label for e in view.scene.entities]
        assert labels == ["cat", "cat", "dog", "dog", "cow", "cow", "hen", "hen"]
        return Finish(text="ok", status="cannot")

    agent = agent_of(planner=Views(decide))
    agent.ask("q", [picture(seed=i) for i in range(4)])
    assert sorted(SEEN["find"]) == ["cat", "cow", "dog", "hen"]


def events_of(agent: Agent, question: str) -> list[Event]:
    return list(agent.stream(question, picture()))


def test_without_a_report_there_is_none(agent_of: Make) -> None:
    end = events_of(agent_of(Finish(text="x", status="cannot"), report=False), "q")[-1]
    assert isinstance(end, AnswerGiven)
    assert end.report == ""
    assert not (Path(end.trace).parent / "report.html").exists()
