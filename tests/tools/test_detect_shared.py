"""Who is asked for which phrases: one call a model, the user's own words, a second witness."""

from __future__ import annotations

import numpy as np
import pytest

from tools.catalog import ANY, Catalog, ModelSpec
from tools.context import ToolContext
from tools.errors import Cancelled, MissingModel, ToolFailed
from tools.experts import detect as expert
from tools.experts.detect import detect
from tools.types import Boxes, Image

LISTS = {"faces": ("face",), "coco": ("person", "dog", "couch", "cup"), "people": ("person",)}


class Models:
    """Answers by a rule and remembers who was asked for what."""

    def __init__(self, lists, sees, order=None):
        specs = [self._spec(name, labels) for name, labels in lists.items()]
        self.catalog = Catalog({}, {s.name: s for s in specs})
        self.order = order or list(lists)
        self.sees = sees
        self.calls = []

    def _spec(self, name, labels):
        return ModelSpec(name, "detect", "MIT", lambda: None, "1", labels=labels)

    def use(self, ability, image, *, labels, cancel, **more):
        for name in self.order:
            if not self.catalog.models[name].cannot(labels):
                self.calls.append((name, labels, more))
                return self._seen(name, image, labels)
        raise MissingModel(f"nothing can find {labels}")

    def _seen(self, name, image, labels):
        rows = self.sees.get(name, {})
        if isinstance(rows, Exception):
            raise rows
        found = [(label, box) for label in labels for box in rows.get(label, [])]
        boxes = np.array([box for _, box in found], np.float32).reshape(-1, 4)
        names = tuple(label for label, _ in found)
        return Boxes(image.frame, boxes, names, np.full(len(found), 0.9, np.float32))


@pytest.fixture
def image() -> Image:
    return Image.as_root(np.zeros((100, 100, 3), np.uint8))


@pytest.fixture
def asked(monkeypatch, image):
    def ask(lists, sees, phrases, order=None, **more):
        models = Models(lists, sees, order)
        monkeypatch.setattr(expert, "discover", lambda: models.catalog)
        return detect(ToolContext(models), image, phrases, **more), models.calls

    return ask


A, B, C = [0, 0, 20, 20], [40, 40, 90, 90], [50, 50, 70, 70]


def test_one_call_for_all_that_one_model_knows(asked):
    sees = {"coco": {"person": [A], "dog": [B], "couch": [C]}, "faces": {"face": [C]}}
    found, calls = asked(LISTS, sees, ["people", "a dog", "face", "sofas"])
    assert [(name, labels) for name, labels, _ in calls] == [
        ("coco", ("person", "dog", "couch")),
        ("faces", ("face",)),
    ]
    assert sorted(found.labels) == ["couch", "dog", "face", "person"]


def test_who_knows_any_name_hears_the_users_own_words(asked):
    sees = {"coco": {"dog": [A]}, "open": {"red mugs": [B], "handle of the cup": [C]}}
    phrases = ["dogs", "the red mugs", "Handle of the cup"]
    found, calls = asked(LISTS | {"open": ANY}, sees, phrases)
    assert [(name, labels) for name, labels, _ in calls] == [
        ("coco", ("dog",)),
        ("open", ("red mugs", "handle of the cup")),
    ]
    assert set(found.labels) == {"dog", "red mugs", "handle of the cup"}


def test_a_word_that_says_more_than_the_listed_one_goes_to_who_knows_it(asked):
    sees = {"open": {"women": [A]}, "coco": {"person": [A, B]}}
    found, _ = asked(LISTS | {"open": ANY}, sees, ["women"])
    assert found.labels == ("women",)
    found, _ = asked(LISTS, sees, ["women"])
    assert found.labels == ("person", "person")


def test_what_the_first_does_not_see_a_second_looks_for(asked):
    sees = {"coco": {"person": [A]}, "open": {"a dog": [B]}}
    found, calls = asked(LISTS | {"open": ANY}, sees, ["person", "dog"])
    assert sorted(found.labels) == ["dog", "person"]
    assert calls[1] == ("open", ("a dog",), {"min_score": expert.SURE})
    _, calls = asked(LISTS, sees, ["person", "dog"])
    assert len(calls) == 1


def test_a_second_witness_that_fails_leaves_the_first_answer(asked):
    sees = {"open": ToolFailed("broken")}
    found, _ = asked(LISTS | {"open": ANY}, sees, ["dog"])
    assert len(found) == 0
    with pytest.raises(Cancelled):
        asked(LISTS | {"open": ANY}, {"open": Cancelled("stopped")}, ["dog"])
    with pytest.raises(ToolFailed, match="broken"):
        asked(LISTS, {"coco": ToolFailed("broken")}, ["dog"])


def test_a_profile_may_leave_out_who_knows_most(asked):
    sees = {"people": {"person": [A]}, "open": {"dog": [B], "a dog": [B]}}
    order = ["people", "open"]
    found, _ = asked(LISTS | {"open": ANY}, sees, ["person", "dog"], order)
    assert "dog" in found.labels
    found, _ = asked(LISTS | {"open": ANY}, {"coco": {"person": [A]}}, ["women"], ["coco"])
    assert found.labels == ("person",)


def test_a_name_nobody_knows_is_said(asked):
    with pytest.raises(MissingModel, match="zebra"):
        asked(LISTS, {}, ["dog", "zebra"])


def test_who_stands_before_another_is_not_the_same_person(asked, image):
    found, _ = asked(LISTS, {"coco": {"person": [B, C]}}, ["person"])
    assert len(found) == 2
    parts = np.float32([[0, 0, 100, 100], [30, 30, 100, 100]])
    region = Boxes(image.frame, parts, ("", ""), np.ones(2, np.float32))
    found, _ = asked(LISTS, {"coco": {"person": [B]}}, ["person"], region=region)
    assert len(found) == 1


def test_the_floor_of_the_user_reaches_every_model(asked):
    sees = {"coco": {}, "open": {}}
    _, calls = asked(LISTS | {"open": ANY}, sees, ["dog", "kite string"], min_score=0.7)
    assert [more for _, _, more in calls] == [{"min_score": 0.7}] * 3
