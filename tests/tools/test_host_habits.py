"""What is likely to be called next: learned from the order of calls; and who leaves by it."""

from __future__ import annotations

from tools.host_habits import REMEMBERED, Habits
from tools.host_victims import MOST_WEIGHED, Entry, cheapest


def after(calls):
    habits = Habits()
    for name in calls:
        habits.called(name)
    return habits


def test_at_first_what_was_used_last_is_likeliest():
    chances = after("abc").chances("abc")
    assert chances["a"] < chances["b"] < chances["c"] <= 1


def test_what_never_was_called_is_least_likely():
    chances = after("ab").chances("abz")
    assert chances["z"] == min(chances.values())


def test_what_followed_before_is_expected_again_however_long_unused():
    habits = after("xyababababx")
    chances = habits.chances("yab")
    assert chances["y"] < chances["b"]  # seen once: not yet enough
    habits = after("xyababab" * 12 + "x")
    chances = habits.chances("yab")
    assert chances["y"] > chances["a"] > chances["b"]


def test_the_model_about_to_be_called_says_what_follows_it():
    habits = after("xyab" * 6)
    assert habits.chances("yb")["y"] < habits.chances("yb", now="x")["y"]


def test_one_call_or_many_in_a_row_teach_the_same_order():
    once, often = after("xyab" * 5 + "x"), after(("x" * 9 + "yab") * 5 + "x")
    names = "yab"
    order = sorted(names, key=once.chances(names).__getitem__)
    assert order == sorted(names, key=often.chances(names).__getitem__) == ["b", "a", "y"]


def test_what_is_remembered_has_an_end():
    calls = "xy" * 9 + "ab" * (REMEMBERED // 4)
    assert after(calls).chances("y", now="x")["y"] > 0.4
    assert after(calls + "ab" * REMEMBERED).chances("y", now="x")["y"] < 0.1


def entries(**sizes):
    return [Entry(name, mb, None, pins=0) for name, mb in sizes.items()]


def names(leaving):
    return leaving and "".join(e.name for e in leaving)


def test_the_least_likely_leaves_and_chances_add_up():
    idle = entries(a=5, b=5, c=10)
    even = dict.fromkeys("abc", 0.2)
    assert names(cheapest(idle, 5, {"a": 0.3, "b": 0.1, "c": 0.6}, 1000)) == "b"
    assert names(cheapest(idle, 10, even, 1000)) == "c"


def test_of_models_alike_the_larger_makes_room_for_the_next_too():
    assert names(cheapest(entries(a=5, b=9), 5, {"a": 0.2, "b": 0.2}, 10)) == "b"


def test_nobody_leaves_for_nothing_or_in_vain():
    chances = {"a": 0.5}
    assert cheapest(entries(a=5), 0, chances, 10) == ()
    assert cheapest(entries(a=5), 6, chances, 10) is None


def test_among_very_many_the_least_likely_leave():
    idle = [Entry(str(i), 1, None, pins=0) for i in range(MOST_WEIGHED + 3)]
    chances = {e.name: 1 - int(e.name) / 100 for e in idle}
    leaving = cheapest(idle, 2, chances, 10)
    assert {e.name for e in leaving} == {str(MOST_WEIGHED + 2), str(MOST_WEIGHED + 1)}
