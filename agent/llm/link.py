"""The connection to one server: bytes out, bytes back, bounded, with every failure a `Fault`.

One HTTP client per event loop, made when it is first needed; repeats, redirects and compression of
the client are off, since none of them can be bounded or told. Knows nothing of models or replies.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

from agent.llm.faults import ADDRESS, Fault, cut, of_status, too_large
from agent.llm.redact import safe_url
from agent.llm.servers import OPENAI
from agent.threads import in_thread
from tools.errors import ConfigError

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import AsyncOpenAI

MOST_BYTES = 4_000_000
"""Of one reply, unpacked."""
MOST_ERROR_BYTES = 64_000
ERROR_SECONDS = 5.0
"""For the words of a refusal to come in."""
CONNECT_SECONDS = 5.0
NO_KEY = "none"
"""What servers without keys are sent."""


class Answer:
    """A reply with status 2xx whose body is on its way."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        """Content type."""

    def chunks(self, limit: int = MOST_BYTES) -> AsyncIterator[bytes]:
        """The body, unpacked, as it comes.

        Raises:
            Fault: it was cut off, is too large, or is packed in a way that was not asked for.
        """
        return _chunks(self._response, limit)


class Link:
    """The connection to one server."""

    def __init__(self, base_url: str, key: str) -> None:
        """Connect to nothing yet.

        Raises:
            ConfigError: address or key can be none.
        """
        parts = _checked(base_url.strip() or OPENAI)
        self.url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self.host = urlsplit(safe_url(self.url)).netloc
        """For people: host and port."""
        self._query = dict(parse_qsl(parts.query))
        self._key = _checked_key(key.strip())
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = (
            WeakKeyDictionary()
        )
        self._guard = threading.Lock()

    async def ready(self) -> None:
        """Load what takes time, so that no request has to wait for it."""
        await self._client()

    @contextlib.asynccontextmanager
    async def post(self, path: str, body: bytes) -> AsyncIterator[Answer]:
        """Send a body; the reply within the block.

        Raises:
            Fault: the server cannot be reached, or answers with another status than 2xx.
        """
        async with self._reply("post", path, body) as answer:
            yield answer

    async def get(self, path: str, limit: int = 256_000) -> bytes:
        """What lies at a path; at most `limit` bytes.

        Raises:
            Fault: as for `post`.
        """
        async with self._reply("get", path, None) as answer:
            return b"".join([chunk async for chunk in answer.chunks(limit)])

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        with self._guard:
            client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    @contextlib.asynccontextmanager
    async def _reply(self, method: str, path: str, body: bytes | None) -> AsyncIterator[Answer]:
        client = await self._client()
        import httpx2
        import openai

        ask: Any = client.post if method == "post" else client.get
        more = {"content": body, "options": {"headers": {"Content-Type": "application/json"}}}
        try:
            response: Response = await ask(
                path, cast_to=httpx2.Response, stream=True,
                stream_cls=openai.AsyncStream[object], **(more if body is not None else {}),
            )  # fmt: skip
        except openai.APIConnectionError as error:
            raise Fault(f"it cannot be reached: {_reason(error)}", hint=ADDRESS) from None
        except openai.OpenAIError as error:
            raise Fault(f"{type(error).__name__}: {error}", passes=False) from None
        try:
            yield Answer(response)
        finally:
            with contextlib.suppress(httpx2.HTTPError, OSError):
                await response.aclose()

    async def _client(self) -> AsyncOpenAI:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            made = await in_thread(self._make, "ocelli-llm")
            with self._guard:
                client = self._clients.setdefault(loop, made)
        return client

    def _make(self) -> AsyncOpenAI:
        httpx2 = importlib.import_module("httpx2")
        openai = importlib.import_module("openai")
        http = openai.DefaultAsyncHttpxClient(
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            event_hooks={"response": [_refuse]},
        )
        made: AsyncOpenAI = openai.AsyncOpenAI(
            api_key=self._key or NO_KEY, base_url=self.url, default_query=self._query or None,
            default_headers={"Accept-Encoding": "identity"}, max_retries=0, http_client=http,
            timeout=http.timeout,
        )  # fmt: skip
        return made


async def _refuse(response: Response) -> None:
    """Whatever is not 2xx ends here, before the client reads it without bounds."""
    if 200 <= response.status_code < 300:
        return
    body = b""
    with contextlib.suppress(Fault, TimeoutError):
        async with asyncio.timeout(ERROR_SECONDS):
            async for chunk in _chunks(response, MOST_ERROR_BYTES):
                body += chunk
    raise of_status(response.status_code, response.headers, body)


async def _chunks(response: Response, limit: int) -> AsyncIterator[bytes]:
    import httpx2

    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Fault(f"its reply is packed with {packed!r}, which nobody asked for", passes=False)
    unpack = zlib.decompressobj(wbits=47) if packed not in ("", "identity") else None
    size = 0
    try:
        async for chunk in response.aiter_raw():
            if unpack is not None:
                chunk = unpack.decompress(chunk, limit - size + 1)
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            if chunk:
                yield chunk
    except zlib.error:
        raise cut("its reply cannot be unpacked") from None
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise cut(f"its reply was cut off: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    """The innermost reason of a failed connection."""
    inner = error
    while (deeper := inner.__cause__ or inner.__context__) is not None and deeper is not inner:
        inner = deeper
    said = inner.strerror if isinstance(inner, OSError) and inner.strerror else str(inner)
    if isinstance(inner, TimeoutError) or "timed out" in said.lower():
        return f"no connection within {CONNECT_SECONDS:g} s"
    return said or type(inner).__name__


def _checked(url: str) -> Any:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            f"{safe_url(url)!r} is no address of a language model's server",
            hint="Set OPENAI_BASE_URL to one like http://127.0.0.1:8000/v1",
        )
    return parts


def _checked_key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            "the key of the language model holds characters that no key has",
            hint="Set OPENAI_API_KEY again, without quotes, blanks and line breaks",
        )
    return key
