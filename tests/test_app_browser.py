"""The app in a real browser: a question with the real agent, stopping, strangers, hostile text.

Skipped where no Chromium is installed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_server import PlayedAgent, Served, canary, serving, sign
from playwright.sync_api import Browser, Page, expect, sync_playwright

from agent import Agent, Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATH = next((found for name in BROWSERS if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.skipif(PATH is None, reason=f"no browser: none of {', '.join(BROWSERS)}"),
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),  # Gradio over pandas 3
]
PATIENCE_MS = 60_000
"""Of a slow machine: the first question loads the models."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        running = playwright.chromium.launch(executable_path=PATH, args=flags)
        yield running
        running.close()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("real")
    settings = Settings(home=folder / "home", out=folder / "runs", profile="embedded")
    with Agent(settings) as agent, serving(agent, folder) as running:
        yield running


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("played")
    with serving(PlayedAgent(folder), folder / "private") as running:
        yield running


class Visit:
    """A page that is open, and what left it."""

    def __init__(self, browser: Browser, served: Served, **options: Any) -> None:
        self.page: Page = browser.new_context(**options).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("response", self._answered)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.url = served.url
        self.page.goto(served.url)
        self.box = self.page.get_by_label("Your question and pictures").or_(
            self.page.locator("#ask textarea")
        ).first  # fmt: skip
        expect(self.box).to_be_visible()

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.errors.append(f"{response.status} {response.url}")

    def elsewhere(self) -> list[str]:
        """Requests to another host."""
        ours = (f"{self.url}/", "data:", "blob:")
        return [url for url in self.requests if not url.startswith(ours)]

    def add(self, path: Path) -> None:
        """Add a picture, and wait until it can be pointed at."""
        self.page.set_input_files("#ask input[type=file]", str(path))
        expect(self.page.locator("#canvas img")).to_be_visible(timeout=PATIENCE_MS)

    def ask(self, question: str) -> None:
        self.box.fill(question)
        self.page.click("#ask .submit-button")

    def wait(self, text: str) -> None:
        expect(self.page.locator("#chat .bot-row").last).to_contain_text(text, timeout=PATIENCE_MS)

    def pictures(self) -> list[int]:
        """Natural widths of the loaded pictures of the answers."""
        shown = self.page.locator("#chat .bot-row img")
        for number in range(shown.count()):  # polling by a predicate would need eval in the page
            expect(shown.nth(number)).not_to_have_js_property(
                "naturalWidth", 0, timeout=PATIENCE_MS
            )
        return list(
            self.page.evaluate(
                "[...document.querySelectorAll('#chat .bot-row img')].map(i => i.naturalWidth)"
            )
        )

    def close(self) -> None:
        self.page.context.close()


def test_a_question_is_answered_with_its_evidence(
    browser: Browser, real: Served, tmp_path: Path
) -> None:
    visit = Visit(browser, real)
    page = visit.page
    visit.add(sign(tmp_path, "HARBOUR"))
    visit.ask("What does the sign say?")
    visit.wait("Evidence")
    visit.wait("HARBOUR")
    assert 640 in visit.pictures()
    step = page.locator("#chat .thought-group").first
    expect(step).not_to_contain_text("img1")
    step.locator(".title").first.click()
    step.locator(".title", has_text="read text →").click()
    expect(step).to_contain_text("img1")
    expect(page.locator("#gallery img").first).to_be_visible()
    with page.expect_download() as download:
        page.click("#report")
    assert download.value.suggested_filename.endswith("report.html")
    visit.ask("Blur the text")
    expect(page.locator("#slider img").first).to_be_visible(timeout=PATIENCE_MS)
    assert len(page.locator("#chat .user-row").all()) == 2
    expect(page.locator("#chat .bot-row").last.get_by_text("The new picture")).to_be_in_viewport()
    assert visit.elsewhere() == []
    assert visit.errors == []
    visit.close()


def test_a_run_is_stopped_and_another_asked(
    browser: Browser, played: Served, tmp_path: Path
) -> None:
    visit = Visit(browser, played)
    visit.add(sign(tmp_path))
    played.agent.pause = 60.0
    visit.ask("Read it slowly")
    visit.wait("Step 1")
    visit.page.click("#ask .stop-button")
    visit.wait("Stopped.")
    assert played.agent.ended[-1] == "cancelled"
    expect(visit.page.locator("#chat [aria-busy=true]")).to_have_count(0)
    played.agent.pause = 0.0
    visit.ask("Again")
    visit.wait("The sign reads")
    assert visit.errors == []
    visit.close()


def test_marks_reach_the_agent_in_pixels_of_the_picture(
    browser: Browser, played: Served, tmp_path: Path
) -> None:
    visit = Visit(browser, played)
    page, canvas = visit.page, visit.page.locator("#canvas img")
    visit.add(sign(tmp_path))
    expect(canvas).to_have_js_property("naturalWidth", 640)
    size = canvas.bounding_box() or {"width": 0, "height": 0}
    half = {"x": size["width"] / 2, "y": size["height"] / 2}
    canvas.click(position=half)
    expect(page.locator("#hint")).to_contain_text("point (")
    page.locator("#mode label", has_text="Box").click()
    canvas.click(position={"x": size["width"] / 4, "y": size["height"] / 4})
    expect(page.locator("#hint")).to_contain_text("to the next click")
    expect(canvas).to_have_js_property("naturalWidth", 640)
    canvas.click(position=half)
    expect(page.locator("#hint")).to_contain_text("box (")
    visit.ask("What is here?")
    visit.wait("The sign reads")
    given = played.agent.asked[-1][2]
    assert given["points"][0] == pytest.approx([320, 210], abs=3)
    assert given["boxes"][0] == pytest.approx([160, 105, 320, 210], abs=3)
    expect(page.locator("#hint")).to_contain_text("Add a picture")
    visit.ask("And now?")
    expect(page.locator("#chat .user-row")).to_have_count(2)
    visit.wait("The sign reads")
    assert "points" not in played.agent.asked[-1][2]
    visit.close()


def test_strangers_do_not_see_each_other(browser: Browser, played: Served, tmp_path: Path) -> None:
    mine, yours = Visit(browser, played), Visit(browser, played)
    mine.add(sign(tmp_path, "MINE"))
    mine.ask("What is mine?")
    mine.wait("The sign reads")
    address = mine.page.locator("#chat .bot-row img").first.get_attribute("src") or ""
    assert mine.page.request.get(address).status == 200
    assert yours.page.request.get(address).status == 403
    yours.page.reload()
    expect(yours.page.locator("#chat")).to_contain_text("Add a picture, ask a question")
    yours.add(sign(tmp_path, "YOURS", "y.png"))
    yours.ask("What is yours?")
    yours.wait("The sign reads")
    assert "What is mine?" not in yours.page.content()
    sessions = {asked[2]["session"] for asked in played.agent.asked[-2:]}
    assert len(sessions) == 2
    mine.page.click("#new")
    expect(mine.page.locator("#chat")).to_contain_text("Add a picture, ask a question")
    assert mine.page.request.get(address).status == 403
    assert not Path(address.partition("file=")[2]).exists()
    mine.close()
    yours.close()


def test_hostile_text_does_nothing(browser: Browser, played: Served, tmp_path: Path) -> None:
    with canary() as (url, callers):
        hostile = (
            f"![x]({url}) [link]({url}) <{url}> {url} www.evil.invalid a@evil.invalid\n"
            f'<img src="{url}" onerror="window.owned=1"><svg onload="window.owned=1"></svg>\n'
            f'<form action="{url}"><button>go</button></form><iframe src="{url}"></iframe>\n'
            f'<script>window.owned=1</script><meta http-equiv="refresh" content="0;url={url}">\n'
            f"<style>body{{background:url({url})}}</style> &lt;img src={url}&gt; &#60;b&#62;\n"
            "# forged heading\n\n> quote\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
            f"[ref]: {url}\n\n![ref]\n\n```\ncode\n```\n\n**bold** `code` $$x^2$$"
        )
        played.agent.text = hostile
        visit = Visit(browser, played)
        visit.add(sign(tmp_path, "X", f"{hostile[:40].replace('/', '_')}.png"))
        visit.ask(hostile)
        visit.wait("1 step")
        expect(visit.page.locator("#ask .submit-button")).to_be_visible()
        expect(visit.page.locator("#gallery img").first).to_be_visible(timeout=PATIENCE_MS)
        played.agent.text = "calm"
        titles = visit.page.locator("#chat .thought-group .title")
        expect(titles).to_have_count(2)  # closed: the step, the evidence
        titles.nth(1).click()
        titles.nth(0).click()
        expect(titles).to_have_count(4)  # the two calls of the step between them
        titles.nth(2).click()
        titles.nth(1).click()
        expect(visit.page.locator("#chat table")).to_be_visible()
        expect(visit.page.locator("#chat .thought-group")).to_contain_text(["Stale", "Seen by"])
        found = visit.page.evaluate(
            """() => ({
                owned: window.owned === undefined ? 0 : 1,
                links: [...document.querySelectorAll('#chat a')].map(a => a.href),
                pictures: [...document.querySelectorAll('#chat img')].map(i => i.src),
                strange: document.querySelectorAll(
                    '#chat h1,#chat h2,#chat h3,#chat form,#chat iframe,#chat script,#chat meta,'
                    + '#chat .message-content style,#chat blockquote,#chat hr,#chat pre,'
                    + '#chat strong,#chat .katex').length,
                tables: document.querySelectorAll('#chat table').length,
                text: document.querySelector('#chat').innerText,
            })"""
        )
        visit.close()
    assert callers == []
    assert visit.elsewhere() == []
    assert found["owned"] == found["strange"] == 0
    assert found["tables"] == 1, "the evidence, and no forged one"
    for address in found["links"] + found["pictures"]:
        assert address.startswith(f"{played.url}/gradio_api/file=")
    assert f"![x]({url})" in found["text"]
    assert "# forged heading" in found["text"]
    assert "&lt;img" in found["text"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_sideways_scrolling(
    browser: Browser, played: Served, tmp_path: Path, scheme: str
) -> None:
    visit = Visit(browser, played, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    visit.add(sign(tmp_path))
    visit.ask("What does it say?")
    visit.wait("Evidence")
    width, shown = json.loads(
        visit.page.evaluate(
            "JSON.stringify([document.documentElement.scrollWidth, window.innerWidth])"
        )
    )
    assert width <= shown
    assert visit.errors == []
    visit.close()


def test_an_example_fills_the_box_and_errors_are_one_line(browser: Browser, played: Served) -> None:
    visit = Visit(browser, played)
    visit.page.locator("#chat .example").first.click()
    expect(visit.box).to_have_value("What does the sign say?")
    visit.page.click("#ask .submit-button")
    visit.wait("There is no picture yet. Add one")
    assert "Traceback" not in visit.page.content()
    visit.close()
