"""Which way questions went, read off traces, and the chart of several evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent.events import EVENTS, Event, FellBack, LimitHit, Routed
from evals.results import MANIFEST, RESULTS, Record
from evals.routes import ROUTES, compare, load, main, way_of, write_routes
from tools.errors import ConfigError

SVG = "{http://www.w3.org/2000/svg}"


def record(
    folder: Path, number: int, score: float, seconds: float, *events: Event, torn: str = ""
) -> Record:
    trace = folder / f"t{number}.jsonl"
    lines = [EVENTS.dump_json(event).decode() for event in events]
    trace.write_text("\n".join(lines) + "\n" + torn)
    return Record(id=f"t{number}", score=score, answer="a", reason="r", status="answered",
                  seconds=seconds, llm_calls=2, trace=str(trace))  # fmt: skip


def evaluation(
    base: Path, route: str, scores: list[float], seconds: float, way: str = "", name: str = ""
) -> Path:
    folder = base / (name or route)
    folder.mkdir()
    event = Routed(route=way or route, why="because", features={"kind": "count"})
    records = [record(folder, n, score, seconds + n / 100, event) for n, score in enumerate(scores)]
    (folder / RESULTS).write_text("".join(r.model_dump_json() + "\n" for r in records))
    settings = {"route": route, "planner": "tools", "llm": {"model": "tiny"}}
    (folder / MANIFEST).write_text(json.dumps({"settings": settings}))
    return folder


def test_the_way_of_a_question_is_read_off_its_trace(tmp_path: Path) -> None:
    events = (
        Routed(route="checked", why="worth a look", features={"kind": "count"}),
        LimitHit(limit="steps"),
        FellBack(given_up="direct", taken="chain", why="a detector finds 3"),
    )
    found = way_of(record(tmp_path, 1, 1.0, 2.5, *events, torn='{"type":"routed","rou'))
    assert (found.route, found.why, found.features) == (
        "checked",
        "worth a look",
        {"kind": "count"},
    )
    assert found.fell_back == ("direct -> chain: a detector finds 3",)
    assert (found.score, found.seconds, found.llm_calls) == (1.0, 2.5, 2)


def test_a_trace_that_is_gone_says_nothing(tmp_path: Path) -> None:
    lost = record(tmp_path, 1, 1.0, 2.5).model_copy(update={"trace": str(tmp_path / "gone")})
    assert way_of(lost).route == ""
    assert way_of(lost.model_copy(update={"trace": ""})).route == ""


def test_the_ways_stand_beside_the_results(tmp_path: Path) -> None:
    one = record(tmp_path, 1, 0.5, 1.0, Routed(route="direct", why="x", features={"words": "7"}))
    write_routes(tmp_path, [one])
    [line] = (tmp_path / ROUTES).read_text().splitlines()
    row = json.loads(line)
    assert (row["id"], row["route"], row["features"]) == ("t1", "direct", {"words": "7"})


def test_evaluations_are_compared_on_the_tasks_that_all_have(tmp_path: Path) -> None:
    chain = load(evaluation(tmp_path, "chain", [1, 1, 1, 0], 8.0))
    direct = load(evaluation(tmp_path, "direct", [0, 1], 1.0))
    dots, rows, left_out = compare([chain, direct])
    assert [(d.share, d.seconds) for d in dots] == [(1.0, 8.005), (0.5, 1.005)]
    assert dots[1].low < 0.5 < dots[1].high
    assert left_out == 2
    assert rows[0] == ("chain · chain · tools · tiny", "2", "100.0 %", "34.2–100.0 %", "8.01",
                       "2.00", "chain 2")  # fmt: skip
    lonely = evaluation(tmp_path, "auto", [], 1.0)
    with pytest.raises(ConfigError, match="no task in common"):
        compare([chain, load(lonely)])


def test_the_chart_has_a_point_and_a_row_for_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [
        evaluation(tmp_path, "chain", [1, 1, 0, 1], 9.0),
        evaluation(tmp_path, "direct", [0, 1, 0, 0], 0.7),
        evaluation(tmp_path, "auto", [1, 1, 1, 1], 3.0, way="checked", name="a<b>&\x1b"),
    ]
    out = tmp_path / "routes.svg"
    assert main([*map(str, folders), "--out", str(out)]) == 0
    root = ElementTree.parse(out).getroot()
    dots = [c for c in root.iter(f"{SVG}circle") if c.get("r") == "6"]
    across = [float(dot.get("cx", "")) for dot in dots]
    up = [float(dot.get("cy", "")) for dot in dots]
    assert across[1] < across[2] < across[0], "the slower, the further right"
    assert up[2] < up[0] < up[1], "the better, the higher"
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert {"checked 4", "75.0 %", "25.0 %", "100.0 %"} <= set(words)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert len(said.splitlines()) == 4


def test_a_folder_without_an_evaluation_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--out", str(tmp_path / "x.svg")]) == 2
    said = capsys.readouterr().err
    assert "holds no evaluation" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.svg").exists()
