"""What people call things becomes what models list."""

from __future__ import annotations

import pytest

from tools.coco import COCO
from tools.vocabulary import OTHER_NAMES, canonical, is_loose, known_as, plain


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("dogs", "dog"),
        ("the Sofas", "couch"),
        ("Wine glasses", "wine glass"),
        ("knives", "knife"),
        ("buses", "bus"),
        ("scissors", "scissors"),
        ("skis", "skis"),
        ("pedestrians", "person"),
        ("women", "person"),
        ("mobile phones", "cell phone"),
        ("a bottle of water", ""),  # says more than a bottle
        ("red car", ""),
        ("glasses", ""),  # are worn, not drunk from
        ("", ""),
    ],
)
def test_a_phrase_is_known_by_a_listed_name(phrase, name):
    assert known_as(phrase, COCO) == name


def test_every_other_name_of_coco_leads_to_its_class():
    for name, others in OTHER_NAMES.items():
        assert name in COCO
        assert {known_as(other, COCO) for other in others} == {name}


@pytest.mark.parametrize("phrase", ["women", "the boy", "mugs", "tablets"])
def test_words_that_say_more_than_the_listed_name(phrase):
    assert is_loose(phrase)


@pytest.mark.parametrize("phrase", ["people", "dogs", "sofa", "coins", "face"])
def test_words_that_say_the_same_as_the_listed_name(phrase):
    assert not is_loose(phrase)


def test_the_users_own_words_lose_only_what_surrounds_them():
    assert plain(" The red  Mugs, ") == "red mugs"
    assert plain("people's hats") == "people's hats"
    assert canonical("people's faces") == "face"
