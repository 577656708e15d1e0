"""Where the weights of hub models lie on this machine, and whether they are whole.

Weights come from a folder of one's own, named by ``OCELLI_WEIGHTS`` (``FOLDER/org/name`` or
``FOLDER/name``), or from the cache of ``huggingface_hub``, which ``ocelli models pull`` fills. A
snapshot of the cache is one commit; which one is loaded says ``tools/pins.py``.
Nothing here touches the network or imports a framework; fetching is ``tools/pull.py``.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from tools.errors import SetupError
from tools.pins import pins, ref, taken

OWN = "OCELLI_WEIGHTS"
"""Environment variable with a folder of weights that goes before the hub's cache."""
WEIGHTS = ("*.safetensors",)
MAX_HEADER = 100_000_000
"""Bytes; the limit of the safetensors format itself."""


def find(repo: str) -> Path | None:
    """The folder of a hub id (``org/name``) on this machine, None when it is not here.

    One's own folder goes first, then the commit that was fetched, the pinned one, the branch main.
    """
    own = os.environ.get(OWN)
    if own:
        for folder in (Path(own, repo), Path(own, repo.split("/")[-1])):
            if folder.is_dir():
                return folder
    base = cached(repo)
    for commit in (taken(base), pins().get(repo, ""), ref(base, "main")):
        if commit and (base / "snapshots" / commit).is_dir():
            return base / "snapshots" / commit
    return None


def cached(repo: str) -> Path:
    """The folder of a hub id in the cache, there or not."""
    return hub_cache() / f"models--{repo.replace('/', '--')}"


def patterns(repo: str, files: Iterable[str]) -> tuple[str, ...]:
    """What is loaded of `repo`, out of ``REPO/PATTERN`` of several; () where it is all there is."""
    return tuple(f.removeprefix(f"{repo}/") for f in files if f.startswith(f"{repo}/"))


def is_here(repo: str, files: Iterable[str] = ()) -> bool:
    """Whether a hub id is on this machine with everything that `patterns` names of it."""
    found = find(repo)
    return found is not None and all(any(found.glob(p)) for p in patterns(repo, files))


def folder(repo: str) -> Path:
    """As `find`, for whoever is about to load.

    Raises:
        SetupError: the weights are not here, or a file of them is cut short.
    """
    found = find(repo)
    if found is None:
        raise SetupError(f"the weights {repo} are not on this machine", hint=f"{pull(repo)}")
    for path in sorted(found.rglob("*.safetensors")):
        if not whole(path):
            raise SetupError(
                f"{path.name} of {repo} is damaged or cut short", hint=f"{pull(repo)} --again"
            )
    return found


def pull(name: str) -> str:
    """The command that fetches weights."""
    return f"ocelli models pull {name}"


def commit(repo: str) -> str:
    """Which version of the weights is here: a commit, the name of one's own folder, or ''."""
    found = find(repo)
    return "" if found is None else found.name[:12]


def hub_cache() -> Path:
    """The cache folder of ``huggingface_hub``, by the variables that library reads."""
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def whole(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says. Reads the header only.

    The format: eight bytes with the length of a JSON header, the header, then the tensors
    (https://huggingface.co/docs/safetensors).
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size, MAX_HEADER):
                return False
            header = json.loads(file.read(length))
        ends = [t["data_offsets"][1] for name, t in header.items() if name != "__metadata__"]
        return bool(size == 8 + length + max(ends, default=0))
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError, RecursionError):
        return False
