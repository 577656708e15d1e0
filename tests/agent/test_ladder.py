"""Which way a question goes, and what happens when a way leads nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_fakes import NoModels, boxes, catalog, picture, read

from agent.events import Event, FellBack, Routed
from agent.ladder import contradiction
from agent.protocol import BadReply, Call, Finish, Plan, Usage, View
from agent.routing import can_help, kind_of
from agent.run import Agent
from agent.settings import Settings
from tools.catalog import Catalog, tool
from tools.context import ToolContext
from tools.errors import ServerError, ToolFailed
from tools.types import Boxes, Image, Text

SAYS: dict[str, str] = {}
"""What the fake multimodal model answers; an empty text fails."""
SEES: dict[str, int] = {}
"""How many a fake detector finds."""


@tool()
def vqa(ctx: ToolContext, image: Image, question: str) -> Text:
    """Answers as it was told to."""
    if not SAYS["answer"]:
        raise ToolFailed("the weights are torn", hint="Pull them again")
    return Text(SAYS["answer"], question)


@tool()
def answer_grounded(ctx: ToolContext, image: Image, question: str) -> Boxes:
    """Places two cups."""
    return boxes(image.frame, ("cup", 4, 4, 20, 20), ("cup", 30, 10, 44, 30))


@tool()
def detect(ctx: ToolContext, image: Image, phrases: list[str]) -> Boxes:
    """As many as it was told to."""
    rows = [(phrases[0], 4 + 14 * n, 4, 14 + 14 * n, 20) for n in range(SEES["n"])]
    return boxes(image.frame, *rows)


class Chain:
    """A planner that does what it is told, one item a decision."""

    name = "chain of the test"
    trusted = True

    def __init__(self, *items: Any) -> None:
        self.items = list(items)
        self.views: list[View] = []

    async def decide(self, view: View) -> Plan | Finish:
        self.views.append(view)
        item = self.items.pop(0)
        if isinstance(item, Exception):
            raise item
        reply: Plan | Finish = item
        return reply


READS = Plan(calls=(Call(id="1", tool="read", args={"image": "img1"}),))
CANNOT = Finish(text="I cannot tell.", status="cannot", usage=Usage(llm_calls=1))
ALL = catalog(vqa, answer_grounded, detect, read)
BLIND = catalog(read, detect)
Ask = Callable[..., list[Event]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """The events of one question to a chain of one's own."""

    def asked(
        chain: Chain, question: str, route: str = "auto", tools: Catalog = ALL
    ) -> list[Event]:
        SAYS.setdefault("answer", "Two cups.")
        settings = Settings(
            home=tmp_path / "home", out=tmp_path / "runs", remember=False, route=route, report=False
        )
        with Agent(settings, planner=chain, catalog=tools, host=NoModels()) as agent:
            return list(agent.stream(question, picture()))

    yield asked
    SAYS.clear()
    SEES.clear()


def routed(events: list[Event]) -> Routed:
    return next(e for e in events if isinstance(e, Routed))


def fell(events: list[Event]) -> list[tuple[str, str]]:
    return [(e.given_up, e.taken) for e in events if isinstance(e, FellBack)]


@pytest.mark.parametrize(
    ("question", "kind", "thing"),
    [
        ("How many cups are on the table?", "count", "cups"),
        ("How many red cars do you see?", "count", "red cars"),
        ("How many dollars should I pay for both?", "amount", ""),
        ("How many more points has the first one?", "amount", ""),
        ("How many sheep?", "count", "sheep"),
        ("Count the cups on the shelf", "count", "cups"),
        ("How many words are in the second line?", "listed", ""),
        ("Is there a dog in the picture?", "presence", "dog"),
        ("Are there any street lamps?", "presence", "street lamps"),
        ("What does the sign say?", "read", ""),
        ("Blur every face", "edit", ""),
        ("Why is she laughing?", "open", ""),
        ("Describe the picture", "open", ""),
        ("Describe each dog", "expert", ""),
        ("Track the ball", "expert", ""),
        ("Find similar pictures", "expert", ""),
        ("Scan the QR code", "code", ""),
        ("What colour is the car?", "colour", ""),
        ("Where is the cat?", "locate", ""),
        ("How wide is the picture?", "measure", ""),
        ("Qwertz", "other", ""),
    ],
)
def test_kinds_of_questions(question: str, kind: str, thing: str) -> None:
    assert kind_of(question) == (kind, thing)


def test_what_a_model_of_words_can_help_with() -> None:
    assert can_help("Why is she laughing?")
    assert can_help("Is the shop open?")
    assert not can_help("Track the ball")
    assert not can_help("Blur the face")
    assert not can_help("Qwertz")


@pytest.mark.parametrize(
    ("question", "route", "tools", "way"),
    [
        ("Why is she laughing?", "auto", ALL, "direct"),
        ("Why is she laughing?", "chain", ALL, "chain"),
        ("Why is she laughing?", "auto", BLIND, "chain"),
        ("Blur the face", "auto", ALL, "chain"),
        ("Blur the face", "direct", ALL, "direct"),
        ("How many cups are there?", "auto", ALL, "checked"),
        ("How many cups are there?", "auto", catalog(vqa, read), "direct"),
        ("word " * 60, "auto", ALL, "chain"),
    ],
)
def test_the_route_and_its_reasons_are_in_the_trace(
    ask: Ask, question: str, route: str, tools: Catalog, way: str
) -> None:
    SEES["n"] = 2
    events = ask(Chain(Finish(text="Chained.", status="cannot")), question, route, tools)
    found = routed(events)
    assert found.route == way
    assert found.why
    assert found.features["multimodal model"] == ("ready" if "vqa" in tools.tools else "not ready")


def test_the_direct_way_asks_the_model_once_and_cites_it(ask: Ask) -> None:
    SAYS["answer"] = "She heard a joke."
    events = ask(Chain(), "Why is she laughing?")
    end = events[-1]
    assert end.type == "answer_given"
    assert end.text == "She heard a joke [note1]."
    assert [r.id for r in end.evidence] == ["note1"]
    assert [e.tool for e in events if e.type == "call_finished"] == ["vqa"]


def test_a_count_that_is_borne_out_stands(ask: Ask) -> None:
    SEES["n"] = 2
    events = ask(Chain(), "How many cups are there?")
    end = events[-1]
    assert end.type == "answer_given"
    assert "Two cups" in end.text
    assert [e.tool for e in events if e.type == "call_finished"] == [
        "vqa",
        "answer_grounded",
        "detect",
    ]
    assert fell(events) == []


def test_a_count_that_is_contradicted_goes_to_the_chain(ask: Ask) -> None:
    SEES["n"] = 4
    chain = Chain(Finish(text="The detector finds 4 cups [boxes2].", usage=Usage(llm_calls=1)))
    events = ask(chain, "How many cups are there?")
    assert fell(events) == [("direct", "chain of the test")]
    assert "says 2, a detector finds 4" in next(e.why for e in events if e.type == "fell_back")
    end = events[-1]
    assert end.type == "answer_given"
    assert end.text.startswith("The detector finds 4")
    assert len(chain.views[0].results) == 3, "the chain sees what both have said"


@pytest.mark.parametrize(
    ("kind", "said", "found", "against"),
    [
        ("count", "There are 3 cups.", 3, False),
        ("count", "Three.", 3, False),
        ("count", "There are 3 cups.", 2, True),
        ("count", "Many.", 2, False),
        ("presence", "Yes, a dog.", 1, False),
        ("presence", "Yes, a dog.", 0, True),
        ("presence", "No.", 0, False),
        ("presence", "No.", 2, True),
        ("presence", "It seems so.", 0, False),
    ],
)
def test_what_contradicts_what(kind: str, said: str, found: int, against: bool) -> None:
    assert bool(contradiction(kind, said, found)) is against


def test_a_chain_that_cannot_is_followed_by_the_model_and_both_are_paid_for(ask: Ask) -> None:
    SAYS["answer"] = "A ferry."
    events = ask(Chain(CANNOT), "What does the sign say?")
    end = events[-1]
    assert end.type == "answer_given"
    assert (end.text, end.status) == ("A ferry [note1].", "answered")
    assert end.usage.llm_calls == 1
    assert fell(events) == [("chain of the test", "direct")]


def test_where_neither_can_the_chain_has_the_last_word(ask: Ask) -> None:
    SAYS["answer"] = ""
    end = ask(Chain(CANNOT), "What does the sign say?")[-1]
    assert end.type == "answer_given"
    assert (end.text, end.status) == ("I cannot tell.", "cannot")


def test_an_order_that_cannot_be_carried_out_is_not_talked_about(ask: Ask) -> None:
    SAYS["answer"] = "A face."
    end = ask(Chain(CANNOT), "Blur the face")[-1]
    assert end.type == "answer_given"
    assert end.status == "cannot"


def test_three_bad_replies_and_the_model_is_asked(ask: Ask) -> None:
    SAYS["answer"] = "A ferry."
    bad = [BadReply(f"nonsense {n}", usage=Usage(llm_calls=1)) for n in range(3)]
    chain = Chain(*bad)
    events = ask(chain, "What does the sign say?")
    assert [v.problem for v in chain.views] == ["", "nonsense 0", "nonsense 1"]
    end = events[-1]
    assert end.type == "answer_given"
    assert end.text == "A ferry [note1]."
    assert end.usage.llm_calls == 3


def test_without_a_model_three_bad_replies_end_the_turn(ask: Ask) -> None:
    chain = Chain(*[BadReply("nonsense") for _ in range(3)])
    events = ask(chain, "What does the sign say?", tools=BLIND)
    assert [e.problem for e in events if e.type == "sent_back"] == ["nonsense"] * 3
    end = events[-1]
    assert end.type == "answer_given"
    assert end.status == "cannot"
    assert "in 3 tries (nonsense)" in end.text


def test_every_way_has_its_tries_and_all_of_them_are_paid_for_and_told(ask: Ask) -> None:
    class Two(Chain):
        left = 1

        def next_model(self, view: View) -> bool:
            self.left -= 1
            return self.left >= 0

    bad = [BadReply(f"b{n}", usage=Usage(llm_calls=1)) for n in range(6)]
    events = ask(Two(*bad), "Blur it")
    end = events[-1]
    assert end.type == "answer_given"
    assert (end.status, end.usage.llm_calls) == ("cannot", 6)
    assert "in 3 tries (b5); before that language model: b2" in end.text


def test_a_server_that_is_gone_is_followed_by_the_model(ask: Ask) -> None:
    SAYS["answer"] = "A ferry."
    events = ask(Chain(READS, ServerError("no reply from host")), "What does the sign say?")
    end = events[-1]
    assert end.type == "answer_given"
    assert end.text == "A ferry [note1]."
    gone = ask(Chain(ServerError("no reply", hint="Start it")), "What does it say?", tools=BLIND)[
        -1
    ]
    assert gone.type == "answer_given"
    assert (gone.text, gone.status) == ("no reply. Start it", "failed")


def test_a_chain_by_order_of_the_person_stays_one(ask: Ask) -> None:
    end = ask(Chain(CANNOT), "What does the sign say?", "chain")[-1]
    assert end.type == "answer_given"
    assert end.status == "cannot"


def test_the_direct_way_without_a_model_says_so(ask: Ask) -> None:
    end = ask(Chain(), "What is it?", "direct", BLIND)[-1]
    assert end.type == "answer_given"
    assert end.status == "cannot"
    assert "vqa" in end.text


def test_the_next_language_model_comes_before_the_multimodal_one(ask: Ask) -> None:
    class Two(Chain):
        left = 1

        def next_model(self, view: View) -> bool:
            self.left -= 1
            return self.left >= 0

    chain = Two(*[BadReply(f"b{n}") for n in range(3)], Finish(text="Fine.", status="cannot"))
    events = ask(chain, "Blur it")
    assert fell(events) == [("language model", "the next one")]
    assert len(chain.views) == 4


def test_turns_do_not_share_a_ladder(ask: Ask, tmp_path: Path) -> None:
    SAYS["answer"] = "A ferry."
    settings = Settings(home=tmp_path / "h", out=tmp_path / "r", remember=False, report=False)

    async def both(agent: Agent) -> list[str]:
        first = agent.aask("Why?", picture(seed=1), session="one")
        second = agent.aask("What does the sign say?", picture(seed=2), session="two")
        return [a.text for a in await asyncio.gather(first, second)]

    with Agent(settings, planner=Chain(CANNOT), catalog=ALL, host=NoModels()) as agent:
        assert asyncio.run(both(agent)) == ["A ferry [note1].", "A ferry [note1]."]
