import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from loop_fakes import ALL, picture

from agent import planners
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Left, Plan, Result, View
from agent.scene import Scene
from agent.settings import Settings
from tools.errors import ConfigError, PlannerError


def view(problem: str = "", results: tuple[Result, ...] = ()) -> View:
    return View(
        question="q", images=("img1",), given=(), results=results, scene=Scene(), tools=(),
        catalog=ALL, turns=(), left=Left(1, 1, 1.0), get=lambda h: picture(), problem=problem,
    )  # fmt: skip


def decide(planner: ScriptedPlanner, shown: View) -> Plan | Finish:
    return asyncio.run(planner.decide(shown))


def test_planners_are_found_by_their_file() -> None:
    assert "scripted" in planners.names()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("scriptd", "there is no planner 'scriptd'. Did you mean scripted"),
        ("../evil", "there is no planner"),
        ("zzz", "Known: "),
    ],
)
def test_an_unknown_planner_is_refused(name: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        planners.make(name, Settings())
    assert says in caught.value.line()


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    plan = {"calls": [{"id": "a", "tool": "note", "args": {"text": "x"}}], "thought": "t"}
    path.write_text(json.dumps({"decisions": [plan, {"text": "done", "status": "cannot"}]}))
    planner = planners.make("scripted", Settings(script=path))
    assert isinstance(planner, ScriptedPlanner)
    assert decide(planner, view()) == Plan.model_validate(plan)
    assert decide(planner, view()) == Finish(text="done", status="cannot")


@pytest.mark.parametrize("text", ["", "[]", '{"decisions": [{"tool": "x"}]}', '{"x": 1}'])
def test_a_file_that_is_no_script_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is no script"):
        planners.make("scripted", Settings(script=path))


@pytest.mark.parametrize("script", [None, Path("/nowhere/script.json")])
def test_a_script_must_be_there(script: Path | None) -> None:
    with pytest.raises(ConfigError, match="script"):
        planners.make("scripted", Settings(script=script))


def test_an_end_that_is_sent_back_is_given_again_and_a_plan_is_not() -> None:
    planner = ScriptedPlanner([Finish(text="x")])
    decide(planner, view())
    assert decide(planner, view(problem="no #9")) == Finish(text="x")
    with pytest.raises(PlannerError, match="the script of 1 decisions is over"):
        decide(planner, view())


def test_results_of_earlier_plans_are_named_by_their_call() -> None:
    def call(name: str, **args: Any) -> Call:
        return Call(id=name, tool="note", args=args)

    done = Result(call("old"), "img4", picture())
    planner = ScriptedPlanner([Plan(calls=(call("a", x="$old"), call("b", x=["$a", "$old"])))])
    plan = decide(planner, view(results=(done,)))
    assert isinstance(plan, Plan)
    assert [c.args for c in plan.calls] == [{"x": "img4"}, {"x": ["$a", "img4"]}]
