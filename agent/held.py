"""What a handle stands for, and how artefacts are named by their content.

Plain records and hashes; knows nothing of conversations, planners or disks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from tools.errors import InputError
from tools.types import Artefact, Clip, Image, pixels_sha256


class Keeper(Protocol):
    """Where artefacts outlive the process; ``tools/store.py`` is the real one."""

    def put(self, artefact: Artefact) -> str:
        """Keep it; its SHA-256."""

    def get(self, sha256: str) -> Artefact:
        """What was kept."""

    def delete(self, shas: Iterable[str]) -> int:
        """Nobody needs these any longer; how many went."""


class NoKeeper:
    """Keeps nothing beyond the conversation in memory: only names what it is given."""

    def put(self, artefact: Artefact) -> str:
        """Its SHA-256."""
        return digest(artefact)

    def get(self, sha256: str) -> Artefact:
        """Never has anything."""
        raise InputError(f"the artefact {sha256[:12]} was not kept", hint="Set remember on")

    def delete(self, shas: Iterable[str]) -> int:
        """There is nothing to delete."""
        return 0


@dataclass(frozen=True)
class Held:
    """What a handle stands for."""

    sha256: str
    kind: str
    """Class name of the artefact."""
    identity: str
    """Differs when content or place in the root differs: for the memory of calls."""
    root: str = ""
    """SHA-256 of the root picture, for pictures; of the first frame, for films."""
    name: str = ""
    """File name of a picture. Not trusted."""
    made: bool = False
    """By a tool; else the person gave it."""
    model: str = ""
    """Who answered, where a model did."""


def root_of(artefact: Artefact) -> str:
    """SHA-256 of the picture that an artefact shows or begins with, '' where it is no picture."""
    if isinstance(artefact, Clip) and len(artefact.frames):
        return pixels_sha256(artefact.frames[0])
    return artefact.frame.root if isinstance(artefact, Image) else ""


def _kinds(base: type[Artefact]) -> dict[str, type[Artefact]]:
    found = {base.__name__: base}
    for child in base.__subclasses__():
        found.update(_kinds(child))
    return found


KINDS = _kinds(Artefact)
"""Artefact classes by name."""


def digest(artefact: Artefact) -> str:
    """SHA-256 over all fields of an artefact (a picture: its pixels)."""
    if isinstance(artefact, Image):
        return artefact.sha256
    state = hashlib.sha256(type(artefact).__name__.encode())
    for item in fields(artefact):  # type: ignore[arg-type]
        value = getattr(artefact, item.name)
        if isinstance(value, np.ndarray):
            state.update(f"{value.shape}{value.dtype}".encode())
            state.update(np.ascontiguousarray(value).data)
        else:
            state.update(repr(value).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def identity(artefact: Artefact, sha256: str) -> str:
    """Hash of content and place: two crops may have equal pixels and lie elsewhere."""
    if not isinstance(artefact, Image):
        return sha256
    place = f"{sha256} {artefact.frame.root} {artefact.frame} {artefact.to_root.tolist()}"
    return hashlib.sha256(place.encode()).hexdigest()
