"""Server-sent events: bytes as they come in, the data of whole events out.

Holds at most one unfinished line and one unfinished event; whoever feeds it bounds both. Knows
nothing of what the data mean.
"""

from __future__ import annotations

from collections.abc import Iterator

END = "[DONE]"
"""Data that end a stream of Chat Completions."""


class Events:
    """Reads one stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The data of the events that end within `chunk`."""
        buffer = self._buffer
        buffer += chunk
        start, end = 0, buffer.find(b"\n", self._seen)
        lines = []
        while end >= 0:
            lines.append(bytes(buffer[start:end]))
            start = end + 1
            end = buffer.find(b"\n", start)
        del buffer[:start]
        self._seen = len(buffer)
        for line in lines:
            yield from self._line(line.removesuffix(b"\r").decode("utf-8", "replace"))

    def close(self) -> Iterator[str]:
        """The data of an event that the end of the stream cut its last line break from."""
        yield from self.feed(b"\n\n")

    def _line(self, line: str) -> Iterator[str]:
        if not line:
            if self._data:
                data, self._data = "\n".join(self._data), []
                yield data
        elif line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))


def looks_like(body: bytes) -> bool:
    """Whether a body is a stream of events, whatever its header says."""
    return body.lstrip()[:6].startswith((b"data:", b"event:", b":"))
