"""A second witness: asked where the first saw nothing, or, for yes and no, where it is not certain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_models import Memory, fake, hosted

from tools.catalog import ANY, Catalog
from tools.context import ToolContext
from tools.errors import Cancelled, MissingModel, ToolFailed
from tools.experts import detect as expert
from tools.experts.detect import detect
from tools.host_events import Called
from tools.recall import Recalling
from tools.types import Boxes, Image

HERE, THERE = [10, 10, 40, 40], [60, 60, 90, 90]


def sees(rows, scores=None):
    """A detector that sees these boxes of each name, with these scores."""

    def act(image, *, cancel, labels, min_score=0.1):
        if isinstance(rows, Exception):
            raise rows
        found = [
            (label, box, (scores or {}).get(label, 0.6))
            for label in labels
            for box in rows.get(label, [])
        ]
        found = [row for row in found if row[2] >= min_score]
        boxes = np.array([box for _, box, _ in found], np.float32).reshape(-1, 4)
        names = tuple(label for label, _, _ in found)
        return Boxes(image.frame, boxes, names, np.array([s for *_, s in found], np.float32))

    return act


@pytest.fixture
def look(monkeypatch):
    """Ask these detectors; what they found and who was called, in order."""

    def ask(detectors, phrases, **more):
        memory = Memory()
        specs = [
            fake(name, 1, memory, act, ability="detect", labels=labels)
            for name, labels, act in detectors
        ]
        order = {"detect": tuple(spec.name for spec in specs)}
        catalog = Catalog({}, {spec.name: spec for spec in specs})
        monkeypatch.setattr(expert, "discover", lambda: catalog)
        called = []

        def hear(event):
            if isinstance(event, Called):
                called.append(event.name)

        image = Image.as_root(np.zeros((100, 100, 3), np.uint8))
        with hosted(*specs, order=order) as host:
            found = detect(ToolContext(host.heard_by(hear)), image, phrases, **more)
        return found, called

    return ask


def test_what_an_open_model_does_not_see_the_next_one_looks_for(look):
    found, called = look(
        [("first", ANY, sees({})), ("second", ANY, sees({"kite": [HERE]}))], ["kite"]
    )
    assert called == ["first", "second"]
    assert found.labels == ("kite",)


def test_a_doubtful_second_look_finds_nothing(look):
    detectors = [("first", ANY, sees({})), ("second", ANY, sees({"kite": [HERE]}, {"kite": 0.4}))]
    found, called = look(detectors, ["kite"])
    assert called == ["first", "second"]
    assert len(found) == 0


@pytest.mark.parametrize("failing", [ToolFailed("broken"), RuntimeError("broken")])
def test_a_second_look_that_fails_leaves_the_first_answer(look, failing):
    found, _ = look([("first", ANY, sees({})), ("second", ANY, sees(failing))], ["kite"])
    assert len(found) == 0


def test_nobody_is_asked_twice(look):
    found, called = look([("only", ANY, sees({}))], ["kite"])
    assert (len(found), called) == (0, ["only"])


@pytest.mark.parametrize("labels", [ANY, ("dog",)])
def test_for_yes_or_no_a_second_model_must_agree(look, labels):
    first = ("first", labels, sees({"dog": [HERE, THERE]}))
    found, called = look([first, ("second", ANY, sees({"dog": [HERE]}))], ["dog"], confirm=True)
    assert called == ["first", "second"]
    np.testing.assert_array_equal(found.xyxy, [HERE])
    assert found.scores[0] == np.float32(0.6)


def test_what_is_certain_needs_no_second(look):
    first = ("first", ANY, sees({"dog": [HERE]}, {"dog": 0.9}))
    found, called = look([first, ("second", ANY, sees({}))], ["dog"], confirm=True)
    assert (len(found), called) == (1, ["first"])


def test_a_second_model_that_sees_it_elsewhere_does_not_agree(look):
    first = ("first", ANY, sees({"dog": [HERE]}))
    found, _ = look([first, ("second", ANY, sees({"dog": [THERE]}))], ["dog"], confirm=True)
    assert len(found) == 0


@pytest.mark.parametrize(
    "others", [[], [("second", ("cat",), sees({}))], [("second", ANY, sees(ToolFailed("broken")))]]
)
def test_where_there_is_no_second_witness_the_first_is_believed(look, others):
    first = ("first", ANY, sees({"dog": [HERE]}))
    found, _ = look([first, *others], ["dog"], confirm=True)
    assert len(found) == 1


def test_without_being_asked_for_it_nothing_is_confirmed(look):
    first = ("first", ANY, sees({"dog": [HERE]}))
    found, called = look([first, ("second", ANY, sees({}))], ["dog"])
    assert (len(found), called) == (1, ["first"])


def test_a_stop_is_a_stop(look):
    with pytest.raises(Cancelled):
        look([("first", ANY, sees({})), ("second", ANY, sees(Cancelled("stopped")))], ["kite"])


def test_who_answered_already_is_skipped_by_name():
    memory = Memory()
    specs = [fake(n, 1, memory, lambda v, *, cancel, n=n: n, ability="say") for n in "ab"]
    with hosted(*specs, order={"say": ("a", "b")}) as host:
        assert host.use("say", 1) == "a"
        assert host.use("say", 1, skip=("a",)) == "b"
        with pytest.raises(MissingModel, match="a: has answered already"):
            host.use("say", 1, skip=("a", "b"))
        assert ToolContext(host).another("say", 1) == "b"
    with hosted(specs[0]) as host, pytest.raises(MissingModel, match="no second model"):
        ToolContext(host).another("say", 1)


def test_the_second_answer_is_remembered_as_its_own(tmp_path):
    from tools.recall import Answers
    from tools.store import Store

    memory = Memory()
    specs = [
        replace(fake(n, 1, memory, sees({"dog": [box]}), ability="detect"), labels=ANY)
        for n, box in (("a", HERE), ("b", THERE))
    ]
    image = Image.as_root(np.zeros((100, 100, 3), np.uint8))
    heard = []
    with hosted(*specs, order={"detect": ("a", "b")}) as host:
        answers = Answers(tmp_path / "answers.sqlite")
        models = Recalling(host, answers, Store(tmp_path / "store")).heard_by(heard.append)
        ctx = ToolContext(models)
        for _ in range(2):
            assert ctx.use("detect", image, labels=("dog",)).xyxy.tolist() == [HERE]
            assert ctx.another("detect", image, labels=("dog",)).xyxy.tolist() == [THERE]
        answers.close()
    calls = [(e.name, e.remembered) for e in heard if isinstance(e, Called)]
    assert calls == [("a", False), ("b", False), ("a", True), ("b", True)]
