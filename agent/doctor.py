"""Whether this machine can do what Ocelli promises, and what would mend it.

A list of findings, each with a mend where one is needed. Loads no model and fetches nothing.
Knows nothing of terminals.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.listing import abilities, readiness
from tools.catalog import discover
from tools.profiles import load_profile

Health = Literal["ok", "missing", "note"]
PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    what: str
    health: Health
    said: str
    """What was found, or what is missing and the command that mends it."""


def examine(profile: str, home: Path, runs: Path) -> list[Finding]:
    """Everything that was found, in order of topic.

    Raises:
        ConfigError: the profile cannot be used.
    """
    return [*_python(), *_packages(), *_abilities(profile), *_folders(home, runs)]


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    enough = tuple(map(int, platform.python_version_tuple()[:2])) >= PYTHON
    said = f"{version} on {platform.machine()}, {os.cpu_count()} cores"
    mend = f"{version} is too old: install Python {PYTHON[0]}.{PYTHON[1]} or newer"
    yield Finding("python", "python", "ok" if enough else "missing", said if enough else mend)


def _packages() -> Iterator[Finding]:
    try:
        lines = importlib.metadata.requires("ocelli") or []
        version = importlib.metadata.version("ocelli")
        yield Finding("package", "ocelli", "ok", version)
        needed = [line for line in lines if "extra ==" not in line]
    except importlib.metadata.PackageNotFoundError:
        yield Finding("package", "ocelli", "note", "runs from its source: pip install -e .")
        return
    for line in needed:
        name = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        try:
            yield Finding("package", name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding("package", name, "missing", f"pip install '{line.split(';')[0].strip()}'")


def _abilities(profile_name: str) -> Iterator[Finding]:
    catalog, profile = discover(), load_profile(profile_name)
    said = f"{profile.name}, {profile.budget_mb:.0f} MB for models, {len(catalog.tools)} tools"
    yield Finding("profile", profile_name, "ok", said)
    for ability in abilities(catalog):
        ready, by = readiness(ability, catalog, profile)
        models = profile.models(catalog, ability)
        promised = ability in profile.order or any(not m.repos for m in models)
        health: Health = "ok" if ready else "missing" if promised else "note"
        yield Finding("ability", ability, health, by)


def _folders(home: Path, runs: Path) -> Iterator[Finding]:
    for what, folder in (("cache", home), ("runs", runs)):
        count, size = _content(folder)
        writable = os.access(_nearest(folder), os.W_OK)
        said = f"{folder}: {count} files, {size / 1e6:.1f} MB"
        mend = f"{folder} cannot be written to: choose another folder or mend its rights"
        yield Finding("folder", what, "ok" if writable else "missing", said if writable else mend)


def _nearest(folder: Path) -> Path:
    folder = folder.absolute()
    return next((p for p in (folder, *folder.parents) if p.exists()), Path("/"))


def _content(folder: Path) -> tuple[int, int]:
    """Number of files below a folder, and their bytes."""
    count = size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                size += (Path(root) / name).lstat().st_size
            except OSError:
                continue  # gone while we looked
            count += 1
    return count, size
