"""Reads the files of ``prompts/``: the only module that does. Knows nothing of their meaning."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from tools.errors import ConfigError


@cache
def load_toml(name: str) -> dict[str, Any]:
    """A TOML file of ``prompts/``, e.g. ``offline/lexicon.toml``.

    Raises:
        ConfigError: the file is missing or is not TOML.
    """
    try:
        text = files("prompts").joinpath(name).read_text(encoding="utf-8")
        return tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"prompt file {name!r} cannot be read: {error}") from None
