"""Conversations are separate, and a forgotten one leaves nothing that no other one uses."""

import re
from pathlib import Path

import pytest
from databases import Base
from loop_fakes import ALL, NoModels, picture

from agent.planners.scripted import Decision, ScriptedPlanner
from agent.protocol import Call, Finish, Plan, View
from agent.run import Agent
from tools.errors import ToolError
from tools.recall import Answers
from tools.store import Store

END = Finish(text="x", status="cannot")


def agent_in(home: Path, *decisions: Decision) -> Agent:
    planner = ScriptedPlanner(decisions)
    return Agent(Base(home).settings(), planner=planner, catalog=ALL, host=NoModels())


def paint(grey: int) -> Plan:
    return Plan(calls=(Call(id="p", tool="paint", args={"image": "img1", "grey": grey}),))


def shas(agent: Agent, session: str) -> dict[str, str]:
    import asyncio

    async def main() -> dict[str, str]:
        async with agent._engine.opened(session) as opened:
            return {h: held.sha256 for h, held in opened.session.held.items()}

    return asyncio.run(main())


def test_forgetting_deletes_what_no_other_conversation_uses(tmp_path: Path) -> None:
    shared, own = picture(seed=1), picture(seed=2)
    with agent_in(tmp_path, paint(1), END, paint(2), END) as agent:
        agent.ask("a", [shared, own], session="one")
        agent.ask("b", shared, session="two")
    with agent_in(tmp_path) as agent:
        one, two = shas(agent, "one"), shas(agent, "two")
        store = Store(tmp_path / "store")
        assert all(sha in store for sha in (*one.values(), *two.values()))
        agent.forget("one")
        store = Store(tmp_path / "store")
        assert [h for h, sha in one.items() if sha in store] == ["img1"]
        assert all(sha in store for sha in two.values())
        agent.forget("two")
    files = [p for p in (tmp_path / "store" / "objects").rglob("*") if p.is_file()]
    assert files == []


def test_forgetting_deletes_what_models_said_of_its_pictures(tmp_path: Path) -> None:
    shared, own = picture(seed=1), picture(seed=2)
    with agent_in(tmp_path, END, END) as agent:
        agent.ask("a", [shared, own], session="one")
        agent.ask("b", shared, session="two")
    answers, store = Answers(tmp_path / "answers.sqlite"), Store(tmp_path / "store")
    said = {name: store.put(picture(seed=n)) for n, name in enumerate(("own", "both", "shared"), 7)}
    answers.note("own", {own.frame.root})
    answers.note("both", {own.frame.root, shared.frame.root})
    answers.note("shared", {shared.frame.root})
    for key, sha256 in said.items():
        answers.add(key, sha256)
    with agent_in(tmp_path) as agent:
        agent.forget("one")
    assert [key for key in said if answers.find(key)] == ["shared"]
    store = Store(tmp_path / "store")
    assert [key for key, sha256 in said.items() if sha256 in store] == ["shared"]
    answers.close()


@pytest.mark.parametrize("tool", ["find", "read", "tally", "take", "paint", "hue", "sheet"])
def test_no_argument_reaches_into_another_conversation(tmp_path: Path, tool: str) -> None:
    """Whatever a planner writes: handles, numbers, hashes, paths of another one's artefacts."""
    find = Plan(calls=(Call(id="f", tool="find", args={"image": "img1"}),))
    with agent_in(tmp_path, find, paint(3), END) as agent:
        agent.ask("a", [picture(seed=1), picture(seed=3)], session="theirs")
        theirs = shas(agent, "theirs")
    takes = list(ALL.tools[tool].params)
    words = [*(h for h in theirs if h != "img1"), *theirs.values(), "#1", "#2", "$f", "theirs/img2"]
    words += [f"{tmp_path}/store/objects/{s[:2]}/{s}.json" for s in theirs.values()]
    calls = [
        Call(id=f"c{i}", tool=tool, args={name: word})
        for i, (name, word) in enumerate((n, w) for n in takes for w in words)
    ]
    plans = [Plan(calls=tuple(calls[i : i + 20])) for i in range(0, len(calls), 20)]
    seen: list[View] = []

    def end(view: View) -> Finish:
        seen.append(view)
        return END

    planner = ScriptedPlanner([*plans, end])
    settings = Base(tmp_path).settings(max_calls=500, max_steps=50)
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        agent.ask("b", picture(seed=2), session="mine")
        mine = shas(agent, "mine")
        assert set(mine.values()) & set(theirs.values()) == set()
    for view in planner.views:
        assert not set(view.kinds) & (set(theirs) - {"img1"} - set(mine))
        assert {w.handle for e in view.scene.entities for w in e.witnesses} <= set(mine)
        assert view.turns == ()
        with pytest.raises(ToolError):
            view.get(theirs["img1"])


def test_names_of_new_conversations_cannot_be_guessed(tmp_path: Path) -> None:
    names = set()
    with agent_in(tmp_path, *[END] * 8) as agent:
        for _ in range(8):
            event = next(e for e in agent.stream("q", picture()) if e.type == "run_started")
            names.add(event.session)
    assert len(names) == 8
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in names)
