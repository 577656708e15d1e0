"""What the tests of the language model client share: requests, and asking in a loop of its own."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

from llm_server import Server

from agent.llm.client import Client
from agent.llm.wire import Request, Said, Shown, Thinker
from agent.settings import LLM
from tools.errors import ServerError

CANARY = "sk-canary-7f3a9b2c5d8e1f60"
CROP = {
    "name": "crop",
    "description": "Cut a part out.",
    "parameters": {
        "type": "object",
        "properties": {
            "image": {"type": "string", "description": "handle of a picture"},
            "margin": {"type": "number", "default": 0.5, "minimum": 0},
            "part": {"enum": ["top", "bottom"], "type": "string", "description": "which"},
        },
        "required": ["image"],
        "additionalProperties": False,
    },
}


def picture(handle: str = "img1", size: int = 3000) -> Shown:
    data = base64.b64encode(bytes(range(256)) * (size // 256)).decode()
    return Shown(handle, f"data:image/jpeg;base64,{data}", (64, 48))


def request(**more: Any) -> Request:
    return Request(**{"system": "You plan.", "text": "What is in img1?", "prompt": "abc", **more})


def settings(server: Server, **more: Any) -> LLM:
    base = {"base_url": server.url, "api_key": CANARY, "model": "tiny", "timeout": 20.0}
    return LLM(**{**base, **more})


def client(server: Server, **more: Any) -> Client:
    """A client that does not wait long between repeats."""
    return Client(settings(server, **more), backoff=0.001)


def ask(
    thinker: Thinker,
    asked: Request | None = None,
    *,
    seconds: float = 20.0,
    tell: Callable[[str], None] = lambda text: None,
) -> Said:
    """One reply, in a loop of its own, the connections closed after."""

    async def run() -> Said:
        try:
            return await thinker.ask(asked or request(), seconds=seconds, tell=tell)
        finally:
            await thinker.aclose()  # type: ignore[attr-defined]

    return asyncio.run(run())


def outcome(thinker: Thinker, asked: Request | None = None, **more: Any) -> Said | ServerError:
    """The reply, or the error that came instead."""
    try:
        return ask(thinker, asked, **more)
    except ServerError as error:
        return error
