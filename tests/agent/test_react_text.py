"""Replies of the thought, action, observation protocol are read as they were meant, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planning.loose import Reader
from agent.planning.react_text import MAX_CALLS, MAX_REPLY, parse, render
from agent.protocol import BadReply

PARAMS = {"detect": ("image", "what"), "count": ("things",), "blur": ("image", "region")}
DETECT = ("detect", {"image": "img1", "what": ["red dog"]})
COUNT = ("count", {"things": "$1"})


def read(text: str) -> list[Any]:
    return parse(text, PARAMS)[0]


def refused(text: str) -> str:
    with pytest.raises(BadReply) as caught:
        parse(text, PARAMS)
    return caught.value.line()


# Actions


@pytest.mark.parametrize(
    "text",
    [
        'Thought: look\nAction: detect(image=img1, what=["red dog"])',
        "Thought: look\nAction: detect(image='img1', what=['red dog'],)",
        "**Thought:** look\n**Action:** `detect(image=img1, what=['red dog'])`",
        "### Action 1:\ndetect(img1, ['red dog'])",
        "action: DETECT".lower() + '\naction input: {"image": "img1", "what": ["red dog"]}',
        "Action: detect\nAction Input: {'image': 'img1', 'what': ['red dog',], } // all of them",
        'Action: detect\nAction Input: image=img1, what=["red dog"]',
        'Action: detect {"image": "img1", "what": ["red dog"]}',
        'Action: {"tool": "detect", "args": {"image": "img1", "what": ["red dog"]}}',
        'Action: {"action": "detect", "action_input": {image: img1, what: [red dog]}}',
        '```json\n{"name": "detect", "arguments": {"image": "img1", "what": ["red dog"]}}\n```',
        '{"calls": [{"tool": "detect", "args": {"image": "img1", "what": ["red dog"]}}]}',
        '[{"function": {"name": "detect", "arguments": "{\\"image\\": \\"img1\\", '
        '\\"what\\": [\\"red dog\\"]}"}}]',
        '{"detect": {"image": "img1", "what": ["red dog"]}}',
        '<tool_call>\n{"name": "detect", "arguments": {"image": "img1", "what": ["red dog"]}}\n'
        "</tool_call>",
        "Action: functions.detect(\n  image=img1,  # the first\n  what=[\n    'red dog'\n  ],\n)",
        "I must find it first.\n```python\ndogs = detect(image=img1, what=['red dog'])\n```",
        "Thought: it must be found\ndetect(image=img1, what=['red dog'])",
        "<think>blur(image=img1)? no.</think>\nAction: detect(image=img1, what=['red dog'])<|im_end|>",
        "Action: detect(image=img1, what=['red dog']) because a dog is asked for.",
        "Action: detect(image=img1, what=[\u201cred dog\u201d])\r\n",
    ],
)
def test_one_call_in_many_hands(text: str) -> None:
    assert read(text) == [DETECT]


@pytest.mark.parametrize(
    "text",
    [
        "Action: detect(image=img1, what=['red dog'])\nAction: count(things=$1)",
        "Actions:\n1. detect(image=img1, what=['red dog'])\n2. count($1)",
        "Action: detect(image=img1, what=['red dog']); count(things='$1')",
        "Thought: a\nAction: detect(img1, ['red dog'])\nThought: b\nAction: count(things=$1)",
        "dogs = detect(image=img1, what=['red dog'])\nn = count(things=dogs)",
        'Action: [{"tool": "detect", "args": {"image": "img1", "what": ["red dog"]}}, '
        '{"tool": "count", "args": {"things": "$1"}}]',
    ],
)
def test_a_chain_in_one_reply(text: str) -> None:
    assert read(text) == [DETECT, COUNT]


def test_thoughts_are_joined_and_calls_are_none_of_them() -> None:
    calls, thought = parse("Thought: first this\nAction: count($1)\nThought: then that", PARAMS)
    assert calls == [COUNT]
    assert thought == "first this then that"
    assert parse("Ok.\ndetect(image=img1)", PARAMS)[1] == ""


def test_nothing_after_a_made_up_observation_is_run() -> None:
    for label in ("Observation:", "**Observation 1:**", "observations: ", "Question:", "Human:"):
        text = f"Action: count(things=$1)\n{label} 3\nThought: blur\nAction: blur(image=img1)"
        assert read(text) == [COUNT]
        assert read(f"{text}\nFinal Answer: 3") == [COUNT]
    assert "neither a call nor an answer" in refused("Observation: 3\nAction: blur(image=img1)")


def test_an_unfinished_thought_is_not_run() -> None:
    refused("<think>maybe blur(image=img1)")


def test_unknown_tools_are_passed_on_only_where_a_call_was_announced() -> None:
    assert read("Action: erase(image=img1)") == [("erase", {"image": "img1"})]
    refused("erase(image=img1)")
    refused("I call erase (the tool) on the picture.")


def test_values_keep_their_types() -> None:
    text = (
        "Action: t(a=1, b=-2.5, c=true, d=None, e='1', f=#4, g=boxes2[1], h=[1, [2]], i=two words,"
        " j=\"man's hat\", k='a \"b\"', l='man's hat', m='a\\nb\\u00e9', n=1e3, o='#1 #2')"
    )
    [(_, args)] = read(text)
    assert args == {
        "a": 1, "b": -2.5, "c": True, "d": None, "e": "1", "f": "#4", "g": "boxes2[1]",
        "h": [1, [2]], "i": "two words", "j": "man's hat", "k": 'a "b"', "l": "man's hat",
        "m": "a\nb\u00e9", "n": 1000.0, "o": "#1 #2",
    }  # fmt: skip
    assert [type(args[k]) for k in "abc"] == [int, float, bool]


# Answers


@pytest.mark.parametrize(
    "text",
    [
        "Thought: seen\nFinal Answer: There are 3 dogs [#1].",
        "**Final Answer:** There are 3 dogs [#1].",
        "final answer : There are 3 dogs [#1].\nObservation: none\nAction: blur(image=img1)",
        "Action: Final Answer: There are 3 dogs [#1].",
        'Action: answer(text="There are 3 dogs [#1].")',
        'Final Answer: {"answer": "There are 3 dogs [#1]."}',
        '{"thought": "seen", "final_answer": "There are 3 dogs [#1]."}',
        "Answer: There are 3 dogs [#1].",
    ],
)
def test_one_answer_in_many_hands(text: str) -> None:
    assert read(text) == [("answer", {"text": "There are 3 dogs [#1]."})]


def test_an_answer_of_several_lines_with_pictures_and_status() -> None:
    text = "Final Answer: It is done.\nTwo plates.\nStatus: cannot\nPictures: [img4, img5]"
    wanted = {"text": "It is done.\nTwo plates.", "status": "cannot", "images": ["img4", "img5"]}
    assert read(text) == [("answer", wanted)]
    given_whole = 'answer(text="ok", status="answered", images=["img4"])'
    assert read(given_whole)[0][1] == {"text": "ok", "status": "answered", "images": ["img4"]}


def test_an_answer_beside_calls_has_not_seen_their_results() -> None:
    assert read("Action: count($1)\nFinal Answer: 3") == [COUNT]


def test_a_wish_to_see() -> None:
    for text in ("Action: look(what=[img1, #4])", "Action: look(img1, #4)"):
        assert read(text) == [("look", {"what": ["img1", "#4"]})]


# Refusals


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither a call nor an answer"),
        ("There may be a dog.", "neither a call nor an answer"),
        ("Final Answer:", "neither a call nor an answer"),
        ("Action: well, let me see", "no call in"),
        ("Action: detect(image=img1", "')' is missing"),
        ("Action: detect(image=img1, what=['dog)", "is missing"),
        ('Action: {"tool": "detect", "args"', "':' is missing"),
        ("Action: detect(1, 2, 3)", "each argument needs a name"),
        ("Action: t(a=1e999)", "too large"),
        (f"Action: t(a={'9' * 5000})", "a number of 5000 characters"),
        (f"Action: t(a={'[' * 500}{']' * 500})", "too many brackets"),
        (f"Action: t(a={'{a:' * 5000})", "too many brackets"),
        ("x" * (MAX_REPLY + 1), "characters"),
        ("Action: count($1)\n" * (MAX_CALLS + 1), "calls in one reply"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said(text: str, said: str) -> None:
    assert said in refused(text)


def test_what_no_file_can_hold_is_replaced() -> None:
    [(_, args)] = read("Action: t(a='\\ud800', b='\\ud83d\\ude00', c='\ud800', d=NaN, e=Infinity)")
    assert args == {"a": "\ufffd", "b": "\U0001f600", "c": "\ufffd", "d": "NaN", "e": "Infinity"}


# Properties

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
HANDLES = st.sampled_from(["img1", "$1", "#4", "boxes2[1]"])
CALLS = st.lists(
    st.tuples(
        st.sampled_from(sorted(PARAMS)),
        st.dictionaries(st.sampled_from(["image", "what", "min_score"]), PLAIN | HANDLES),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(calls=CALLS)
def test_what_is_written_is_read_back(calls: list[tuple[str, dict[str, Any]]]) -> None:
    found, thought = parse(render(calls, "so it is"), PARAMS)
    assert found == [tuple(c) for c in calls]
    assert thought == "so it is"


@settings(max_examples=200, deadline=None)
@given(value=st.dictionaries(st.text(max_size=8), PLAIN, max_size=4))
def test_json_is_read_as_json(value: dict[str, Any]) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert Reader(text).value() == json.loads(text)


PIECES = st.sampled_from(
    ["Action:", "Thought:", "\n", "Final Answer:", "Observation:", "detect(", "count($1)", ")", "{",
     "}", "[", "]", '"', "'", ",", ":", "=", "```", "```json", "<think>", "</think>", "<tool_call>",
     '{"tool": "detect"', '"args":', "Action Input:", "img1", "$", "#4", "\\", "\\u", "\\ud800",
     "1e9", "-", "/*", "//", "# ", "answer(", "look(", "None", "\ud800", "“", "status: x", "f'"]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(text=st.text(max_size=200) | st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        calls, thought = parse(text, PARAMS)
    except BadReply as error:
        error.line().encode()
        return
    assert calls
    json.dumps([calls, thought], allow_nan=False).encode()
    assert [name for name, _ in calls].count("answer") in (0, len(calls))


@pytest.mark.parametrize(
    "piece", ["'", '"', "\\", "{", "[", "/*", "a ", "- ", "Action:", "`", "a='", "=("]
)
def test_long_hostile_texts_end(piece: str) -> None:
    text = f"Action: t({(piece * MAX_REPLY)[: MAX_REPLY - 20]}"
    refused(text)
