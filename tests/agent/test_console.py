"""How a run looks on a terminal while it goes on, and as lines in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from agent.console import LiveView, PlainView
from agent.events import (
    AnswerGiven,
    CallFinished,
    ConsentAsked,
    ConsentGiven,
    Event,
    FellBack,
    HostEvent,
    PlanMade,
    SentBack,
    Thinking,
)
from agent.protocol import Call, Usage

READ = Call(id="1", tool="read_text", args={"image": "img1"})
HIDE = Call(id="2", tool="redact", args={"image": "img1", "region": "$1"})
PLAN = PlanMade(step=2, thought="I read it.", calls=(READ, HIDE), planner="tools", seconds=0.1)
ASKED = ConsentAsked(step=2, id="x", calls=(HIDE,), why="redact changes a picture")
KNOWN = CallFinished(
    step=2, call="1", tool="read_text", handle="text1", kind="TextSpans", sha256="a" * 64,
    text="1 text", cached=True,
)  # fmt: skip
END = AnswerGiven(
    text="STOP", status="answered", steps=3, seconds=5.31,
    usage=Usage(llm_calls=2, tokens_in=1300, tokens_out=90, cost=0.0017),
)  # fmt: skip


class Watched:
    """A live view, and what is on its screen."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=True, color_system=None, width=300)
        self.view = LiveView(console)
        self.view._live.auto_refresh = False

    def after(self, *events: Event) -> str:
        """What is written by these events, spinners as they then stand included."""
        start = len(self.file.getvalue())
        for event in events:
            self.view.show(event)
        if self.view._live.is_started:
            self.view._live.refresh()
        return self.file.getvalue()[start:]


def test_a_thought_is_seen_as_it_grows_and_goes_when_it_is_over() -> None:
    watched = Watched()
    with watched.view:
        assert "getting ready" in watched.after()
        assert "The sign has" in watched.after(Thinking(step=1, text="The sign\nhas"))
        long = watched.after(Thinking(step=1, text="word " * 200 + "\x1b[31mthe end"))
        assert "…" in long
        assert "\\x1b[31mthe end" in long
        assert len(long) < 400
        done = watched.after(PLAN)
        assert "2. I read it." in done
        assert "the end" not in done
        assert "thinking" in done


def test_a_consent_question_stands_still_and_says_what_else_waits() -> None:
    watched = Watched()
    with watched.view:
        asked = watched.after(PLAN, ASKED)
        assert "$1 = read_text(image=img1), to come" in asked
        assert "changes a picture" not in asked, "whoever asks the person says it"
        assert not watched.view._live.is_started
        said = watched.after(ConsentGiven(step=2, id="x", allowed=False, by="person"), KNOWN)
        assert "You said no: it does not run" in said
        assert "read_text(image=img1) text1: 1 text (known already)" in said
        assert watched.view._live.is_started


@pytest.mark.parametrize(("by", "words"), [("setting", "settings"), ("nobody", "Nobody answered")])
def test_what_no_person_decided_is_told_with_its_reason(by: str, words: str) -> None:
    watched = Watched()
    with watched.view:
        said = watched.after(PLAN, ASKED, ConsentGiven(step=2, id="x", allowed=False, by=by))
    assert "Held back: redact changes a picture" in said
    assert words in said


def test_lines_tell_every_turn_of_a_run() -> None:
    out = io.StringIO()
    with PlainView(out) as view:
        for event in (
            SentBack(step=1, problem="no JSON"),
            FellBack(step=1, given_up="language model", taken="the next one", why="no JSON"),
            HostEvent(step=1, what="remembered", model="rapidocr", note="it answered before"),
            PLAN, ASKED, ConsentGiven(step=2, id="x", allowed=True, by="person"), KNOWN, END,
        ):  # fmt: skip
            view.show(event)
    assert out.getvalue().splitlines() == [
        "   Sent back: no JSON",
        "   language model given up for the next one: no JSON",
        "   rapidocr: it answered before",
        "2. I read it.",
        "   Held back: redact changes a picture",
        "   You said yes",
        "   read_text(image=img1) -> text1: 1 text (known already)",
        "",
        "STOP",
        "",
        "answered: 3 steps · 2 LLM calls · 1,300 tokens in, 90 out · cost 0.0017 · 5.3 s",
    ]
