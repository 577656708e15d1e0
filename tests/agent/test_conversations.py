"""Conversations on disk: crashes, damage, growth. What a second process finds."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import PASSWORD, Base, fresh, server
from loop_fakes import ALL, GATES, NoModels, boxes, catalog, picture

from agent.held import NoKeeper
from agent.planners.scripted import Decision, ScriptedPlanner
from agent.protocol import Call, Finish, Plan, Turn, Usage, View
from agent.run import Agent
from agent.session import Session
from agent.trace import read_trace
from agent.turn import STOPPED
from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import ConfigError, InputError
from tools.types import Boxes, Image, Text

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    if request.param == "sqlite":
        return Base(tmp_path)
    return Base(tmp_path, fresh(request.getfixturevalue("postgres")))


CHILD = """
import os, signal, sqlite3, sys, time
from collections.abc import Iterator
from pathlib import Path
sys.path.insert(0, {tests!r})
from databases import Base
from loop_fakes import ALL, NoModels, catalog, find, picture
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan
from agent.run import Agent
from agent.settings import Settings
from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Text

base = Base(Path({home!r}), {address!r})

@tool()
def die(ctx: ToolContext) -> Text:
    "Waits until the call beside it is on disk, then ends the process at once."
    while {wait} and not base.run("SELECT 1 FROM writes WHERE channel = 'done' AND length(value) > 40"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
    return Text("")

planner = ScriptedPlanner({decisions})
agent = Agent(base.settings(session="s"), planner=planner, catalog=catalog(find, die), host=NoModels())
agent.ask("how many?", picture(name="a.png"))
"""
FIND = "Call(id='f', tool='find', args={'image': 'img1'})"
DIE = "Call(id='d', tool='die')"


def killed(base: Base, decisions: str, wait: bool) -> None:
    """A process that asks and kills itself while it works."""
    code = CHILD.format(
        tests=str(HERE), home=str(base.home), address=base.address, decisions=decisions, wait=wait
    )
    root = str(HERE.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    ("decisions", "wait"),
    [
        (f"[Plan(calls=({FIND},)), Plan(calls=({DIE},))]", False),  # in the next step
        (f"[Plan(calls=({FIND}, {DIE}))]", True),  # beside it, in the same plan
    ],
    ids=["next step", "same plan"],
)
def test_after_kill_9_the_conversation_goes_on(base: Base, decisions: str, wait: bool) -> None:
    killed(base, decisions, wait)

    def decide(view: View) -> Plan | Finish:
        assert view.images == ("img1",)
        assert view.names == {"img1": "a.png"}
        assert len(view.scene.entities) == 2
        turn = view.turns[0]
        assert (turn.question, turn.status, turn.handles) == ("how many?", "failed", ("boxes1",))
        return Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))

    planner = ScriptedPlanner([decide, Finish(text="There are 2 faces [#1 #2].")])
    settings = base.settings(session="s")
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        answer = agent.ask("so how many?")
    assert answer.text == "There are 2 faces [#1 #2]."
    assert planner.views[1].results[0].cached


def agent_in(place: Path | Base, *decisions: Decision) -> Agent:
    base = place if isinstance(place, Base) else Base(place)
    settings = base.settings(session="s", max_steps=60, max_calls=200)
    planner = ScriptedPlanner(decisions)
    return Agent(settings, planner=planner, catalog=ALL, host=NoModels())


def refused(home: Path | Base) -> str:
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


def test_no_pixels_and_no_pickles_are_stored(base: Base) -> None:
    plan = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    with agent_in(base, plan, Finish(text="x [#1]")) as agent:
        agent.ask("q", picture())
    kinds = {k for (k,) in base.run("SELECT type FROM checkpoints")}
    blobs = [b for (b,) in base.run("SELECT checkpoint FROM checkpoints")]
    assert kinds == {"msgpack"}
    assert max(map(len, blobs)) < 8000


def test_a_session_survives_plain_records() -> None:
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


def test_two_agents_may_talk_in_one_conversation_by_turns(base: Base) -> None:
    with agent_in(
        base, Finish(text="1", status="cannot"), Finish(text="3", status="cannot")
    ) as one:
        one.ask("a", picture())
        with agent_in(base, Finish(text="2", status="cannot")) as two:
            two.ask("b")
        one.ask("c")
        view = one.planner.views[-1]  # type: ignore[attr-defined]
    assert [t.answer for t in view.turns] == ["1", "2"]


def test_a_process_that_was_overtaken_says_so(base: Base) -> None:
    GATES["deaf"] = threading.Event()
    plan = Plan(calls=(Call(id="d", tool="deaf"),))
    with agent_in(base, plan, Finish(text="1", status="cannot")) as one:
        stream = one.stream("a", picture())
        while next(stream).type != "call_started":
            pass
        with agent_in(base, Finish(text="2", status="cannot")) as two:
            two.ask("b", picture())
        GATES["deaf"].set()
        with pytest.raises(ConfigError, match="another process went on with the conversation 's'"):
            list(stream)
    with agent_in(base, Finish(text="3", status="cannot")) as three:
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


def test_what_cannot_be_written_ends_the_run_before_the_next_step(base: Base) -> None:
    def decide(view: View) -> Plan:
        base.run("DROP TABLE writes")
        return Plan(calls=(Call(id="n", tool="noop"),))

    with agent_in(base, decide, Finish(text="1", status="cannot")) as agent:
        with pytest.raises(ConfigError, match='no such table|relation "writes" does not exist'):
            agent.ask("a", picture())
        assert len(agent.planner.views) == 1  # type: ignore[attr-defined]


def test_a_conversation_has_one_checkpoint(base: Base) -> None:
    plans = [Plan(calls=(Call(id=f"n{n}", tool="noop", args={"n": n}),)) for n in range(5)]
    with agent_in(base, *plans, Finish(text="1", status="cannot")) as agent:
        agent.ask("a", picture())
    assert base.count("checkpoints") == 1
    assert base.count("writes") == 0


@pytest.mark.parametrize("remember", [True, False])
def test_a_forgotten_conversation_is_gone(base: Base, remember: bool) -> None:
    find = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    settings = base.settings(remember=remember)
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


def test_a_forgotten_conversation_leaves_no_row(base: Base) -> None:
    find = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    with agent_in(base, find, Finish(text="x", status="cannot")) as agent:
        agent.ask("a", picture())
        assert base.count("records") > 0
        agent.forget("s")
    assert [base.count(t) for t in ("checkpoints", "writes", "records")] == [0, 0, 0]


def test_questions_of_one_conversation_wait_for_one_another(base: Base) -> None:
    decisions = [Finish(text=str(n), status="cannot") for n in range(4)]
    with agent_in(base, *decisions) as agent:

        async def main() -> None:
            await asyncio.gather(*[agent.aask(f"q{n}", picture()) for n in range(4)])

        asyncio.run(main())
        views = agent.planner.views  # type: ignore[attr-defined]
    assert [len(v.turns) for v in views] == [0, 1, 2, 3]


@tool()
def essay(ctx: ToolContext, n: int) -> Text:
    """5 KB."""
    return Text(f"{n} " + "word " * 1000)


def test_a_long_turn_grows_by_little_and_holds_no_pixels(base: Base) -> None:
    """40 steps of observations with 5 KB each, beside a picture of 150 KB."""

    def size() -> int:
        columns = {"records": "value", "checkpoints": "checkpoint", "writes": "value"}
        return sum(
            int(base.run(f"SELECT coalesce(sum(length({column})), 0) FROM {table}")[0][0])
            for table, column in columns.items()
        )

    sizes: list[int] = []

    def step(view: View) -> Plan:
        sizes.append(size())
        return Plan(calls=(Call(id=f"n{view.step}", tool="essay", args={"n": view.step}),))

    large = picture(256, 200)
    planner = ScriptedPlanner([*[step] * 40, Finish(text="x", status="cannot")])
    settings = base.settings(session="s", max_steps=60, max_calls=200)
    with Agent(settings, planner=planner, catalog=catalog(essay), host=NoModels()) as agent:
        agent.ask("q", large)
    assert max(b - a for a, b in zip(sizes, sizes[1:], strict=False)) < 20_000
    files = sum(p.stat().st_size for p in base.home.glob("conversations*"))
    assert files < 40 * 20_000
    row = large.pixels[7].tobytes()[:64]
    stored = [bytes(b) for (b,) in base.run("SELECT checkpoint FROM checkpoints")]
    stored += [v.encode() for (v,) in base.run("SELECT value FROM records")]
    assert len(stored) > 40
    assert not any(row in blob for blob in stored)


def test_a_schema_of_another_program_and_a_newer_one_are_refused(
    postgres: str, tmp_path: Path
) -> None:
    base = Base(tmp_path, fresh(postgres))
    with agent_in(base, Finish(text="x", status="cannot")) as agent:
        agent.ask("q", picture())
    base.run("UPDATE made_by SET version = 99")
    assert "it has version 99" in refused(base)
    base.run("UPDATE made_by SET application = 7")
    assert "of another program" in refused(base)
    base.run("DROP TABLE made_by")
    assert "of another program" in refused(base)
    assert base.count("checkpoints") == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((PASSWORD, PASSWORD + "-wrong"), "password authentication failed"),
        (("/t", "/nowhere-t"), "does not exist"),
        (("?host=", "?host=/nowhere"), "PostgreSQL database"),
        (("postgresql://", "mysql://"), "not one of PostgreSQL"),
        (("@/", "@[x/"), "cannot be read"),
    ],
    ids=["password", "database", "host", "kind", "form"],
)
def test_an_address_that_does_not_work_is_refused_without_its_password(
    postgres: str, tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    base = Base(tmp_path, fresh(postgres).replace(*change, 1))
    line = refused(base)
    assert says in line
    assert PASSWORD not in line


def test_the_password_is_written_nowhere(postgres: str, tmp_path: Path) -> None:
    base = Base(tmp_path, fresh(postgres))
    with agent_in(base, Finish(text="x", status="cannot")) as agent:
        agent.ask("q", picture())
        assert PASSWORD not in repr(agent.settings)
        assert PASSWORD not in json.dumps(agent.settings.model_dump(mode="json"), default=str)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any(p.name == "trace.jsonl" for p in files)
    assert not any(PASSWORD.encode() in p.read_bytes() for p in files)
    assert not (tmp_path / "conversations.sqlite").exists()


def test_two_processes_may_make_the_tables_at_once(postgres: str, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from agent.postgres import PostgresRows

    address = fresh(postgres)
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: PostgresRows(address), range(8)))
    for rows in opened:
        rows.close()
    assert Base(tmp_path, address).count("records") == 0


RESUMED = [
    # the calls of the plan under way; those that had ended are not run again
    (f"[Plan(calls=({FIND},)), Plan(calls=({DIE},), thought='next')]", False, ["boxes1"]),
    (f"[Plan(calls=({FIND}, {DIE}))]", True, []),
]


@pytest.mark.parametrize(("decisions", "wait", "before"), RESUMED, ids=["next step", "same plan"])
def test_after_kill_9_a_question_is_taken_up(
    base: Base, decisions: str, wait: bool, before: list[str]
) -> None:
    killed(base, decisions, wait)
    ran: list[str] = []

    @tool()
    def die(ctx: ToolContext) -> Text:
        """Does not die any more."""
        ran.append("die")
        return Text("alive")

    @tool()
    def find(ctx: ToolContext, image: Image, what: str = "face", min_score: float = 0.3) -> Boxes:
        """Must not run again."""
        raise AssertionError("find ran again")

    def decide(view: View) -> Finish:
        assert (view.question, view.images, view.names) == (
            "how many?",
            ("img1",),
            {"img1": "a.png"},
        )
        assert view.turns == ()
        assert [r.handle for r in view.results] == ["boxes1", "note1"]
        assert view.step == (3 if before else 2)
        return Finish(text="There are 2 faces [#1 #2].")

    planner = ScriptedPlanner([decide])
    settings = base.settings(session="s")
    with Agent(settings, planner=planner, catalog=catalog(find, die), host=NoModels()) as agent:
        answer = agent.resume("s")
        assert answer.text == "There are 2 faces [#1 #2]."
        assert ran == ["die"]
        with pytest.raises(InputError, match="no question of the conversation 's' was cut off"):
            agent.resume("s")
    assert len(list((base.home / "runs").iterdir())) == 1, "the run goes on in its own folder"
    events = read_trace(Path(answer.trace))
    finished = [e.handle for e in events if e.type == "call_finished"]
    assert finished == ["boxes1", "note1"]
    assert [e.type for e in events].count("run_started") == 1
    assert [e.step for e in events if e.type == "plan_made"] == ([1, 2] if before else [1])
    assert answer.steps == (3 if before else 2)


def test_a_question_that_was_stopped_keeps_what_it_spent(base: Base) -> None:
    GATES["deaf"] = threading.Event()
    spent = Usage(llm_calls=1, tokens_in=70)
    deaf = Plan(calls=(Call(id="d", tool="deaf"),), usage=spent)
    with agent_in(base, Plan(calls=(Call(id="n", tool="noop"),), usage=spent), deaf) as agent:
        stream = agent.stream("a", picture())
        while (event := next(stream)).type != "call_started" or event.step < 2:
            pass
        GATES["deaf"].set()
        stream.close()  # type: ignore[attr-defined]
    with agent_in(base, Finish(text="1", status="cannot", usage=spent)) as agent:
        agent.resume()
        view = agent.planner.views[-1]  # type: ignore[attr-defined]
        assert view.usage.tokens_in == 140
        assert view.left.calls == 198
        agent.ask("b")
        view = agent.planner.views[-1]  # type: ignore[attr-defined]
        assert [(t.question, t.answer) for t in view.turns] == [("a", "1")]


def test_a_conversation_without_memory_has_nothing_to_resume(tmp_path: Path) -> None:
    settings = Base(tmp_path).settings(remember=False)
    planner = ScriptedPlanner([Finish(text="x", status="cannot")])
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        agent.ask("q", picture(), session="s")
        with pytest.raises(InputError, match="Nothing is kept where remember is off|was cut off"):
            agent.resume("s")
