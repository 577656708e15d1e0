"""Things of earlier answers, spoken of by their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageDraw

from agent import Agent, Settings

WORDS = {"ALPHA": (60, 60), "BRAVO": (60, 180), "DELTA": (60, 300)}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    folder = tmp_path_factory.mktemp("numbered")
    settings = Settings(home=folder / "home", out=folder / "runs", profile="embedded", report=False)
    picture = PilImage.new("RGB", (640, 420), "white")
    pen = ImageDraw.Draw(picture)
    for word, at in WORDS.items():
        pen.text(at, word, fill="black", font_size=60)
    with Agent(settings) as made:
        answer = made.ask("Where are the words?", [np.asarray(picture)], session="n")
        assert [r.text for r in answer.evidence] == list(WORDS), "the numbers are #1 to #3"
        yield made


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does #2 say?", 'It says "BRAVO" [#2].'),
        ("Read #3", 'It says "DELTA" [#3].'),
        ("What is #1?", 'It says "ALPHA" [#1].'),
        ("What colour is #1?", "The #1 is white [#1]."),
    ],
)
def test_a_number_means_the_thing_it_was_given_to(agent: Agent, question: str, answer: str) -> None:
    found = agent.ask(question, session="n")
    assert (found.text, found.status) == (answer, "answered")


def test_numbered_things_are_edited_and_others_are_not(agent: Agent) -> None:
    first = agent.ask("Draw a red box around #2", session="n")
    assert first.text.startswith("Drew a red box around #2 [#2].")
    before = np.asarray(PilImage.open(first.images[0]))
    reds = np.argwhere((before[..., 0] > 150) & (before[..., 1] < 90))
    assert 150 < reds[:, 0].min() < 200 < reds[:, 0].max() < 270
    again = agent.ask("Make #3 blue instead", session="n")
    assert again.text.startswith("Coloured #3 [#3] blue.")
    assert again.status == "answered"


@pytest.mark.parametrize("question", ["Blur #9", "What does #9 say?", "Crop the thing #9"])
def test_a_number_that_was_never_given_is_said_to_be_none(agent: Agent, question: str) -> None:
    found = agent.ask(question, session="n")
    assert found.status == "cannot"
    assert "I know no #9: there are #1 to #" in found.text


def test_where_nothing_was_numbered_it_is_said(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "h", out=tmp_path / "r", profile="embedded", report=False)
    with Agent(settings) as fresh:
        found = fresh.ask("Blur #1", [np.full((40, 60, 3), 255, np.uint8)])
    assert (found.status, "I know no #1: none is known" in found.text) == ("cannot", True)
