"""Reads and renders the files of ``prompts/``: the only module that does. Knows not their meaning.

A hole is written ``@{name}``; a missing or a surplus value is an error, so that a prompt never
goes out half filled.
"""

from __future__ import annotations

import hashlib
import string
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from tools.errors import ConfigError


class Prompt(string.Template):
    """A text with holes."""

    delimiter = "@"
    idpattern = r"(?!)"
    braceidpattern = r"[a-z_]+"
    flags = 0  # type: ignore[assignment]

    def render(self, **holes: str) -> str:
        """The text with every hole filled.

        Raises:
            ConfigError: a hole has no value, or a value no hole.
        """
        wanted = set(self.get_identifiers())
        if wanted != holes.keys():
            odd = ", ".join(sorted(wanted ^ holes.keys()))
            raise ConfigError(f"a prompt is filled wrongly: {odd}")
        return self.substitute(holes)


@cache
def _read(name: str) -> str:
    try:
        return files("prompts").joinpath(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"prompt file {name!r} cannot be read: {error}") from None


@cache
def load_toml(name: str) -> dict[str, Any]:
    """A TOML file of ``prompts/``, e.g. ``offline/lexicon.toml``.

    Raises:
        ConfigError: the file is missing or is not TOML.
    """
    try:
        return tomllib.loads(_read(name))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"prompt file {name!r} cannot be read: {error}") from None


@cache
def load_prompt(name: str) -> Prompt:
    """A text of ``prompts/``, e.g. ``thinking/system.md``.

    Raises:
        ConfigError: the file is missing.
    """
    return Prompt(_read(name).rstrip("\n"))


@cache
def load_sections(name: str) -> dict[str, Prompt]:
    """A TOML file of texts, each by its name.

    Raises:
        ConfigError: the file is missing, is no TOML or holds something else.
    """
    found = load_toml(name)
    odd = [key for key, text in found.items() if not isinstance(text, str)]
    if odd:
        raise ConfigError(f"prompt file {name!r} has no text for {', '.join(odd)}")
    return {key: Prompt(text.strip("\n")) for key, text in found.items()}


@cache
def digest(*names: str) -> str:
    """Twelve hex digits that change when one of the files does: for the trace."""
    return hashlib.sha256("\x00".join(_read(n) for n in names).encode()).hexdigest()[:12]
