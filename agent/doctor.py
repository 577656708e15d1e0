"""Whether this machine can do what Ocelli promises, and what would mend it.

A list of findings, each with a mend where one is needed. Loads no model and fetches nothing; of a
language model's server it asks only which models it has. Knows nothing of terminals.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.listing import abilities, readiness
from tools.catalog import discover
from tools.errors import ConfigError
from tools.profiles import load_profile

if TYPE_CHECKING:
    from agent.llm.client import Client
    from agent.settings import Settings

Health = Literal["ok", "missing", "note"]
PYTHON = (3, 11)
SERVER_SECONDS = 2.0
"""In which a server must say which models it has."""
THINKING = frozenset({"tools", "react"})
"""Planners that ask a server."""
LISTED = 8
"""Models of a server that are named."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    what: str
    health: Health
    said: str
    """What was found, or what is missing and the command that mends it."""


def examine(settings: Settings, home: Path, runs: Path) -> list[Finding]:
    """Everything that was found, in order of topic.

    Raises:
        ConfigError: the profile cannot be used.
    """
    return [
        *_python(), *_packages(), *_abilities(settings.profile), *_planning(settings),
        *_folders(home, runs),
    ]  # fmt: skip


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


def _planning(settings: Settings) -> Iterator[Finding]:
    """Who would plan, and whether the language model that it asks is there."""
    from agent.planners import make

    try:
        name = make(settings.planner, settings).name
    except ConfigError as error:
        yield Finding("planner", settings.planner, "missing", error.line())
        return
    if name in THINKING:
        yield Finding("planner", settings.planner, "ok", f"{name}, asks a language model")
        yield from _language_models(settings)
        return
    said = f"{name}, asks no language model"
    if name == "local":
        said = "local, thinks with a model of the profile in this process"
    elif settings.llm.base_url and not settings.llm.model:
        said += ": an address of a server is set, but no model; set OCELLI_MODEL"
    yield Finding("planner", settings.planner, "ok", said)


def _language_models(settings: Settings) -> Iterator[Finding]:
    from agent.llm.client import Client
    from agent.llm.redact import safe_url

    llm, clients = settings.llm, []
    for name in dict.fromkeys(n.strip() for n in llm.model.split(",") if n.strip()):
        client = Client(llm, model=name)
        clients.append(client)
        key = "key set" if llm.api_key.get_secret_value().strip() else "no key"
        sees = (
            "is sent pictures"
            if client.sees
            else "is sent no pictures (OCELLI_SEES=yes if it takes them)"
        )
        where = safe_url(client.link.url)
        yield Finding("language model", name, "ok", f"{sees}; at {where}, {key}")
    health, said = asyncio.run(_server(clients))
    yield Finding("language model", clients[0].link.host, health, said)


async def _server(clients: list[Client]) -> tuple[Health, str]:
    """Whether the server answers, and has the models."""
    from agent.llm.faults import Fault
    from agent.llm.reading import parsed

    link, safe = clients[0].link, clients[0].safe
    try:
        await link.ready()
        async with asyncio.timeout(SERVER_SECONDS):
            data = parsed(await link.get("/models")).get("data")
    except TimeoutError:
        return "missing", f"does not answer within {SERVER_SECONDS:g} s. See that it runs"
    except Fault as fault:
        if fault.status in (0, 401, 403):
            return "missing", safe(f"{str(fault).rstrip('. ')}. {fault.hint}")
        return "note", safe(f"answers, but does not say which models it has: {fault}", 200)
    finally:
        await link.aclose()
    rows = data if isinstance(data, list) else []
    names = [n for m in rows if isinstance(m, dict) and isinstance(n := m.get("id"), str)]
    unknown = [c.model for c in clients if not any(_same(c.model, name) for name in names)]
    if names and unknown:
        known = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
        return "missing", safe(f"has no {', '.join(unknown)}. Set OCELLI_MODEL to one of: {known}")
    return "ok", f"answers, and has {len(names)} models" if names else "answers"


def _same(asked: str, listed: str) -> bool:
    """Whether a server lists a model under the name that it is asked by, or its full form."""
    return asked in (listed, listed.removesuffix(":latest"), listed.removeprefix("models/"))


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
