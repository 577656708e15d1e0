import json
import os
from pathlib import Path

import pytest
from loop_fakes import picture

from agent.events import AnswerGiven, LimitHit, RunStarted, SentBack
from agent.trace import RunFolder, read_trace, run_name
from tools.errors import ConfigError, InputError

EVENTS = [
    RunStarted(run="r", session="s", question="¿qué?", images=()),
    SentBack(step=1, problem="no"),
    AnswerGiven(step=1, text="done", status="answered"),
]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path, "What is this?")
    for event in EVENTS:
        run.write(event)
    run.close()
    return run


def test_what_is_written_is_read_back(folder: RunFolder) -> None:
    assert read_trace(folder.trace) == EVENTS
    assert read_trace(folder.path) == EVENTS


def test_each_event_is_in_the_file_as_soon_as_it_happened(tmp_path: Path) -> None:
    with RunFolder(tmp_path, "q") as run:
        run.write(EVENTS[0])
        assert read_trace(run.trace) == EVENTS[:1]


@pytest.mark.parametrize("tail", [b'{"type": "limit_h', b"\x00\x00\x00", b"\n\n", b"{}"])
def test_a_torn_last_line_is_no_fault(folder: RunFolder, tail: bytes) -> None:
    with folder.trace.open("ab") as file:
        file.write(tail)
    assert read_trace(folder.trace) == EVENTS


def test_a_line_within_that_is_no_event_is_named(folder: RunFolder) -> None:
    lines = folder.trace.read_bytes().splitlines(keepends=True)
    folder.trace.write_bytes(lines[0] + b'{"type": "nonsense"}\n' + lines[1])
    with pytest.raises(InputError, match=r"line 2 of .*trace\.jsonl is no event"):
        read_trace(folder.trace)


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the trace"):
        read_trace(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("What's in the PICTURE?", "what-s-in-the-picture"),
        ("../../etc/passwd", "etc-passwd"),
        ("日本語", "question"),
        ("Çà et là " + "x" * 99, "ca-et-la-" + "x" * 31),
    ],
)
def test_the_name_of_a_run_is_plain(question: str, slug: str) -> None:
    name = run_name(question)
    assert name.isascii()
    assert name.split("-", 2)[2].rsplit("-", 1)[0] == slug
    assert len(name.rsplit("-", 1)[1]) == 4


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written to"):
        RunFolder(tmp_path / "file" / "runs", "q")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_ends_the_run_by_name(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, "q")
    run._file.close()
    run._file = open("/dev/full", "ab", buffering=0)
    with pytest.raises(ConfigError, match="No space left on device"):
        run.write(LimitHit(limit="steps"))
    run._file.close()


def test_pictures_carry_pixels_only(folder: RunFolder) -> None:
    from PIL import Image as PilImage

    path = folder.put_picture("img2", picture(name="/home/somebody/secret.png"))
    assert path == folder.path / "images" / "img2.png"
    with PilImage.open(path) as image:
        assert image.info == {}
        assert image.size == (64, 48)


def test_nothing_of_the_environment_is_in_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loop_fakes import ALL, NoModels

    from agent.planners.scripted import ScriptedPlanner
    from agent.protocol import Finish
    from agent.run import Agent
    from agent.settings import Settings

    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-12345")
    settings = Settings(home=tmp_path / "home", out=tmp_path / "runs", remember=False)
    planner = ScriptedPlanner([Finish(text="ok", status="cannot")])
    with Agent(settings, planner=planner, catalog=ALL, host=NoModels()) as agent:
        answer = agent.ask("q", picture())
    files = [f for f in Path(answer.trace).parent.rglob("*") if f.is_file()]
    assert {f.name for f in files} == {"trace.jsonl", "answer.json", "report.html"}
    for file in files:
        assert b"canary" not in file.read_bytes()
        assert str(os.environ["HOME"]).encode() not in file.read_bytes()
    assert json.loads((Path(answer.trace).parent / "answer.json").read_text())["status"] == "cannot"
