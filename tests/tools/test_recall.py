"""Answers of models are remembered by what they were asked about, and never when they failed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_models import Memory, fake, hosted

from tools.context import CancelToken
from tools.errors import ToolFailed
from tools.geometry import crop
from tools.host_events import Called
from tools.recall import Answers, Recalling, about, key_of
from tools.store import Store
from tools.types import Image, Text


class Counting:
    """Answers with a text and counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, value, **more):
        self.calls += 1
        return Text(f"answer {self.calls}")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def picture(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (40, 60, 3), np.uint8), "a.png")


@pytest.fixture
def recalling(tmp_path):
    """``recalling(host)``: the host behind a cache in a folder of this test."""
    opened = []

    def over(host) -> Recalling:
        store, answers = Store(tmp_path / "store"), Answers(tmp_path / "answers.sqlite")
        opened.extend((store, answers))
        return Recalling(host, answers, store)

    yield over
    for part in opened:
        getattr(part, "close", lambda: None)()


def ask(models, *args, labels=(), **kwargs):
    return models.use("look", *args, labels=labels, cancel=CancelToken(), **kwargs)


def test_the_same_question_is_answered_from_disk_in_another_run(memory, picture, recalling):
    act = Counting()
    for _ in range(2):
        with hosted(fake("look", 1, memory, act)) as host:
            models = recalling(host)
            same = Image.as_root(picture.pixels.copy(), "another name.png")
            assert ask(models, same, detail="fine").value == "answer 1"
    assert act.calls == 1
    assert memory.loads == ["look"], "what is remembered loads nothing"


def test_what_differs_is_asked_anew(memory, picture, recalling):
    act = Counting()
    with hosted(fake("look", 1, memory, act)) as host:
        models = recalling(host)
        asked = [
            ((picture,), {}),
            ((picture,), {"detail": "fine"}),
            ((crop(picture, [0, 0, 20, 20]),), {}),
            ((crop(picture, [20, 0, 40, 20]),), {}),
        ]
        for args, more in asked:
            ask(models, *args, **more)
            ask(models, *args, **more)
    assert act.calls == len(asked)


def test_another_version_of_a_model_is_asked_anew(picture):
    keys = {
        key_of(fake("look", 1, Memory(), version=v), "look", (picture,), (), {}) for v in ("1", "2")
    }
    assert len(keys) == 2
    assert None not in keys


def test_the_trace_hears_who_answered(memory, picture, recalling):
    heard: list[Called] = []
    with hosted(fake("look", 1, memory, Counting())) as host:
        models = recalling(host).heard_by(heard.append)
        ask(models, picture)
        ask(models, picture)
    called = [e for e in heard if isinstance(e, Called)]
    assert [(e.name, e.remembered) for e in called] == [("look", False), ("look", True)]


def test_a_failure_and_the_answer_of_a_stand_in_are_not_remembered(memory, picture, recalling):
    act, faults = Counting(), [ToolFailed("no")]

    def once(value, **more):
        if faults:
            raise faults.pop()
        return value

    specs = [
        fake("first", 1, memory, once, ability="look"),
        fake("second", 1, memory, act, ability="look"),
    ]
    with hosted(*specs, order={"look": ("first", "second")}) as host:
        models = recalling(host)
        assert ask(models, picture).value == "answer 1"
        assert ask(models, picture) is picture, "the first model is tried again"


def test_inputs_without_content_are_not_remembered(memory, picture, recalling):
    act = Counting()
    with hosted(fake("look", 1, memory, act)) as host:
        models = recalling(host)
        for _ in range(2):
            ask(models, picture, odd=object())
    assert act.calls == 2


def test_who_listens_does_not_change_what_is_remembered(memory, picture, recalling):
    act = Counting()
    with hosted(fake("look", 1, memory, act)) as host:
        models = recalling(host)
        for _ in range(2):
            ask(models, picture, on_step=lambda step: None)
    assert act.calls == 1


def test_an_answer_that_left_the_store_is_worked_out_again(memory, picture, recalling, tmp_path):
    act = Counting()
    with hosted(fake("look", 1, memory, act)) as host:
        ask(recalling(host), picture)
        for path in (tmp_path / "store").rglob("*"):
            if path.is_file():
                path.write_bytes(b"")
        assert ask(recalling(host), picture).value == "answer 2"


@pytest.mark.parametrize(
    ("content", "kept"),
    [(b"no database" * 100, ""), (b"", "s" * 64)],  # foreign: nothing is remembered; new: it is
)
def test_a_foreign_file_is_no_loss(tmp_path, content, kept):
    path = tmp_path / "answers.sqlite"
    path.write_bytes(content)
    answers = Answers(path)
    answers.add("k", "s" * 64)
    assert answers.find("k") == kept
    answers.close()
    assert answers.find("k") == ""
    assert path.read_bytes()[:11] == (content[:11] or b"SQLite form")


def test_answers_are_forgotten_with_what_they_are_about(tmp_path: Path) -> None:
    image = Image.as_root(np.full((8, 8, 3), 7, np.uint8))
    edited = image.with_pixels(image.pixels * 2)
    assert about([edited, "text", 3]) == {image.frame.root}
    assert len(about([[image], Text("a")])) == 2
    answers = Answers(tmp_path / "answers.sqlite")
    for key, sha256 in (("a", "1"), ("b", "2"), ("c", "2")):
        answers.add(key, sha256)
    answers.note("a", {"one", "two"})
    answers.note("b", {"two"})
    answers.note("c", {"three"})
    assert answers.forget({"two", "unknown"}) == {"1"}, "another question has the answer 2"
    assert [answers.find(key) for key in "abc"] == ["", "", "2"]
    assert answers.forget({"one", "three"}) == {"2"}
    answers.close()
