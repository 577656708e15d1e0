"""A planner's reply that can be written down, whatever it came from.

Halves of surrogate pairs, numbers that JSON does not know, arguments without end and nesting
without bottom would break what stores and shows them. Letters are mended, the rest is sent back.
Knows nothing of tools.
"""

from __future__ import annotations

import math
from typing import Any

from agent.protocol import BadReply, Finish, Plan

MAX_CHARS = 50_000
"""Of all the arguments of one call, and of an answer."""
MAX_DEPTH = 6
MAX_INT = 2**53


def sound(reply: Plan | Finish) -> Plan | Finish:
    """The reply with whole letters only.

    Raises:
        BadReply: it is too long or too deep, or has numbers that are none.
    """
    try:
        if isinstance(reply, Finish):
            changed: dict[str, Any] = {"text": _short(mended(reply.text), "the answer")}
            changed["images"] = tuple(mended(h) for h in reply.images)
        else:
            calls = tuple(
                c.model_copy(update={"tool": mended(c.tool)[:200], "args": _args(c.id, c.args)})
                for c in reply.calls
            )
            looks = tuple(mended(h)[:200] for h in reply.look)
            changed = {"calls": calls, "look": looks, "thought": mended(reply.thought)[:MAX_CHARS]}
    except ValueError as error:
        raise BadReply(str(error), usage=reply.usage) from None
    return reply.model_copy(update=changed)


def mended(text: str) -> str:
    """A text in which halves of surrogate pairs are replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _short(text: str, what: str) -> str:
    if len(text) > MAX_CHARS:
        raise ValueError(f"{what} has {len(text)} characters; {MAX_CHARS} are the most")
    return text


def _args(name: str, args: dict[str, Any]) -> dict[str, Any]:
    where = f"the arguments of call {name!r}"
    room = [MAX_CHARS]
    plain: dict[str, Any] = _plain(args, where, 0, room)
    return plain


def _plain(value: Any, where: str, depth: int, room: list[int]) -> Any:
    """The value with whole letters, as JSON has it."""
    if depth > MAX_DEPTH:
        raise ValueError(f"{where} are nested deeper than {MAX_DEPTH}")
    room[0] -= len(value) + 1 if isinstance(value, str) else 2
    if room[0] < 0:
        raise ValueError(f"{where} have more than {MAX_CHARS} characters")
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, dict):
        return {
            _plain(str(k), where, depth + 1, room): _plain(v, where, depth + 1, room)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, where, depth + 1, room) for item in value]
    return _number(value, where)


def _number(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} have a number that is none: {value}")
    if isinstance(value, int) and abs(value) > MAX_INT:
        raise ValueError(f"{where} have a number of {value.bit_length()} bits")
    if not isinstance(value, int | float):
        raise ValueError(f"{where} have a {type(value).__name__}, which JSON does not know")
    return value
