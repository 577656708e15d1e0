import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import ALL, NoModels, picture

from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan
from agent.recipe import Recipe
from agent.recipe_run import RecipePlanner, Recorded, drawings
from agent.run import Agent
from agent.settings import Settings
from agent.trace import read_trace
from tools.errors import InputError
from tools.types import Image


def call(name: str, tool: str, /, **args: Any) -> Call:
    return Call(id=name, tool=tool, args=args)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", out=tmp_path / "runs", remember=False)


@pytest.fixture
def trace(settings: Settings) -> Path:
    """A run over several steps: an entity, a handle of an earlier step, a drawing, a failure."""
    planner = ScriptedPlanner(
        [
            Plan(calls=(call("a", "find", image="img1"), call("x", "fail"))),
            Plan(
                calls=(
                    call("a", "take", things="#2"),
                    call("b", "tally", things="boxes2"),
                    call("c", "paint", image="img1", region="boxes2", grey=9),
                    call("d", "paint", image="$c", region="$a", grey=5),
                )
            ),
            Finish(text="2 faces [number1], the second [#2], painted [img3].", images=("img3",)),
        ]
    )
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        return Path(agent.ask("paint them", picture(), boxes=[(1, 1, 9, 9)]).trace)


def run(settings: Settings, recipe: Recipe, images: Any, recorded: Recorded | None = None) -> Any:
    planner = RecipePlanner(recipe, recorded)
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        return agent.ask(recipe.question, images)


def test_a_recipe_leaves_its_inputs_open(trace: Path) -> None:
    recipe = Recipe.of(read_trace(trace))
    assert recipe.images == 1
    assert [[(c.id, c.tool, c.args) for c in p.calls] for p in recipe.plans] == [
        [("s1.a", "find", {"image": "<image 0>"})],
        [
            ("s2.a", "take", {"things": "<row 1 of s1.a>"}),
            ("s2.b", "tally", {"things": "$s1.a"}),
            ("s2.c", "paint", {"image": "<image 0>", "region": "$s1.a", "grey": 9}),
            ("s2.d", "paint", {"image": "$s2.c", "region": "$s2.a", "grey": 5}),
        ],
    ]
    assert recipe.wanted == ("s2.b", "s1.a", "s2.d")
    assert recipe.shown == ("s2.d",)


def test_a_recipe_runs_on_another_picture_without_a_planner(
    trace: Path, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(Recipe.of(read_trace(trace)).model_dump_json())
    answer = run(settings, Recipe.read(path), picture(100, 80, seed=5))
    assert answer.status == "answered"
    assert answer.text == (
        "count: 2 things [number1].\nfind: face [#1], face [#2].\nHere is the result [img3]."
    )
    assert answer.unsupported == ()
    from PIL import Image as PilImage

    with PilImage.open(answer.images[0]) as made:
        assert (made.size, np.asarray(made).max()) == ((100, 80), 5)


def test_the_recorded_answer_stands_where_all_comes_out_the_same(
    settings: Settings, trace: Path
) -> None:
    planner = ScriptedPlanner(
        [Plan(calls=(call("a", "find", image="img1"),)), Finish(text="Two of them [#1 #2].")]
    )
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        events = read_trace(Path(agent.ask("how many", picture()).trace))
    recipe, recorded = Recipe.of(events), Recorded.of(events)
    assert run(settings, recipe, picture(), recorded).text == "Two of them [#1 #2]."
    assert Recorded.of(read_trace(trace)) is None  # a call failed in that one


def test_drawings_are_read_back(trace: Path) -> None:
    assert drawings(read_trace(trace)) == {"boxes": [[1, 1, 9, 9]], "points": []}


def test_a_recipe_wants_as_many_pictures(trace: Path, settings: Settings) -> None:
    answer = run(settings, Recipe.of(read_trace(trace)), [picture(), picture(seed=1)])
    assert (answer.status, answer.text) == (
        "cannot", "This recipe wants 1 pictures, not 2.",
    )  # fmt: skip


def test_what_fails_this_time_is_said(settings: Settings, trace: Path) -> None:
    recipe = Recipe.of(read_trace(trace))
    plans = (Plan(calls=(call("s1.a", "find", image="<image 0>", what="ghost"),)), recipe.plans[1])
    ghost = recipe.model_copy(update={"plans": plans})
    answer = run(settings, ghost, picture())
    assert "no 'ghost' in img1" in answer.text
    assert "there is no #1" not in answer.text


def test_a_run_without_calls_is_no_recipe(settings: Settings) -> None:
    planner = ScriptedPlanner([Finish(text="x", status="cannot")])
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        answer = agent.ask("q", picture())
    with pytest.raises(InputError, match="no call that worked"):
        Recipe.of(read_trace(Path(answer.trace)))


@pytest.mark.parametrize("text", ["{}", "[1]", "not json"])
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError, match="is no recipe"):
        Recipe.read(tmp_path / "r.json")


def test_a_real_run_is_replayed_on_its_own_picture(tmp_path: Path) -> None:
    """With the tools that ship: the picture comes back from the store."""
    from agent.recipe_run import replay

    kept = Settings(home=tmp_path / "home", out=tmp_path / "runs")
    image = Image.as_root(np.full((40, 60, 3), 200, np.uint8))
    plan = Plan(calls=(call("z", "zoom", image="img1", factor=2.0),))
    planner = ScriptedPlanner([plan, Finish(text="Twice as large [img2].", images=("img2",))])
    with Agent(kept, planner=planner) as agent:
        first = agent.ask("zoom in", image)

    async def main() -> list[Any]:
        return [e async for e in replay(kept, Path(first.trace))]

    end = asyncio.run(main())[-1]
    assert end.text == "Twice as large [img2]."
    assert Path(end.images[0]).read_bytes() == Path(first.images[0]).read_bytes()
