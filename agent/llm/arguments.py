"""The arguments of a call, read from a text that is not trusted.

Whatever a model writes, either plain values come of it that can be stored anywhere, or one line
that says what is wrong with it. Knows nothing of tools.
"""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 12
LARGEST = 2**53
"""Integers beyond are no longer the same everywhere."""
MOST_CHARS = 100_000


def scrub(text: str) -> str:
    """The text with surrogate pairs joined, and without what cannot be stored: lone ones, NUL."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd")


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments of a call.

    Raises:
        ValueError: they cannot be used; the message says why.
    """
    if len(text) > MOST_CHARS:
        raise ValueError(f"the arguments have {len(text)} characters, more than {MOST_CHARS}")
    try:
        found = json.loads(text or "{}", strict=False, parse_int=_integer, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"the arguments are not JSON: {error.msg} at {error.pos}") from None
    except RecursionError:
        raise ValueError("the arguments are nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError(f"the arguments must be an object, not {type(found).__name__}")
    return {scrub(name): _plain(value, 1) for name, value in found.items()}


def _plain(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError("the arguments are nested too deeply")
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number of the arguments is not finite")
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, dict):
        return {scrub(name): _plain(inner, depth + 1) for name, inner in value.items()}
    return value


def _integer(digits: str) -> int:
    if len(digits) > len(str(LARGEST)) + 1 or abs(int(digits)) > LARGEST:
        raise ValueError("a number of the arguments is too large")
    return int(digits)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
