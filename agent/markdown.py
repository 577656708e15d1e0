"""Foreign text made harmless before it becomes Markdown: it shows letter by letter, no more.

Text of people, files, pictures, tools and models goes through here on its way to a page or a
chat. Knows nothing of events, widgets or browsers.
"""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT = 4_000
"""Characters of one text that are shown."""

_MARKUP = re.compile(
    r"[\\`*_{}\[\]<>&|~@$^]"  # anywhere: emphasis, code, links, tags, references, tables, formulas
    r"|(?<=www)\."  # addresses that would become links by themselves
    r"|:(?=//)"
    r"|^[ \t]*(?:[#+=:-]|\d+(?=[.)]))",  # at the start of a line: headings, lists, rules
    re.MULTILINE | re.IGNORECASE,
)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """`text` without control characters and tricks of direction, cut at `limit`."""
    shown = text if len(text) <= limit else text[:limit] + " …"
    return "".join(
        c
        if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp")
        else " "
        if c in "\t\r\u2028\u2029"
        else "\ufffd"
        for c in shown
        if c not in _BIDI
    )


def escape_markdown(text: str, limit: int = MAX_TEXT) -> str:
    """`text` as Markdown that shows it letter by letter and does nothing else.

    Whatever could begin markup, a link, a picture, a heading, a table, a formula or a tag becomes
    a character reference; plain prose stays readable, because it is also read aloud.
    """
    safe = _MARKUP.sub(lambda m: "".join(f"&#{ord(c)};" for c in m[0]), clean(text, limit))
    return _INDENT.sub(lambda m: "&#160;" * len(m[0]), safe)


def escape_line(text: str, limit: int = 300) -> str:
    """`escape_markdown` on one line, for titles and cells."""
    return escape_markdown(" ".join(clean(text, limit).split()), limit + 2)
