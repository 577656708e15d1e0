"""Replies that could not be written down are mended or sent back."""

from typing import Any

import pytest

from agent.protocol import BadReply, Call, Finish, Plan, Usage
from agent.sound import MAX_CHARS, mended, sound


def plan(**args: Any) -> Plan:
    return Plan(calls=(Call(id="a", tool="t\ud800", args=args),), usage=Usage(llm_calls=1))


def test_whole_letters_stay_and_halves_are_replaced() -> None:
    assert mended("Grüße 世界 👍 \ud83d\udc4d") == "Grüße 世界 👍 👍"
    reply = sound(plan(x=["a\ud800", {"k\udfff": 1.5, "n": None, "b": True}]))
    assert isinstance(reply, Plan)
    assert reply.calls[0].tool == "t\ufffd"
    assert reply.calls[0].args == {"x": ["a\ufffd", {"k\ufffd": 1.5, "n": None, "b": True}]}
    reply.model_dump_json()
    end = sound(Finish(text="x\ud800", images=("img1\ud800",)))
    assert end == Finish(text="x\ufffd", images=("img1\ufffd",))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "a number that is none"),
        (float("inf"), "a number that is none"),
        (10**40, "a number of 133 bits"),
        ([[[[[[[1]]]]]]], "nested deeper than 6"),
        ("x" * (MAX_CHARS + 1), f"more than {MAX_CHARS} characters"),
        ([1] * MAX_CHARS, f"more than {MAX_CHARS} characters"),
        ({1, 2}, "which JSON does not know"),
    ],
)
def test_what_cannot_be_mended_is_sent_back_with_its_cost(value: Any, why: str) -> None:
    with pytest.raises(BadReply, match=why) as caught:
        sound(plan(x=value))
    assert caught.value.usage.llm_calls == 1
    assert "call 'a'" in str(caught.value)


def test_an_answer_has_an_end() -> None:
    with pytest.raises(BadReply, match="the answer has"):
        sound(Finish(text="x" * (MAX_CHARS + 1)))
