from typing import Any

import pytest
from loop_fakes import ALL, boxes, catalog, find, meet, note, paint, picture, read, tally

from agent.held import NoKeeper
from agent.protocol import Call, Plan, Result
from agent.repair import Fixed, Repairer
from agent.session import Session
from tools.errors import PlannerError
from tools.graph import ToolGraph


def session(pictures: int = 1) -> Session:
    found = Session("s", NoKeeper())
    for seed in range(pictures):
        image = picture(seed=seed)
        found.add(image, image.sha256)
    return found


def call(name: str, tool: str, /, **args: Any) -> Call:
    return Call(id=name, tool=tool, args=args)


def fix(*calls: Call, over: Any = ALL, pictures: int = 1, boxes_held: bool = False) -> Fixed:
    held = session(pictures)
    known = list(held.held)
    if boxes_held:
        frame = held.get("img1").frame  # type: ignore[attr-defined]
        known.append(held.add(boxes(frame, ("face", 1, 1, 9, 9)), "b" * 64))
    return Repairer(ToolGraph(over)).fix(Plan(calls=calls), held, known)


def test_a_missing_picture_is_filled_in() -> None:
    fixed = fix(call("a", "read"))
    assert fixed.calls[0].args == {"image": "img1"}
    assert fixed.notes == [("a", "image was missing; img1 is the one that fits")]


def test_with_two_pictures_nothing_is_guessed() -> None:
    fixed = fix(call("a", "read"), pictures=2)
    assert fixed.notes == []
    assert "`image` wants a picture" in str(fixed.refused["a"])


def test_an_entity_says_which_picture_is_meant() -> None:
    held = session(2)
    frame = held.get("img2").frame  # type: ignore[attr-defined]
    found = Result(call("f", "find"), "boxes1", boxes(frame, ("face", 1, 1, 9, 9)))
    held.add(boxes(frame, ("face", 1, 1, 9, 9)), "b" * 64)
    held.scene = held.scene.add(found, pictures=held.pictures)
    plan = Plan(calls=(call("p", "paint", region="#1"),))
    fixed = Repairer(ToolGraph(ALL)).fix(plan, held, ["img1", "img2"])
    assert fixed.calls[0].args == {"region": "#1", "image": "img2"}
    beside = Plan(calls=(call("e", "paint", image="img2"), *plan.calls))
    fixed = Repairer(ToolGraph(ALL)).fix(beside, held, ["img1", "img2"])
    assert fixed.calls[1].args == {"region": "#1", "image": "img2"}


def test_the_producer_that_is_plainly_missing_is_put_before() -> None:
    fixed = fix(call("n", "tally"), over=catalog(tally, read))
    assert [c.tool for c in fixed.calls] == ["read", "tally"]
    assert fixed.calls[0].args == {"image": "img1"}
    assert fixed.calls[1].args == {"things": f"${fixed.calls[0].id}"}
    assert fixed.notes == [("n", "things comes from read, put before it")]


def test_where_several_would_do_the_choice_is_the_planners() -> None:
    fixed = fix(call("n", "tally"), over=catalog(tally, read, find))
    assert [c.tool for c in fixed.calls] == ["tally"]
    assert "made by find, read" in str(fixed.refused["n"])


def test_the_result_of_an_earlier_call_of_the_plan_fits() -> None:
    fixed = fix(call("f", "find", image="img1"), call("n", "tally"))
    assert fixed.calls[1].args == {"things": "$f"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (call("a", "paint", image="boxes1"), "boxes1 is Boxes, but `image` wants a picture"),
        (call("a", "paint", image="$b"), "$b is TextSpans, but `image` wants a picture"),
        (call("a", "tally", things="img1"), "img1 is Image, but `things` wants"),
        (call("a", "after", name="x", first="img1"), "`first` wants note; made by meet, note"),
        (call("a", "nope"), "there is no tool 'nope'"),
        (call("a", "tali"), "there is no tool 'tali'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(wrong: Call, says: str) -> None:
    from loop_fakes import after

    over = catalog(paint, tally, find, read, note, meet, after)
    fixed = fix(wrong, call("b", "read", image="img1"), over=over, boxes_held=True)
    assert says in str(fixed.refused["a"])
    assert fixed.refused.keys() == {"a"}
    assert [c.id for c in fixed.calls] == ["a", "b"]


def test_texts_are_let_through_where_boxes_are_wanted() -> None:
    fixed = fix(call("r", "read", image="img1"), call("t", "take", things="$r"))
    assert fixed.refused == {}


@pytest.mark.parametrize(
    "calls",
    [
        (call("a", "note"), call("a", "note", text="x")),
        (call("a", "tally", things="$b"), call("b", "tally", things="$a")),
        (call("a", "tally", things="$a"),),
    ],
)
def test_a_plan_that_is_no_plan_goes_back(calls: tuple[Call, ...]) -> None:
    with pytest.raises(PlannerError, match=r"share the id|in a circle"):
        fix(*calls)
