"""Every fault of a server: what comes of it, how often it is asked, and that nothing leaks."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import traceback

import pytest
from llm_faults import FAULTS, HELLO_TEXT
from llm_server import CHAT, Fault, Reply, Server, error, raw, serving, stream
from thinking import CANARY, CROP, ask, client, outcome, request

from agent.llm.client import Client
from agent.llm.wire import Said
from agent.settings import LLM
from tools.errors import ServerError, ServerRefused

OK = Reply("All is well.")
BOUND = 15.0
"""Seconds by which anything that is cut off after less than one must have ended, however slow the
machine."""


@pytest.mark.parametrize(
    ("name", "cause", "mend"),
    [
        ("key", "it answers 401: Incorrect API key provided", "Set OPENAI_API_KEY"),
        ("forbidden", "it answers 403: You are not allowed", "OPENAI_API_KEY"),
        ("missing", "it answers 404: Not Found", "/v1"),
        ("large", "it answers 413", "smaller pictures"),
        ("invalid", "it answers 422: the messages make no sense", "OCELLI_MODEL"),
        ("bad", "it answers 400: the messages make no sense", "OCELLI_MODEL"),
        ("context", "maximum context length is 8192", "longer context"),
        ("no tools", "does not support tools", "--planner react"),
        ("quota", "it answers 429: You exceeded your current quota", "Pay there"),
        ("redirect", "it answers 307 and sends us on to 'http://127.0.0.1:9", "OPENAI_BASE_URL"),
    ],
)
def test_what_would_be_refused_again_is_asked_once(
    llm_server: Server, name: str, cause: str, mend: str
) -> None:
    llm_server.script = [FAULTS[name], OK]
    found = outcome(client(llm_server), request(tools=(CROP,)))
    assert isinstance(found, ServerRefused)
    assert len(llm_server.seen) == 1
    place = llm_server.url.removeprefix("http://").removesuffix("/v1")
    assert str(found).startswith(f"language model 'tiny' at {place}: ")
    assert cause in str(found)
    assert mend in found.hint
    assert "\n" not in found.line()


PASSING = {
    "busy": "429: Rate limit reached",
    "broken": "500: The server had an error",
    "down": "503: overloaded",
    "cut": "cut off",
    "cut in a call": "cut off",
    "polite end": "stopped before its end",
    "polite end in a call": "stopped before its end",
    "malformed event": "not JSON",
    "deep event": "not JSON",
    "list event": "no JSON object",
    "html": "a web page",
    "html stream": "stopped before its end",
    "empty": "empty",
    "empty stream": "stopped before its end",
    "no choices": "no choices",
    "error in 200": "the engine died",
    "error in stream": "the engine died",
}


@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_asked_again_and_said_so(llm_server: Server, name: str) -> None:
    llm_server.script = [FAULTS[name], OK]
    said = ask(client(llm_server))
    assert said.text == OK.text
    assert said.finish == "stop"
    assert said.calls == ()
    assert len(llm_server.seen) == 2
    [line] = said.usage.retries
    assert PASSING[name] in line
    assert "asked again after" in line
    assert said.usage.llm_calls == 1
    assert said.usage.sent_bytes == sum(s.size for s in llm_server.seen)
    assert llm_server.seen[0].raw == llm_server.seen[1].raw


@pytest.mark.parametrize("name", [n for n in PASSING if n != "busy"])
def test_what_does_not_pass_ends_within_the_repeats(llm_server: Server, name: str) -> None:
    llm_server.answer = FAULTS[name]
    found = outcome(client(llm_server))
    assert isinstance(found, ServerError)
    assert not isinstance(found, ServerRefused)
    assert PASSING[name] in str(found)
    assert "(asked 3 times)" in str(found)
    assert found.hint
    assert len(llm_server.seen) == 3


def test_the_number_of_repeats_is_a_setting(llm_server: Server) -> None:
    llm_server.answer = FAULTS["down"]
    assert isinstance(outcome(client(llm_server, retries=0)), ServerError)
    assert len(llm_server.seen) == 1
    llm_server.seen.clear()
    assert isinstance(outcome(client(llm_server, retries=4)), ServerError)
    assert len(llm_server.seen) == 5


def test_twice_broken_then_well(llm_server: Server) -> None:
    llm_server.script = [FAULTS["broken"], FAULTS["broken"], OK]
    said = ask(client(llm_server))
    assert said.text == OK.text
    assert len(said.usage.retries) == 2


def test_a_server_is_waited_for_as_it_asks(llm_server: Server) -> None:
    llm_server.script = [error(429, "slow down", after="1"), OK]
    started = time.monotonic()
    said = ask(client(llm_server))
    assert time.monotonic() - started >= 0.9
    assert "asked again after 1 s as it asks" in said.usage.retries[0]


def test_a_wait_beyond_the_time_left_is_not_waited(llm_server: Server) -> None:
    llm_server.script = [FAULTS["long wait"], OK]
    found = outcome(client(llm_server), seconds=30.0)
    assert isinstance(found, ServerError)
    assert "asks to wait 3.6e+03 s" in str(found)
    assert "s are left" in str(found)
    assert len(llm_server.seen) == 1


@pytest.mark.parametrize(
    "name", ["hang before headers", "hang within stream", "drip", "ping", "cut"]
)
def test_nothing_holds_a_request_beyond_its_time(llm_server: Server, name: str) -> None:
    llm_server.answer = FAULTS[name]
    started = time.monotonic()
    found = outcome(client(llm_server, timeout=0.3, retries=1))
    assert isinstance(found, ServerError)
    assert name == "cut" or "no whole reply came within 0.3 s" in str(found)
    assert "(asked 2 times)" in str(found)
    assert len(llm_server.seen) <= 2
    assert time.monotonic() - started < BOUND


def test_repeats_and_waits_count_against_all_the_time(llm_server: Server) -> None:
    llm_server.answer = FAULTS["hang within stream"]
    started = time.monotonic()
    found = outcome(client(llm_server, timeout=0.4, retries=10), seconds=1.0)
    assert isinstance(found, ServerError)
    assert len(llm_server.seen) <= 3
    assert time.monotonic() - started < BOUND


def test_no_time_no_request(llm_server: Server) -> None:
    llm_server.answer = OK
    assert "no time is left" in str(outcome(client(llm_server), seconds=0.0))
    assert llm_server.seen == []


@pytest.mark.parametrize("name", ["huge", "huge line", "gzip bomb"])
def test_a_reply_without_measure_is_left(llm_server: Server, name: str) -> None:
    llm_server.answer = FAULTS[name]
    found = outcome(client(llm_server))
    assert isinstance(found, ServerError)
    assert "larger than 4 MB" in str(found)
    assert len(llm_server.seen) == 1


def test_a_packing_that_nobody_asked_for_is_refused(llm_server: Server) -> None:
    llm_server.answer = FAULTS["packed"]
    assert "packed with 'br'" in str(outcome(client(llm_server)))
    assert llm_server.seen[0].headers["accept-encoding"] == "identity"


def test_a_reply_that_has_ended_is_not_waited_for(llm_server: Server) -> None:
    llm_server.answer = FAULTS["lingers"]
    said = ask(client(llm_server, retries=0))
    assert said.text == HELLO_TEXT
    assert said.usage.estimated == 1


def test_where_nobody_listens(llm_server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    found = outcome(Client(LLM(base_url=url, model="tiny", api_key=CANARY), backoff=0.001))
    assert isinstance(found, ServerError)
    assert "it cannot be reached: " in str(found)
    assert "(asked 3 times)" in str(found)
    assert "OPENAI_BASE_URL" in found.hint


def test_a_redirect_takes_nothing_to_another_host(llm_server: Server) -> None:
    with serving() as other:
        other.answer = OK
        for status in (301, 302, 303, 307, 308):
            place = f"{other.url}/chat/completions"
            llm_server.script = [raw(status, "", Location=place)]
            assert isinstance(outcome(client(llm_server)), ServerRefused)
        assert other.seen == []
        assert other.asked == []


def test_an_unknown_model_is_answered_with_those_that_there_are(llm_server: Server) -> None:
    llm_server.models = ("large", "small")
    found = outcome(client(llm_server))
    assert isinstance(found, ServerRefused)
    assert "'tiny' does not exist" in str(found)
    assert found.hint == "Set OCELLI_MODEL to a model that it has: large, small"
    assert len(llm_server.seen) == 1


def test_a_list_of_models_that_hangs_holds_nobody(llm_server: Server) -> None:
    llm_server.answer = error(404, "The model 'tiny' does not exist")
    found = outcome(client(llm_server))
    assert isinstance(found, ServerRefused)
    assert found.hint == "Set OCELLI_MODEL to a model that it has"


def test_half_a_call_is_never_handed_on(llm_server: Server) -> None:
    half = '{"image": "im'
    llm_server.script = [
        Reply(calls=[("crop", {"image": "img1"}), ("crop", half)], finish="length"),
        Reply(calls=[("crop", "")], finish="length"),
        FAULTS["polite end in a call"], FAULTS["cut in a call"], OK,
    ]  # fmt: skip
    asking = client(llm_server)
    said = ask(asking)
    assert said.finish == "length"
    assert [c.arguments for c in said.calls] == ['{"image": "img1"}']
    assert ask(asking).calls == ()
    assert ask(asking).calls == ()
    assert llm_server.script == []


def test_a_filtered_reply_is_said_to_be_one(llm_server: Server) -> None:
    llm_server.answer = Reply("I", finish="content_filter")
    found = outcome(client(llm_server))
    assert "filter" in str(found)
    assert len(llm_server.seen) == 1


def test_being_stopped_closes_the_request(llm_server: Server) -> None:
    llm_server.answer = FAULTS["ping"]

    async def run() -> None:
        asking = client(llm_server)
        task = asyncio.create_task(asking.ask(request(), seconds=20))
        while not llm_server.seen:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asking.aclose()

    asyncio.run(run())


def echo(status: int) -> Fault:
    """Says back what it was sent, as careless servers do."""
    said = f"bad key {CANARY} in Authorization: Bearer {CANARY}\n\x1b[31m {CANARY[:14]}***{CANARY[-4:]}"
    return error(status, said, code=CANARY)


LEAKY = {
    "echo 400": echo(400),
    "echo 401": echo(401),
    "echo 500": echo(500),
    "echo plain": raw(503, f"key={CANARY}\r\nnext line", "text/plain"),
    "echo place": raw(302, "", Location=f"http://x/?api_key={CANARY}"),
    "echo in stream": stream({"error": {"message": f"no {CANARY}"}}),
}


@pytest.mark.parametrize("name", [*FAULTS, *LEAKY])
def test_the_key_is_in_nothing_that_is_said(
    llm_server: Server,
    name: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    llm_server.answer = (FAULTS | LEAKY)[name]
    asking = client(llm_server, timeout=0.3, retries=1)
    said = ""
    try:
        reply = ask(asking, seconds=3.0)
        said = repr(reply)
    except ServerError as problem:
        said = f"{problem!r} {problem.line()} {problem.hint} {traceback.format_exc()}"
    assert said
    out = capfd.readouterr()
    everything = (
        f"{said} {caplog.text} {out.out} {out.err} {asking.llm!r} {asking.llm.model_dump_json()}"
    )
    assert CANARY not in everything
    assert CANARY[:12] not in everything
    assert "\x1b" not in said
    for seen in llm_server.seen:
        assert seen.headers["authorization"] == f"Bearer {CANARY}"
    assert all(CANARY.encode() not in seen.raw for seen in llm_server.seen)


def test_the_lines_of_repeats_hold_no_key(llm_server: Server) -> None:
    llm_server.script = [echo(500), LEAKY["echo plain"], OK]
    said = ask(client(llm_server))
    assert len(said.usage.retries) == 2
    assert all(CANARY[:12] not in line and "***" in line for line in said.usage.retries)
    assert all(line.isprintable() for line in said.usage.retries)


def test_a_password_in_the_address_is_used_and_never_said(
    llm_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    llm_server.script = [
        error(500, "no hunter2secret for c2VjcmV0 dXNlcjpodW50ZXIyc2VjcmV0"),
        FAULTS["key"],
    ]
    url = llm_server.url.replace("http://", "http://user:hunter2secret@") + "?sig=querysecret1"
    found = outcome(Client(LLM(base_url=url, model="tiny", api_key=CANARY), backoff=0.001))
    assert isinstance(found, ServerRefused)
    assert (llm_server.seen[0].path, llm_server.seen[0].query) == (CHAT, "sig=querysecret1")
    assert "(asked 2 times)" in str(found)
    assert llm_server.seen[0].headers["authorization"].startswith("Basic ")
    for secret in ("hunter2secret", "querysecret1", "dXNlcjpodW50ZXIyc2VjcmV0"):
        assert secret not in found.line() + caplog.text
    assert "HTTP Request: POST" in caplog.text


def test_a_reply_is_a_reply_for_all_that(llm_server: Server) -> None:
    llm_server.answer = OK
    assert isinstance(ask(client(llm_server)), Said)
