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
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agent.asgi import (
    AsgiApp,
    Receive,
    Refused,
    Scope,
    Send,
    allow_only,
    buffered,
    check_length,
    replayed,
    uncompressed,
    whole_body,
    with_headers,
)
from agent.visitors import Visitors

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
PAGE_POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'none'; frame-src 'none'; frame-ancestors 'none'"
)
FILE_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


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
            allow_only(method, "GET", "HEAD")
            await self.app(scope, receive, with_headers(send, _plain_policy))
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

        await self.app(uncompressed(scope), receive, buffered(send, finish))

    async def _private(
        self, scope: Scope, receive: Receive, send: Send, name: str, headers: dict[str, str]
    ) -> None:
        path, method = str(scope["path"]), str(scope["method"])
        if path.startswith(FILE):
            allow_only(method, "GET", "HEAD")
            if not self.visitors.owns(name, path.removeprefix(FILE)):
                raise Refused(403, "there is no such file for you")
            await self.app(scope, receive, with_headers(send, _file_policy))
        elif path in GET_PATHS or path.startswith(HEARTBEAT):
            allow_only(method, "GET", "HEAD")
            query = parse_qs(scope["query_string"].decode("latin-1"))
            pages = query.get("session_hash", [])
            if path.startswith(HEARTBEAT):
                pages = [path.removeprefix(HEARTBEAT)]
            self._check_pages(name, pages)
            await self.app(scope, receive, with_headers(send, _plain_policy))
        elif path == UPLOAD:
            allow_only(method, "POST")
            check_length(headers, self.max_upload_bytes)
            await self._upload(scope, receive, send, name)
        elif path == RESET:
            allow_only(method, "POST")
            check_length(headers, MAX_JSON_BYTES)
            await self.app(scope, receive, with_headers(send, _plain_policy))
        elif path in POST_PATHS:
            allow_only(method, "POST")
            check_length(headers, MAX_JSON_BYTES)
            body = await whole_body(receive)
            self._check_body(name, body, headers.get("host", ""))
            await self.app(scope, replayed(body, receive), with_headers(send, _plain_policy))
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

        await self.app(uncompressed(scope), receive, buffered(send, note))

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
    await with_headers(send, list)(start)
    await send({"type": "http.response.body", "body": (refused.line() + "\n").encode()})
