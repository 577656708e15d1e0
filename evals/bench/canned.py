"""A server of a language model that answers at once, in a process of its own, for measurements.

It asks for one tool call a request until it has been asked as often as the model's name says
(``steps-20-7``: twenty steps; what follows names the run), then it gives the answer. Run as
``python -m evals.bench.canned``; it writes its port on stdout. Knows nothing of what is measured.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOOL = "observe"
ASKED: Counter[str] = Counter()
BYTES: Counter[str] = Counter()
FIRST: dict[str, float] = {}
"""When the first request of each model name came, in seconds of the wall clock."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """How many requests and bytes each model name has had, and when the first one came."""
        self._send("application/json", json.dumps([ASKED, BYTES, FIRST]).encode())

    def do_POST(self) -> None:
        """One reply."""
        size = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(size))
        model = body["model"]
        FIRST.setdefault(model, time.time())
        ASKED[model] += 1
        BYTES[model] += size
        message, finish = _reply(model, ASKED[model])
        if body.get("stream"):
            self._send("text/event-stream", _stream(model, message, finish))
        else:
            whole = {
                "id": "r", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{"index": 0, "message": {"role": "assistant", **message},
                             "finish_reason": finish}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }  # fmt: skip
            self._send("application/json", json.dumps(whole).encode())

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def _reply(model: str, number: int) -> tuple[dict[str, Any], str]:
    steps = int(model.split("-")[1])
    name, args = TOOL, {"image": "img1", "n": number}
    if number > steps:
        name, args = "answer", {"text": "It was observed.", "status": "cannot"}
    call = {"id": f"c{number}", "type": "function",
            "function": {"name": name, "arguments": json.dumps(args)}}  # fmt: skip
    return {"content": None, "tool_calls": [call]}, "tool_calls"


def _stream(model: str, message: dict[str, Any], finish: str) -> bytes:
    base = {"id": "r", "object": "chat.completion.chunk", "created": 1, "model": model}
    calls = [{"index": k, **c} for k, c in enumerate(message["tool_calls"])]
    chunks = [
        {**base, "choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": calls}}]},
        {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {**base, "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10}},
    ]
    lines = [f"data: {json.dumps(c)}\n\n" for c in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


@contextlib.contextmanager
def canned() -> Iterator[str]:
    """The address of a server that runs as long as the context is open."""
    command = [sys.executable, "-m", "evals.bench.canned"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def main() -> None:
    """Serve until killed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
