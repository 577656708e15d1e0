"""Conversations on disk: crashes, damage, growth. What a second process finds."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from loop_fakes import ALL, GATES, NoModels, boxes, picture

from agent.held import NoKeeper
from agent.planners.scripted import Decision, ScriptedPlanner
from agent.protocol import Call, Finish, Plan, Turn, View
from agent.run import Agent
from agent.session import Session
from agent.settings import Settings
from agent.turn import STOPPED
from tools.errors import ConfigError, InputError

HERE = Path(__file__).parent

CHILD = """
import os, signal, sqlite3, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from loop_fakes import ALL, NoModels, catalog, find, picture
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan
from agent.run import Agent
from agent.settings import Settings
from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Text

home = Path({home!r})

@tool()
def die(ctx: ToolContext) -> Text:
    "Waits until the call beside it is on disk, then ends the process at once."
    base = sqlite3.connect(home / "conversations.sqlite")
    while {wait} and not base.execute("SELECT 1 FROM writes WHERE channel = 'done' AND length(value) > 40").fetchone():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
    return Text("")

settings = Settings(home=home, out=home / "runs", session="s")
planner = ScriptedPlanner({decisions})
agent = Agent(settings, planner=planner, catalog=catalog(find, die), host=NoModels())
agent.ask("how many?", picture(name="a.png"))
"""
FIND = "Call(id='f', tool='find', args={'image': 'img1'})"
DIE = "Call(id='d', tool='die')"


@pytest.mark.parametrize(
    ("decisions", "wait"),
    [
        (f"[Plan(calls=({FIND},)), Plan(calls=({DIE},))]", False),  # in the next step
        (f"[Plan(calls=({FIND}, {DIE}))]", True),  # beside it, in the same plan
    ],
    ids=["next step", "same plan"],
)
def test_after_kill_9_the_conversation_goes_on(tmp_path: Path, decisions: str, wait: bool) -> None:
    code = CHILD.format(tests=str(HERE), home=str(tmp_path), decisions=decisions, wait=wait)
    root = str(HERE.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr

    def decide(view: View) -> Plan | Finish:
        assert view.images == ("img1",)
        assert view.names == {"img1": "a.png"}
        assert len(view.scene.entities) == 2
        turn = view.turns[0]
        assert (turn.question, turn.status, turn.handles) == ("how many?", "failed", ("boxes1",))
        return Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))

    planner = ScriptedPlanner([decide, Finish(text="There are 2 faces [#1 #2].")])
    settings = Settings(home=tmp_path, out=tmp_path / "runs", session="s")
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        answer = agent.ask("so how many?")
    assert answer.text == "There are 2 faces [#1 #2]."
    assert planner.views[1].results[0].cached


def agent_in(home: Path, *decisions: Decision) -> Agent:
    settings = Settings(home=home, out=home / "runs", session="s", max_steps=40, max_calls=200)
    planner = ScriptedPlanner(decisions)
    return Agent(settings, planner=planner, catalog=ALL, host=NoModels())


def refused(home: Path) -> str:
    with agent_in(home, Finish(text="x", status="cannot")) as agent:
        with pytest.raises(ConfigError) as caught:
            agent.ask("q", picture())
    return caught.value.line()


def test_a_damaged_database_is_refused_untouched(tmp_path: Path) -> None:
    base = tmp_path / "conversations.sqlite"
    base.write_bytes(b"this is no database at all" * 100)
    before = base.read_bytes()
    line = refused(tmp_path)
    assert "conversations.sqlite cannot be used: file is not a database" in line
    assert "Move the file away" in line
    assert base.read_bytes() == before
    assert [p.name for p in tmp_path.glob("conversations*")] == ["conversations.sqlite"]


def test_a_database_torn_within_is_refused(tmp_path: Path) -> None:
    with agent_in(tmp_path, Finish(text="x", status="cannot")) as agent:
        agent.ask("q", picture())
    base = tmp_path / "conversations.sqlite"
    with base.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (base.stat().st_size - 100))
    assert "malformed" in refused(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("PRAGMA application_id = 7", "another program"),
        ("PRAGMA user_version = 99", "it has version 99"),
    ],
)
def test_foreign_and_newer_databases_are_refused(tmp_path: Path, change: str, says: str) -> None:
    with agent_in(tmp_path, Finish(text="x", status="cannot")) as agent:
        agent.ask("q", picture())
    with sqlite3.connect(tmp_path / "conversations.sqlite") as base:
        base.execute(change)
    base.close()
    assert says in refused(tmp_path)


def test_a_step_adds_little_to_the_database(tmp_path: Path) -> None:
    def size(steps: int) -> int:
        plans = [
            Plan(calls=tuple(
                Call(id=f"c{i}", tool="noop", args={"n": 10 * step + i}) for i in range(4)
            ))
            for step in range(steps)
        ]  # fmt: skip
        home = tmp_path / str(steps)
        with agent_in(home, *plans, Finish(text="x", status="cannot")) as agent:
            agent.ask("q", picture())
        return sum(p.stat().st_size for p in home.glob("conversations*"))

    assert (size(24) - size(4)) / 20 < 20_000


def test_no_pixels_and_no_pickles_are_stored(tmp_path: Path) -> None:
    plan = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    with agent_in(tmp_path, plan, Finish(text="x [#1]")) as agent:
        agent.ask("q", picture())
    base = sqlite3.connect(tmp_path / "conversations.sqlite")
    kinds = {k for (k,) in base.execute("SELECT type FROM checkpoints")}
    blobs = [b for (b,) in base.execute("SELECT checkpoint FROM checkpoints")]
    base.close()
    assert kinds == {"msgpack"}
    assert max(map(len, blobs)) < 8000


def test_a_session_survives_plain_records() -> None:
    import json

    session = Session("s", NoKeeper())
    image = picture(name="a.png")
    session.add(image, image.sha256, name="a.png")
    session.add(boxes(image.frame), "b" * 64, made=True, model="m")
    session.memory["key"] = "boxes1"
    call = Call(id="a", tool="t", args={"x": [1, "é"]})
    session.turns.append(Turn("q", "a", "answered", ("img1",), (), (call,), ("boxes1",)))
    records = json.loads(json.dumps(session.unsaved()))
    again = Session.from_records("s", records, NoKeeper())
    assert again.held == session.held
    assert again.turns == session.turns
    assert again.memory == session.memory
    assert again.scene == session.scene
    assert again.pictures == session.pictures
    assert again.unsaved() == {}
    assert again.reserve("boxes") == "boxes2"


def test_two_agents_may_talk_in_one_conversation_by_turns(tmp_path: Path) -> None:
    with agent_in(
        tmp_path, Finish(text="1", status="cannot"), Finish(text="3", status="cannot")
    ) as one:
        one.ask("a", picture())
        with agent_in(tmp_path, Finish(text="2", status="cannot")) as two:
            two.ask("b")
        one.ask("c")
        view = one.planner.views[-1]  # type: ignore[attr-defined]
    assert [t.answer for t in view.turns] == ["1", "2"]


def test_a_process_that_was_overtaken_says_so(tmp_path: Path) -> None:
    GATES["deaf"] = threading.Event()
    plan = Plan(calls=(Call(id="d", tool="deaf"),))
    with agent_in(tmp_path, plan, Finish(text="1", status="cannot")) as one:
        stream = one.stream("a", picture())
        while next(stream).type != "call_started":
            pass
        with agent_in(tmp_path, Finish(text="2", status="cannot")) as two:
            two.ask("b", picture())
        GATES["deaf"].set()
        with pytest.raises(ConfigError, match="another process went on with the conversation 's'"):
            list(stream)
    with agent_in(tmp_path, Finish(text="3", status="cannot")) as three:
        three.ask("c")
        view = three.planner.views[-1]  # type: ignore[attr-defined]
    assert [(t.question, t.answer) for t in view.turns] == [("a", STOPPED), ("b", "2")]


def test_a_write_waits_for_another_process(tmp_path: Path) -> None:
    GATES["deaf"] = threading.Event()
    plan = Plan(calls=(Call(id="d", tool="deaf"),))
    with agent_in(tmp_path, plan, Finish(text="1", status="cannot")) as agent:
        stream = agent.stream("a", picture())
        while next(stream).type != "call_started":
            pass
        other = sqlite3.connect(tmp_path / "conversations.sqlite", check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        GATES["deaf"].set()
        assert next(stream).type == "call_finished"
        timer = threading.Timer(0.2, other.rollback)
        timer.start()
        assert list(stream)[-1].type == "answer_given"
        timer.join()
        other.close()


def test_what_cannot_be_written_ends_the_run_before_the_next_step(tmp_path: Path) -> None:
    def decide(view: View) -> Plan:
        with sqlite3.connect(tmp_path / "conversations.sqlite") as base:
            base.execute("DROP TABLE writes")
        base.close()
        return Plan(calls=(Call(id="n", tool="noop"),))

    with agent_in(tmp_path, decide, Finish(text="1", status="cannot")) as agent:
        with pytest.raises(ConfigError, match="no such table"):
            agent.ask("a", picture())
        assert len(agent.planner.views) == 1  # type: ignore[attr-defined]


def rows(home: Path, table: str) -> int:
    base = sqlite3.connect(home / "conversations.sqlite")
    count: int = base.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    base.close()
    return count


def test_a_conversation_has_one_checkpoint(tmp_path: Path) -> None:
    plans = [Plan(calls=(Call(id=f"n{n}", tool="noop", args={"n": n}),)) for n in range(5)]
    with agent_in(tmp_path, *plans, Finish(text="1", status="cannot")) as agent:
        agent.ask("a", picture())
    assert rows(tmp_path, "checkpoints") == 1
    assert rows(tmp_path, "writes") == 0


@pytest.mark.parametrize("remember", [True, False])
def test_a_forgotten_conversation_is_gone(tmp_path: Path, remember: bool) -> None:
    find = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    settings = Settings(home=tmp_path, out=tmp_path / "runs", remember=remember)
    planner = ScriptedPlanner([find, *[Finish(text="x", status="cannot")] * 4])
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        agent.ask("a", picture(), session="s")
        agent.ask("a", picture(), session="kept")
        agent.forget("s")
        agent.forget("unknown")
        agent.ask("b", picture(seed=1), session="s")
        assert planner.views[-1].turns == ()
        assert list(planner.views[-1].kinds) == ["img1"]
        agent.ask("b", session="kept")
        assert len(planner.views[-1].turns) == 1
        with pytest.raises(InputError, match="no name of a conversation"):
            agent.forget("../x")


def test_a_forgotten_conversation_leaves_no_row(tmp_path: Path) -> None:
    find = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    with agent_in(tmp_path, find, Finish(text="x", status="cannot")) as agent:
        agent.ask("a", picture())
        assert rows(tmp_path, "records") > 0
        agent.forget("s")
    assert [rows(tmp_path, t) for t in ("checkpoints", "writes", "records")] == [0, 0, 0]


def test_questions_of_one_conversation_wait_for_one_another(tmp_path: Path) -> None:
    decisions = [Finish(text=str(n), status="cannot") for n in range(4)]
    with agent_in(tmp_path, *decisions) as agent:

        async def main() -> None:
            await asyncio.gather(*[agent.aask(f"q{n}", picture()) for n in range(4)])

        asyncio.run(main())
        views = agent.planner.views  # type: ignore[attr-defined]
    assert [len(v.turns) for v in views] == [0, 1, 2, 3]
