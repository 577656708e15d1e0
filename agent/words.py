"""Text made safe for a terminal: what a picture or a file name says can never steer it.

Knows nothing of events, colours or layout.
"""

from __future__ import annotations

import json


def clean(text: str) -> str:
    """One line in which control, bidirectional and surrogate characters show as escapes."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def clean_lines(text: str) -> list[str]:
    """The lines of `text`, each made safe."""
    return [clean(line) for line in text.replace("\r\n", "\n").split("\n")]


def safe_json(value: object, indent: int | None = None) -> str:
    """JSON in plain letters, everything a terminal could obey escaped as JSON escapes it."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
