"""The planner in this process: whatever its weights a run ends well, and trained ones plan."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import qwen_llm as tiny
from checkpoints import qwen_vl as tiny_vl
from PIL import Image as PilImage
from PIL import ImageDraw

from agent import Agent, Settings
from agent.events import AnswerGiven, HostEvent, LimitHit, PlanMade, SentBack
from agent.llm.wire import Request, Said
from agent.planners.local import LocalPlanner, LocalThinker
from agent.planning.json_reply import read, schema_of
from agent.protocol import BadReply, Finish, Left, Plan, Usage, View
from agent.scene import Scene
from agent.settings import LLM
from tools.catalog import Catalog, discover
from tools.context import CancelToken
from tools.errors import ServerError, ServerRefused, ToolFailed
from tools.models import qwen_llm, qwen_vl
from tools.types import Boxes, Image

PROFILE = """
budget_mb = 30000
[models]
detect = ["round-things"]
complete = ["{model}"]
"""
QUESTION = "How many coins can you count?"


def coins(count: int) -> np.ndarray[Any, Any]:
    """Dark discs in a row."""
    picture = PilImage.new("RGB", (320, 120), (240, 240, 240))
    draw = ImageDraw.Draw(picture)
    for i in range(count):
        draw.ellipse((20 + 100 * i, 30, 80 + 100 * i, 90), fill=(60, 40, 30))
    return np.asarray(picture)


def part(*names: str) -> Catalog:
    """A few tools and models of the real catalogue."""
    whole = discover()
    return Catalog(
        {n: whole.tools[n] for n in names if n in whole.tools},
        {n: whole.models[n] for n in names if n in whole.models},
    )


def settings_in(folder: Path, model: str, **more: Any) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(PROFILE.format(model=model))
    common = {"route": "chain", "report": False, "home": folder / "home", "out": folder}
    return Settings(planner="local", profile=str(folder / "mine.toml"), **{**common, **more})


# What may be replied


def view_of(*tools: str, **more: Any) -> View:
    catalog = part(*tools)
    known: dict[str, Any] = {
        "question": QUESTION, "images": ("img1",), "given": (), "results": (), "scene": Scene(),
        "tools": (), "catalog": catalog, "turns": (), "left": Left(5, 20, 60.0),
        "get": lambda handle: None, "kinds": {"img1": Image, "boxes1": Boxes},
        "soon": tuple(catalog.tools.values()),
    }  # fmt: skip
    return View(**{**known, **more})


def forms(view: View, sees: bool = True) -> set[tuple[str, ...]]:
    return {tuple(f["properties"]) for f in schema_of(view, sees=sees)["anyOf"]}


def test_the_schema_has_the_tools_and_handles_that_can_be_used() -> None:
    schema = schema_of(view_of("detect", "crop"), sees=False)
    assert set(schema["$defs"]) == {"detect", "crop"}
    detect = schema["$defs"]["detect"]["properties"]
    assert detect["tool"] == {"const": "detect"}
    [handles] = detect["args"]["properties"]["image"]["anyOf"]
    assert handles["enum"][0] == "img1"
    assert "boxes1" not in handles["enum"]
    assert "$1" in handles["enum"]
    [region] = schema["$defs"]["crop"]["properties"]["args"]["properties"]["region"]["anyOf"]
    assert "boxes1" in region["enum"]
    assert "img1" not in region["enum"]


BOUNDS = {
    "string": ({"maxLength", "enum", "pattern"},),
    "array": ({"maxItems"},),
    "number": ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}),
    "integer": ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}),
    "object": ({"additionalProperties"},),
}
"""What a schema must say besides its type: one of each set."""


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """All schemas within one."""
    if isinstance(node, dict):
        yield node
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for item in inner:
        yield from parts(item)


def test_every_length_of_the_schema_of_all_tools_has_an_end() -> None:
    schema = schema_of(view_of(*discover().tools), sees=True)
    assert set(schema["$defs"]) == set(discover().tools)
    typed = [p for p in parts(schema) if isinstance(p.get("type"), str)]
    assert {p["type"] for p in typed} > {"string", "array", "number", "object"}
    for one in typed:
        for bounds in BOUNDS.get(one["type"], ()):
            assert bounds & one.keys(), one


def test_the_last_reply_can_only_be_an_answer_and_the_blind_cannot_look() -> None:
    answer, calls, look = (
        ("thought", "answer", "status", "images"),
        ("thought", "calls"),
        ("thought", "look"),
    )
    assert forms(view_of("detect")) == {answer, calls, look}
    assert forms(view_of("detect"), sees=False) == {answer, calls}
    assert forms(view_of("detect", soon=()), sees=False) == {answer}
    last = view_of("detect", left=Left(1, 20, 60.0))
    assert last.last
    assert forms(last) == {answer}
    assert schema_of(last, sees=True)["$defs"] == {}


def test_replies_are_read() -> None:
    call = {"tool": "detect", "args": {"image": "img1"}}
    assert read(json.dumps({"thought": "so", "calls": [call]})) == (
        [("detect", {"image": "img1"})],
        "so",
    )
    assert read('{"look": ["img1"]}') == ([("look", {"what": ["img1"]})], "")
    [(name, args)] = read('{"thought": "", "answer": "3", "status": "cannot", "images": ["img2"]}')[
        0
    ]
    assert (name, args) == ("answer", {"text": "3", "status": "cannot", "images": ["img2"]})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "no", '{"calls": []}', '{"calls": [1]}', '{"calls": [{"tool": 1}]}',
             '{"calls": [{"tool": "t", "args": []}]}', '{"a": NaN}', "[" * 100_000]
)  # fmt: skip
def test_what_is_no_reply_is_refused(text: str) -> None:
    with pytest.raises(BadReply):
        read(text)


@pytest.mark.parametrize(("finish", "most"), [("stop", 2), ("length", 1)])
def test_of_a_reply_that_was_cut_off_the_last_call_is_left_out(finish: str, most: int) -> None:
    planner = LocalPlanner(LLM())
    calls = [{"tool": "detect", "args": {"image": h}} for h in ("img1", "")]
    said = Said(json.dumps({"calls": calls}), finish=finish)
    assert len(planner.read(said, view_of("detect"))[0]) == most
    answer = Said('{"answer": "There are"}', finish=finish)
    [(_, args)] = planner.read(answer, view_of("detect"))[0]
    assert args["text"].endswith("(cut off)") == (finish == "length")


# Asking


class Slow:
    """A host whose model writes until it is stopped."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def use(self, ability: str, *args: Any, cancel: CancelToken, **more: Any) -> Any:
        while not cancel.cancelled:
            CancelToken()._event.wait(0.005)
        self.loop.call_soon_threadsafe(self.stopped.set)
        cancel.check()


ASKED = Request("system", "text", schema={"type": "object"}, max_tokens=10)


@pytest.mark.parametrize("how", ["leaves", "late"])
def test_whoever_stops_waiting_ends_the_generation(how: str) -> None:
    async def run() -> None:
        slow = Slow()
        thinker = LocalThinker(view_of("detect", models=slow))
        asking = asyncio.create_task(thinker.ask(ASKED, seconds=0.05 if how == "late" else 100))
        await asyncio.sleep(0.02)
        if how == "leaves":
            asking.cancel()
        with pytest.raises(asyncio.CancelledError if how == "leaves" else ServerError):
            await asking
        await asyncio.wait_for(slow.stopped.wait(), 20)

    asyncio.run(run())


def test_a_model_that_fails_or_is_missing_is_told_in_a_line(tmp_path: Path) -> None:
    class Failing:
        def use(self, *args: Any, **more: Any) -> Any:
            raise ToolFailed("the card burns", hint="Put it out")

    view = view_of("detect", models=Failing())
    with pytest.raises(ServerError, match="the local model failed: the card burns") as caught:
        asyncio.run(LocalThinker(view).ask(ASKED, seconds=5))
    assert caught.value.hint == "Put it out"
    with pytest.raises(ServerRefused, match="no host"):
        asyncio.run(LocalThinker(view_of("detect")).ask(ASKED, seconds=5))
    with Agent(
        settings_in(tmp_path, "qwen3-0.6b"), catalog=part("detect", "round-things", "qwen3-0.6b")
    ) as agent:
        answer = agent.ask(QUESTION, [coins(2)])
    assert answer.status in ("failed", "cannot")
    assert "ocelli models pull qwen3-0.6b" in answer.text


# Random weights


@pytest.mark.parametrize("kind", ["text", "sees"])
def test_with_random_weights_every_run_ends_within_its_limits(
    kind: str, tmp_path: Path, hub: Callable[..., Path]
) -> None:
    spec, build = {
        "text": (qwen_llm.SMALLEST, tiny.build), "sees": (qwen_vl.QWEN3_2B, tiny_vl.build_qwen3)
    }[kind]  # fmt: skip
    hub(spec.weights, build)
    catalog = part("detect", "crop", "round-things", spec.name)
    for tokens in (16, 60, 400):
        settings = settings_in(
            tmp_path / f"{tokens}", spec.name, max_steps=3, llm=LLM(max_reply_tokens=tokens)
        )
        with Agent(settings, catalog=catalog) as agent:
            events = list(agent.stream(QUESTION, [coins(2)]))
        given = events[-1]
        assert isinstance(given, AnswerGiven)
        assert given.status in ("answered", "cannot", "failed")
        assert given.text.strip()
        assert not [e for e in events if isinstance(e, SentBack) and "JSON" in e.problem]
        assert len([e for e in events if isinstance(e, PlanMade)]) <= 3
        assert not [e for e in events if isinstance(e, LimitHit) and e.limit == "seconds"]
        assert any(isinstance(e, HostEvent) and e.model == spec.name for e in events)
        assert given.usage.model == spec.name
        assert given.usage.tokens_in > 100
        assert (given.usage.pictures > 0) == (kind == "sees")


# One that plans


class Teacher:
    """Answers as a good model would, and keeps what it was asked."""

    sees = False

    def __init__(self, *replies: dict[str, Any]) -> None:
        self.replies = [json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in replies]
        self.lessons: list[tuple[str, str, str]] = []

    async def ask(self, request: Request, **more: Any) -> Said:
        reply = self.replies[len(self.lessons)]
        self.lessons.append((request.system, request.text, reply))
        return Said(reply, usage=Usage(llm_calls=1))


FOUND = {
    "thought": "The coins must be found.",
    "calls": [
        {"tool": "detect", "args": {"image": "img1", "phrases": ["coin"]}},
        {"tool": "count", "args": {"things": "$1"}},
    ],
}
ANSWERS = {
    2: "There are 2 coins [#1 #2].",
    3: "There are 3 coins [#1 #2 #3].",
}
NAMES = ("detect", "count", "round-things", "qwen3-0.6b")


def ended(count: int) -> dict[str, Any]:
    return {
        "thought": "They were counted.",
        "answer": ANSWERS[count],
        "status": "answered",
        "images": [],
    }


class Timeless(LocalPlanner):
    """The clock of its prompts stands still, so that it is asked what it was taught."""

    async def decide(self, view: View) -> Plan | Finish:
        return await super().decide(replace(view, left=replace(view.left, seconds=60.0)))


class Taught(Timeless):
    """Asks a teacher in place of a model."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__(LLM())
        self._teacher = teacher

    def thinker(self, view: View) -> Teacher:
        return self._teacher


def lessons(folder: Path) -> list[tuple[str, str, str]]:
    """What the planner is asked about two and three coins, and the right replies."""
    found = []
    for count in ANSWERS:
        teacher = Teacher(FOUND, ended(count))
        planner = Taught(teacher)
        settings = settings_in(folder / f"{count}", "qwen3-0.6b")
        with Agent(settings, planner=planner, catalog=part(*NAMES)) as agent:
            assert agent.ask(QUESTION, [coins(count)]).text == ANSWERS[count]
        found += teacher.lessons
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, hub: Callable[..., Path]) -> Iterator[Agent]:
    folder = tmp_path_factory.mktemp("planning")
    taught = lessons(folder)
    assert len(taught) == 3, "the first question is the same for both pictures"
    hub(qwen_llm.SMALLEST.weights, lambda place: tiny.build_planning(place, taught))
    settings = settings_in(folder, "qwen3-0.6b")
    with Agent(settings, planner=Timeless(settings.llm), catalog=part(*NAMES)) as made:
        yield made


@pytest.mark.parametrize("count", list(ANSWERS))
def test_a_model_in_this_process_plans_a_chain_and_answers_from_what_was_seen(
    agent: Agent, count: int
) -> None:
    events = list(agent.stream(QUESTION, [coins(count)]))
    given = events[-1]
    assert isinstance(given, AnswerGiven)
    assert (given.status, given.text) == ("answered", ANSWERS[count])
    assert given.usage.llm_calls == 2
    assert len(given.evidence) == count
    resident = agent._engine._means.host.stats().resident  # type: ignore[union-attr]
    assert {"qwen3-0.6b", "round-things"} <= set(resident)
