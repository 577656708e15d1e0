"""The app without a browser: events to messages, harmless Markdown, and probes of the door."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from app_server import API, HASH, PlayedAgent, Served, canary, serving, sign
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agent import events as ev
from agent.chat import Turn
from agent.chat_markdown import answer_markdown
from agent.markdown import clean, escape_line, escape_markdown
from agent.marks import Marks
from agent.protocol import Call, Usage
from agent.visit import Visit
from agent.visitors import Visitors
from tools.errors import ConfigError
from tools.types import Image

HOSTILE = (
    "![x](http://evil.invalid/?d=1) [y](http://evil.invalid) <http://evil.invalid>",
    "http://evil.invalid www.evil.invalid mail@evil.invalid ftp://evil.invalid",
    '<img src="http://evil.invalid/x.png" onerror="alert(1)"><svg onload=alert(1)>',
    '<form action="http://evil.invalid"><input name=a></form><meta http-equiv=refresh>',
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;",
    "# heading\n## two\nsetext\n===\n---\n> quote\n- list\n+ list\n1. one\n2) two\n    code",
    "```html\n<b>\n```\n~~~\nx\n~~~ `code` **b** __b__ *i* _i_ ~~s~~ $$x$$ \\(y\\)",
    "| a | b |\n|---|---|\n| 1 | 2 |\n[ref]: http://evil.invalid\n[ref] [^1]\n\n[^1]: note",
    "\t# tabbed\n \t- x\r\n# after return",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("app")
    with serving(PlayedAgent(folder), folder / "private", max_file_mb=1) as running:
        yield running


def rendered(markdown: str) -> str:
    parser = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(
        ["table", "strikethrough"]
    )
    return parser.render(markdown)


def plain(text: str) -> list[str]:
    return text.replace("\xa0", " ").split()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_shows_itself_and_nothing_else(text: str) -> None:
    page = rendered(escape_markdown(text))
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "br"}
    assert plain(html.unescape(re.sub(r"<[^>]+>", " ", page))) == plain(clean(text))


@given(st.text(alphabet=st.sampled_from("ab1 \n\t#*_-+=<>[]()!`~|\\&;:./@$^{}\"'w0")))
def test_any_text_shows_itself_and_nothing_else(text: str) -> None:
    page = rendered(escape_markdown(text))
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "br"}
    shown = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert "".join(plain(shown)) == "".join(plain(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_addresses_cannot_link_themselves(text: str) -> None:
    assert not re.search(r"https?://|ftp://|www\.|\w@\w", escape_markdown(text), re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[31m", "a\ufffdb\ufffd[31m"),  # control characters
        ("a\u202eb\u2066c", "abc"),  # writing direction
        ("a\ud800b", "a\ufffdb"),  # half of a surrogate pair cannot be sent
        ("a\r\n\tb", "a \n b"),  # white space stays white space
        ("👩‍🚀 é ہ", "👩‍🚀 é ہ"),  # other scripts and joined emoji are kept
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_text_is_cut() -> None:
    assert len(clean("x" * 99_999)) < 5_000
    assert "\n" not in escape_line("a\nb\r\nc")


def test_cites_are_set_apart_and_nothing_else_is() -> None:
    text = answer_markdown("Three [#1 #2 #5], see [table1]; not [x](y) or [`#1`].")
    assert text.startswith("Three `#1 #2 #5`, see `table1`; not &#91;x&#93;(y)")
    assert text.count("`") == 4


def test_commands_are_shown_as_code_and_no_markup_hides_in_them() -> None:
    assert answer_markdown("Run `ocelli models --pull all`.") == "Run `ocelli models --pull all`."
    for hidden in ("`<b>x</b>`", "``x``", "```\nx\n```", "`x\ny`", "`a`b`", "` x`", "`[x](y)`"):
        assert "`" not in answer_markdown(hidden)


def test_a_run_becomes_nested_messages(tmp_path: Path) -> None:
    agent = PlayedAgent(tmp_path)
    turn = Turn("t1", publish=lambda path: f"/published/{Path(path).name}")
    turn.ask("What does it say?", [str(sign(tmp_path))])
    for event in agent.events("q", []):
        turn.add(event)
    titled = {m["metadata"]["title"]: m for m in turn.messages if "metadata" in m}
    step = titled["Step 1 · read text, detect"]["metadata"]
    call = titled["read text → text1 &#35;1"]["metadata"]
    assert call["parent_id"] == step["id"]
    assert (call["status"], call["duration"]) == ("done", 0.25)
    assert titled["detect · did not work"]["metadata"]["parent_id"] == step["id"]
    assert "Evidence · 1 thing" in titled
    assert not turn.running
    pictures = [m["content"]["path"] for m in turn.messages if isinstance(m["content"], dict)]
    assert pictures[1:] == ["/published/edit.png", "/published/overlay.png"]
    assert turn.report == "/published/report.html"
    ids = [m["metadata"]["id"] for m in turn.messages if "metadata" in m]
    assert len(ids) == len(set(ids))


def test_every_kind_of_event_is_taken_in() -> None:
    turn = Turn("t1")
    turn.add(ev.Repaired(step=1, call="a", note="image filled with img1"))
    turn.add(ev.SentBack(step=1, problem="no such tool"))
    turn.add(ev.LimitHit(step=2, limit="max_steps"))
    turn.add(ev.CallProgress(step=2, call="z", message="half", share=0.5))
    text = " ".join(str(m["content"]) for m in turn.messages)
    for said in ("image filled with img1", "no such tool", "max&#95;steps"):
        assert said in text
    assert turn.messages[-1]["metadata"]["log"] == "50% half"


def test_thoughts_are_shown_as_they_come_and_what_went_wrong_beside_them() -> None:
    turn = Turn("t1")
    turn.add(ev.Routed(step=1, route="direct", why="it asks for an opinion"))
    turn.add(ev.Thinking(step=1, text="First I"))
    turn.add(ev.Thinking(step=1, text="First I look at *img1*"))
    [step] = turn.messages
    assert step["metadata"]["title"] == "Step 1 · thinking"
    assert (
        step["content"] == "First I look at &#42;img1&#42;\n\nRoute: direct, it asks for an opinion"
    )
    usage = Usage(llm_calls=1, retries=("'m' at h: it answers 503; asked again after 1 s",))
    call = Call(id="1", tool="read_text", args={})
    turn.add(ev.PlanMade(step=1, thought="I look.", calls=(call,), planner="tools", seconds=1,
                         usage=usage))  # fmt: skip
    assert turn.messages[0]["metadata"]["title"] == "Step 1 · read text"
    assert turn.messages[0]["content"].startswith("I look.\n\nRoute")
    assert "503" in turn.messages[0]["content"]
    assert turn.running
    turn.add(ev.Thinking(step=2, text="It says"))
    assert turn.messages[0]["metadata"]["status"] == "done"
    assert turn.messages[-1]["metadata"]["status"] == "pending"
    turn.add(ev.FellBack(step=2, given_up="tools", taken="direct", why="the server is gone"))
    total = Usage(llm_calls=2, tokens_in=12345, tokens_out=67, cost=0.01234,
                  retries=(*usage.retries, "'m' at h: it answers 502; asked again after 2 s"))  # fmt: skip
    turn.add(ev.AnswerGiven(step=2, text="STOP", status="answered", steps=2, usage=total))
    assert not turn.running
    last = next(
        m for m in turn.messages if m.get("metadata", {}).get("title") == "Step 2 · answers"
    )
    for said in ("tools given up for direct: the server is gone", "502"):
        assert said in last["content"]
    assert "503" not in last["content"]
    assert turn.messages[-1]["content"] == (
        "_2 steps · 2 LLM calls · 12,345 tokens in, 67 out · cost 0.0123 · 0.0 s_"
    )


def test_a_route_that_is_taken_anyway_is_not_told() -> None:
    turn = Turn("t1")
    turn.add(ev.Routed(step=1, route="chain", why="no multimodal model is ready"))
    assert turn.messages == []


def test_notes_of_the_pictures_are_told() -> None:
    ref = ev.ImageRef(handle="img1", sha256=HASH, width=1, height=1, note="first of 12 frames")
    turn = Turn("t1")
    turn.add(ev.RunStarted(run="r", session="s", question="q", images=(ref,)))
    assert "first of 12 frames" in turn.messages[-1]["content"]


def test_stopping_and_failing_leave_no_spinner() -> None:
    for end in (Turn.stop, lambda turn: turn.fail("disk full. Free some space")):
        turn = Turn("t1")
        turn.add(ev.CallStarted(step=1, call=Call(id="a", tool="detect")))
        assert turn.running
        end(turn)
        assert not turn.running
        assert {m["metadata"]["status"] for m in turn.messages if "metadata" in m} == {"done"}
    assert turn.messages[-1]["content"] == "⚠️ disk full. Free some space"


def test_marks_are_said_in_root_pixels(tmp_path: Path) -> None:
    import numpy as np

    marks = Marks.on(Image.as_root(np.zeros((1600, 3200, 3), np.uint8)))
    assert marks.picture.size == (1600, 800)
    marks.click(10, 20, "Point")
    marks.click(5000, 5000, "Point")
    marks.click(100, 100, "Box")
    assert marks.words().endswith("a box from (200, 200) to the next click")
    marks.click(50, 40, "Box")
    marks.click(7, 7, "Box")
    marks.click(7, 7, "Box")
    assert marks.points == [[20.0, 40.0], [3199.0, 1599.0]]
    assert marks.boxes == [[100.0, 80.0, 200.0, 200.0]]
    assert marks.words().endswith("box (100, 80, 200, 200)")
    assert Path(marks.draw(tmp_path, "m.png")).stat().st_size > 0
    marks.clear()
    assert marks.words() == ""


def test_a_file_goes_when_its_last_owner_lets_go(tmp_path: Path) -> None:
    visitors = Visitors(tmp_path)
    path = visitors.folder / "x.png"
    path.write_bytes(b"x")
    first, second = visitors.greet(), visitors.greet()
    visitors.give(first, str(path))
    visitors.give(second, str(path))
    visitors.discard(first, [str(path)])
    assert path.exists()
    assert not visitors.owns(first, str(path))
    visitors.forget(second)
    assert not path.exists()


def test_a_new_conversation_forgets_the_old_one(tmp_path: Path) -> None:
    import app

    agent = PlayedAgent(tmp_path)
    visitors = Visitors(tmp_path / "private")
    request: Any = SimpleNamespace(request=None)

    async def main() -> Visit:
        page = app.Page(agent, visitors)
        page.start_over(page.open(request), request)
        assert agent.forgotten == []  # nothing was asked in it
        visit = page.open(request)
        async for _ in visit.ask(agent, "What does it say?", [str(sign(tmp_path))]):
            pass
        page.start_over(visit, request)
        return visit

    visit = asyncio.run(main())
    assert agent.forgotten == [visit.id] == [agent.asked[0][2]["session"]]
    assert not visit.room.exists()


def test_the_files_go_even_where_forgetting_fails(tmp_path: Path) -> None:
    class Broken(PlayedAgent):
        def forget(self, session: str) -> None:
            raise ConfigError("the conversations are damaged")

    visit = Visit.of(Visitors(tmp_path), "")
    visit.turns.append(Turn("t1"))
    visit.close(Broken(tmp_path))
    assert not visit.room.exists()


def test_nothing_outside_the_private_folder_is_deleted(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.png").write_bytes(b"x")
    visitors = Visitors(tmp_path / "private")
    visitors.discard(visitors.greet(), [str(outside / "x.png")], [outside, visitors.root])
    assert (outside / "x.png").exists()
    assert visitors.folder.exists()


def test_the_page_comes_with_cookie_and_headers(served: Served) -> None:
    page = served.ask("GET", "/")
    assert page.status == 200
    assert "HttpOnly; SameSite=Strict" in (page.getheader("set-cookie") or "")
    policy = page.getheader("content-security-policy") or ""
    assert "img-src 'self' data: blob:" in policy
    assert "frame-ancestors 'none'" in policy
    scripts = policy.partition("script-src")[2].partition(";")[0]
    assert "'unsafe" not in scripts
    assert page.getheader("x-content-type-options") == "nosniff"
    assert page.getheader("referrer-policy") == "no-referrer"
    config = served.ask("GET", "/config", cookie=served.visit())
    assert json.loads(config.text)["run_history"] is False  # type: ignore[attr-defined]


def test_a_picture_is_for_its_visitor_alone(served: Served) -> None:
    mine, yours = served.visit(), served.visit()
    assert mine != yours
    (path,) = json.loads(served.upload(mine, b"\x89PNG mine").text)  # type: ignore[attr-defined]
    assert served.ask("GET", f"{API}/file={path}", cookie=mine).status == 200
    assert served.ask("GET", f"{API}/file={path}", cookie=yours).status == 403
    assert served.ask("GET", f"{API}/file={path}").status == 403
    named = [{"text": "q", "files": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}, None]
    assert served.join(yours, "page-of-yours", named).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "pyproject.toml",
        "app.py",
        f"{Path(__file__)}",
        "../../../../etc/passwd",
        "/tmp/../etc/passwd",
        "%2Fetc%2Fpasswd",
        "file:///etc/passwd",
        "",
    ],
)
def test_other_files_are_refused(served: Served, path: str) -> None:
    answer = served.ask("GET", f"{API}/file={path}", cookie=served.visit())
    assert answer.status == 403
    assert "Traceback" not in answer.text  # type: ignore[attr-defined]
    assert served.ask("GET", f"{API}/file/{path}", cookie=served.visit()).status == 404


def test_the_server_calls_no_address(served: Served) -> None:
    cookie = served.visit()
    with canary() as (url, callers):
        for route in (f"{API}/file={url}", f"{API}/proxy={url}", f"{API}/file/{url}"):
            assert served.ask("GET", route, cookie=cookie).status in (403, 404)
        meta = {"_type": "gradio.FileData"}
        (own,) = json.loads(served.upload(cookie, b"\x89PNG").text)  # type: ignore[attr-defined]
        for file in ({"path": url, "meta": meta}, {"path": own, "url": url, "meta": meta}):
            answer = served.join(cookie, "page-1", [{"text": "q", "files": [file]}, None])
            assert answer.status == 403
        assert callers == []


@pytest.mark.parametrize(
    "route",
    [
        "/docs", "/openapi.json", "/monitoring", "/login_check", "/gradio_api/info",
        "/gradio_api/openapi.json", "/gradio_api/vibe-code", "/gradio_api/runs",
        "/gradio_api/stream/a/b/c/playlist.m3u8", "/gradio_api/deep_link", "/manifest.json/x",
    ],
)  # fmt: skip
def test_routes_the_page_does_not_use_are_not_there(served: Served, route: str) -> None:
    assert served.ask("GET", route, cookie=served.visit()).status == 404


@pytest.mark.parametrize("route", ["component_server", "run/ask", "api/ask", "call/ask", "login"])
def test_the_programming_interface_is_not_there(served: Served, route: str) -> None:
    answer = served.ask(
        "POST", f"{API}/{route}", "{}", cookie=served.visit(), content_type="application/json"
    )
    assert answer.status == 404


@pytest.mark.parametrize("host", ["evil.invalid", "evil.invalid:7860", "169.254.169.254", "[", ""])
def test_foreign_hosts_are_refused(served: Served, host: str) -> None:
    assert served.ask("GET", "/", host=host).status in (400, 421)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:7860", "LOCALHOST"])
def test_local_names_are_answered(served: Served, host: str) -> None:
    assert served.ask("GET", "/", host=host).status == 200


@pytest.mark.parametrize("origin", ["http://evil.invalid", "null", "http://localhost:3000"])
def test_foreign_origins_are_refused(served: Served, origin: str) -> None:
    answer = served.ask("GET", "/", origin=origin)
    assert answer.status == 403
    assert answer.getheader("access-control-allow-origin") is None


def test_too_much_is_refused(served: Served) -> None:
    cookie = served.visit()
    assert served.upload(cookie, bytes(1_200_000)).status == 413
    connection_length = str(17 * 2**20)
    answer = served.ask("POST", f"{API}/upload", cookie=cookie, content_length=connection_length)
    assert answer.status == 413
    answer = served.ask("POST", f"{API}/queue/join", cookie=cookie, content_length="1000001")
    assert answer.status == 413
    answer = served.ask("POST", f"{API}/queue/join", cookie=cookie, transfer_encoding="chunked")
    assert answer.status == 411


@pytest.mark.parametrize("body", ["", "no", "[]", "{}", "[" * 100_000, '{"session_hash": 5}'])
def test_broken_bodies_are_refused(served: Served, body: str) -> None:
    answer = served.ask("POST", f"{API}/queue/join", body, cookie=served.visit())
    assert answer.status == 400


def test_a_page_is_for_its_visitor_alone(served: Served) -> None:
    mine, yours = served.visit(), served.visit()
    meant = {"queue/data?session_hash=secret-page", "heartbeat/secret-page"}
    assert served.join(mine, "secret-page", [{"text": "", "files": []}, None]).status != 403
    assert served.join(yours, "secret-page", [{"text": "", "files": []}, None]).status == 403
    for route in meant:
        assert served.ask("GET", f"{API}/{route}", cookie=yours).status == 403


def test_without_a_cookie_there_is_only_the_page(served: Served) -> None:
    assert served.ask("GET", "/config").status == 403
    assert served.upload("", b"x").status == 403
    assert served.upload("ocelli_x=guess", b"x").status == 403


def test_undo_is_a_turn_of_the_page(tmp_path: Path) -> None:
    from PIL import Image as PilImage

    from agent.planners.scripted import ScriptedPlanner
    from agent.protocol import Finish, Plan
    from agent.run import Agent
    from agent.settings import Settings

    async def drain(steps: Any) -> None:
        async for _ in steps:
            pass

    photo = tmp_path / "a.png"
    PilImage.new("RGB", (40, 30), "red").save(photo)
    turned = {"image": "img1", "operation": "rotate", "amount": 90}
    planner = ScriptedPlanner(
        [Plan(calls=(Call(id="a", tool="adjust", args=turned),)),
         Finish(text="Done [img2].", images=("img2",))]
    )  # fmt: skip
    settings = Settings(home=tmp_path / "home", out=tmp_path / "runs")
    visit = Visit.of(Visitors(tmp_path / "app"), "")
    with Agent(settings, planner=planner) as agent:
        asyncio.run(drain(visit.move(agent, "undo")))
        assert "no picture yet" in str(visit.messages)
        asyncio.run(drain(visit.ask(agent, "turn it", [str(photo)])))
        asyncio.run(drain(visit.move(agent, "undo")))
    assert visit.turns[-1].answer is not None
    assert visit.turns[-1].answer.text == "The picture [img1] stands again."
    with PilImage.open(visit.turns[-1].pictures[0]) as shown:
        assert shown.size == (40, 30)


@pytest.mark.parametrize(
    ("turns", "moves"),
    [
        ("", (False, False)),
        ("ask", (False, False)),
        ("edit", (True, False)),
        ("edit undo", (False, True)),
        ("edit undo redo", (True, False)),
        ("edit more undo", (True, True)),
        ("edit undo more", (True, False)),
        ("edit undo-cannot", (False, False)),
        ("edit more back", (True, True)),
        ("edit more back redo-cannot", (True, False)),
        ("edit undo edit", (True, False)),
        ("edit ask-new", (False, False)),
        ("edit ask", (True, False)),
        ("edit stopped", (True, False)),
    ],
)
def test_undo_and_redo_are_offered_where_there_is_something_to_move(
    tmp_path: Path, turns: str, moves: tuple[bool, bool]
) -> None:
    visit = Visit.of(Visitors(tmp_path), "")
    for kind in turns.split():
        what, _, more = kind.partition("-")
        turn = Turn(kind, moved=what if what in ("undo", "redo") else "")
        given = ["a.png"] if what == "edit" or more == "new" else []
        turn.ask("Go back to the original" if what == "back" else "Blur it", given)
        turn.pictures = ["b.png"] if what in ("edit", "more", "back") else []
        if what != "stopped":
            status = "cannot" if more == "cannot" else "answered"
            turn.answer = ev.AnswerGiven(text="", status=status)
        visit.turns.append(turn)
    assert visit.can_move() == moves


def test_a_button_reaches_the_open_question_whatever_was_asked_after_it(tmp_path: Path) -> None:
    said: list[tuple[str, bool]] = []

    class Settles:
        def settle(self, id: str, allowed: bool) -> bool:
            said.append((id, allowed))
            return True

    visit = Visit.of(Visitors(tmp_path), "")
    asking, later = Turn("t1"), Turn("t2")
    call = Call(id="2", tool="redact", args={"region": "$1"})
    asking.add(ev.ConsentAsked(step=1, id="x", calls=(call,), why="it changes a picture"))
    visit.turns += [asking, later]
    visit.settle(Settles(), "allow")  # type: ignore[arg-type]
    assert said == [("x", True)]
    visit.stop()
    assert asking.over
    assert later.over
    visit.settle(Settles(), "allow")  # type: ignore[arg-type]
    assert len(said) == 1
