"""Replies put together: from the pieces of a stream or from a whole, of either interface.

Servers number, name and repeat the pieces of a call each in their own way; here they become calls.
Nothing is trusted: a value of a wrong kind is as good as none. Knows nothing of connections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.llm.faults import Fault, malformed, of_object
from agent.llm.wire import Asked

FINISHES = {
    "tool_calls": "tool_calls", "function_call": "tool_calls", "tool_use": "tool_calls",
    "length": "length", "max_tokens": "length", "max_output_tokens": "length",
}  # fmt: skip
"""What servers call an end; all others are ``stop``."""
MOST_TOKENS = 10**9
FILTERED = "content_filter"


@dataclass
class _Slot:
    """A call whose pieces come in."""

    key: str = ""
    name: str = ""
    arguments: str = ""

    def whole(self) -> bool:
        """Whether its arguments are an object from the first brace to the last."""
        return whole(self.arguments)


def whole(arguments: str) -> bool:
    """Whether a text is a JSON object from the first brace to the last."""
    try:
        return isinstance(json.loads(arguments, strict=False), dict)
    except (ValueError, RecursionError):
        return False


class Merged:
    """What has come of a reply so far."""

    def __init__(self) -> None:
        self.text = ""
        self.thought = ""
        """What a reasoning model says before it speaks."""
        self.finish = ""
        """Empty until the server says that the reply has ended."""
        self.tokens: tuple[int, int] | None = None
        """In and out, where the server counted them."""
        self.model = ""
        self._slots: list[_Slot] = []
        self._at: dict[int, _Slot] = {}

    def feed(self, piece: Mapping[str, Any]) -> None:
        """Take in one piece of a stream."""
        raise NotImplementedError

    def take(self, reply: Mapping[str, Any]) -> None:
        """Take in a reply that came whole."""
        raise NotImplementedError

    def calls(self) -> tuple[Asked, ...]:
        """The calls; of a reply that was cut off those alone that are whole."""
        if self.finish == "length":
            return tuple(Asked(s.name, s.arguments) for s in self._slots if s.name and s.whole())
        if any(not slot.name for slot in self._slots):
            raise malformed("a call of its reply names no function")
        return tuple(Asked(s.name, s.arguments or "{}") for s in self._slots)

    def _end(self, reason: str) -> None:
        if reason == FILTERED:
            raise Fault("its filter held the reply back", passes=False, hint="Ask in other words")
        self.finish = FINISHES.get(reason, "stop")

    def _count(self, usage: Any, names: tuple[str, str]) -> None:
        counts = [_map(usage).get(name) for name in names]
        if all(isinstance(n, int) and 0 <= n < MOST_TOKENS for n in counts):
            self.tokens = (int(counts[0] or 0), int(counts[1] or 0))

    def _new(self, key: str = "") -> _Slot:
        slot = _Slot(key)
        self._slots.append(slot)
        return slot


class Chat(Merged):
    """A reply of Chat Completions."""

    def feed(self, piece: Mapping[str, Any]) -> None:
        """Take in one chunk."""
        self._take(piece, "delta", self._piece)

    def take(self, reply: Mapping[str, Any]) -> None:
        """Take in a completion."""
        if not _list(reply.get("choices")) and not reply.get("error"):
            raise malformed("its reply holds no choices")
        self._take(reply, "message", self._call)

    def _take(
        self, reply: Mapping[str, Any], part: str, call: Callable[[Mapping[str, Any]], None]
    ) -> None:
        if reply.get("error"):
            raise of_object(reply)
        self.model = _text(reply.get("model")) or self.model
        self._count(reply.get("usage"), ("prompt_tokens", "completion_tokens"))
        for choice in _list(reply.get("choices")):
            choice = _map(choice)
            if choice.get("index", 0) not in (0, None):
                continue
            message = _map(choice.get(part)) or _map(choice.get("message"))
            self.text += _content(message.get("content")) + _text(message.get("refusal"))
            self.thought += _text(message.get("reasoning_content") or message.get("reasoning"))
            for found in _list(message.get("tool_calls")):
                call(_map(found))
            if isinstance(reason := choice.get("finish_reason"), str) and reason:
                self._end(reason)

    def _call(self, found: Mapping[str, Any]) -> None:
        """A whole call."""
        function = _map(found.get("function"))
        slot = self._new()
        slot.name, slot.arguments = _text(function.get("name")), _arguments(function)

    def _piece(self, found: Mapping[str, Any]) -> None:
        """A piece of a call: of the one at its index, unless it plainly begins another."""
        function = _map(found.get("function"))
        key, name = _text(found.get("id")), _text(function.get("name"))
        index = found.get("index")
        slot = self._slot(index if isinstance(index, int) else None, key)
        if slot is None or _another(slot, key, name):
            slot = self._new(key)
        if isinstance(index, int):
            self._at[index] = slot
        slot.key = slot.key or key
        if name != slot.name and not slot.arguments:
            slot.name += name
        slot.arguments += _arguments(function)

    def _slot(self, index: int | None, key: str) -> _Slot | None:
        if index is not None:
            return self._at.get(index)
        if key:
            return next((s for s in self._slots if s.key == key), None)
        return self._slots[-1] if self._slots else None


def _another(slot: _Slot, key: str, name: str) -> bool:
    """Whether a piece at the place of `slot` is the first of another call."""
    if key and slot.key:
        return key != slot.key
    return bool(name and slot.name and slot.whole())


class Responses(Merged):
    """A reply of the Responses interface."""

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, Mapping[str, Any]] = {}

    def feed(self, piece: Mapping[str, Any]) -> None:
        """Take in one event."""
        kind = _text(piece.get("type"))
        if kind == "error" or piece.get("error"):
            raise of_object(piece if piece.get("error") else {"error": piece})
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            self.take(_map(piece.get("response")))
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            self.text += _text(piece.get("delta"))
        elif kind.startswith("response.reasoning") and kind.endswith(".delta"):
            self.thought += _text(piece.get("delta"))
        elif kind == "response.output_item.done":
            index = piece.get("output_index")
            place = index if isinstance(index, int) else len(self._items)
            self._items[place] = _map(piece.get("item"))

    def take(self, reply: Mapping[str, Any]) -> None:
        """Take in a whole response."""
        if reply.get("error") or reply.get("status") == "failed":
            raise of_object(reply)
        self.model = _text(reply.get("model")) or self.model
        self._count(reply.get("usage"), ("input_tokens", "output_tokens"))
        status = _text(reply.get("status"))
        if status not in ("completed", "incomplete"):
            raise malformed("its reply holds no response that has ended")
        self._output(_list(reply.get("output")) or [self._items[k] for k in sorted(self._items)])
        reason = _text(_map(reply.get("incomplete_details")).get("reason")) or "length"
        self._end(reason if status == "incomplete" else "tool_calls" if self._slots else "stop")

    def _output(self, items: Sequence[Any]) -> None:
        """The text and the calls of the items; the text that came in pieces where they hold none."""
        text = ""
        for item in map(_map, items):
            if item.get("type") == "function_call":
                slot = self._new()
                slot.name, slot.arguments = _text(item.get("name")), _arguments(item)
            elif item.get("type") == "message":
                text += _content(item.get("content"))
        self.text = text or self.text


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _content(value: Any) -> str:
    """The text of a content, which may be a list of parts."""
    if isinstance(value, list):
        parts = map(_map, value)
        return "".join(_text(p.get("text")) or _text(p.get("refusal")) for p in parts)
    return _text(value)


def _arguments(function: Mapping[str, Any]) -> str:
    """Arguments as text; some servers give the object itself."""
    value = function.get("arguments")
    return json.dumps(value) if isinstance(value, dict | list) else _text(value)
