"""The small parts of an ASGI layer: a body read or said again, an answer held back or given headers.

Knows nothing of who asks, or of what is let through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tools.errors import OcelliError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Refused(OcelliError):
    """A request that is not let through."""

    def __init__(self, status: int, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


def allow_only(method: str, *allowed: str) -> None:
    """Refuse any other method."""
    if method not in allowed:
        raise Refused(405, f"{method} is not possible here")


def check_length(headers: dict[str, str], limit: int) -> None:
    """Refuse a body that is too long, or does not say how long it is."""
    length = headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "the request does not say how long it is")
    if int(length) > limit:
        raise Refused(
            413, f"the request is larger than {limit / 1e6:.0f} MB", hint="Send less at a time"
        )


async def whole_body(receive: Receive) -> bytes:
    """The whole body; the server holds it to its declared length."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the request broke off")
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read, said again."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def uncompressed(scope: Scope) -> Scope:
    """The same request, asking for a body that can be read here."""
    kept = [(k, v) for k, v in scope["headers"] if k.lower() != b"accept-encoding"]
    return {**scope, "headers": kept}


def with_headers(send: Send, extra: Callable[[], list[tuple[bytes, bytes]]]) -> Send:
    """`send`, with the security headers and `extra` ones in place of its own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [*HEADERS, *extra()]
            names = {k for k, _ in added}
            old = [(k, v) for k, v in message.get("headers", []) if k.lower() not in names]
            message = {**message, "headers": [*old, *added]}
        await send(message)

    return sent


def buffered(send: Send, finish: Callable[[bytes], list[tuple[bytes, bytes]]]) -> Send:
    """Hold a small answer until it is whole, so that `finish` can read it and add headers."""
    start: list[Message] = []
    parts: list[bytes] = []

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        if message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            await with_headers(send, lambda: finish(body))(start[0])
            message = {**message, "body": body}
        await send(message)

    return sent
