"""The door of the web app: an ASGI layer that lets through only what the page itself needs.

It knows visitors by a cookie, so that neither a file address nor a page id of one works for
another. Foreign ``Host`` and ``Origin`` headers, addresses in place of files, routes the page
does not use and bodies that are too large are refused with one line; every answer carries the
security headers. Plain ASGI: knows nothing of Gradio's code, agents or events.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.visitors import Visitors
from tools.errors import OcelliError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
API = "/gradio_api"
FILE = f"{API}/file="
OPEN_PATHS = frozenset({"/", "/theme.css", "/favicon.ico", "/manifest.json", f"{API}/theme.css"})
OPEN_TREES = ("/assets/", "/static/", "/svelte/")
GET_PATHS = frozenset(
    {"/config", f"{API}/queue/data", f"{API}/upload_progress", f"{API}/startup-events"}
)
HEARTBEAT = f"{API}/heartbeat/"
UPLOAD = f"{API}/upload"
POST_PATHS = frozenset({f"{API}/{p}" for p in ("queue/join", "run/predict", "cancel")})
RESET = f"{API}/reset"
"""Asked by the page when a run is cancelled; does nothing, and names an event but no page."""
MAX_JSON_BYTES = 1_000_000

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
PAGE_POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'none'; frame-src 'none'; frame-ancestors 'none'"
)
FILE_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


class Refused(OcelliError):
    """A request that is not let through."""

    def __init__(self, status: int, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


@dataclass
class Guard:
    """Wraps the app. `hosts` are the names it may be called by besides the local ones."""

    app: AsgiApp
    visitors: Visitors
    hosts: tuple[str, ...] = ()
    max_upload_bytes: int = 256 * 1024 * 1024
    """Of one upload request, all its files together."""
    scripts: tuple[bytes, ...] = ()
    """Inline scripts that the page adds by itself and that may run."""
    cookie: str = field(default_factory=lambda: f"ocelli_{secrets.token_hex(4)}")
    """Cookies do not tell ports apart: a name of its own keeps two apps on one host apart."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on and add the headers."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            try:
                await self._http(scope, receive, send)
            except Refused as refused:
                await _refuse(refused, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        self._check_origin(headers)
        path, method = str(scope["path"]), str(scope["method"])
        name = self._visitor(headers)
        if path == "/" and method in ("GET", "HEAD"):
            await self._page(scope, receive, send, name)
        elif path in OPEN_PATHS or path.startswith(OPEN_TREES):
            _only(method, "GET", "HEAD")
            await self.app(scope, receive, _with(send, _plain_policy))
        elif not name:
            raise Refused(403, "this page does not know you", hint="Reload it, with cookies on")
        else:
            told = {**scope, "state": {**scope.get("state", {}), "visitor": name}}
            await self._private(told, receive, send, name, headers)

    def _check_origin(self, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        try:
            called = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            called = ""
        if called not in LOCAL_HOSTS and called not in self.hosts:
            raise Refused(
                421, "this server is not called that", hint="Open it by the address it printed"
            )
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise Refused(403, "requests from other sites are refused")

    def _visitor(self, headers: dict[str, str]) -> str:
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        name = morsel.value if morsel else ""
        return name if self.visitors.find(name) else ""

    async def _page(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        """The page itself: a cookie for a new visitor, and a policy naming its own scripts."""
        value = "" if name else self.visitors.greet()

        def finish(body: bytes) -> list[tuple[bytes, bytes]]:
            policy = PAGE_POLICY.format(scripts=_script_hashes(body, self.scripts))
            extra = [(b"content-security-policy", policy.encode()), (b"cache-control", b"no-store")]
            if value:
                cookie = f"{self.cookie}={value}; Path=/; HttpOnly; SameSite=Strict"
                extra.append((b"set-cookie", cookie.encode()))
            return extra

        await self.app(_uncompressed(scope), receive, _buffered(send, finish))

    async def _private(
        self, scope: Scope, receive: Receive, send: Send, name: str, headers: dict[str, str]
    ) -> None:
        path, method = str(scope["path"]), str(scope["method"])
        if path.startswith(FILE):
            _only(method, "GET", "HEAD")
            if not self.visitors.owns(name, path.removeprefix(FILE)):
                raise Refused(403, "there is no such file for you")
            await self.app(scope, receive, _with(send, _file_policy))
        elif path in GET_PATHS or path.startswith(HEARTBEAT):
            _only(method, "GET", "HEAD")
            query = parse_qs(scope["query_string"].decode("latin-1"))
            pages = query.get("session_hash", [])
            if path.startswith(HEARTBEAT):
                pages = [path.removeprefix(HEARTBEAT)]
            self._check_pages(name, pages)
            await self.app(scope, receive, _with(send, _plain_policy))
        elif path == UPLOAD:
            _only(method, "POST")
            _check_length(headers, self.max_upload_bytes)
            await self._upload(scope, receive, send, name)
        elif path == RESET:
            _only(method, "POST")
            _check_length(headers, MAX_JSON_BYTES)
            await self.app(scope, receive, _with(send, _plain_policy))
        elif path in POST_PATHS:
            _only(method, "POST")
            _check_length(headers, MAX_JSON_BYTES)
            body = await _read(receive)
            self._check_body(name, body, headers.get("host", ""))
            await self.app(scope, _replayed(body, receive), _with(send, _plain_policy))
        else:
            raise Refused(404, "there is nothing here")

    async def _upload(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        def note(body: bytes) -> list[tuple[bytes, bytes]]:
            try:
                paths = json.loads(body)
            except ValueError:
                return []
            for path in paths if isinstance(paths, list) else []:
                self.visitors.give(name, str(path))
            return []

        await self.app(_uncompressed(scope), receive, _buffered(send, note))

    def _check_pages(self, name: str, pages: Iterable[str]) -> None:
        for page in pages:
            if not self.visitors.claims(name, page):
                raise Refused(403, "this page is somebody else's", hint="Reload your own")

    def _check_body(self, name: str, body: bytes, host: str) -> None:
        """Every file named in a request is the visitor's own, and so is the page it is from."""
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(400, "the request is not JSON") from None
        page = told.get("session_hash") if isinstance(told, dict) else None
        if not isinstance(page, str):
            raise Refused(400, "the request names no page")
        self._check_pages(name, [page])
        ours = (f"http://{host}{FILE}", f"https://{host}{FILE}", FILE)
        waiting: list[Any] = [told]
        while waiting:
            item = waiting.pop()
            if isinstance(item, list):
                waiting.extend(item)
            elif isinstance(item, dict):
                waiting.extend(item.values())
                path, url = item.get("path"), item.get("url")
                if path is not None and not self.visitors.owns(name, str(path)):
                    raise Refused(403, "there is no such file for you")
                if url and not str(url).startswith(ours):
                    raise Refused(403, "pictures are uploaded here, not fetched from addresses")


def _only(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise Refused(405, f"{method} is not possible here")


def _check_length(headers: dict[str, str], limit: int) -> None:
    length = headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "the request does not say how long it is")
    if int(length) > limit:
        raise Refused(
            413, f"the request is larger than {limit / 1e6:.0f} MB", hint="Send less at a time"
        )


async def _read(receive: Receive) -> bytes:
    """The whole body; the server holds it to its declared length."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the request broke off")
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _uncompressed(scope: Scope) -> Scope:
    """The same request, asking for a body that can be read here."""
    kept = [(k, v) for k, v in scope["headers"] if k.lower() != b"accept-encoding"]
    return {**scope, "headers": kept}


def _with(send: Send, extra: Callable[[], list[tuple[bytes, bytes]]]) -> Send:
    """`send`, with the security headers and `extra` ones in place of its own."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [*HEADERS, *extra()]
            names = {k for k, _ in added}
            old = [(k, v) for k, v in message.get("headers", []) if k.lower() not in names]
            message = {**message, "headers": [*old, *added]}
        await send(message)

    return sent


def _buffered(send: Send, finish: Callable[[bytes], list[tuple[bytes, bytes]]]) -> Send:
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
            await _with(send, lambda: finish(body))(start[0])
            message = {**message, "body": body}
        await send(message)

    return sent


def _plain_policy() -> list[tuple[bytes, bytes]]:
    return [(b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]


def _file_policy() -> list[tuple[bytes, bytes]]:
    return [(b"content-security-policy", FILE_POLICY), (b"cache-control", b"private, max-age=600")]


def _script_hashes(page: bytes, more: tuple[bytes, ...]) -> str:
    """The sources of a policy that allow the inline scripts of `page`, `more` and no others."""
    found = re.findall(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s).digest()).decode() for s in (*found, *more)]
    return "".join(f" 'sha256-{digest}'" for digest in digests)


async def _refuse(refused: Refused, send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_plain_policy()]
    start = {"type": "http.response.start", "status": refused.status, "headers": headers}
    await _with(send, list)(start)
    await send({"type": "http.response.body", "body": (refused.line() + "\n").encode()})
