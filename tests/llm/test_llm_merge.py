"""Replies put together from pieces, and errors read, in every shape that servers give them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.llm.faults import Fault, of_object, of_status
from agent.llm.merge import Chat, Responses


def pieces(*calls: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"choices": [{"delta": {"tool_calls": [c]}}]} for c in calls]


def call(name: str | None, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


A, B = ("crop", '{"image": "img1"}'), ("count", '{"things": "$0"}')


@pytest.mark.parametrize(
    "stream",
    [
        # As OpenAI does it, the two in turns
        pieces(call("crop", "", index=0, id="a"), call("count", "", index=1, id="b"),
               call(None, A[1][:5], index=0), call(None, B[1][:9], index=1),
               call(None, A[1][5:], index=0), call(None, B[1][9:], index=1)),
        # Whole calls, all at index 0, told apart by their ids
        pieces(call(*A, index=0, id="a"), call(*B, index=0, id="b")),
        # … without ids
        pieces(call(*A, index=0), call(*B, index=0)),
        # … without an index
        pieces(call(*A, id="a"), call(*B, id="b")),
        # … with neither
        pieces(call(*A), call(*B)),
        # Id and name in every piece
        pieces(call("crop", A[1][:5], index=0, id="a"), call("crop", A[1][5:], index=0, id="a"),
               call("count", B[1][:5], index=1, id="b"), call("count", B[1][5:], index=1, id="b")),
        # Pieces by id alone
        pieces(call("crop", A[1][:5], id="a"), call(None, A[1][5:], id="a"),
               call("count", B[1][:5], id="b"), call(None, B[1][5:], id="b")),
        # A name in two pieces
        pieces(call("cr", "", index=0, id="a"), call("op", A[1], index=0), call(*B, index=1)),
        # Arguments as objects
        pieces(call("crop", json.loads(A[1]), index=0, id="a"), call("count", json.loads(B[1]), index=1, id="b")),
        # The same id for both
        pieces(call(*A, index=0, id="a"), call(*B, index=1, id="a")),
        # Indexes that begin anywhere
        pieces(call(*A, index=7), call(*B, index=3)),
    ],
)  # fmt: skip
def test_pieces_of_calls_come_together_however_they_are_marked(
    stream: list[dict[str, Any]],
) -> None:
    chat = Chat()
    for piece in stream:
        chat.feed(piece)
    chat.feed({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    assert [(c.name, json.loads(c.arguments)) for c in chat.calls()] == [
        (name, json.loads(arguments)) for name, arguments in (A, B)
    ]


def test_a_call_of_nothing_is_malformed() -> None:
    chat = Chat()
    chat.feed(pieces(call("", "{}"))[0])
    with pytest.raises(Fault, match="names no function"):
        chat.calls()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "index",
                    "arguments",
                    "id",
                    "usage",
                    "finish_reason",
                    "error",
                    "type",
                    "response",
                    "output",
                    "status",
                    "item",
                    "prompt_tokens",
                    "code",
                    "detail",
                ]
            ),  # fmt: skip
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["choices", "error", "response", "type", "usage", "status", "output"]), JSON
    )
)
def test_nothing_that_a_server_says_breaks_the_reader(piece: dict[str, Any]) -> None:
    for make in (Chat, Responses):
        for way in ("feed", "take"):
            merged = make()
            with contextlib.suppress(Fault):
                getattr(merged, way)(piece)
                merged.calls()
            assert isinstance(merged.text, str)
            assert isinstance(merged.finish, str)


@given(st.binary(max_size=60), st.sampled_from([400, 401, 404, 429, 500, 503]))
def test_nothing_in_an_error_breaks_its_reader(body: bytes, status: int) -> None:
    fault = of_status(status, {"retry-after": "soon"}, body)
    assert str(status) in str(fault)
    assert fault.after is None
    assert fault.passes is (status >= 429)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert of_status(429, headers, b"{}").after == seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "m1", "code": "c"}}, "m1"),
        ({"error": "m2"}, "m2"),
        ({"detail": "m3"}, "m3"),
        ([{"error": {"message": "m4"}}], "m4"),
        ({"message": "m5", "object": "error"}, "m5"),
        ({"detail": [{"loc": ["body", "stop"], "msg": "m6"}]}, "m6"),
    ],
)
def test_errors_are_read_in_every_shape(body: object, said: str) -> None:
    assert said in str(of_status(400, {}, json.dumps(body).encode()))


def test_an_error_object_says_whether_it_may_pass() -> None:
    assert of_object({"error": {"message": "m", "code": 503}}).passes
    assert not of_object({"error": {"message": "m", "code": 401}}).passes
    assert not of_object({"error": {"message": "m", "type": "invalid_request_error"}}).passes
    assert not of_object({"error": {"message": "m", "code": "insufficient_quota"}}).passes
