import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_fakes import ALL, NoModels, picture, spans

from agent.embed import PICTURE_BYTES, picture_address
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan, Usage
from agent.run import Agent
from agent.settings import Settings
from tools.catalog import Catalog, tool
from tools.context import ToolContext
from tools.types import Image, TextSpans

HOSTILE = (
    '<script>alert(1)</script><img src="https://evil.example/x.png" onerror=alert(2)>'
    "\x1b[31mred\x07 \u202egnp.exe javascript:alert(3)"
)


@tool()
def hostile(ctx: ToolContext, image: Image) -> TextSpans:
    """Reads a text that means ill."""
    return spans(image.frame, (HOSTILE, 5, 6, 40, 30))


class Page(HTMLParser):
    """What a browser would find."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def report(tmp_path: Path, question: str, image: Image, *decisions: Any) -> str:
    settings = Settings(home=tmp_path / "home", out=tmp_path / "runs", remember=False)
    catalog = Catalog({**ALL.tools, "hostile": hostile.spec}, {})  # type: ignore[attr-defined]
    planner = ScriptedPlanner(decisions)
    with Agent(settings, planner=planner, catalog=catalog, host=NoModels()) as agent:
        return Path(agent.ask(question, image).report).read_text("utf-8")


def call(name: str, tool_name: str, /, **args: Any) -> Call:
    return Call(id=name, tool=tool_name, args=args)


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(
        report(
            tmp_path,
            HOSTILE,
            picture(name=HOSTILE),
            Plan(thought=HOSTILE, calls=(call("h", "hostile"), call("f", "fail", why=HOSTILE))),
            Finish(text=f'It says "{HOSTILE}" [#1].'),
        )
    )


def test_hostile_text_is_only_text(page: Page) -> None:
    assert "script" not in page.tags
    assert not [n for n, _ in page.attributes if n.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert all(
        v.startswith(("data:image/", "#")) for n, v in page.attributes if n in ("src", "href")
    )
    characters = page.text + "".join(v for _, v in page.attributes)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", characters)


def test_the_page_may_load_nothing(page: Page) -> None:
    policy = next(v for n, v in page.attributes if n == "content" and "default-src" in v)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert not {"link", "iframe", "object", "script", "base", "form"}.intersection(page.tags)


def test_the_page_shows_the_run(tmp_path: Path) -> None:
    text = report(
        tmp_path,
        "How many faces?",
        picture(name="a.png"),
        Plan(
            thought="Look first",
            calls=(
                call("f", "find", image="img1"),
                call("g", "find", image="img1", what="ghost"),
                call("p", "paint", image="img1", region="$f"),
                call("x", "paint", image="img9"),
            ),
        ),
        Finish(text="There are 2 faces [#1 #2], now gone [img2]. It has 3 legs.", images=("img2",)),
    )
    page = Page(text)
    said = " ".join(page.text.split())
    for words in (
        "How many faces?", "There are 2 faces", "✓ answered", "Look first", "a.png", "64 × 48 px",
        "no 'ghost' in img1 (find ≥ 0.30, whole picture)", "Before and after",
        "there is no 'img9'", "Not borne out by evidence:", "It has 3 legs.",
    ):  # fmt: skip
        assert words in said
    assert page.tags.count("g") == 3  # two boxes and the mark at the top
    assert text.count('class="o" x="4.0" y="4.0" width="16.0" height="16.0"') == 1
    assert "body:has(.r-e2:hover) .b-e2 rect.o" in text


def test_each_cite_leads_to_something_in_the_page(tmp_path: Path) -> None:
    """To a box, or to the call whose result it names."""
    text = report(
        tmp_path,
        "How many faces?",
        picture(),
        Plan(calls=(call("f", "find", image="img1"),)),
        Finish(text="I marked both [boxes1]. There are 2 faces [#1 #2]."),
    )
    page = Page(text)
    cited = re.findall(r'<a class="cite" href="#([^"]+)">([^<]+)</a>', text)
    assert [cite for _, cite in cited] == ["boxes1", "#1", "#2"]
    assert [place for place, _ in cited][1:] == ["e1", "e2"]
    assert {place for place, _ in cited} <= {v for n, v in page.attributes if n == "id"}


def test_an_answer_that_cites_nothing_is_shown_too(tmp_path: Path) -> None:
    page = Page(report(tmp_path, "q", picture(), Finish(text="I cannot do that.", status="cannot")))
    assert "I cannot do that." in page.text
    assert "cannot be answered" in page.text


def test_pictures_are_kept_small() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (2400, 3200, 3), np.uint8)
    address = picture_address(Image.as_root(noise))
    assert address.startswith("data:image/jpeg;base64,")
    assert len(address) <= PICTURE_BYTES
    assert picture_address(picture()).startswith("data:image/png;base64,")


def test_many_pieces_of_evidence_are_cut(tmp_path: Path) -> None:
    from agent.events import AnswerGiven, EntityRecord, RunStarted
    from agent.report import render

    image = picture()
    rows = tuple(
        EntityRecord(id=f"#{n}", label="dot", box=(1, 1, 9, 9), score=1, text=None, image="img1",
                     sources=())
        for n in range(1, 131)
    )  # fmt: skip
    events = [
        RunStarted(run="r", session="s", question="q", images=()),
        AnswerGiven(text="many", status="answered", evidence=rows),
    ]
    text = render(events, {"img1": image}.__getitem__)
    assert text.count('class="ev ') == 80
    assert "and 50 more" in text


def test_what_went_wrong_with_a_language_model_and_what_it_took(tmp_path: Path) -> None:
    said = "'m' at h: it answers 503; asked again after 1 s"
    usage = Usage(llm_calls=1, tokens_in=900, tokens_out=30, cost=0.0042, retries=(said,))
    plan = Plan(calls=(call("a", "find", image="img1"),), thought="I look.", usage=usage)
    end = Finish(text="There is a face [#1].", usage=usage)
    text = Page(report(tmp_path, "Is there a face?", picture(), plan, end)).text
    assert text.count(f"Asked again: {said}") == 2
    for told in ("2 LLM calls", "1800 tokens in, 60 out", "cost 0.0084"):
        assert told in text


def test_what_the_person_was_asked_and_said() -> None:
    from agent.events import AnswerGiven, ConsentAsked, ConsentGiven, PlanMade, RunStarted
    from agent.report import render

    steps = (call("1", "find", image="img1"), call("2", "paint", image="img1", region="$1"))
    events = [
        RunStarted(run="r", session="s", question="q", images=()),
        PlanMade(step=1, thought="I paint it.", calls=steps, planner="tools", seconds=0.1),
        ConsentAsked(step=1, id="x", calls=steps[1:], why="paint changes a picture"),
        ConsentGiven(step=1, id="x", allowed=False, by="person"),
        AnswerGiven(text="Not painted.", status="cannot"),
    ]
    text = Page(render(events, {}.__getitem__)).text
    assert (
        "Held back: paint changes a picture; paint: image: img1 · region: what find finds" in text
    )
    assert "You said no: it does not run" in text
