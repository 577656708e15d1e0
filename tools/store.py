"""Artefacts by the SHA-256 of their content, on disk and the most recent ones in memory.

The same artefact is stored once, whoever stores it. What was evicted or damaged is reported as
lost, never served. Knows nothing of handles, runs or tools.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from PIL import Image as PilImage

from tools.codec import Frozen, freeze, payload_names, thaw
from tools.errors import BadArguments, OcelliError, ToolFailed
from tools.shelf import Data, Shelf
from tools.types import Artefact, Image

OBJECT_BYTES = 1024
"""What an artefact takes in memory beside its arrays."""
SHA256 = re.compile(r"[0-9a-f]{64}")


class ArtefactLost(ToolFailed, KeyError):
    """The store does not have this artefact (any more)."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class _Known:
    artefact: Artefact
    names: tuple[str, ...]
    """Its files."""
    size: int
    """Bytes that it takes in memory."""


class Store:
    """Artefacts by digest. Safe to share between threads, its folder between processes."""

    def __init__(
        self, root: Path, *, max_bytes: int = 4 << 30, memory_bytes: int = 256 << 20
    ) -> None:
        """Open or make the store.

        Args:
            root: its folder; holds nothing else.
            max_bytes: cap of the files on disk.
            memory_bytes: cap of the artefacts kept in memory.

        Raises:
            ConfigError: the folder cannot be made or written.
        """
        self._shelf = Shelf(Path(root), max_bytes)
        self._memory_bytes = memory_bytes
        self._guard = threading.Lock()
        self._recent: OrderedDict[str, _Known] = OrderedDict()
        self._in_memory = 0
        self._held: dict[str, list[tuple[str, ...]]] = {}

    def put(self, artefact: Artefact, *, hold: bool = False) -> str:
        """Store an artefact; its digest. With `hold` it stays until it is released.

        Raises:
            ToolFailed: it is larger than the store, or the disk cannot take it.
        """
        frozen = freeze(artefact)
        files: dict[str, Data] = {f"{n}.bin": data for n, data in frozen.payloads.items()}
        files[f"{frozen.sha256}.json"] = frozen.manifest
        self._shelf.add(files, hold=hold)
        if hold:
            with self._guard:
                self._held.setdefault(frozen.sha256, []).append(tuple(files))
        self._remember(frozen.sha256, artefact, tuple(files))
        return frozen.sha256

    def get(self, sha: str) -> Artefact:
        """The artefact of this digest.

        Raises:
            ArtefactLost: it was never stored, was evicted or is damaged.
        """
        return self._known(sha).artefact

    def __contains__(self, sha: str) -> bool:
        """Whether ``get`` would give it."""
        try:
            self._known(sha)
        except ArtefactLost:
            return False
        return True

    def path_of_png(self, sha: str) -> Path:
        """A PNG file of a stored picture, to link or copy; made when first asked for.

        Raises:
            ArtefactLost: as for ``get``.
            BadArguments: the artefact is not a picture.
        """
        artefact = self.get(sha)
        if not isinstance(artefact, Image):
            raise BadArguments(f"a {artefact.KIND} has no PNG", hint="Draw it on a picture first")
        path = self._shelf.find(sha, ".png")
        if path is not None:
            return path
        buffer = io.BytesIO()
        PilImage.fromarray(artefact.pixels).save(buffer, "PNG", compress_level=1)
        data = buffer.getvalue()
        name = f"{sha}.{hashlib.sha256(data).hexdigest()}.png"
        self._shelf.add({name: data})
        return self._shelf.path_of(name)

    def hold(self, sha: str) -> None:
        """Keep an artefact from eviction until it is released as often as it was held.

        Raises:
            ArtefactLost: it is not there.
        """
        self.put(self.get(sha), hold=True)

    def release(self, sha: str) -> None:
        """Let a held artefact go; nothing happens when it is not held."""
        with self._guard:
            names = self._held.get(sha, [])
            last = names.pop() if names else ()
        if last:
            self._shelf.release(last)

    def delete(self, shas: Iterable[str]) -> int:
        """Delete artefacts, with those of their files that no other one uses; how many went.

        What is held, here or by another process, stays. Nothing happens where one is not there.
        """
        wanted = {sha for sha in shas if SHA256.fullmatch(sha)}
        with self._guard:
            for sha in wanted & self._recent.keys():
                self._in_memory -= self._recent.pop(sha).size
        return self._shelf.remove({f"{sha}.json" for sha in wanted}, _parts) if wanted else 0

    def close(self) -> None:
        """Let go of everything that is held."""
        self._shelf.close()
        with self._guard:
            self._held.clear()

    def _known(self, sha: str) -> _Known:
        """From memory, else from the disk."""
        with self._guard:
            known = self._recent.get(sha)
            if known is not None:
                self._recent.move_to_end(sha)
        if known is None:
            known = self._remember(sha, *self._load(sha))
        else:
            self._shelf.touch(known.names)
        return known

    def _load(self, sha: str) -> tuple[Artefact, tuple[str, ...]]:
        manifest = self._shelf.read(f"{sha}.json") if SHA256.fullmatch(sha) else None
        if manifest is None:
            raise _lost(sha)
        payloads = {}
        for name in payload_names(manifest.tobytes()):
            payload = self._shelf.read(f"{name}.bin")
            if payload is None:
                raise _lost(sha)
            payloads[name] = payload
        try:
            artefact = thaw(Frozen(manifest.tobytes(), payloads))
        except (OcelliError, ValueError, TypeError, KeyError):
            raise _lost(sha) from None  # written by another version
        return artefact, (*(f"{name}.bin" for name in payloads), f"{sha}.json")

    def _remember(self, sha: str, artefact: Artefact, names: tuple[str, ...]) -> _Known:
        arrays = [getattr(artefact, f.name) for f in fields(artefact)]  # type: ignore[arg-type]
        size = OBJECT_BYTES + sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
        known = _Known(artefact, names, size)
        with self._guard:
            old = self._recent.pop(sha, None)
            self._in_memory += size - (old.size if old else 0)
            self._recent[sha] = known
            while self._in_memory > self._memory_bytes:
                _, oldest = self._recent.popitem(last=False)
                self._in_memory -= oldest.size
        return known


def _parts(name: str, content: bytes) -> list[str]:
    """The files that a file of the store names."""
    if not name.endswith(".json"):
        return []
    try:
        return [f"{part}.bin" for part in payload_names(content)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # damaged


def _lost(sha: str) -> ArtefactLost:
    shown = sha[:12] if SHA256.fullmatch(sha) else "of that name"
    return ArtefactLost(
        f"the artefact {shown} is not in the store", hint="Run the step again that made it"
    )
