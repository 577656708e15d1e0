"""Replaying a run: the same pictures give the same answer, other ones their own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from agent.cli import main
from agent.events import AnswerGiven, CallFinished, Event, PlanMade
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan
from agent.replay import replay, script
from agent.run import Agent
from agent.settings import Settings
from agent.trace import read_trace
from tools.errors import InputError


def photo(path: Path, size_wh: tuple[int, int], seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 255, (size_wh[1], size_wh[0], 3), np.uint8)
    PilImage.fromarray(pixels).save(path)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", out=tmp_path / "runs")


@pytest.fixture
def trace(settings: Settings, tmp_path: Path) -> Path:
    """A run of two steps: cut out the top half, then enlarge what was cut out."""
    planner = ScriptedPlanner([
        Plan(calls=(Call(id="a", tool="crop", args={"image": "img1", "part": "top half"}),)),
        Plan(calls=(Call(id="b", tool="zoom", args={"image": "$a", "factor": 2}),)),
        lambda view: Finish(
            text=f"Here it is [{view.results[-1].handle}].", images=(view.results[-1].handle,)
        ),
    ])  # fmt: skip
    with Agent(settings, planner=planner) as agent:
        answer = agent.ask("Enlarge the top half", [photo(tmp_path / "a.png", (60, 40), 1)])
    assert answer.status == "answered", answer.text
    return Path(answer.trace)


async def played(settings: Settings, trace: Path, *images: Any) -> list[Event]:
    return [event async for event in replay(settings, trace, images)]


def ended(events: list[Event]) -> AnswerGiven:
    assert isinstance(events[-1], AnswerGiven)
    return events[-1]


def opened(answer: AnswerGiven) -> PilImage.Image:
    with PilImage.open(answer.images[0]) as picture:
        return picture.copy()


def test_the_same_pictures_give_the_same_answer(settings: Settings, trace: Path) -> None:
    before = ended(read_trace(trace))
    after = ended(asyncio.run(played(settings, trace)))
    assert (after.text, after.status, after.llm_calls) == (before.text, "answered", 0)
    assert opened(after).size == (120, 40)
    assert opened(after).tobytes() == opened(before).tobytes()


def test_other_pictures_give_their_own(settings: Settings, trace: Path, tmp_path: Path) -> None:
    other = photo(tmp_path / "b.png", (100, 80), 2)
    answer = ended(asyncio.run(played(settings, trace, str(other))))
    assert answer.text != ended(read_trace(trace)).text
    assert opened(answer).size == (200, 80)


def test_what_was_made_is_named_by_its_maker(trace: Path) -> None:
    first, second, end = script(read_trace(trace))
    assert isinstance(first, Plan)
    assert isinstance(second, Plan)
    assert second.calls[0].args["image"] == f"${first.calls[0].id}"
    assert callable(end)


def test_the_command_prints_the_answer(
    settings: Settings, trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = photo(tmp_path / "c.png", (80, 80), 3)
    words = ["replay", str(trace.parent), str(other), "--out", str(tmp_path / "again"), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "answered"
    assert Path(found["images"][0]).is_relative_to(tmp_path / "again")


def test_lost_pictures_are_named(settings: Settings, trace: Path, tmp_path: Path) -> None:
    elsewhere = settings.model_copy(update={"home": tmp_path / "empty"})
    with pytest.raises(InputError, match=r"a\.png' of the run is no longer kept"):
        asyncio.run(played(elsewhere, trace))


def test_a_run_without_calls_cannot_be_replayed(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("")
    with pytest.raises(InputError, match="no run that could be replayed"):
        asyncio.run(played(settings, path))
    assert script([PlanMade(thought="", calls=(), planner="x", seconds=0)]) == []
    assert script([CallFinished(call="a", tool="t", handle="h1", kind="Text", sha256="", text="")]) == []  # fmt: skip
