"""The nearest pictures of a folder join a question: by a picture, by words, and nothing else does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage
from seeing_fakes import Eyes, ready

import tools.index
from agent import Agent, Settings
from agent.among import NEAREST
from agent.console import PlainView
from agent.events import Preparing
from tools.errors import InputError, MissingModel
from tools.types import Embeddings, Image

COLORS = {"red": (250, 20, 20), "green": (20, 250, 20), "blue": (20, 20, 250)}


class Colours(Eyes):
    """Embeds pictures by their mean colour and words by the colour they name."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = 0

    def embed(self, what: Any) -> Embeddings:
        several = what if isinstance(what, list) else [what]
        rows = []
        for one in several:
            if isinstance(one, Image):
                self.looked += 1
                rows.append(one.pixels.reshape(-1, 3).mean(axis=0))
            else:
                rows.append(
                    np.mean([COLORS[w] for w in one.split() if w in COLORS] or [(1, 1, 1)], 0)
                )
        vectors = np.asarray(rows, np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        names = tuple(w.name or w.sha256[:8] if isinstance(w, Image) else w for w in several)
        return Embeddings(vectors, names, "mean")


def plain(color: tuple[int, int, int], size: int = 24) -> np.ndarray[Any, Any]:
    return np.full((size, size, 3), color, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Red, nearly red, green and blue, one of them deeper down; and what is no picture."""
    place = tmp_path / "album"
    (place / "deep").mkdir(parents=True)
    for name, color in {**COLORS, "deep/rose": (240, 60, 60)}.items():
        PilImage.fromarray(plain(color)).save(place / f"{name}.png")
    (place / "notes.txt").write_text("blue")
    (place / "broken.png").write_text("no picture")
    return place


@pytest.fixture
def host() -> Colours:
    return Colours()


@pytest.fixture
def agent(tmp_path: Path, host: Colours) -> Iterator[Agent]:
    settings = Settings(
        planner="offline", route="chain", home=tmp_path / "home", out=tmp_path / "runs",
        remember=False,
    )  # fmt: skip
    with Agent(settings, catalog=ready(), host=host) as made:
        yield made


def test_pictures_like_one_are_listed_with_scores_and_shown(agent: Agent, folder: Path) -> None:
    asked = plain((245, 30, 30))
    answer = agent.ask("Find the pictures that look like this", [asked], folder=folder)
    assert answer.status == "answered"
    named = [answer.text.index(name) for name in ("red.png", "deep/rose.png", "green.png")]
    assert named == sorted(named), answer.text
    assert "picture 2 (red.png) [img2] 1," in answer.text
    first = json.loads(Path(answer.trace).read_text("utf-8").splitlines()[0])
    assert [image["name"] for image in first["images"]][1:3] == ["red.png", "deep/rose.png"]
    report = Path(answer.trace).with_name("report.html").read_text("utf-8")
    assert "deep/rose.png" in report
    assert report.count("data:image") >= 5


def test_pictures_that_fit_words_are_found_without_any_picture(agent: Agent, folder: Path) -> None:
    answer = agent.ask('Which picture best fits "blue"?', folder=str(folder))
    assert answer.text.startswith("Picture 1 is most like")
    assert "picture 1 (blue.png)" in answer.text


def test_the_picture_itself_is_not_one_of_those_like_it(agent: Agent, folder: Path) -> None:
    answer = agent.ask("Find pictures like this one", [folder / "red.png"], folder=folder)
    assert "picture 2 (deep/rose.png)" in answer.text
    assert "(red.png)" not in answer.text


def test_a_folder_is_looked_at_once(agent: Agent, folder: Path, host: Colours) -> None:
    agent.ask("Find pictures like this one", [plain((250, 0, 0))], folder=folder)
    before = host.looked
    agent.ask("Find pictures like this one", [plain((0, 0, 250))], folder=folder)
    assert host.looked - before == 1 + 4 + 1, "the query, and the ranking of four and of itself"


def test_how_far_it_has_come_is_told_and_what_was_looked_at_stays(
    agent: Agent, folder: Path, host: Colours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools.index, "BATCH", 2)
    asked = ("Find pictures like this one", [plain((250, 0, 0))])
    stream = agent.stream(*asked, folder=folder)
    first = next(stream)
    assert isinstance(first, Preparing)
    assert (first.message, first.share) == ("looking at picture 1 of 5", 0)
    second = next(stream)
    assert isinstance(second, Preparing)
    assert second.share == 2 / 5
    stream.close()
    events = list(agent.stream(*asked, folder=folder))
    again = [e for e in events if isinstance(e, Preparing)]
    assert int(again[0].message.split()[-1]) < 5, "it goes on where it was stopped"
    assert events[len(again)].type == "run_started"
    assert events[-1].type == "answer_given"
    shown = io.StringIO()
    for event in again[:1]:
        PlainView(shown).show(event)
    assert shown.getvalue().strip() == again[0].message


def test_only_the_nearest_few_join(agent: Agent, folder: Path) -> None:
    for n in range(NEAREST + 4):
        PilImage.fromarray(plain((200 + n, 0, 0))).save(folder / f"more{n}.png")
    answer = agent.ask("Find pictures like this one", [plain((250, 1, 0))], folder=folder)
    assert f"picture {NEAREST + 1} " in answer.text
    assert f"picture {NEAREST + 2} " not in answer.text


def test_a_folder_that_is_none_is_wrong_use(agent: Agent, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        agent.ask("Find pictures like this one", [plain((1, 2, 3))], folder=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no picture in"):
        agent.ask("Find pictures like this one", [plain((1, 2, 3))], folder=tmp_path / "empty")


def test_words_of_a_question_name_no_folder(agent: Agent, folder: Path, host: Colours) -> None:
    agent.ask(f"Find pictures like this one in {folder}", [plain((250, 0, 0))])
    assert not any(ability == "embed" for ability, _ in host.calls)
    assert not (agent.settings.home or Path()).joinpath("indexes").exists()


def test_without_a_model_that_embeds_that_is_said(folder: Path, tmp_path: Path) -> None:
    settings = Settings(
        planner="offline", profile="embedded", home=tmp_path / "home", out=tmp_path / "runs",
        remember=False,
    )  # fmt: skip
    with Agent(settings) as agent, pytest.raises(MissingModel, match="embed"):
        agent.ask("Find pictures like this one", [plain((1, 2, 3))], folder=folder)


def test_an_index_lies_in_the_home_of_the_agent(agent: Agent, folder: Path) -> None:
    agent.ask("Find pictures like this one", [plain((250, 0, 0))], folder=folder)
    [index] = (agent.settings.home or Path()).joinpath("indexes").iterdir()
    assert tools.index.PictureIndex(index).vectors().names
    assert not list(folder.glob("**/*.npz"))
