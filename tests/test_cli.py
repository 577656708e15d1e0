"""The command line: what it prints where, exit codes, one line for every error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest
from llm_server import Fault, Server, Wire, error

import agent.run
from agent.cli import main
from agent.events import (
    AnswerGiven,
    CallFailed,
    CallFinished,
    CallStarted,
    EntityRecord,
    Event,
    PlanMade,
    RunStarted,
)
from agent.protocol import Call
from agent.settings import Settings
from agent.typed import parse_box, parse_point, parse_price, settings_of
from tools.errors import ConfigError, InputError
from tools.pickles import ALLOWED

ROOT = Path(__file__).parent.parent
EVIL = "\x1b[31mred\x07 [bold]markup[/bold] \u202erev"


def events(status: str = "answered") -> list[Event]:
    call = Call(id="a", tool="read_text", args={"image": "img1"})
    record = EntityRecord(
        id="#1", label=EVIL, box=(1, 2, 3.4, 4), score=0.5, text=None, image="img1", sources=("x",)
    )
    return [
        RunStarted(run="r", session="s", question="q", images=()),
        PlanMade(step=1, thought=EVIL, calls=(call,), planner="offline", seconds=0.1),
        CallStarted(step=1, call=call),
        CallFinished(step=1, call="a", tool="read_text", handle="text1", kind="TextSpans",
                     sha256="0", text=EVIL, seconds=0.25),
        CallFailed(step=1, call="b", tool="count", kind="ToolFailed", message=EVIL),
        AnswerGiven(text=f"It says {EVIL}", status=status, evidence=(record,), steps=1,
                    images=("out/a.png",), report="out/report.html", trace="out/trace.jsonl"),
    ]  # fmt: skip


class Fake:
    """An agent that plays events, or raises what it is given."""

    asked: list[tuple[Any, ...]] = []
    plays: list[Event | BaseException] = []

    def __init__(self, settings: Settings, consent: Any = None) -> None:
        self.settings = settings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    async def astream(
        self, question: str, images: Any = (), *, boxes: Any = None, points: Any = None
    ) -> AsyncIterator[Event]:
        Fake.asked.append((self.settings, question, list(images), boxes, points))
        for item in Fake.plays:
            if isinstance(item, BaseException):
                raise item
            yield item


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.run, "Agent", Fake)
    monkeypatch.setattr(Fake, "plays", events())
    monkeypatch.setattr(Fake, "asked", [])


def one_line(text: str) -> str:
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


def test_ask_shows_steps_and_answer_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "q", "a.png"]) == 0
    out = capsys.readouterr().out
    assert "read_text(image=img1) -> text1:" in out
    assert "count failed:" in out
    assert "report:  out/report.html" in out
    assert "picture: out/a.png" in out
    assert "1,2,3,4" in out


def test_nothing_that_was_read_can_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["ask", "q", "a"], ["ask", "q", "a", "--json"]):
        main(words)
        out = capsys.readouterr().out
        assert not set(out) & {"\x1b", "\x07", "\u202e"}
        assert "[bold]markup[/bold]" in out


def test_a_live_view_is_as_safe_and_reads_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    from agent.console import LiveView

    console = Console(force_terminal=True, color_system=None, width=200)
    with LiveView(console) as view:
        for event in events():
            view.show(event)
    out = capsys.readouterr().out
    assert "\\x1b[31mred\\x07 [bold]markup[/bold] \\u202erev" in out
    assert "\x1b[31m" not in out
    assert "\x07" not in out


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "q", "a.png", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert list(found) == ["answer", "status", "evidence", "images", "steps", "llm_calls",
                           "seconds", "trace"]  # fmt: skip
    assert found["answer"] == f"It says {EVIL}"
    assert found["evidence"][0]["box"] == [1, 2, 3.4, 4]
    assert said.err == ""


@pytest.mark.parametrize(("status", "code"), [("answered", 0), ("cannot", 0), ("failed", 1)])
def test_the_exit_code_says_how_it_ended(
    status: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fake, "plays", events(status))
    assert main(["ask", "q", "a.png"]) == code


def test_options_reach_the_agent() -> None:
    main(["ask", "what?", "a.png", "b.png", "--box", "1,2,30,40", "--box", "5,6,7,8", "--point",
          "-9,10", "--profile", "embedded", "--session", "tea", "--allow-urls",
          "--max-seconds", "7", "--out", "runs"])  # fmt: skip
    settings, question, images, boxes, points = Fake.asked[0]
    assert (question, images) == ("what?", ["a.png", "b.png"])
    assert boxes == [(1, 2, 30, 40), (5, 6, 7, 8)]
    assert points == [(9, 10, False)]
    assert (settings.profile, settings.session, settings.allow_urls) == ("embedded", "tea", True)
    assert (settings.max_seconds, settings.out) == (7, Path("runs"))


def test_a_question_may_come_without_a_picture() -> None:
    assert main(["ask", "draw a lighthouse"]) == 0
    assert Fake.asked[0][1:] == ("draw a lighthouse", [], None, None)


def test_a_folder_reaches_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    class Among(Fake):
        def astream(self, *words: Any, folder: Any = None, **more: Any) -> Any:
            given.append(folder)
            return super().astream(*words, **more)

    monkeypatch.setattr(agent.run, "Agent", Among)
    assert main(["ask", "which are like this?", "a.png", "--folder", "album"]) == 0
    assert main(["ask", "what is this?", "a.png"]) == 0
    assert given == [Path("album"), None]


def test_pickles_are_trusted_only_where_that_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWED, "")
    main(["ask", "q", "a.png"])
    assert not os.environ[ALLOWED]
    main(["ask", "q", "a.png", "--allow-pickle"])
    assert os.environ[ALLOWED]


def test_weights_of_pickles_are_fetched_where_that_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def fetch(spec: Any, **more: Any) -> list[Path]:
        seen.append(os.environ[ALLOWED])
        return []

    monkeypatch.setenv(ALLOWED, "")
    monkeypatch.setattr("tools.pull.pull", fetch)
    assert main(["models", "pull", "yolo11n"]) == 0
    assert main(["models", "pull", "yolo11n", "--allow-pickle"]) == 0
    assert seen == ["", "1"]
    assert "runs whatever code its maker" in " ".join(
        run("models", "pull", "--help").stdout.split()
    )


LLM_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OCELLI_MODEL")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No language model is set in the environment."""
    for name in LLM_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_what_is_typed_goes_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(LLM_VARIABLES, ("http://env/v1", "sk-env", "env-model"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OCELLI_SEES", "no")
    main(["ask", "q", "a.png"])
    main(["ask", "q", "a.png", "--sees", "yes", "--model", "big,small", "--max-cost", "0.5", "--price", "2,8",
          "--consent", "refuse"])  # fmt: skip
    main(["ask", "q", "a.png", "--base-url", "http://typed/v1", "--planner", "react"])
    plain, typed, moved = (asked[0] for asked in Fake.asked)
    assert (plain.llm.model, plain.llm.base_url) == ("env-model", "http://env/v1")
    assert (typed.llm.model, typed.llm.base_url) == ("big,small", "http://env/v1")
    assert (typed.llm.max_cost, typed.llm.price_in, typed.llm.price_out) == (0.5, 2, 8)
    assert typed.consent == "refuse"
    assert (plain.llm.sees, typed.llm.sees) == ("no", "yes")
    assert (moved.llm.model, moved.llm.base_url) == ("env-model", "http://typed/v1")
    assert moved.planner == "react"
    assert all(s.llm.api_key.get_secret_value() == "sk-env" for s in (plain, typed, moved))


def test_no_flag_takes_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "q", "a.png", "--api-key", "sk-typed"]) == 2
    assert "sk-typed" not in one_line(capsys.readouterr().err)
    assert "OPENAI_API_KEY" in run("ask", "--help").stdout


def test_parse_price() -> None:
    assert parse_price("0.15,0.6") == (0.15, 0.6)
    assert settings_of(price="0,1").llm.price_out == 1


def test_parse_box_and_point() -> None:
    assert parse_box("0,0,1.5,2") == (0, 0, 1.5, 2)
    assert parse_point("0,7") == (0, 7, True)
    assert parse_point("-0,7") == (0, 7, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask"], "question"),
        (["assk"], "assk"),
        (["ask", "q", "a", "--bx", "1"], "--bx"),
        (["ask", "q", "a", "--box", "1,2,3"], "--box wants x1,y1,x2,y2"),
        (["ask", "q", "a", "--box", "5,5,5,9"], "is empty"),
        (["ask", "q", "a", "--box", "nan,0,1,1"], "--box wants"),
        (["ask", "q", "a", "--point", "1"], "--point wants x,y"),
        (["ask", "q", "a", "--route", "scenic"], "--route 'scenic'"),
        (["ask", "q", "a", "--max-steps", "999"], "--max-steps 999"),
        (["ask", "q", "a", "--consent", "perhaps"], "--consent 'perhaps'"),
        (["ask", "q", "a", "--base-url", "http://h/v1"], "add --model NAME"),
        (["ask", "q", "a", "--max-cost", "1"], "--max-cost wants --price"),
        (["ask", "q", "a", "--max-cost", "1", "--price", "0,0"], "--max-cost wants --price"),
        (["ask", "q", "a", "--max-cost", "-1"], "--max-cost"),
        (["ask", "q", "a", "--sees", "perhaps"], "--sees 'perhaps'"),
        (["ask", "q", "a", "--price", "cheap"], "--price wants IN,OUT"),
        (["eval", "starter", "--route", "scenic"], "--route 'scenic'"),
        (["app", "--route", "scenic"], "--route 'scenic'"),
        (["tools", "--graph", "x.png"], "must end in .svg"),
        (["tools", "--profile", "huge\x1b[31m"], "there is no profile"),
        (["eval", "no-such-thing"], "there is no benchmark or task file 'no-such-thing'"),
        (["eval", "missing.jsonl"], "cannot read task file"),
        (["eval", "starter", "--workers", "0"], "--workers"),
        (["replay", "missing.jsonl"], "missing.jsonl"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, bare: None,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    caught = capsys.readouterr()
    assert said in one_line(caught.err)
    assert "\x1b" not in caught.err
    assert caught.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (InputError("a.png is no picture", hint="Give a picture"), 2, "a.png is no picture. Give"),
        (ConfigError("no profile"), 2, "no profile"),
        (ZeroDivisionError("boom\nboom"), 1, "ZeroDivisionError: boom"),
    ],
)
def test_a_fault_is_one_line(
    fault: Exception, code: int, said: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(Fake, "plays", [*events()[:1], fault])
    assert main(["ask", "q", "a.png", "--json"]) == code
    caught = capsys.readouterr()
    assert said in one_line(caught.err)
    if not isinstance(fault, ZeroDivisionError):
        found = json.loads(caught.out)
        assert found["status"] == "failed"
        assert found["answer"] in caught.err


@pytest.mark.parametrize("words", [["--debug", "ask", "q", "a"], ["ask", "q", "a", "--debug"]])
def test_debug_lets_the_traceback_through(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fake, "plays", [ZeroDivisionError("boom")])
    with pytest.raises(ZeroDivisionError):
        main(words)


def test_a_question_may_be_the_word_debug() -> None:
    assert main(["ask", "--", "--debug", "a.png"]) == 0
    assert Fake.asked[0][1] == "--debug"


class Pressed(Fake):
    """Ctrl+C comes while the agent works."""

    async def astream(self, question: str, images: Any = (), **given: Any) -> AsyncIterator[Event]:
        import asyncio

        yield events()[0]
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)


def test_a_stop_is_one_line_and_code_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent.run, "Agent", Pressed)
    assert main(["ask", "q", "a.png"]) == 130
    assert one_line(capsys.readouterr().err) == "stopped\n"


def test_a_stop_before_anything_runs_is_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(settings: Settings, consent: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(agent.run, "Agent", stop)
    assert main(["ask", "q", "a.png"]) == 130
    assert capsys.readouterr().err.split() == ["stopped"]


def test_lists_are_tables_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools"]) == 0
    assert "read_text" in capsys.readouterr().out
    for words in (["tools", "--json"], ["models", "--json"]):
        assert main(words) == 0
        rows = json.loads(capsys.readouterr().out)
        assert {"name", "ready"} <= rows[0].keys()
    assert main(["models"]) == 0
    assert "Apache-2.0" in capsys.readouterr().out


def test_the_graph_is_a_picture(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    assert main(["tools", "--graph", str(tmp_path / "g.svg")]) == 0
    assert ElementTree.parse(tmp_path / "g.svg").getroot().tag.endswith("svg")


def test_the_graph_draws_what_is_not_ready_as_such(tmp_path: Path) -> None:
    profile = tmp_path / "none.toml"
    profile.write_text("budget_mb = 10\n[models]\ndetect = []\n")
    dashed = []
    for name in ("embedded", str(profile)):
        assert main(["tools", "--graph", str(tmp_path / "g.svg"), "--profile", name]) == 0
        dashed.append((tmp_path / "g.svg").read_text().count("stroke-dasharray"))
    assert dashed[0] < dashed[1]


def test_doctor_says_what_is_ready_and_what_mends_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "rapidocr" in out
    assert "read_text" in out
    monkeypatch.setattr(
        "importlib.metadata.requires", lambda name: ["no-such-package>=3", "x ; extra == 'app'"]
    )
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "pip install 'no-such-package" in out


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code of the doctor, what it says of planning, and all it says."""
    code = main(["doctor", *words])
    out = capsys.readouterr().out
    topics = ("planner", "language model")
    return code, "\n".join(line for line in out.splitlines() if line.startswith(topics)), out


def test_doctor_without_a_language_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, bare: None
) -> None:
    code, said, _ = told(capsys)
    assert code == 0
    assert "offline, asks no language model" in said
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert "no model; set OCELLI_MODEL" in told(capsys)[1]
    code, said, _ = told(capsys, "--planner", "react")
    assert code == 1
    assert "no language model is named. Set OCELLI_MODEL" in said


def test_doctor_says_which_language_model_would_be_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, llm_server: Server,
    bare: None,
) -> None:  # fmt: skip
    llm_server.models, llm_server.key = ("tiny-vl", "plain:latest"), "sk-secret-of-mine"
    url = llm_server.url.replace("//", "//user:hidden@") + "?api-version=hush"
    code, said, _ = told(capsys, "--model", "tiny-vl,plain", "--base-url", url)
    assert code == 0
    assert "tools, asks a language model" in said
    assert f"is sent pictures; at {llm_server.url}, no key" in said
    assert (
        f"is sent no pictures (OCELLI_SEES=yes if it takes them); at {llm_server.url}, no key"
        in said
    )
    monkeypatch.setenv("OPENAI_API_KEY", llm_server.key)
    code, said, whole = told(capsys, "--model", "tiny-vl", "--base-url", url)
    assert f"at {llm_server.url}, key set" in said
    assert "answers, and has 2 models" in said
    assert not any(secret in whole for secret in (llm_server.key, "hidden", "hush"))
    assert not llm_server.seen, "nothing that costs was asked"
    code, said, _ = told(capsys, "--model", "huge", "--base-url", llm_server.url)
    assert code == 0
    assert "has no huge. Set OCELLI_MODEL to one of: tiny-vl, plain:latest" in said


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (error(401, "who are you?"), "Set OPENAI_API_KEY to a key that this server knows"),
        (error(404, "nothing here"), "answers, but does not say which models it has"),
        (Fault("silence", lambda wire: wire.hang()), "does not answer within 0.2 s"),
    ],
)
def test_doctor_with_a_server_that_is_in_trouble(
    fault: Fault, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    llm_server: Server, bare: None,
) -> None:  # fmt: skip
    monkeypatch.setattr("agent.doctor.SERVER_SECONDS", 0.2 if fault.name == "silence" else 20)
    monkeypatch.setattr("llm_server._Handler.do_GET", lambda self: fault.act(Wire(self)))
    code, found, _ = told(capsys, "--model", "m", "--base-url", llm_server.url)
    assert code == 0
    assert said in found


def test_doctor_with_a_server_that_is_not_there(
    capsys: pytest.CaptureFixture[str], bare: None
) -> None:
    code, said, _ = told(capsys, "--model", "m", "--base-url", "http://127.0.0.1:9/v1")
    assert code == 0
    assert "cannot be reached" in said
    assert "OPENAI_BASE_URL" in said


def test_the_app_without_gradio_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert main(["app"]) == 2
    assert "pip install 'ocelli[app]'" in one_line(capsys.readouterr().err)


def test_the_app_is_started_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, int, str]] = []
    module = ModuleType("app")
    module.main = lambda host, port, settings: started.append(  # type: ignore[attr-defined]
        (host, port, settings.llm.model)
    )
    monkeypatch.setitem(sys.modules, "app", module)
    monkeypatch.setitem(sys.modules, "gradio", ModuleType("gradio"))
    assert main(["app", "--port", "7999", "--model", "m"]) == 0
    assert started == [("127.0.0.1", 7999, "m")]


def run(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False, **more,
    )  # fmt: skip


def test_help_names_every_command_with_an_example_each() -> None:
    said = run("--help").stdout
    assert run().stdout == said
    for name in ("ask", "tools", "models", "doctor", "replay", "eval", "app"):
        assert name in said
        assert "Example: ocelli " in run(name, "--help").stdout


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['ocelli', '--help']\nfrom agent.cli import main\nmain()\n"
        "heavy = {'numpy', 'pydantic', 'cv2', 'langgraph', 'rapidocr', 'gradio', 'PIL', 'rich'}\n"
        "print(sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert made.stderr == "[]\n"


def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    made = subprocess.run(
        [sys.executable, "-m", "agent", "tools", "--json"], cwd=ROOT, stdout=writer,
        stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writer)
    assert made.stderr == ""
    assert made.returncode == 1
