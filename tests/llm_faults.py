"""What can go wrong with a server of language models, by name, as items of a test server's script."""

from __future__ import annotations

import gzip
import json

from llm_server import EVENTS, Fault, Wire, chunk, error, raw, stream

HELLO_TEXT = "Hello, this is"
HELLO = chunk({"role": "assistant", "content": HELLO_TEXT})
HALF_CALL = chunk(
    {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "erase", "arguments": '{"image": "im'}}]}
)  # fmt: skip


def _hang_before(wire: Wire) -> None:
    wire.hang()
    wire.drop()


def _hang_within(wire: Wire) -> None:
    wire.head()
    wire.event(HELLO)
    wire.hang()


def _cut(wire: Wire) -> None:
    wire.head(Transfer_Encoding="chunked")
    wire.send(b"ff\r\n" + f"data: {json.dumps(HELLO)}"[:40].encode())
    wire.drop()


def _cut_call(wire: Wire) -> None:
    wire.head(Transfer_Encoding="chunked")
    event = f"data: {json.dumps(HALF_CALL)}\n\n".encode()
    wire.send(f"{len(event):x}\r\n".encode() + event + b"\r\n")
    wire.drop()


def _drip(wire: Wire) -> None:
    """A byte at a time, for ever."""
    wire.head()
    for byte in f"data: {json.dumps(HELLO)}\n\n" * 1000:
        wire.send(byte)
        if wire.hang(0.05):
            return


def _ping(wire: Wire) -> None:
    wire.head()
    while not wire.hang(0.05):
        wire.send(": ping\n\n")


def _huge(wire: Wire) -> None:
    wire.head()
    while True:
        wire.event(chunk({"content": "x" * 100_000}))


def _huge_line(wire: Wire) -> None:
    wire.head()
    while True:
        wire.send(b"x" * 100_000)


def _bomb(wire: Wire) -> None:
    packed = gzip.compress(b"data: " + b"0" * 200_000_000, 9)
    wire.head(Content_Encoding="gzip")
    wire.send(packed)


def _lingers(wire: Wire) -> None:
    """All is said, but the stream is never ended."""
    wire.head()
    wire.event(HELLO)
    wire.event(chunk({}, "stop"))
    wire.hang()


FAULTS: dict[str, Fault] = {
    "key": error(401, "Incorrect API key provided", code="invalid_api_key"),
    "forbidden": error(403, "You are not allowed to use this model"),
    "missing": error(404, "Not Found"),
    "large": error(413, "Request entity too large"),
    "invalid": error(422, "the messages make no sense"),
    "bad": error(400, "the messages make no sense"),
    "context": error(
        400, "This model's maximum context length is 8192 tokens, max_completion_tokens"
    ),
    "no tools": error(400, "tiny does not support tools"),
    "busy": error(429, "Rate limit reached", after="1"),
    "long wait": error(429, "Rate limit reached", after="3600"),
    "quota": error(429, "You exceeded your current quota", code="insufficient_quota"),
    "broken": error(500, "The server had an error"),
    "down": error(503, "overloaded"),
    "hang before headers": Fault("hang before headers", _hang_before),
    "hang within stream": Fault("hang within stream", _hang_within),
    "cut": Fault("cut", _cut),
    "cut in a call": Fault("cut in a call", _cut_call),
    "polite end": stream(HELLO, "data: [DONE]\n\n"),
    "polite end in a call": stream(HALF_CALL),
    "malformed event": stream(HELLO, 'data: {"choices": [\n\n', chunk({}, "stop")),
    "deep event": stream("data: " + "[" * 100_000 + "\n\n"),
    "list event": stream("data: [1, 2]\n\n"),
    "html": raw(200, "<!doctype html><title>Log in</title>", "text/html"),
    "html stream": raw(200, "<html>Log in</html>", EVENTS),
    "empty": raw(200, ""),
    "empty stream": raw(200, "", EVENTS),
    "no choices": raw(200, '{"id": "x", "choices": []}'),
    "error in 200": raw(200, '{"error": {"message": "the engine died", "code": 500}}'),
    "error in stream": stream(HELLO, {"error": {"message": "the engine died"}}),
    "drip": Fault("drip", _drip),
    "ping": Fault("ping", _ping),
    "redirect": raw(307, "", Location="http://127.0.0.1:9/v1/chat/completions"),
    "huge": Fault("huge", _huge),
    "huge line": Fault("huge line", _huge_line),
    "gzip bomb": Fault("gzip bomb", _bomb),
    "packed": raw(200, b"\x1b\x00", Content_Encoding="br"),
    "lingers": Fault("lingers", _lingers),
}
"""Faults by name."""
