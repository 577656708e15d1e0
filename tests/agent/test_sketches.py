"""Rough pictures of what a tool makes are kept small and few, and shown while it runs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from loop_fakes import catalog, picture
from PIL import Image as PilImage

from agent import Agent, Settings, sketches
from agent.chat import Turn
from agent.events import CallProgress, CallStarted
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan
from agent.sketches import KEPT, Sketches, small_jpeg
from tools.catalog import tool
from tools.context import ToolContext
from tools.diffusion import Step, told
from tools.errors import ToolFailed
from tools.types import Image, Number

STEPS = 6


@tool()
def paint(ctx: ToolContext, image: Image, fail: bool = False) -> Number:
    """Paint in steps, each brighter than the one before."""
    tell = told(ctx)
    for number in range(1, STEPS + 1):
        tell(Step(number, STEPS, np.full((8, 16, 3), 40 * number, np.uint8)))
    if fail:
        raise ToolFailed("the paint ran out")
    return Number(1)


@pytest.fixture
def write(tmp_path: Path):
    def put(name: str, data: bytes) -> Path:
        path = tmp_path / Path(name).name
        path.write_bytes(data)
        return path

    return put


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(sketches.time, "monotonic", lambda: now[0])
    return now


def test_a_sketch_is_a_small_jpeg() -> None:
    for size in ((8, 16), (900, 1800)):
        data = small_jpeg(np.full((*size, 3), 200, np.uint8))
        with PilImage.open(io.BytesIO(data)) as opened:
            assert (opened.format, opened.size) == ("JPEG", (320, 160))
        assert len(data) < 20_000


def test_sketches_come_no_more_often_than_they_may_and_few_are_kept(
    tmp_path: Path, write, clock: list[float]
) -> None:
    shown = Sketches(write, "1-paint.x/..y")
    paths = []
    for number in range(20):
        clock[0] = 0.3 * number
        shown.show(np.full((4, 4, 3), number, np.uint8))
        paths.append(shown.taken())
    told_of = [n for n, path in enumerate(paths) if path]
    assert told_of == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert len(set(filter(None, paths))) == len(list(tmp_path.iterdir())) == KEPT
    assert all("/" not in Path(p).name for p in paths if p)


def test_without_a_place_to_write_nothing_is_shown() -> None:
    shown = Sketches(None, "a")
    shown.show(np.zeros((4, 4, 3), np.uint8))
    assert shown.taken() == ""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sketches, "EVERY_SECONDS", 0.0)

    def ask(fail: bool) -> list:
        planner = ScriptedPlanner(
            [
                Plan(calls=(Call(id="a", tool="paint", args={"image": "img1", "fail": fail}),)),
                Finish(text="Done."),
            ]
        )
        settings = Settings(home=tmp_path / "home", out=tmp_path / "runs")
        with Agent(settings, planner=planner, catalog=catalog(paint)) as agent:
            return list(agent.stream("Paint", [picture()]))

    return ask


def test_each_step_tells_of_its_picture(run) -> None:
    events = run(False)
    progress = [e for e in events if isinstance(e, CallProgress)]
    assert [e.message for e in progress] == [f"step {n} of 6" for n in range(1, 7)]
    folder = Path(events[-1].trace).parent
    assert {Path(e.sketch).parent for e in progress} == {folder / "sketches"}
    with PilImage.open(progress[-1].sketch) as last:
        assert last.getpixel((5, 5)) == pytest.approx((240,) * 3, abs=3)
    assert len(list((folder / "sketches").iterdir())) == KEPT


@pytest.mark.parametrize("fail", [False, True])
def test_the_report_keeps_the_last_picture_only(run, fail: bool) -> None:
    folder = Path(run(fail)[-1].trace).parent
    page = (folder / "report.html").read_text("utf-8")
    assert len(re.findall(r'alt="the last picture while it ran"', page)) == 1


def test_the_chat_shows_the_latest_picture_within_the_step() -> None:
    turn = Turn("t1", lambda path: f"/room/{path}")
    turn.add(CallStarted(step=1, call=Call(id="a", tool="paint")))
    for number in (1, 2):
        turn.add(
            CallProgress(step=1, call="a", message="", share=0.1, sketch=f"sketch-{number}.jpg")
        )
    shown = [m for m in turn.messages if isinstance(m["content"], dict)]
    assert [m["content"]["path"] for m in shown] == ["/room/sketch-2.jpg"]
    assert shown[0]["metadata"]["parent_id"] == "t1.step1"
    turn.add(CallProgress(step=1, call="a", message="x", share=0.9))
    assert [m for m in turn.messages if isinstance(m["content"], dict)] == shown
