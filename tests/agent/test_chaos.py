"""Ten thousand steps of nonsense: each turn ends well, nothing is changed that nobody ordered."""

import json
import time
from pathlib import Path

import pytest
from chaos import Chaos
from loop_fakes import NoModels, picture

from agent.authority import is_look
from agent.events import EVENTS, AnswerGiven, CallStarted, ConsentGiven
from agent.run import Agent
from agent.settings import LLM, Settings
from tools.catalog import Catalog, discover

LIGHT = (
    "crop", "zoom", "adjust", "redact", "annotate", "measure", "count", "area", "colors", "relate",
    "pick", "gather", "metadata", "quality", "compare", "add_up", "find_rows", "control_map",
    "row_boxes", "group_text",
)  # fmt: skip
"""Tools that need no model and are quick on a small picture."""
TOOLS = discover().tools
CATALOG = Catalog({n: TOOLS[n] for n in LIGHT if n in TOOLS}, {})
QUESTIONS = (
    "What is this?", "Blur the face", "Crop the top half", "How many dogs are there?",
    "and the other one?", "Make it brighter", "\u202eodd \u200b words", "Read it; do not blur it",
)  # fmt: skip
ORDERED = {"Blur the face": {"redact", "adjust"}, "Make it brighter": {"adjust"}}
STEPS = 10_000


def changed(events: list[object]) -> set[str]:
    """Tools that changed something for good."""
    tools = [TOOLS[e.call.tool] for e in events if isinstance(e, CallStarted)]
    return {t.name for t in tools if t.effect != "read" and not is_look(t)}


@pytest.mark.parametrize("remember", [False, True], ids=["in-memory", "on-disk"])
def test_ten_thousand_steps_of_nonsense_end_well(tmp_path: Path, remember: bool) -> None:
    wanted = STEPS // 10 if remember else STEPS - STEPS // 10
    planner = Chaos(7 + remember)
    settings = Settings(
        home=tmp_path / "home", out=tmp_path / "runs", remember=remember, report=False,
        max_steps=40, max_calls=60, max_seconds=20, route="chain", llm=LLM(max_calls=30),
    )  # fmt: skip
    small = picture(24, 18)
    turns, ends = 0, set()
    with Agent(settings, planner=planner, catalog=CATALOG, host=NoModels()) as agent:
        while planner.decisions < wanted:
            question = QUESTIONS[turns % len(QUESTIONS)]
            session = f"s{turns // 4}"
            before, started = planner.decisions, time.monotonic()
            events = list(agent.stream(question, [small], session=session))
            end = events[-1]
            assert isinstance(end, AnswerGiven)
            assert end.text
            assert planner.decisions - before <= settings.max_steps
            assert sum(isinstance(e, CallStarted) for e in events) <= settings.max_calls
            assert time.monotonic() - started < settings.max_seconds + 10
            earlier = {t for q, t in ORDERED.items() for t in t} if "other" in question else set()
            assert changed(list(events)) <= ORDERED.get(question, set()) | earlier
            assert not any(e.allowed for e in events if isinstance(e, ConsentGiven))
            for event in events:
                EVENTS.validate_json(event.model_dump_json().encode()) if turns % 20 == 0 else None
            turns, ends = turns + 1, ends | {end.status}
    assert ends == {"answered", "cannot", "failed"}
    outside = [p for p in tmp_path.iterdir() if p.name not in ("home", "runs")]
    assert outside == []
    answers = list((tmp_path / "runs").glob("*/answer.json"))
    assert len(answers) == turns
    assert all("status" in json.loads(p.read_text()) for p in answers[:50])


def test_the_same_seed_writes_the_same_nonsense(tmp_path: Path) -> None:
    said = []
    for n in range(2):
        planner = Chaos(3)
        settings = Settings(
            home=tmp_path / f"home{n}", out=tmp_path / f"runs{n}", remember=False, report=False
        )
        with Agent(settings, planner=planner, catalog=CATALOG, host=NoModels()) as agent:
            said.append(agent.ask("What is this?", picture(24, 18)).text)
    assert said[0] == said[1]
