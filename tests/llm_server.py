"""A server of language models for tests: OpenAI's interface over real HTTP, scripted, with faults.

Faults by name are in `llm_faults`. It speaks Chat Completions and Responses, streamed and whole, and writes down every request. What
it says stands in `Server.script`, one item a request; then `Server.answer` is asked. An item is a
`Reply`, a `Fault`, or a function of the `Seen` request that gives one.

    with serving() as server:
        server.script = [error(503, "busy"), Reply("hello"), Reply(calls=[("crop", {"image": "img1"})])]
        client = Client(LLM(base_url=server.url, model="tiny", api_key="k"))
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHAT, RESPONSES, MODELS = "/v1/chat/completions", "/v1/responses", "/v1/models"
EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    """Without its query."""
    headers: Mapping[str, str]
    """Lower-case names."""
    body: dict[str, Any]
    raw: bytes
    query: str = ""
    peer: tuple[str, int] = ("", 0)
    """Address of the asker; one port is one connection."""

    @property
    def size(self) -> int:
        """Of the body, in bytes."""
        return len(self.raw)

    @property
    def pictures(self) -> list[str]:
        """Data URLs of the pictures in it."""
        found: list[str] = []
        for message in self.body.get("messages") or self.body.get("input") or []:
            content = message.get("content")
            for part in content if isinstance(content, list) else []:
                url = part.get("image_url")
                found += [url["url"] if isinstance(url, dict) else url] if url else []
        return found

    @property
    def text(self) -> str:
        """All texts in it: instructions, then what was said."""
        said = [self.body.get("instructions", "")]
        for message in self.body.get("messages") or self.body.get("input") or []:
            content = message.get("content")
            parts = content if isinstance(content, list) else [{"text": content}]
            said += [part.get("text") or "" for part in parts]
        return "\n".join(said)

    @property
    def tools(self) -> dict[str, Mapping[str, Any]]:
        """The functions in it by name."""
        found = [tool.get("function", tool) for tool in self.body.get("tools", [])]
        return {f["name"]: f for f in found}


class Wire:
    """What a fault does with the connection."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler

    def head(self, status: int = 200, kind: str = EVENTS, **headers: str) -> None:
        """Status and headers; the body then goes by `send`, without a length."""
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()
        self._handler.close_connection = True

    def send(self, body: bytes | str) -> None:
        self._handler.wfile.write(body.encode() if isinstance(body, str) else body)
        self._handler.wfile.flush()

    def event(self, value: Any) -> None:
        self.send(f"data: {json.dumps(value)}\n\n")

    def whole(
        self, status: int, body: bytes | str, kind: str = "application/json", **headers: str
    ) -> None:
        """A whole answer."""
        raw = body.encode() if isinstance(body, str) else body
        self._handler.whole(status, raw, kind, {n.replace("_", "-"): v for n, v in headers.items()})

    def hang(self, seconds: float = 30.0) -> bool:
        """Say nothing, until the server is closed; whether it was."""
        return self._handler.server.closing.wait(seconds)

    def drop(self) -> None:
        """Break the connection off, as a process that dies does."""
        handler = self._handler
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            handler.connection.close()


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    name: str
    act: Callable[[Wire], None]


@dataclass(frozen=True)
class Reply:
    """Something that is said."""

    text: str = ""
    calls: Sequence[tuple[str, Any]] = ()
    """Name and arguments: a mapping, or the very text."""
    finish: str = ""
    """Default: ``tool_calls`` where there are calls, else ``stop``."""
    pieces: int = 3
    """Into how many the text and each call's arguments are cut in a stream."""
    thought: str = ""
    tokens: tuple[int, int] | None = (100, 10)
    """In and out; None: not counted."""

    @property
    def end(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")

    def arguments(self) -> list[tuple[str, str]]:
        """The calls with their arguments as text."""
        return [(n, a if isinstance(a, str) else json.dumps(a)) for n, a in self.calls]


Item = Reply | Fault | Callable[[Seen], "Reply | Fault"]


def cut_up(text: str, pieces: int) -> list[str]:
    """A text in about so many pieces."""
    size = max(1, -(-len(text) // pieces))
    return [text[i : i + size] for i in range(0, len(text), size)]


def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A piece of a streamed completion."""
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more}


def chat_chunks(reply: Reply, usage: bool) -> Iterator[dict[str, Any]]:
    yield chunk({"role": "assistant", "content": ""})
    for piece in cut_up(reply.thought, reply.pieces):
        yield chunk({"reasoning_content": piece})
    for piece in cut_up(reply.text, reply.pieces):
        yield chunk({"content": piece})
    for k, (name, arguments) in enumerate(reply.arguments()):
        first = {"index": k, "id": f"call_{k}", "type": "function", "function": {"name": name, "arguments": ""}}  # fmt: skip
        yield chunk({"tool_calls": [first]})
        for piece in cut_up(arguments, reply.pieces):
            yield chunk({"tool_calls": [{"index": k, "function": {"arguments": piece}}]})
    yield chunk({}, reply.end)
    if usage and reply.tokens:
        yield {**chunk({}), "choices": [], "usage": chat_usage(reply.tokens)}


def chat_usage(tokens: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}


def chat_whole(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": f"call_{k}", "type": "function", "function": {"name": n, "arguments": a}}
            for k, (n, a) in enumerate(reply.arguments())
        ]
    choice = {"index": 0, "message": message, "finish_reason": reply.end}
    found: dict[str, Any] = {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [choice],
    }
    return {**found, "usage": chat_usage(reply.tokens)} if reply.tokens else found


def response_whole(reply: Reply) -> dict[str, Any]:
    output: list[dict[str, Any]] = []
    if reply.text:
        part = {"type": "output_text", "text": reply.text, "annotations": []}
        output.append({"type": "message", "role": "assistant", "content": [part]})
    output += [
        {"type": "function_call", "call_id": f"call_{k}", "name": n, "arguments": a}
        for k, (n, a) in enumerate(reply.arguments())
    ]
    cut = reply.end == "length"
    found: dict[str, Any] = {
        "id": "r", "object": "response", "model": "m", "output": output,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
    }  # fmt: skip
    if reply.tokens:
        found["usage"] = {"input_tokens": reply.tokens[0], "output_tokens": reply.tokens[1]}
    return found


def response_events(reply: Reply) -> Iterator[dict[str, Any]]:
    done = response_whole(reply)
    yield {"type": "response.created", "response": {**done, "status": "in_progress", "output": []}}
    for piece in cut_up(reply.text, reply.pieces):
        yield {"type": "response.output_text.delta", "delta": piece}
    for k, item in enumerate(done["output"]):
        if item["type"] == "function_call":
            for piece in cut_up(item["arguments"], reply.pieces):
                yield {
                    "type": "response.function_call_arguments.delta",
                    "delta": piece,
                    "output_index": k,
                }
        yield {"type": "response.output_item.done", "item": item, "output_index": k}
    yield {"type": f"response.{done['status']}", "response": done}


@dataclass
class Server:
    """The server as a test sees it."""

    url: str = ""
    """Up to ``/v1``."""
    script: list[Item] = field(default_factory=list)
    """What is said next, in order."""
    answer: Item | None = None
    """What is said once the script is over; an error by default."""
    seen: list[Seen] = field(default_factory=list)
    """Every POST request."""
    asked: list[Seen] = field(default_factory=list)
    """Every GET request."""
    models: tuple[str, ...] | None = None
    """Names that are known; None: any."""
    key: str = ""
    """The key that is wanted; empty: any."""
    refuses: frozenset[str] = frozenset()
    """Parameters that are refused, wherever they stand in a body."""
    broken: list[str] = field(default_factory=list)
    """What went wrong in the server itself."""
    closing: threading.Event = field(default_factory=threading.Event)

    def next(self, seen: Seen) -> Reply | Fault:
        """What is said to a request."""
        item = self.script.pop(0) if self.script else self.answer
        if callable(item):
            item = item(seen)
        return item or error(500, "nothing is scripted")


class _HTTP(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, state: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state
        self.closing = state.closing

    def handle_error(self, request: Any, client_address: Any) -> None:
        problem = sys.exc_info()[1]
        if not isinstance(problem, OSError | ValueError):  # the client went away, or was dropped
            self.state.broken.append(repr(problem))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HTTP

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        seen = self._seen(b"")
        self.server.state.asked.append(seen)
        names = self.server.state.models
        if seen.path == MODELS and names is not None:
            data = [{"id": name, "object": "model"} for name in names]
            return self.whole(200, json.dumps({"object": "list", "data": data}).encode())
        self.whole(404, b'{"error":{"message":"nothing here"}}')

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen, state = self._seen(raw), self.server.state
        state.seen.append(seen)
        item = self._refusal(seen) or state.next(seen)
        if isinstance(item, Fault):
            return item.act(Wire(self))
        self._say(item, seen)

    def _seen(self, raw: bytes) -> Seen:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        body = json.loads(raw) if raw else {}
        return Seen(self.command, path, headers, body, raw, query, self.client_address)

    def _refusal(self, seen: Seen) -> Fault | None:
        state = self.server.state
        if state.key and seen.headers.get("authorization") != f"Bearer {state.key}":
            return error(401, f"Incorrect API key: {seen.headers.get('authorization')}")
        if seen.path not in (CHAT, RESPONSES):
            return error(404, "Not Found")
        model = seen.body.get("model")
        if state.models is not None and model not in state.models:
            return error(404, f"The model {model!r} does not exist", code="model_not_found")
        for name in sorted(state.refuses):
            if f'"{name}":'.encode() in seen.raw:
                return error(
                    400, f"Unsupported parameter: '{name}' is not supported here", param=name
                )
        return None

    def _say(self, reply: Reply, seen: Seen) -> None:
        responses = seen.path == RESPONSES
        if not seen.body.get("stream"):
            made = response_whole(reply) if responses else chat_whole(reply)
            return self.whole(200, json.dumps(made).encode())
        usage = (seen.body.get("stream_options") or {}).get("include_usage", False)
        events = response_events(reply) if responses else chat_chunks(reply, usage)
        self.send_response(200)
        self.send_header("Content-Type", EVENTS)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if responses else ""
            self._chunk(f"{name}data: {json.dumps(event)}\n\n".encode())
        if not responses:
            self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _chunk(self, raw: bytes) -> None:
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    def whole(
        self, status: int, raw: bytes, kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)
        self.wfile.flush()


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of this machine, for the block."""
    state = Server()
    http = _HTTP(state)
    state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(
        target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        http.shutdown()
        http.server_close()
        thread.join(5)
    assert not state.broken


def error(status: int, message: str, after: str = "", **more: str) -> Fault:
    """An error as OpenAI words it."""
    body = json.dumps({"error": {"message": message, **more}})
    headers = {"Retry_After": after} if after else {}
    return Fault(f"{status}", lambda wire: wire.whole(status, body, **headers))


def raw(status: int, body: bytes | str, kind: str = "application/json", **headers: str) -> Fault:
    """A whole answer of any bytes."""
    return Fault(f"raw {status}", lambda wire: wire.whole(status, body, kind, **headers))


def stream(*events: Any) -> Fault:
    """A stream of these events that then ends politely; text goes out as it is."""

    def act(wire: Wire) -> None:
        wire.head()
        for event in events:
            wire.send(event) if isinstance(event, str) else wire.event(event)

    return Fault("stream", act)
