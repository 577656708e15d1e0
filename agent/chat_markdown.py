"""What the messages of a chat are made of: answers and evidence as Markdown, pictures by their path.

All text is escaped here before it becomes Markdown. Knows nothing of how a run goes on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agent.cites import CITE
from agent.events import EntityRecord
from agent.markdown import clean, escape_line, escape_markdown

Message = dict[str, Any]
SHOWABLE = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif"})
"""Suffixes of pictures that every browser shows."""
MAX_ROWS = 100
"""Rows of evidence that are shown."""
_PLAIN = r"[\w/.-](?:[\w .,:;/='+-]{0,118}[\w/.-])?"
_SET_APART = re.compile(rf"(?<![`\w])`(?P<code>{_PLAIN})`(?![`\w])|{CITE.pattern}", re.ASCII)
"""What is shown as code: cites, and plain words between backticks; group 2 is inside the cite."""


def answer_markdown(text: str) -> str:
    """An answer as Markdown: escaped, with its cites and its commands set apart."""
    parts, start = [], 0
    for found in _SET_APART.finditer(text):
        inner = " ".join((found["code"] or found[2]).split())
        parts += [escape_markdown(text[start : found.start()]), f"`{inner}`"]
        start = found.end()
    return "".join([*parts, escape_markdown(text[start:])])


def picture(path: str, alt: str) -> Message:
    """A picture as the content of a message."""
    return {"path": path, "alt_text": " ".join(clean(alt, 200).split())}


def evidence_table(rows: Sequence[EntityRecord]) -> str:
    """The evidence as a Markdown table."""
    lines = ["| | What | Where (x1, y1, x2, y2) | Seen by |", "|---|---|---|---|"]
    for row in rows[:MAX_ROWS]:
        what = escape_line(row.label)
        if row.text and row.text != row.label:
            what += f" “{escape_line(row.text)}”"
        if row.score is not None:
            what += f" · {row.score:.0%}"
        where = escape_line(row.image)
        if row.box is not None:
            where += " · " + ", ".join(f"{v:.0f}" for v in row.box)
        seen = escape_line(", ".join(row.sources))
        lines.append(f"| {escape_line(row.id)} | {what} | {where} | {seen} |")
    if len(rows) > MAX_ROWS:
        lines.append(f"\n{MAX_ROWS} of {len(rows)} are shown.")
    return "\n".join(lines)
