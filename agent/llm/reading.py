"""A reply read as it comes in: a stream of events or a whole, whatever its header calls it.

Knows nothing of connections, time-outs or what is done about a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from agent.llm.arguments import scrub
from agent.llm.faults import malformed, of_error
from agent.llm.link import Answer
from agent.llm.merge import Merged
from agent.llm.sse import END, Events, looks_like

EVENTS = "text/event-stream"
BROKEN_ERROR = re.compile(rb'\{"error": ?"(.+)', re.DOTALL)
"""Words between quotes that were not masked, as ``transformers serve`` tells of an error."""


async def read(
    answer: Answer, merged: Merged, tell: Callable[[str], None], ended: Callable[[], None]
) -> None:
    """Take in a whole reply, to the end of the body so that its connection can be used again.

    Args:
        answer: Where it comes from.
        merged: Where it goes.
        tell: Called with the text so far.
        ended: Called when nothing more is needed, though more may come.

    Raises:
        Fault: it was cut off, is no reply, or tells of an error.
    """
    if answer.kind != EVENTS:
        body = b"".join([chunk async for chunk in answer.chunks()])
        if looks_like(body):
            events = Events()
            _feed([*events.feed(body), *events.close()], merged)
        else:
            merged.take(parsed(body))
        tell(scrub(merged.text))
        return
    events, told, over = Events(), (0, 0), False
    async for chunk in answer.chunks():
        if over:
            continue
        over = _feed(events.feed(chunk), merged)
        size = (len(merged.text), len(merged.thought))
        if size != told:
            told = size
            tell(scrub(merged.text or merged.thought))
        if merged.finish:
            ended()
    if not over:
        _feed(events.close(), merged)


def _feed(found: Iterable[str], merged: Merged) -> bool:
    """Take in events; whether the stream says that it is over."""
    for data in found:
        if data.strip() == END:
            return True
        if data.strip():
            merged.feed(parsed(data.encode("utf-8", "replace")))
    return False


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Fault: it is none.
    """
    start = body[:2000].lstrip()
    if not start:
        raise malformed("its reply is empty")
    if start.startswith(b"<"):
        raise malformed("its reply is a web page, not JSON")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        if words := BROKEN_ERROR.match(start):
            said = words[1].decode("utf-8", "replace").rstrip('"} ')
            raise of_error(200, said, "") from None
        raise malformed("its reply is not JSON") from None
    if not isinstance(found, dict):
        raise malformed("its reply is no JSON object")
    return found
