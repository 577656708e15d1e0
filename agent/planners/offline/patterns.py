"""Regular expressions, compiled once and kept.

The planner asks more different ones of a question than the standard library remembers, so each
would be compiled again for every clause. Same calls as in ``re``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

KEPT = 8192
"""Patterns that are remembered; some are made of a person's own words and pass."""


@lru_cache(maxsize=KEPT)
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, ready to use."""
    return re.compile(pattern, flags)


def match(pattern: str, text: str, flags: int = 0) -> re.Match[str] | None:
    """As ``re.match``."""
    return compiled(pattern, flags).match(text)


def search(pattern: str, text: str, flags: int = 0) -> re.Match[str] | None:
    """As ``re.search``."""
    return compiled(pattern, flags).search(text)


def fullmatch(pattern: str, text: str, flags: int = 0) -> re.Match[str] | None:
    """As ``re.fullmatch``."""
    return compiled(pattern, flags).fullmatch(text)


def sub(
    pattern: str,
    by: str | Callable[[re.Match[str]], str],
    text: str,
    count: int = 0,
    flags: int = 0,
) -> str:
    """As ``re.sub``."""
    return compiled(pattern, flags).sub(by, text, count)


def split(pattern: str, text: str, maxsplit: int = 0, flags: int = 0) -> list[str]:
    """As ``re.split``."""
    return compiled(pattern, flags).split(text, maxsplit)


def findall(pattern: str, text: str, flags: int = 0) -> list[str]:
    """As ``re.findall``."""
    return compiled(pattern, flags).findall(text)


def finditer(pattern: str, text: str, flags: int = 0) -> Iterator[re.Match[str]]:
    """As ``re.finditer``."""
    return compiled(pattern, flags).finditer(text)
