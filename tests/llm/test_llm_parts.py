"""The parts of the client alone: secrets, schemas, events, arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thinking import CANARY, CROP

from agent.llm.arguments import read_arguments, scrub
from agent.llm.redact import MASK, Redactor, safe_url, secrets_of
from agent.llm.schemas import strict, without_nulls
from agent.llm.sse import Events, looks_like


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        f"Authorization: Bearer {CANARY}",
        f"http://x/?key={CANARY}&a=b",
        CANARY[:15] + "***",  # as servers quote keys
        "***" + CANARY[-10:],
        "c2stY2FuYXJ5LTdmM2E5YjJjNWQ4ZTFmNjA=",  # in base64
        "sk-canary-\n7f3a9b2c5d8e1f60",  # broken over two lines
    ],
)
def test_a_key_is_masked_in_every_form(text: str) -> None:
    shown = Redactor(CANARY)(f"no key {text} here")
    assert MASK in shown
    for part in ("7f3a9b2c", "canary-7", "5d8e1f60", "2FuYXJ5LTdmM2E5"):
        assert part not in shown
    assert shown.startswith("no key ")


@pytest.mark.parametrize("key", ["", "x", "abc"])
def test_a_word_for_no_key_masks_nothing(key: str) -> None:
    assert Redactor(key)("the box abc fell") == "the box abc fell"


@pytest.mark.parametrize(
    "text", ["sk-proj-0123456789abcdef", "Bearer abc.def", "https://u:p@h/x", "api_key=verysecret"]
)
def test_what_looks_like_a_key_is_masked_whosoever_it_is(text: str) -> None:
    shown = Redactor()(f"see {text} there")
    assert MASK in shown
    assert text not in shown


def test_lines_steer_no_terminal() -> None:
    shown = Redactor()("a\x1b[31m\r\nb\u202ec", 100)
    assert shown == "a\\x1b[31m b\\u202ec"
    assert len(Redactor()("x" * 500, 100)) == 100


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:pw@host:81/v1?key=a#b", "http://host:81/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://[::1]:8000/v1", "https://[::1]:8000/v1"),
        ("", ""),
        ("user:pw@host/v1?x=y", "host/v1"),
        ("http://[broken", ""),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert safe_url(url) == shown


def test_the_secrets_of_an_address() -> None:
    assert secrets_of("http://me:pw123@h/v1?key=abcd&x=") == ("pw123", "me:pw123", "abcd")
    assert secrets_of("http://h/v1") == ()


def test_a_strict_schema_has_all_required_and_no_bounds() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "minLength": 1},
            "b": {"type": "array", "items": {"type": "number", "minimum": 0}, "maxItems": 4},
            "c": {"enum": ["x", "y"], "type": "string", "description": "which", "default": "x"},
            "d": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
        "required": ["a"],
    }
    assert strict(schema) == {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": ["array", "null"], "items": {"type": "number"}},
            "c": {
                "description": "which",
                "anyOf": [{"enum": ["x", "y"], "type": "string"}, {"type": "null"}],
            },
            "d": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        },
        "required": ["a", "b", "c", "d"],
        "additionalProperties": False,
    }


def test_a_property_may_be_called_like_a_bound() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    assert strict(schema)["properties"] == {"title": {"type": "string"}}  # type: ignore[index]


@pytest.mark.parametrize(
    "free",
    [
        {"type": "object"},
        {"type": "object", "properties": {}, "additionalProperties": {"type": "number"}},
        {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]},
    ],
)
def test_free_keys_have_no_strict_form(free: dict[str, Any]) -> None:
    assert strict(free) is None


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ('{"image": "a", "part": null}', {"image": "a"}),
        ('{"image": null}', {"image": None}),  # what is required stays, to be refused in words
        ('{"image": "null", "margin": 1}', {"image": "null", "margin": 1}),
    ],
)
def test_nulls_that_stand_for_nothing_are_taken_out(arguments: str, left: dict[str, Any]) -> None:
    assert json.loads(without_nulls(arguments, CROP["parameters"])) == left


@pytest.mark.parametrize("broken", ['{"a": null', "null", "[null]", "[" * 100_000 + "null"])
def test_arguments_that_are_none_stay_as_they_came(broken: str) -> None:
    assert without_nulls(broken, CROP["parameters"]) == broken


BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(["data: ", "data:", ": ", "event: ", "id: "]),
        st.text(alphabet=st.characters(exclude_characters="\r\n", exclude_categories=("Cs",))),
        st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\r\n"]),
    ),
    max_size=12,
)


@given(BLOCKS, st.lists(st.integers(0, 200), max_size=8))
def test_events_are_those_of_the_reference_however_they_are_cut(
    blocks: list[tuple[str, str, str]], cuts: list[int]
) -> None:
    from openai._streaming import SSEDecoder

    raw = "".join(a + b + c for a, b, c in blocks).encode() + b"\n\n"
    wanted = [e.data for e in SSEDecoder().iter_bytes(iter([raw])) if e.data or e.data == ""]
    events, found = Events(), []
    places = sorted({min(c, len(raw)) for c in cuts} | {0, len(raw)})
    for start, end in zip(places, places[1:], strict=False):
        found += events.feed(raw[start:end])
    assert [d for d in found if d] == [d for d in wanted if d]


def test_an_event_without_its_last_break_is_whole() -> None:
    events = Events()
    assert list(events.feed(b'data: {"a": 1}')) == []
    assert list(events.close()) == ['{"a": 1}']


def test_a_body_shows_that_it_is_a_stream() -> None:
    assert looks_like(b"\n data: {}")
    assert looks_like(b": ping")
    assert not looks_like(b'{"data": 1}')


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": "x"}', {"a": "x"}),
        ("", {}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),  # a raw control character
        ('{"a": "\\ud83d\\ude00 \\ud800 \\u0000"}', {"a": "\U0001f600 \ufffd \ufffd"}),
        ('{"a": [1, 2.5, true, null]}', {"a": [1, 2.5, True, None]}),
    ],
)
def test_arguments_are_plain_values(text: str, values: dict[str, Any]) -> None:
    found = read_arguments(text)
    assert found == values
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": ', "not JSON"),
        ("[1]", "must be an object, not list"),
        ('"crop"', "must be an object"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "no number"),
        ('{"a": 1e999}', "not finite"),
        ('{"a": ' + "9" * 5000 + "}", "too large"),
        ('{"a": 99999999999999999}', "too large"),
        ('{"a": ' + "[" * 50 + "]" * 50 + "}", "too deeply"),
        ('{"a": ' + "[" * 50_000, "too deeply"),
        ('{"a": "' + "x" * 200_000 + '"}', "characters"),
    ],
)
def test_arguments_that_cannot_be_used_say_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as found:
        read_arguments(text)
    assert "\n" not in str(found.value)
    assert len(str(found.value)) < 200


@given(st.text())
def test_scrubbed_text_can_be_stored(text: str) -> None:
    assert "\x00" not in scrub(text)
    scrub(text).encode()
