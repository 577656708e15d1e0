"""Questions about films, from the file to the answer: clips get handles, things are followed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import films
import numpy as np
import pytest
from PIL import Image as PilImage

from agent import Agent, Settings
from agent.chat import Turn
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan, View
from agent.visit import Visit
from agent.visitors import Visitors
from tools.catalog import Catalog, discover
from tools.tracks import Seen, table_of
from tools.types import Boxes, Clip, Image, Placed, Table, Text


class Eyes:
    """A host whose models see what is red."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def use(
        self, ability: str, *args: Any, labels: tuple[str, ...], cancel: Any, **more: Any
    ) -> Any:
        self.asked.append((ability, more))
        return getattr(self, ability)(*args, labels=labels, **more)

    def detect(self, image: Image, *, labels: tuple[str, ...], **more: Any) -> Boxes:
        box = films.red(image.pixels) if labels[0].endswith("ball") else None
        rows = [] if box is None else [box]
        return Boxes(
            image.frame,
            np.asarray(rows, np.float32).reshape(-1, 4),
            labels[:1] * len(rows),
            np.ones(len(rows), np.float32),
        )

    def track(self, clip: Clip, *, things: Placed, start: int, labels: Any) -> Table:
        seen = [
            Seen(n, float(clip.seconds[n]), things.labels[0], box)
            for n, pixels in enumerate(clip.frames)
            if (box := films.red(pixels)) is not None
        ]
        return table_of(seen)

    def ask_video(self, clip: Clip, question: str, *, labels: Any) -> Text:
        return Text(f"it rolls for {clip.seconds[-1]:.1f} s")

    def read_text(self, image: Image, *, labels: Any, **more: Any) -> Any:
        raise AssertionError("nothing is written there")


@pytest.fixture(scope="module")
def ready() -> Catalog:
    """All tools; every model declared ready, with the weights elsewhere."""
    known = discover()
    models = {
        name: replace(m, weights="none", parts=(), modules=()) for name, m in known.models.items()
    }
    return Catalog(dict(known.tools), models)


@pytest.fixture
def eyes() -> Eyes:
    return Eyes()


@pytest.fixture
def agent(tmp_path: Path, ready: Catalog, eyes: Eyes) -> Iterator[Agent]:
    settings = Settings(planner="offline", home=tmp_path / "home", out=tmp_path / "runs")
    with Agent(settings, catalog=ready, host=eyes) as made:
        yield made


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return films.video(tmp_path / "clip.mp4")


def calls(answer: Any) -> list[str]:
    lines = Path(answer.trace).read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return [e["call"]["tool"] for e in events if e["type"] == "call_started"]


def test_a_film_and_its_first_frame_get_handles(tmp_path: Path, clip: Path) -> None:
    views: list[View] = []

    async def decide(view: View) -> Plan | Finish:
        views.append(view)
        return Finish(text="done")

    planner = ScriptedPlanner([])
    planner.decide = decide  # type: ignore[method-assign]
    settings = Settings(home=tmp_path / "home", out=tmp_path / "runs", session="s")
    with Agent(settings, planner=planner) as agent:
        agent.ask("What is it?", [clip, np.zeros((20, 30, 3), np.uint8)])
        agent.ask("And now?")
        agent.ask("The same again?", [clip])
        agent.ask("Another?", [np.zeros((20, 30, 3), np.uint8)])
    first, again, same, other = views
    assert first.images == ("img1", "img2")
    assert first.clips == ("clip1",)
    assert first.names["clip1"] == first.names["img1"] == "clip.mp4"
    assert first.kinds["clip1"] is Clip
    assert "track" in {spec.name for spec in first.tools} or first.kinds
    film = first.get("clip1")
    still = first.get("img1")
    assert isinstance(film, Clip)
    assert isinstance(still, Image)
    assert np.array_equal(film.frames[0], still.pixels)
    assert (again.images, again.clips) == (("img1", "img2"), ("clip1",))
    assert (same.images, same.clips) == (("img1",), ("clip1",))
    assert other.clips == ()


@pytest.mark.parametrize(
    "question",
    [
        "Track the ball",
        "Follow the red ball through the clip",
        "Where does the ball go?",
        "Show the path of the ball",
    ],
)
def test_a_plain_question_follows_a_thing_through_the_film(
    agent: Agent, clip: Path, question: str
) -> None:
    answer = agent.ask(question, [clip])
    assert answer.status == "answered", answer.text
    assert [c for c in calls(answer) if c != "pick"] == ["detect", "track", "show_track"]
    assert re.search(
        r"in 20 of 20 frames, from 0\.00 s to 1\.90 s, going from \(2[01], 4.\) to \(14[01], 4.\)",
        answer.text,
    )
    assert {row.id for row in answer.evidence} >= {"#1", "table1"}
    (path,) = answer.images
    with PilImage.open(path) as shown:
        assert (shown.format, shown.n_frames) == ("WEBP", 20)  # type: ignore[attr-defined]


def test_the_report_shows_the_film_and_every_box(agent: Agent, clip: Path) -> None:
    answer = agent.ask("Track the ball", [clip])
    page = (Path(answer.trace).parent / "report.html").read_text("utf-8")
    assert 'src="http' not in page
    (data,) = re.findall(r'src="data:image/webp;base64,([^"]+)"', page)
    assert base64.b64decode(data)[8:12] == b"WEBP"
    rows = re.findall(r'<tr><td class="small">(\d+)</td>', page)
    assert rows == [str(n) for n in range(20)]
    assert "20 frames" in page


def test_the_chat_shows_the_film(agent: Agent, clip: Path) -> None:
    turn = Turn("t1")
    turn.ask("Track the ball", [str(clip)])
    for event in agent.stream("Track the ball", [clip]):
        turn.add(event)
    shown = [m["content"]["path"] for m in turn.messages if isinstance(m["content"], dict)]
    assert any(path.endswith("clip2.webp") for path in shown)
    assert turn.messages[0]["content"] == "📄 clip.mp4"
    assert any("all 20 frames, from 0.00 s to 1.90 s" in str(m["content"]) for m in turn.messages)


def test_a_drawn_box_is_followed_without_looking_for_it(
    agent: Agent, clip: Path, eyes: Eyes
) -> None:
    answer = agent.ask("Track this", [clip], boxes=[(12, 40, 28, 56)])
    assert calls(answer) == ["track", "show_track"]
    ability, more = eyes.asked[0]
    assert ability == "track"
    assert more["things"].xyxy.tolist() == [[12, 40, 28, 56]]
    assert answer.status == "answered"


def test_what_is_not_in_the_first_frame_is_not_followed(agent: Agent, clip: Path) -> None:
    answer = agent.ask("Track the dog", [clip])
    assert "track" not in calls(answer)
    assert "no dog in the first frame" in answer.text


def test_one_frame_is_asked_of_its_moment(agent: Agent, clip: Path) -> None:
    at_first = agent.ask("Where is the ball?", [clip])
    later = agent.ask("Where is the ball in the last frame?", [clip])
    named = agent.ask("Where is the ball at 1.0 s?", [clip])
    boxes = [next(r.box for r in a.evidence if r.box) for a in (at_first, later, named)]
    middles = [(b[0] + b[2]) / 2 for b in boxes]
    assert middles == pytest.approx([20, 140, films.middle(10, 20, 160, 96)[0]], abs=2)
    assert calls(later)[0] == "take_frame"


def test_what_one_frame_cannot_tell_is_asked_of_the_film(agent: Agent, clip: Path) -> None:
    answer = agent.ask("What happens in the video?", [clip])
    assert calls(answer) == ["ask_video"]
    assert "it rolls for 1.9 s" in answer.text


def test_a_planner_chains_by_hand_and_the_clip_is_filled_in(
    tmp_path: Path, ready: Catalog, eyes: Eyes, clip: Path
) -> None:
    planner = ScriptedPlanner(
        [
            Plan(
                calls=(
                    Call(id="a", tool="detect", args={"image": "img1", "phrases": ["ball"]}),
                    Call(id="b", tool="track", args={"things": "$a"}),
                )
            ),
            Finish(text="It rolls to the right [table1]."),
        ]
    )
    settings = Settings(home=tmp_path / "home", out=tmp_path / "runs")
    with Agent(settings, planner=planner, catalog=ready, host=eyes) as agent:
        answer = agent.ask("Where does it go?", [clip])
    assert answer.status == "answered"
    assert calls(answer) == ["detect", "track"]


def test_without_a_model_the_command_is_named(tmp_path: Path, clip: Path) -> None:
    settings = Settings(planner="offline", home=tmp_path / "home", out=tmp_path / "runs")
    with Agent(settings) as agent:
        answer = agent.ask("Track the ball", [clip])
    assert answer.status == "cannot"
    assert "`track`" in answer.text
    assert "ocelli models pull" in answer.text or "pip install" in answer.text


def test_the_app_points_at_the_first_frame_as_it_is_asked(tmp_path: Path) -> None:
    path = films.video(tmp_path / "wide.mp4", count=6, width=1600, height=320)
    visitors = Visitors(tmp_path / "rooms")
    visit = Visit.of(visitors, "")
    visit.point_at(str(path))
    assert visit.marks is not None
    assert visit.marks.size_wh == (1280, 256)


def test_earlier_traces_and_conversations_know_no_films(agent: Agent, clip: Path) -> None:
    first = agent.ask("Where is the ball?", [clip], session="one")
    again = agent.ask("Track it", session="one")
    assert first.status == again.status == "answered"
    assert calls(again)[-2:] == ["track", "show_track"]
