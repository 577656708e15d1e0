"""The earlier turns of a conversation as a short text that does not grow with their number.

The last turns nearly whole, those before in a line each, the oldest as a count, and the pictures
that can still be named. What people and pictures wrote is quoted, so that it reads as data. Same
turns, same text. Knows nothing of prompts or planners.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence

from agent.protocol import Turn
from agent.words import clean

MAX_CHARS = 2000
WHOLE = 3
"""Turns that are told nearly whole."""
LINES = 8
"""Turns before those that get a line each."""
QUESTION_CHARS, ANSWER_CHARS = 160, 240
LINE_QUESTION, LINE_ANSWER = 60, 40
HANDLES = 12
"""Pictures that are named of the turns that are only counted."""


def summary(turns: Sequence[Turn], known: Container[str], *, max_chars: int = MAX_CHARS) -> str:
    """The earlier turns in words, at most `max_chars` characters.

    Args:
        turns: oldest first.
        known: the handles that can still be named; others are left out.
        max_chars: older turns are told in fewer words, then not at all, to keep to it.
    """
    if not turns:
        return ""
    for lines in range(LINES, -1, -1):
        text = _told(turns, known, lines)
        if len(text) <= max_chars:
            return text
    last = _whole(len(turns), turns[-1], known)
    return last if len(last) <= max_chars else last[: max_chars - 1] + "…"


def _told(turns: Sequence[Turn], known: Container[str], lines: int) -> str:
    numbered = list(enumerate(turns, 1))
    old, late = numbered[:-WHOLE], numbered[-WHOLE:]
    short = old[len(old) - min(lines, len(old)) :]
    counted = old[: len(old) - len(short)]
    parts = [_count(counted, known)] if counted else []
    parts += [_line(number, turn, known) for number, turn in short]
    parts += [_whole(number, turn, known) for number, turn in late]
    return "\n".join(parts)


def _count(counted: Sequence[tuple[int, Turn]], known: Container[str]) -> str:
    made = dict.fromkeys(h for _, turn in counted for h in turn.made if h in known)
    names = list(made)[-HANDLES:]
    some = f"; pictures of their answers: {', '.join(names)}" if names else ""
    few = "1 question" if len(counted) == 1 else f"{len(counted)} questions"
    return f"Before that: {few}{some}"


def _line(number: int, turn: Turn, known: Container[str]) -> str:
    made = [h for h in turn.made if h in known]
    shown = f" -> {', '.join(made[:4])}" if made else ""
    asked, said = _quoted(turn.question, LINE_QUESTION), _quoted(turn.answer, LINE_ANSWER)
    return f"{number}. {asked}: {turn.status} {said}{shown}"


def _whole(number: int, turn: Turn, known: Container[str]) -> str:
    about = ", ".join(h for h in turn.images[:8] if h in known) or "no picture"
    steps = [
        f"{call.tool} -> {handle}"
        for call, handle in zip(turn.calls, turn.handles, strict=True)
        if handle in known
    ]
    more = f", {len(steps) - 6} more" if len(steps) > 6 else ""
    made = ", ".join(h for h in turn.made[:8] if h in known)
    lines = [
        f"{number}. about {about}: {_quoted(turn.question, QUESTION_CHARS)}",
        f"   made: {', '.join(steps[:6])}{more}" if steps else "",
        f"   {turn.status}: {_quoted(turn.answer, ANSWER_CHARS)}{f' with {made}' if made else ''}",
    ]
    return "\n".join(line for line in lines if line)


def _quoted(text: str, limit: int) -> str:
    """A text on one line, cut, in the quotes of JSON: nothing in it can end them."""
    line = clean(" ".join(text.split()))
    return json.dumps(line if len(line) <= limit else line[: limit - 1] + "…", ensure_ascii=False)
