"""Foreign text made fit for a prompt: marked as data, with a boundary that it cannot close.

Text read from pictures, captions, file names, what models and tools say, what the web holds. The
boundary is a hash of the text itself, taken anew until it does not occur in it; every line begins
with a bar; what cannot be seen is written out, and what a chat template could take for its own
marks is broken. Knows nothing of prompts or of who wrote the text.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect

LIMIT = 2_000
"""Characters of one text that go into a prompt, unless told otherwise."""
BAR = "| "
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that show nothing."""
_SELECTORS = (range(0xFE00, 0xFE0E), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))
"""Variation selectors that say nothing a reader could see; text can be hidden in them."""
_TEMPLATE = re.compile(r"<(?=[|｜/]?[\w|｜▁/:.-]{1,40}>)|>(?<=[|｜]>)|\[(?=/?[A-Z][A-Z_]{2,24}\])")
"""The begin of ``<|im_start|>``, ``</s>``, ``[INST]`` and their like, for any template."""
_ODD = re.compile(r"[^\n -~]")
"""What has to be looked at: all but plain ASCII."""
_BROKEN = {"<": "‹", ">": "›", "[": "⟦"}


def visible(text: str, limit: int = LIMIT) -> str:
    """`text` as a person would see it: nothing hidden, no template marks, cut at `limit`.

    Control, direction, zero-width, tag and surrogate characters show as escapes; line breaks stay.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    head = text[:limit]
    shown = _written(head)
    if len(shown) > limit:  # escapes are longer than what they stand for
        fits = bisect(range(limit + 1), limit, key=lambda n: len(_written(text[:n]))) - 1
        head = text[:fits]
        shown = _written(head)
    if len(head) < len(text):
        shown += f" … {len(text) - len(head)} more characters"
    return _TEMPLATE.sub(lambda m: _BROKEN[m[0]], shown)


def _written(text: str) -> str:
    return _ODD.sub(lambda m: _shown(m[0]), text)


def one_line(text: str, limit: int = 200) -> str:
    """`visible` on one line between quotation marks, for names and labels."""
    line = " ".join(visible(" ".join(text.split()), limit).split())
    return '"' + line.replace("\\", "\\\\").replace('"', "'") + '"'


def fenced(text: str, source: str, limit: int = LIMIT) -> str:
    """`text` as data between two boundaries.

    Args:
        text: What somebody or something else wrote.
        source: Where it comes from, in a few words.
        limit: Characters that are shown at most.
    """
    shown = visible(text, limit)
    mark = boundary(f"{source}\n{text}")
    lines = "\n".join(BAR + line for line in shown.split("\n"))
    return f"<data-{mark} from={one_line(source, 80)}>\n{lines}\n</data-{mark}>"


def boundary(text: str) -> str:
    """A word that does not occur in `text`, the same for the same text."""
    data = text.encode("utf-8", "surrogatepass")
    salt = 0
    while True:
        mark = hashlib.sha256(data + salt.to_bytes(4, "big")).hexdigest()[:12]
        if mark not in text:
            return mark
        salt += 1


def _shown(character: str) -> str:
    if character == "\n" or (" " <= character <= "~"):
        return character
    kind = unicodedata.category(character)
    if kind == "Zs" or character == "\t":
        return " "
    hidden = kind[0] == "C" or kind in ("Zl", "Zp") or character in _BLANKS
    if hidden or any(ord(character) in r for r in _SELECTORS):
        return character.encode("unicode_escape").decode("ascii")
    return character
