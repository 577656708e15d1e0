"""The runner with an agent of a few lines: nothing lost, nothing doubled, failures named."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agent.events import AnswerGiven, CallFailed, CallFinished, Event
from agent.settings import Settings
from evals import command
from evals.results import RESULTS, Record
from tools.errors import ConfigError, InputError, MissingModel, SetupError

Reply = Callable[[str], AnswerGiven]


class Echo:
    """Answers with the question, or does what the reply function says."""

    def __init__(self, reply: Reply = lambda q: AnswerGiven(text=q, status="answered")) -> None:
        self.reply = reply
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0

    async def astream(self, question: str, images: Any = ()) -> AsyncIterator[Event]:
        self.asked[question] += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(0)
            yield CallFinished(
                call="a", tool="look", handle="note1", kind="Text", sha256="0", text="seen"
            )
            yield CallFailed(call="b", tool="read", kind="ToolFailed", message="no")
            yield self.reply(question)
        finally:
            self.at_once -= 1


def tasks(folder: Path, count: int = 5) -> Path:
    path = folder / "tasks.jsonl"
    rows = [
        {"id": f"t{n}", "image": "a.png", "question": f"q{n}", "answer": f"q{n}",
         "answer_type": "exact", "needs": ["ocr"], "tier": "odd" if n % 2 else "even"}
        for n in range(count)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def evaluate(path: Path, agent: Echo, out: Path, **more: Any) -> int:
    return command.evaluate(str(path), Settings(), out=out, make=lambda settings: agent, **more)


def records(out: Path) -> list[Record]:
    return [Record.model_validate_json(row) for row in (out / RESULTS).read_text().splitlines()]


def test_every_task_becomes_one_line_with_all_that_is_promised(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert evaluate(tasks(tmp_path), Echo(), out) == 0
    row = json.loads((out / RESULTS).read_text().splitlines()[0])
    promised = {"id", "score", "answer", "images", "reason", "status", "seconds", "llm_calls", "tools"}  # fmt: skip
    assert promised <= row.keys()
    assert row["tools"] == ["look", "read"]
    summary = json.loads((out / "summary.json").read_text())
    assert {"n", "accuracy", "ci95", "by_need", "by_tier", "failed"} <= summary.keys()
    assert (summary["n"], summary["accuracy"]) == (5, 1.0)
    manifest = json.loads((out / "manifest.json").read_text())
    assert {"fingerprint", "settings", "seed", "starts"} <= manifest.keys()
    assert manifest["starts"][0]["versions"]["python"]


def test_a_failing_task_is_failed_with_its_reason_and_the_rest_go_on(tmp_path: Path) -> None:
    def reply(question: str) -> AnswerGiven:
        if question == "q1":
            raise ZeroDivisionError("odd\nthing")
        if question == "q2":
            raise InputError("a.png is no picture", hint="Give another")
        if question == "q3":
            raise MissingModel("nothing reads")
        return AnswerGiven(text=question, status="answered")

    out = tmp_path / "out"
    assert evaluate(tasks(tmp_path), Echo(reply), out) == 0
    by_id = {r.id: r for r in records(out)}
    assert by_id["t1"].reason == "ZeroDivisionError: odd thing"
    assert by_id["t2"].reason == "a.png is no picture. Give another"
    assert [by_id[f"t{n}"].status for n in range(5)] == ["answered", *["failed"] * 3, "answered"]
    assert json.loads((out / "summary.json").read_text())["failed"] == 3


def test_a_run_that_failed_by_itself_is_failed_too(tmp_path: Path) -> None:
    agent = Echo(lambda q: AnswerGiven(text=f"no model for {q}", status="failed"))
    assert evaluate(tasks(tmp_path, 2), agent, tmp_path / "out") == 1
    found = records(tmp_path / "out")
    assert [(r.status, r.score) for r in found] == [("failed", 0), ("failed", 0)]
    assert found[0].reason == "no model for q0"


def test_resume_asks_only_what_is_left(tmp_path: Path) -> None:
    path, out, agent = tasks(tmp_path), tmp_path / "out", Echo()
    evaluate(path, agent, out, limit=2)
    (out / RESULTS).write_bytes((out / RESULTS).read_bytes() + b'{"id": "t2", "sco')
    evaluate(path, agent, out, resume=True)
    evaluate(path, agent, out, resume=True)
    assert set(agent.asked.values()) == {1}
    assert [r.id for r in records(out)] == ["t0", "t1", "t2", "t3", "t4"]
    assert json.loads((out / "summary.json").read_text())["n"] == 5


def test_other_settings_are_another_experiment(tmp_path: Path) -> None:
    path, out = tasks(tmp_path), tmp_path / "out"
    evaluate(path, Echo(), out, limit=1)
    with pytest.raises(ConfigError, match="another experiment"):
        command.evaluate(
            str(path), Settings(max_steps=3), out=out, resume=True, make=lambda settings: Echo()
        )


class Stopped(Echo):
    """A person presses Ctrl+C at the fourth question."""

    async def astream(self, question: str, images: Any = ()) -> AsyncIterator[Event]:
        if question == "q3":
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        async for event in super().astream(question, images):
            yield event


def test_a_stop_keeps_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tasks(tmp_path), tmp_path / "out"
    assert evaluate(path, Stopped(), out) == 130
    assert [r.id for r in records(out)] == ["t0", "t1", "t2"]
    assert "2 of 5 tasks are left; go on with --resume" in capsys.readouterr().err
    assert json.loads((out / "summary.json").read_text())["n"] == 3
    assert evaluate(path, Echo(), out, resume=True) == 0
    assert len(records(out)) == 5


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device", "images/a.png"),
        ConfigError("the run cannot be written: No space left on device"),
    ],
)
def test_a_full_disk_under_the_agent_ends_the_run_by_name(fault: Exception, tmp_path: Path) -> None:
    def reply(question: str) -> AnswerGiven:
        if question == "q2":
            raise fault
        return AnswerGiven(text=question, status="answered")

    out = tmp_path / "out"
    with pytest.raises(SetupError, match="No space left"):
        evaluate(tasks(tmp_path), Echo(reply), out)
    assert [r.id for r in records(out)] == ["t0", "t1"]


def test_workers_ask_at_the_same_time_and_lose_nothing(tmp_path: Path) -> None:
    agent = Echo()
    evaluate(tasks(tmp_path, 40), agent, tmp_path / "out", workers=4)
    assert agent.most_at_once == 4
    assert sorted(r.id for r in records(tmp_path / "out")) == sorted(f"t{n}" for n in range(40))


def test_only_a_tier_is_asked(tmp_path: Path) -> None:
    evaluate(tasks(tmp_path), Echo(), tmp_path / "out", tier="even")
    assert [r.id for r in records(tmp_path / "out")] == ["t0", "t2", "t4"]
    with pytest.raises(ConfigError, match="no task is of tier 'hard'") as caught:
        evaluate(tasks(tmp_path), Echo(), tmp_path / "out2", tier="hard")
    assert caught.value.hint == "There are: even, odd"


def test_the_page_shows_every_task_and_escapes_what_it_shows(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=http://x/>"
    agent = Echo(lambda q: AnswerGiven(text=evil, status="answered", report=str(tmp_path / "out/runs/r.html")))  # fmt: skip
    evaluate(tasks(tmp_path, 2), agent, tmp_path / "out")
    page = (tmp_path / "out/index.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<img src=http" not in page
    assert 'href="runs/r.html"' in page
    assert "q0" in page
    assert "q1" in page


def test_a_lone_surrogate_breaks_nothing(tmp_path: Path) -> None:
    agent = Echo(lambda q: AnswerGiven.model_construct(
        text="a\ud800", status="answered", images=(), llm_calls=0, steps=1, trace="", report=""))  # fmt: skip
    assert evaluate(tasks(tmp_path, 1), agent, tmp_path / "out") == 0
    assert len(records(tmp_path / "out")) == 1
