"""Language models that plan well: over real HTTP the same answers, evidence and pictures come out.

What the offline planner does is served as the replies of a language model, as function calls and
as MM-ReAct's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from agent_pictures import boards, codes, departures, menu, poster, receipt
from llm_server import Reply, Seen, Server, serving
from looking_pictures import astronaut
from PIL import Image as PilImage
from transcripts import Recorder, Said, as_functions, as_text, end_by_function, end_by_text, replies

from agent import Agent, Settings
from agent.answer import Answer
from agent.protocol import Finish
from agent.settings import LLM

PROTOCOLS: dict[str, tuple[Callable[[list[Said]], Reply], Callable[[Finish], Reply]]] = {
    "tools": (as_functions, end_by_function),
    "react": (as_text, end_by_text),
}
FLAT = 60_000
"""Characters that a request without its pictures never exceeds: tools, rules and a full state."""


@dataclass(frozen=True)
class Case:
    """A conversation, and the most requests that each of its questions may take."""

    name: str
    pictures: tuple[Callable[[], np.ndarray], ...]
    questions: tuple[str, ...]
    most: int = 2


CASES = (
    Case("a word by its colour", (boards,), ("What does the yellow sign say?",)),
    Case("a total", (receipt,), ("What is the total on this receipt?",)),
    Case("faces", (astronaut,), ("How many faces are there?",)),
    Case("codes", (codes,), ("How many codes are there, and what do they contain?",)),
    Case("a colour and a place", (boards,),
         ("What colour is the top left board?", "What does the bottom sign say?"), most=3),
    Case("a cut", (boards,), ("Crop the left half of the picture",)),
    Case("a blur", (boards,), ("Blur the text",)),
    Case("two edits", (boards,), ("Make the left half grayscale, then flip it",)),
    Case("a cut of what was found", (boards,), ("Cut out the largest sign and enlarge it 3 times",)),
    Case("which of two", (menu, poster),
         ("Which picture mentions swimming?", "What are the differences between the two pictures?")),
    Case("an absence", (poster,), ("Is there a phone number on this poster?",)),
    Case("no such thing", (boards,), ("Are there any faces?",)),
    Case("an edit of what was read", (poster,), ("What is the e-mail address?", "Black it out")),
    Case("a row", (departures,), ("Which coach is cancelled?",)),
    Case("what cannot be done", (boards,), ("Turn this photo into a watercolour painting",)),
)  # fmt: skip


@dataclass
class Stage:
    """An agent that thinks by itself, and two that ask the server, one cache for all."""

    server: Server
    recorder: Recorder
    agents: dict[str, Agent]

    def ask(self, who: str, case: Case) -> list[Answer]:
        """The answers to all questions of a conversation."""
        first = [make() for make in case.pictures]
        session = f"{who} {case.name}".replace(" ", "-")
        return [
            self.agents[who].ask(question, first if n == 0 else (), session=session)
            for n, question in enumerate(case.questions)
        ]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("transcripts")
    recorder = Recorder()

    def agent(name: str, url: str = "", **more: Any) -> Agent:
        llm = LLM(base_url=url, api_key="k", model="tiny-vl" if url else "", max_calls=60)
        settings = Settings(planner=name, profile="embedded", llm=llm, home=folder / "home",
                            out=folder / "runs", report=False, max_steps=60, max_calls=200)  # fmt: skip
        return Agent(settings, **more)

    with (
        serving() as server,
        agent("offline", planner=recorder) as alone,
        agent("tools", server.url) as tools,
        agent("react", server.url) as react,
    ):
        yield Stage(server, recorder, {"offline": alone, "tools": tools, "react": react})


@pytest.fixture(scope="module")
def recorded(stage: Stage) -> Callable[[Case], tuple[list[Answer], list[Any]]]:
    """The answers of the offline planner, and what it did in each turn; asked once a case."""
    kept: dict[str, tuple[list[Answer], list[Any]]] = {}

    def record(case: Case) -> tuple[list[Answer], list[Any]]:
        if case.name not in kept:
            stage.recorder.turns.clear()
            answers = stage.ask("offline", case)
            kept[case.name] = answers, [replies(turn) for turn in stage.recorder.turns]
        return kept[case.name]

    return record


def pixels(answer: Answer) -> list[bytes]:
    return [PilImage.open(path).convert("RGB").tobytes() for path in answer.images]


def shown(seen: Seen) -> list[str]:
    """Handles of the pictures that go with a request: each stands before its picture."""
    contents = [m["content"] for m in seen.body["messages"] if isinstance(m["content"], list)]
    parts = [part for content in contents for part in content]
    pairs = zip(parts, parts[1:], strict=False)
    return [a["text"].split()[0] for a, b in pairs if "image_url" in b]


def bare(seen: Seen) -> int:
    """Characters of a request without its pictures."""
    return seen.size - sum(map(len, seen.pictures))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_good_transcript_gives_the_same_answer_with_the_same_evidence(
    case: Case, protocol: str, stage: Stage, recorded: Callable[[Case], Any]
) -> None:
    wanted, turns = recorded(case)
    say, end = PROTOCOLS[protocol]
    server = stage.server
    server.seen.clear()
    server.script = [r for calls, finish in turns for r in (*map(say, calls), end(finish))]
    found = stage.ask(protocol, case)
    assert server.script == []
    for answer, same in zip(found, wanted, strict=True):
        assert (answer.text, answer.status) == (same.text, same.status)
        assert answer.evidence == same.evidence
        assert answer.unsupported == same.unsupported
        assert pixels(answer) == pixels(same)
        assert answer.llm_calls <= case.most
    requests = iter(server.seen)
    for answer in found:
        mine = [next(requests) for _ in range(answer.llm_calls)]
        sent = [picture for seen in mine for picture in seen.pictures]
        assert sent, "the first request of a turn shows its pictures"
        attached = [handle for seen in mine for handle in shown(seen)]
        assert len(attached) == len(sent)
        assert len(attached) == len(set(attached)), "a picture went twice"
        assert all(bare(seen) < FLAT for seen in mine)
    assert next(requests, None) is None


def test_a_chain_of_three_tools_is_one_reply(stage: Stage, recorded: Callable[[Case], Any]) -> None:
    case = next(c for c in CASES if c.name == "a cut of what was found")
    _, [(said, _)] = recorded(case)
    [chain] = said
    assert len(chain) >= 3
    references = [v for _, args in chain for v in args.values() if str(v).startswith("$")]
    assert len(references) >= 2
    assert references == sorted(references), references


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_requests_do_not_grow_with_the_steps(protocol: str, stage: Stage) -> None:
    say, end = PROTOCOLS[protocol]
    words = [*"abcdefghijklmnopqrstuvwxyz", *map(str, range(100, 120))]
    picks = [("pick", {"things": "text1", "image": "img1", "contains": w}) for w in words]
    server = stage.server
    server.seen.clear()
    server.script = [
        say([("read_text", {"image": "img1"})]),
        *(say([pick]) for pick in picks),
        end(Finish(text="I have read it [text1].")),
    ]
    case = Case("many steps", (receipt,), ("Read everything, letter by letter",))
    [answer] = stage.ask(protocol, case)
    assert answer.status == "answered", answer.text
    assert answer.llm_calls == len(words) + 2
    sizes = [bare(seen) for seen in server.seen]
    assert max(sizes[20:]) < 1.02 * max(sizes[15:20]), "flat once the summary is full"
    assert max(sizes) < FLAT
    assert sum(len(seen.pictures) for seen in server.seen) == 1
