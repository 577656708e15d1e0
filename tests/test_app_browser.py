"""The app in a real browser: a question with the real agent, stopping, strangers, hostile text.

Skipped where no Chromium is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pages import NONE, PATH, PATIENCE_MS, Visit, browsing
from app_server import PlayedAgent, Served, canary, serving, sign
from playwright.sync_api import Browser, expect

from agent import Agent, Settings

pytestmark = [
    pytest.mark.skipif(PATH is None, reason=NONE),
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),  # Gradio over pandas 3
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as running:
        yield running


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
