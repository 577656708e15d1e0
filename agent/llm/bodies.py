"""A request as the bytes that go to a server, of either interface.

What is the same for all requests of a turn, the functions above all, is written once and kept.
Knows nothing of connections or replies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent.llm.schemas import strict
from agent.llm.servers import Server
from agent.llm.wire import Request, Shown

MOST_STOPS = 4
"""Stop texts that every server takes; the reply is cut at all of them here anyway."""
NAME = "reply"
"""Of the schema that a reply must meet."""


def dumps(value: Any) -> bytes:
    """JSON in as few bytes as it takes; what UTF-8 cannot write becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def flags(request: Request, server: Server) -> frozenset[str]:
    """What of `server` a request makes use of, so that a refusal of it can be understood."""
    used = {"responses", "limit"}
    used |= {"stream"} if server.stream else set()
    used |= {"usage"} if server.stream and not server.responses else set()
    used |= {"extra"} if server.extra else set()
    if request.tools:
        used |= {"parallel", "strict"} | ({"must_call"} if request.must_call else set())
    if request.schema is not None:
        used |= {"schema"}
    if request.stop and not server.responses:
        used |= {"stop"}
    return frozenset(used)


class Bodies:
    """Writes the requests to one model."""

    def __init__(self, model: str) -> None:
        self.model = model
        self._tools: tuple[Any, tuple[bool, bool], bytes] = (None, (False, False), b"")

    def write(self, request: Request, server: Server, *, pictures: bool) -> bytes:
        """The body of a request.

        Args:
            request: What to ask.
            server: Who is asked.
            pictures: Whether the pictures go with it.
        """
        make = _responses if server.responses else _chat
        head = make(request, server, request.pictures if pictures else ())
        body = dumps({"model": self.model, **head, **server.extra})
        if request.tools:
            body = body[:-1] + b',"tools":' + self._functions(request, server) + b"}"
        return body

    def _functions(self, request: Request, server: Server) -> bytes:
        form = (server.strict, server.responses)
        tools, made, written = self._tools
        if tools is not request.tools or made != form:
            written = dumps([_function(tool, *form) for tool in request.tools])
            self._tools = (request.tools, form, written)
        return written


def _function(tool: Mapping[str, Any], in_strict: bool, responses: bool) -> dict[str, Any]:
    held = strict(tool["parameters"]) if in_strict else None
    said = {**tool, "parameters": held or tool["parameters"]}
    if in_strict:
        said["strict"] = held is not None
    return {"type": "function", **said} if responses else {"type": "function", "function": said}


def _calling(request: Request, server: Server) -> dict[str, Any]:
    """How the functions may be called."""
    if not request.tools:
        return {}
    said: dict[str, Any] = {}
    if request.must_call and server.must_call:
        said["tool_choice"] = "required"
    if server.parallel:
        said["parallel_tool_calls"] = True
    return said


def _labelled(request: Request, shown: tuple[Shown, ...]) -> list[tuple[str, str]]:
    """Texts and pictures in turn: ``("text", …)``, ``("image", …)``."""
    parts = [("text", request.text)]
    for picture in shown:
        width, height = picture.size_wh
        parts.append(("text", f"{picture.handle} ({width}x{height} as sent):"))
        parts.append(("image", picture.data_url))
    return parts


def _chat(request: Request, server: Server, shown: tuple[Shown, ...]) -> dict[str, Any]:
    content: Any = request.text
    if shown:
        content = [
            {"type": "text", "text": said}
            if kind == "text"
            else {"type": "image_url", "image_url": {"url": said}}
            for kind, said in _labelled(request, shown)
        ]
    body: dict[str, Any] = {
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": content},
        ],
        server.limit: request.max_tokens,
        "stream": server.stream,
        **_calling(request, server),
    }
    if server.stream and server.usage:
        body["stream_options"] = {"include_usage": True}
    if request.stop and server.stop:
        body["stop"] = list(request.stop[:MOST_STOPS])
    if request.schema is not None and server.schema:
        form = _form(request.schema, server)
        plain = form["type"] == "json_object"
        body["response_format"] = form if plain else {"type": form.pop("type"), "json_schema": form}
    return body


def _form(schema: Mapping[str, Any], server: Server) -> dict[str, Any]:
    """The form that the text of a reply must have."""
    if server.schema == "json_object":
        return {"type": "json_object"}
    held = strict(schema) if server.strict else None
    form = {"type": "json_schema", "name": NAME, "schema": held or schema}
    return {**form, "strict": True} if held else form


def _responses(request: Request, server: Server, shown: tuple[Shown, ...]) -> dict[str, Any]:
    content = [
        {"type": "input_text", "text": said}
        if kind == "text"
        else {"type": "input_image", "image_url": said}
        for kind, said in _labelled(request, shown)
    ]
    body: dict[str, Any] = {
        "instructions": request.system,
        "input": [{"role": "user", "content": content}],
        "max_output_tokens": request.max_tokens,
        "stream": server.stream,
        **_calling(request, server),
    }
    if request.schema is not None and server.schema:
        body["text"] = {"format": _form(request.schema, server)}
    return body
