"""Values and arguments as language models write them: JSON, Python or something in between.

One reader for quotes of either kind, bare words, trailing commas, comments and missing commas. It
builds plain values and nothing else, goes at most so deep, and takes time in proportion to the
text. Knows nothing of tools or of where the text comes from.
"""

from __future__ import annotations

import math
import re
from typing import Any

MAX_DEPTH = 12
"""Lists and mappings inside one another."""
MAX_DIGITS = 18
"""Of a whole number; one with a fraction may be written with ten characters more."""

_WORDS = {"true": True, "false": False, "null": None, "none": None}
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.{0,500}?\*/|#(?=\s)[^\n]*)+", re.S)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?=[\s,;)\]}:]|$)")
_BARE = re.compile(r"[^\s,;()\[\]{}\"'=:]+(?:\[\d{1,6}\])?")
_GAP = re.compile(r"[ \t]+(?=[^\s,;()\[\]{}\"'=:])(?![\w.-]+[ \t]*[=:])")
_KEY = re.compile(r"([A-Za-z_][\w-]{0,60})[ \t]*[=:](?!=)")
_QUOTE = re.compile(r"[fFrRbBuU]{0,2}(\"\"\"|'''|[\"'\u201c\u2018])")
_CLOSING = {"\u201c": "\u201d", "\u2018": "\u2019"}
_AFTER = re.compile(r"\s*(?:[,;)\]}:=#/]|$)")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.S)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}


class NotReadable(ValueError):
    """The text is no value; the message says where."""


def sound(text: str) -> str:
    """The text without halves of surrogate pairs, which no encoding takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Reader:
    """Reads values out of a text, from left to right."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def skip(self) -> str:
        """Go past blanks and comments; the character that follows, '' at the end."""
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.text[self.at : self.at + 1]

    def value(self, depth: int = 0) -> Any:
        """The value that stands here.

        Raises:
            NotReadable: there is none, or it does not end.
        """
        char = self.skip()
        if depth > MAX_DEPTH:
            raise self._fault("too many brackets inside one another")
        if char in ("[", "("):
            return self._list(depth)
        if char == "{":
            return self._mapping(depth)
        quote = _QUOTE.match(self.text, self.at)
        if quote:
            return self._string(quote)
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return self._number(number.group())
        return self._bare()

    def arguments(self, close: str = ")", depth: int = 0) -> tuple[list[Any], dict[str, Any]]:
        """What stands between here and `close`: values without and with a name.

        Raises:
            NotReadable: a value cannot be read, or `close` is missing.
        """
        unnamed: list[Any] = []
        named: dict[str, Any] = {}
        while (char := self.skip()) != close:
            if not char:
                raise self._fault(f"{close!r} is missing")
            if char in ",;":
                self.at += 1
                continue
            key = _KEY.match(self.text, self.at)
            if key:
                self.at = key.end()
                named[key.group(1)] = self.value(depth + 1)
            else:
                unnamed.append(self.value(depth + 1))
        self.at += 1
        return unnamed, named

    def _list(self, depth: int) -> list[Any]:
        close = "]" if self.text[self.at] == "[" else ")"
        self.at += 1
        found: list[Any] = []
        while (char := self.skip()) != close:
            if not char:
                raise self._fault(f"{close!r} is missing")
            if char in ",;":
                self.at += 1
            else:
                found.append(self.value(depth + 1))
        self.at += 1
        return found

    def _mapping(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while (char := self.skip()) != "}":
            if not char:
                raise self._fault("'}' is missing")
            if char in ",;":
                self.at += 1
                continue
            key = self._key(depth)
            if self.skip() not in (":", "="):
                raise self._fault(f"':' is missing after {key[:40]!r}")
            self.at += 1
            found[key] = self.value(depth + 1)
        self.at += 1
        return found

    def _key(self, depth: int) -> str:
        bare = _KEY.match(self.text, self.at)
        if bare:
            self.at = bare.end(1)
            return bare.group(1)
        return str(self.value(depth + 1))

    def _string(self, quote: re.Match[str]) -> str:
        opening = quote.group(1)
        close = _CLOSING.get(opening, opening)
        at = quote.end()
        while True:
            end = self.text.find(close, at)
            if end < 0:
                raise self._fault(f"the closing {close} is missing")
            if not self._escaped(quote.end(), end) and (
                len(close) > 1 or _AFTER.match(self.text, end + 1)
            ):
                break
            at = end + 1
        self.at = end + len(close)
        return sound(_ESCAPE.sub(_unescaped, self.text[quote.end() : end]))

    def _escaped(self, start: int, end: int) -> bool:
        count = 0
        while end - count > start and self.text[end - count - 1] == "\\":
            count += 1
        return count % 2 == 1

    def _number(self, said: str) -> int | float:
        whole = said.lstrip("+-").isdigit()
        if len(said) > MAX_DIGITS + (0 if whole else 10):
            raise self._fault(f"a number of {len(said)} characters")
        if whole:
            return int(said)
        number = float(said)
        if math.isinf(number):
            raise self._fault(f"the number {said} is too large")
        return number

    def _bare(self) -> Any:
        found = _BARE.match(self.text, self.at)
        if found is None:
            raise self._fault("a value is missing")
        start, self.at = self.at, found.end()
        while gap := _GAP.match(self.text, self.at):  # words of a phrase without quotes
            more = _BARE.match(self.text, gap.end())
            if more is None:
                break
            self.at = more.end()
        said = self.text[start : self.at]
        return _WORDS.get(said.lower(), said)

    def _fault(self, words: str) -> NotReadable:
        near = " ".join(self.text[max(0, self.at - 20) : self.at + 20].split())
        return NotReadable(f"{words}, near {near!r}")


def _unescaped(found: re.Match[str]) -> str:
    wide, narrow, plain = found.groups()
    if plain is None:
        return chr(int(wide or narrow, 16))
    if plain in "\"'\\/":
        return str(plain)
    return _PLAIN.get(plain, f"\\{plain}")
