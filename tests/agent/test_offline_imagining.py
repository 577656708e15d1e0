"""Pictures out of words alone: what goes where, a look at what was made, another try, no picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seeing_fakes import Eyes, boxes, picture, ready

from agent import Agent, Settings
from agent.answer import Answer
from agent.planners.offline.imagining import NO_PICTURE
from tools.catalog import ANY, Catalog
from tools.errors import ToolFailed
from tools.types import Boxes, Image


class Painter(Eyes):
    """Its pictures hold what `hold` says of their seed; nothing else is found in them."""

    def __init__(self, hold: dict[int, str], fails: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.hold, self.fails = hold, fails
        self.made: dict[str, int] = {}

    def generate(self, prompt: str, labels: tuple[str, ...] = (), **kw: Any) -> Image:
        seed = kw["seed"]
        if seed in self.fails:
            raise ToolFailed("no more paint")
        made = Image.as_root(picture(100 + seed), f"seed {seed}")
        self.made[made.frame.root] = seed
        return made

    def detect(self, image: Image, labels: tuple[str, ...], **kw: Any) -> Boxes:
        held = self.hold.get(self.made[image.frame.root], "").split()
        return boxes(image, tuple(label for label in labels if label in held))


Ask = Callable[..., tuple[Answer, list[tuple[str, dict[str, Any]]]]]


def closed() -> Catalog:
    """As `ready`, but only detectors that list what they know, and no layouts, are ready."""
    known = ready()
    models = {
        name: replace(m, modules=("no_such_module",)) if m.labels == ANY or "layout" in m.labels else m
        for name, m in known.models.items()
    }  # fmt: skip
    return Catalog(dict(known.tools), models)


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Callable[..., Ask]]:
    """Makes an agent of a host; it is asked, and says what it answered and called."""
    settings = Settings(
        planner="offline", route="chain", home=tmp_path, out=tmp_path, remember=False, report=False
    )
    made: list[Agent] = []

    def make(host: Eyes, catalog: Catalog | None = None) -> Ask:
        agent = Agent(settings, catalog=catalog or ready(), host=host)
        made.append(agent)

        def ask(question: str, *pictures: Any, **more: Any) -> Any:
            answer = agent.ask(question, list(pictures), **more)
            lines = map(json.loads, Path(answer.trace).read_text("utf-8").splitlines())
            calls = [e["call"] for e in lines if e["type"] == "call_started"]
            return answer, [(call["tool"], call["args"]) for call in calls]

        return ask

    yield make
    for agent in made:
        agent.close()


def seeds(calls: list[tuple[str, dict[str, Any]]]) -> list[int]:
    return [args.get("seed", 0) for tool, args in calls if tool == "generate"]


# order, what the picture is to show, what goes where
ORDERS = [
    ("Draw a picture of a lighthouse at night", "a lighthouse at night", None),
    ("Paint me a lighthouse, please", "a lighthouse", None),
    ("I want a photo of the old harbour", "the old harbour", None),
    ("A watercolour painting of hills", "hills", None),
    ('Draw a picture of "THE END" in lights', "THE END in lights", None),
    (
        "Draw a picture with a dog on the left and a cat on the right",
        "a dog on the left and a cat on the right",
        "dog: left; cat: right",
    ),
    (
        "Make a picture of two red cups at the top left and a book in the middle",
        "two red cups at the top left and a book in the middle",
        "red cup: top left; red cup: top left; book: centre",
    ),
    ("Imagine a dog to the left of a cat", "a dog to the left of a cat", "dog: left; cat: right"),
]


@pytest.mark.parametrize(("order", "prompt", "arrange"), ORDERS, ids=[o[0] for o in ORDERS])
def test_a_picture_is_made_without_any(
    agents: Callable[..., Ask], order: str, prompt: str, arrange: str | None
) -> None:
    answer, calls = agents(Painter({0: "dog cat cup book"}))(order)
    assert answer.status == "answered", answer.text
    assert calls[0][0] == "generate"
    assert calls[0][1].get("prompt") == prompt
    assert calls[0][1].get("arrange") == arrange
    assert seeds(calls) == [0]
    assert len(answer.images) == 1


@pytest.mark.parametrize(
    "question",
    ["What does the sign say?", "Blur the faces", "Draw a box around the dog", "Make it darker",
     "Draw this in red", "How many cats are there?", "Undo that", "Draw a picture of my dog"],
)  # fmt: skip
def test_what_needs_a_picture_says_so_in_one_line(
    agents: Callable[..., Ask], question: str
) -> None:
    answer, calls = agents(Painter({}))(question)
    assert answer.status == "cannot"
    assert not calls
    assert "\n" not in answer.text
    assert NO_PICTURE in answer.text or "no edit" in answer.text


def test_a_clause_behind_goes_on_with_what_was_made(agents: Callable[..., Ask]) -> None:
    ask = agents(Painter({}))
    answer, calls = ask("Draw a picture of a lighthouse and make it darker")
    assert [tool for tool, _ in calls] == ["generate", "adjust"]
    assert len(answer.images) == 1
    _, calls = ask("Make it black and white")
    assert [tool for tool, _ in calls] == ["adjust"], "the next question is about it too"


# what each seed shows, the seeds that are tried, the one that is kept, what is said
TRIES = [
    ({0: "dog cat"}, [0], 0, "2 of 2 named things found"),
    ({0: "dog", 1: "dog cat"}, [0, 1], 1, "2 of 2 named things found"),
    ({0: "", 1: "cat", 2: "dog"}, [0, 1, 2], 1, "1 of 2 named things found; missing: dog"),
    ({}, [0, 1, 2], 0, "0 of 2 named things found; missing: dog, cat"),
]


@pytest.mark.parametrize(("hold", "tried", "kept", "said"), TRIES)
def test_the_best_of_a_few_is_kept(
    agents: Callable[..., Ask], hold: dict[int, str], tried: list[int], kept: int, said: str
) -> None:
    answer, calls = agents(Painter(hold))("Draw a picture of a dog and a cat")
    assert seeds(calls) == tried
    assert said in answer.text
    assert len(answer.images) == 1
    best = [tool for tool, _ in calls].index("generate") if kept == 0 else tried.index(kept)
    assert f"img{best + 1}" in answer.text


def test_a_try_that_fails_leaves_the_one_before(agents: Callable[..., Ask]) -> None:
    answer, calls = agents(Painter({0: "dog"}, fails=(1,)))("Draw a picture of a dog and a cat")
    assert seeds(calls) == [0, 1]
    assert answer.status == "answered"
    assert "1 of 2 named things found; missing: cat" in answer.text


def test_a_detector_that_fails_is_not_taken_for_one_that_sees_nothing(
    agents: Callable[..., Ask],
) -> None:
    class Blind(Painter):
        def detect(self, image: Image, labels: tuple[str, ...], **kw: Any) -> Boxes:
            raise ToolFailed("eyes shut")

    answer, calls = agents(Blind({}))("Draw a picture of a dog")
    assert seeds(calls) == [0]
    assert "found" not in answer.text


@pytest.mark.parametrize(
    ("order", "looked_for"),
    [
        ("Draw a picture of a hot dog in a train station", ["hot dog"]),
        ("Draw a picture of an orange kitten", ["kitten"]),
        ("Generate a picture of hope", []),
        ("Draw a picture of a teddy bear riding a bicycle", ["teddy bear", "bicycle"]),
    ],
)
def test_only_names_that_a_detector_lists_are_looked_for(
    agents: Callable[..., Ask], order: str, looked_for: list[str]
) -> None:
    _, calls = agents(Painter({0: " ".join(looked_for)}))(order)
    assert [args["phrases"][0] for tool, args in calls if tool == "detect"][: len(looked_for)] == (
        looked_for
    )
    assert len({args["phrases"][0] for tool, args in calls if tool == "detect"}) == len(looked_for)


def test_without_a_model_for_layouts_that_is_said(agents: Callable[..., Ask]) -> None:
    answer, calls = agents(Painter({0: "dog cat"}), closed())(
        "Draw a picture with a dog on the left and a cat on the right"
    )
    assert "arrange" not in calls[0][1]
    assert "no ready model can be told what goes where" in answer.text
    assert "brings one" in answer.text


# -- yes or no ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "sure"),
    [("Is there a dog?", True), ("Are there any cats?", True), ("Are there no dogs?", True),
     ("Are there more than two dogs?", None), ("How many dogs are there?", None),
     ("Find the dogs", None)],
)  # fmt: skip
def test_two_witnesses_are_asked_where_the_answer_is_yes_or_no(
    agents: Callable[..., Ask], question: str, sure: bool | None
) -> None:
    _, calls = agents(Eyes())(question, picture())
    assert [args.get("confirm") for tool, args in calls if tool == "detect"] == [sure]


def test_who_looked_is_said_where_there_is_nothing(tmp_path: Path) -> None:
    settings = Settings(
        planner="offline", profile="embedded", home=tmp_path, out=tmp_path, remember=False,
        report=False,
    )  # fmt: skip
    with Agent(settings) as agent:
        answer = agent.ask("Is there a face?", [picture()])
        count = agent.ask("How many faces are there?", [picture()])
    assert answer.text.startswith("No: I find no face")
    assert re.search(r"; [\w-]*faces[\w-]*(?: and [\w-]+)* looked\.$", answer.text), answer.text
    assert "looked" not in count.text
