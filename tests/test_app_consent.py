"""The app in a real browser while a language model plans: consent, thoughts, undo, films.

The model is the scripted server, the agent and its experts are real. Skipped where no Chromium is
installed.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_pages import NONE, PATH, PATIENCE_MS, Visit, browsing
from app_server import Served, serving, sign
from llm_server import Fault, Reply, Server, Wire, chat_usage, chunk
from llm_server import serving as talking
from playwright.sync_api import Browser, Locator, expect
from pydantic import SecretStr

from agent import Agent, Settings
from agent.consent import Desk
from agent.settings import LLM

pytestmark = [
    pytest.mark.skipif(PATH is None, reason=NONE),
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),  # Gradio over pandas 3
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),  # the same
]
READ = ("read_text", {"image": "img1"})
WANTS = Reply("I read it, then I hide it.", [READ, ("redact", {"image": "img1", "region": "$1"})])
SAYS = Reply(calls=[("answer", {"text": 'The sign reads "HARBOUR" [#1].'})])
SHOWS = Reply(
    calls=[("answer", {"text": 'It reads "HARBOUR" [#1], here hidden [img2].', "images": ["img2"]})]
)
QUESTION = "What does the sign say?"


@dataclass
class Place:
    """The app, and the server of its language model."""

    served: Served
    llm: Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as running:
        yield running


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("planned")
    with talking() as server:
        llm = LLM(
            base_url=server.url, api_key=SecretStr("k"), model="first,second", sees="yes",
            price_in=1, price_out=4,
        )  # fmt: skip
        settings = Settings(home=folder / "home", out=folder / "runs", profile="embedded", llm=llm)
        with Agent(settings, consent=Desk()) as agent, serving(agent, folder) as running:
            yield Place(running, server)


def asking(browser: Browser, place: Place, path: Path, *script: Any, **options: Any) -> Visit:
    """A page with a picture where the question was just put, and what the model will say."""
    visit = Visit(browser, place.served, **options)
    visit.add(path)
    place.llm.script = list(script)
    visit.ask(QUESTION)
    return visit


def button(visit: Visit, name: str) -> Locator:
    return visit.page.get_by_role("button", name=name, exact=True)


def in_two(first: str, rest: str, go: threading.Event) -> Fault:
    """A streamed reply that says `first`, and the rest with its call when it may `go` on."""

    def act(wire: Wire) -> None:
        wire.head()
        wire.event(chunk({"role": "assistant", "content": first}))
        assert go.wait(PATIENCE_MS / 1000)
        name, args = READ
        called = {"name": name, "arguments": json.dumps(args)}
        wire.event(chunk({"content": rest}))
        call = {"index": 0, "id": "c", "type": "function", "function": called}
        wire.event(chunk({"tool_calls": [call]}))
        wire.event(chunk({}, "tool_calls"))
        wire.event({**chunk({}), "choices": [], "usage": chat_usage((1200, 30))})
        wire.send("data: [DONE]\n\n")

    return Fault("in two", act)


def test_no_refuses_and_the_answer_still_comes(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    visit = asking(browser, place, sign(tmp_path, "HARBOUR"), WANTS, SAYS)
    visit.wait("redact changes a picture, which your words do not ask for. May it run?")
    visit.wait("region: what read text finds")
    expect(visit.page.locator("#undo")).to_be_disabled()
    button(visit, "No").click()
    visit.wait("You said no: it does not run.")
    visit.wait("2 LLM calls")
    visit.wait('The sign reads "HARBOUR"')
    expect(button(visit, "Yes, do it")).to_have_count(0)
    expect(visit.page.locator("#chat [aria-busy=true]")).to_have_count(0)
    assert len(visit.pictures()) == 1, "the evidence, no edit"
    expect(visit.page.locator("#slider")).to_have_count(0)
    expect(visit.page.locator("#undo")).to_be_disabled()
    assert "the person said no" in place.llm.seen[-1].text
    assert visit.errors == []
    visit.close()


def test_yes_shows_the_edit_and_it_is_undone_and_redone(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    visit = asking(browser, place, sign(tmp_path, "HARBOUR"), WANTS, SHOWS)
    slider = visit.page.locator("#slider")
    button(visit, "Yes, do it").click()
    visit.wait("You said yes.")
    visit.wait("2 LLM calls")
    assert len(visit.pictures()) == 2, "the edit and the evidence"
    expect(slider).to_be_visible(timeout=PATIENCE_MS)
    expect(visit.page.locator("#redo")).to_be_disabled()
    visit.page.locator("#undo").click()
    visit.wait("The picture img1 stands again.")
    expect(slider).to_have_count(0)
    expect(visit.page.locator("#undo")).to_be_disabled()
    visit.page.locator("#redo").click()
    visit.wait("The picture img2 stands again.")
    expect(slider).to_be_visible()
    expect(visit.page.locator("#redo")).to_be_disabled()
    expect(visit.page.locator("#undo")).to_be_enabled()
    edit, _, undone, redone = picture_bytes(visit)
    assert (undone != edit, redone == edit) == (True, True)
    assert visit.errors == []
    visit.close()


def picture_bytes(visit: Visit) -> list[bytes]:
    """The pictures of the answers, as the page gets them."""
    visit.pictures()
    shown = visit.page.locator("#chat .bot-row img")
    sources = [shown.nth(n).get_attribute("src") or "" for n in range(shown.count())]
    return [visit.page.request.get(source).body() for source in sources]


def test_thoughts_come_live_then_a_fall_back_and_the_bill(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    go, bad = threading.Event(), Reply(calls=[("read_text", "{image: img1")])
    thinks = in_two("First somebody has to read the sign, ", "so I read it.", go)
    phone = {"viewport": {"width": 390, "height": 844}}
    visit = asking(
        browser, place, sign(tmp_path, "HARBOUR"), bad, bad, bad, thinks, SAYS, **phone
    )  # fmt: skip
    chat = visit.page.locator("#chat")
    visit.wait("Step 4 · thinking")
    visit.wait("First somebody has to read the sign,")
    expect(chat).not_to_contain_text("so I read it.")
    expect(button(visit, "New conversation")).to_be_enabled()
    go.set()
    visit.wait("5 LLM calls · 1,600 tokens in, 70 out · cost 0.0019")
    expect(chat).to_contain_text("Step 3 · sent back")
    chat.locator(".thought-group .title", has_text="Step 4").click()
    expect(chat).to_contain_text("language model given up for the next one")
    expect(chat).to_contain_text("so I read it.")
    expect(visit.page.locator("#chat [aria-busy=true]")).to_have_count(0)
    expect(visit.page.locator("#chat .scroll-down-button-container:visible")).to_have_count(0)
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    visit.close()


def test_a_film_is_asked_about(browser: Browser, place: Place, tmp_path: Path) -> None:
    visit = asking(browser, place, film(tmp_path), Reply("I read it.", [READ]), SAYS)
    visit.wait("2 LLM calls")
    expect(visit.page.locator("#chat .user-row")).to_contain_text("film.mp4")
    visit.wait("first frame of a film; all 6 frames")
    visit.wait('The sign reads "HARBOUR"')
    expect(visit.page.locator("#chat")).not_to_contain_text("Not borne out")
    assert visit.errors == []
    visit.close()


def film(folder: Path) -> Path:
    """The sign, moving a little to the right."""
    import cv2

    path, frame = folder / "film.mp4", cv2.imread(str(sign(folder, "HARBOUR")))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (640, 420))
    for number in range(6):
        writer.write(np.roll(frame, 2 * number, axis=1))
    writer.release()
    return path


def test_a_stop_closes_an_open_question(browser: Browser, place: Place, tmp_path: Path) -> None:
    visit = asking(browser, place, sign(tmp_path, "HARBOUR"), WANTS)
    expect(button(visit, "Yes, do it")).to_be_visible(timeout=PATIENCE_MS)
    visit.page.click("#ask .stop-button")
    visit.wait("Stopped.")
    expect(button(visit, "Yes, do it")).to_have_count(0)
    expect(visit.page.locator("#chat [aria-busy=true]")).to_have_count(0)
    place.llm.script = [Reply("I read it.", [READ]), SAYS]
    visit.ask("And what does it say?")
    visit.wait("2 LLM calls")
    visit.wait('The sign reads "HARBOUR"')
    expect(visit.page.locator("#chat")).not_to_contain_text(re.compile("You said|Nobody answered"))
    assert visit.errors == []
    visit.close()
