"""The rules of scoring, row by row; each row pins one behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from evals.score import Outcome, dense, mentions, numbers, overlap, plain, rate, score
from evals.tasks import Task


def task(kind: str, answer: Any, **more: Any) -> Task:
    return Task(id="t", images=("a.png",), question="q", answer=answer, answer_type=kind, **more)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("  Two\u00a0 Words\n", "two words"),  # any white space is one space
        ("\uff21\uff22\uff11", "ab1"),  # full-width letters and digits
        ("it\u2019s", "it's"),  # typographic apostrophe
        ("\ufb01ne", "fine"),  # ligature
        (12.5, "12.5"),  # anything that prints
    ],
)
def test_plain(given: object, wanted: str) -> None:
    assert plain(given) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("NW-8 9.a!", "nw89a"), ("Été", "été"), ("東京 Tower", "東京tower"), ("–…", "")],
)
def test_dense(given: str, wanted: str) -> None:
    assert dense(given) == wanted


@pytest.mark.parametrize(
    ("text", "wording", "found"),
    [
        ("It says STOP!", "stop", True),
        ("It is unstoppable", "stop", False),  # four letters or fewer: a word of its own
        ("It is unstoppable", "stopp", True),  # longer: anywhere
        ("A-B-C D.E", "abcde", True),  # longer: without punctuation
        ("a-b-c", "abc", False),  # short: not without punctuation
        ("costs 3.60", "3.60", True),  # a point makes it no word: looked for anywhere
        ("costs 13.609", "3.60", True),
        ("x4y", "4", False),
        ("(4)", "4", True),
        ("is_4_it", "4", False),  # the underscore is part of a word
        ("anything", "", True),  # nothing is in everything
        ("", "a", False),
    ],
)
def test_mentions(text: str, wording: str, found: bool) -> None:
    assert mentions(text, wording) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,234.50 and -3", [1234.5, -3.0]),
        ("a 2-3 split", [2.0, -3.0]),  # a dash before a digit is a minus
        ("3 of twelve, one more", [3.0, 1.0, 12.0]),  # words after figures, by value, once each
        ("ones and someone", []),  # only whole words
        ("thirteen", []),  # words end at twelve
        ("10%", [10.0]),
        ("3.", [3.0]),
        ("1,,2", [12.0]),
        ("٣", [3.0]),  # any decimal digit
    ],
)
def test_numbers(text: str, found: list[float]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # touching is not overlapping
        ((10, 10, 0, 0), (0, 0, 10, 10), 0.0),  # inverted
    ],
)
def test_overlap(a: tuple[float, ...], b: tuple[float, ...], share: float) -> None:
    assert overlap(a, b) == pytest.approx(share)


@pytest.mark.parametrize(
    ("wanted", "accept", "answer", "right"),
    [
        ("LG", (), "lg.", True),
        ("LG", (), " LG! ", True),
        ("LG", (), "It is an LG television", True),  # a short sentence that says it
        ("LG", (), "algae", False),
        ("RK619AS", (), "RK-619 AS", True),  # without punctuation
        ("second", ("2",), "Picture 2", True),
        ("second", ("2",), "the first", False),
        ("third", (), "a b c d e f g h i j k third", True),  # twelve words
        ("third", (), "a b c d e f g h i j k l third", False),  # thirteen
        ("third", (), "", False),
    ],
)
def test_exact(wanted: str, accept: tuple[str, ...], answer: str, right: bool) -> None:
    assert score(task("exact", wanted, accept=accept), answer).value == right


@pytest.mark.parametrize(
    ("wanted", "accept", "answer", "right"),
    [
        ("Region growing", (), "The title is “Region  Growing”.", True),
        ("no", (), "I do not know", False),
        ("no", ("not",), "I do not know", True),
        ("4:33", (), "It is 4:33 pm", True),
    ],
)
def test_contains(wanted: str, accept: tuple[str, ...], answer: str, right: bool) -> None:
    assert score(task("contains", wanted, accept=accept), answer).value == right


@pytest.mark.parametrize(
    ("wanted", "tolerance", "answer", "right"),
    [
        (3, 0, "There are three faces", True),
        (3, 0, "3 of them", True),
        (3, 0, "none", False),
        (2, 0, "2 of 3 in row 4", True),  # up to three numbers: the first or the last
        (3, 0, "2 of 3 in row 4", False),
        (4, 0, "2 of 3 in row 4", True),
        (1, 0, "1, 2, 3, 4", False),  # four and more: one of the last two
        (3, 0, "1, 2, 3, 4", True),
        (1, 0, "9, 8, 7 and one", True),  # a number word counts as last
        (13.8, 0.001, "€13.80", True),
        (13.8, 0.001, "13.82", False),
        (13.8, 0.5, "14.3", True),
        ("7", 0, "7", True),  # the expected value may be a string
        (1000, 0, "1,000", True),
    ],
)
def test_number(wanted: Any, tolerance: float, answer: str, right: bool) -> None:
    assert score(task("number", wanted, tolerance=tolerance), answer).value == right


def test_set_wants_every_member_in_some_wording() -> None:
    both = task("set", ["2", "blue"], accept_map={"2": ("two",)})
    assert score(both, "Two, and a blue one").value == 1
    missing = score(both, "Two, and a red one")
    assert (missing.value, missing.reason) == (0, "lacks 'blue'")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("10, 20, 110, 120", True),
        ("x1=10 y1=20 x2=110 y2=120", True),  # names of corners are no numbers
        ("[10.0, 20.0, 110.0, 120.0] with score 0.9", True),  # the first four count
        ("score 0.9 at 10, 20, 110, 120", False),
        ("10, 20, 110", False),
        ("10,20,110,120", False),  # without spaces the commas divide thousands: one number
        ("60, 20, 160, 120", False),
    ],
)
def test_box(answer: str, right: bool) -> None:
    assert score(task("box", [10, 20, 110, 120]), answer).value == right


def test_box_threshold_is_the_tasks() -> None:
    loose = task("box", [0, 0, 10, 10], iou_min=0.3)
    assert score(loose, "5, 0, 15, 10").value == 1
    assert (
        score(task("box", [0, 0, 10, 10]), "5, 0, 15, 10").reason
        == "overlaps by 0.33, 0.5 is asked"
    )


def test_an_edit_without_a_picture_is_wrong_whatever_is_said() -> None:
    edit = task("image_edit", "grey", checks=({"type": "gray"},))
    assert score(edit, "Done!").reason == "no picture was written"


def test_rate_asks_for_the_expected_end() -> None:
    beyond = task("contains", "", expect="cannot")
    assert rate(beyond, Outcome("I cannot tell breeds apart.", "cannot")).value == 1
    guessed = rate(beyond, Outcome("A tabby", "answered"))
    assert (guessed.value, guessed.reason) == (0, "ended 'answered', 'cannot' was expected")
