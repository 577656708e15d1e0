"""Which pictures of a folder are like a picture or fit a text: their vectors, kept on disk.

Vectors are kept as float16 by the SHA-256 of the file, so a picture that was renamed, moved or
copied is not looked at again, and one that was changed is. Each batch is on the disk before the
next is begun: an update that was stopped goes on where it ended. Files are whole or not there, and
damaged ones are dropped, never served. Knows no models: it is given a function that embeds.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tools.context import CancelToken
from tools.errors import BadArguments, ConfigError, InputError
from tools.ingest import ingest
from tools.locks import TEMPORARY, locked, write_whole
from tools.types import Embeddings, Float, Image, Labels

Embed = Callable[[str | list[Image]], Embeddings]
"""Unit vectors of a text or of pictures, as `ctx.use("embed", …)` gives them."""
SUFFIXES = frozenset(
    ".jpg .jpeg .png .webp .gif .bmp .tif .tiff .heic .heif .avif .ppm .pgm".split()
)
BATCH = 32
MAX_PARTS = 64
"""Files of vectors from which they are put together as one."""


def nearest(among: Embeddings, asked: Embeddings, limit: int, of: str = "") -> Labels:
    """Names of `among` by likeness to the one vector `asked`, best first; scores are cosines.

    Raises:
        BadArguments: the vectors are of different models.
    """
    if asked.model != among.model:
        raise BadArguments(
            f"vectors of {among.model!r} and {asked.model!r} do not compare",
            hint="Embed the pictures again",
        )
    likeness = among.vectors @ asked.vectors[0]
    order = np.argsort(-likeness, kind="stable")[:limit]
    scores = np.clip(likeness[order], 0, 1).astype(np.float32)
    return Labels(tuple(among.names[int(i)] for i in order), scores, of)


def first_page(path: Path) -> Image:
    """The picture in a file, decoded in a process of its own."""
    return ingest(path)[0]


@dataclass(frozen=True)
class Updated:
    """What an update did."""

    added: int
    """Pictures that were looked at."""
    known: int
    """Pictures whose vectors were there already."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Paths that are no picture that can be read, with the reason."""


@dataclass(frozen=True)
class _Seen:
    """A file as it was when it was hashed."""

    size: int
    mtime_ns: int
    sha256: str


class PictureIndex:
    """The vectors of one folder of pictures. Safe to share between processes."""

    def __init__(self, root: Path) -> None:
        """Open or make an index.

        Args:
            root: its own folder; holds nothing else.

        Raises:
            ConfigError: the folder cannot be made or written.
        """
        self._root = root
        self._parts = root / "vectors"
        self._files = root / "files.json"
        try:
            self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"the index {str(root)!r} cannot be used: {error.strerror}",
                hint="Choose a folder that can be written",
            ) from None

    def update(
        self,
        folder: Path,
        embed: Embed,
        *,
        read: Callable[[Path], Image] = first_page,
        cancel: CancelToken | None = None,
        report: Callable[[str, float], None] = lambda message, share: None,
    ) -> Updated:
        """Bring the index to what `folder` and the folders in it hold now.

        Raises:
            InputError: there is no such folder.
            Cancelled: it was stopped; what was done stays.
        """
        if not folder.is_dir():
            raise InputError(f"{str(folder)!r} is no folder", hint="Give a folder of pictures")
        token = cancel or CancelToken()
        model = embed("picture").model
        with locked(self._root / "lock", exclusive=True):
            self._sweep()
            files = self._hashed(folder, token)
            self._write_files(model, files)
            have = self._load(model)
            wanted = {seen.sha256: name for name, seen in reversed(files.items())}
            missing = {h: name for h, name in wanted.items() if h not in have}
            failed: dict[str, str] = {}
            added = 0
            for done, batch in _batches(sorted(missing.items(), key=lambda item: item[1])):
                report(f"looking at picture {done + 1} of {len(missing)}", done / len(missing))
                added += self._add(model, folder, batch, embed, read, token, failed)
            self._compact(model)
        return Updated(added, len(wanted) - len(missing), failed)

    def vectors(self) -> Embeddings:
        """The vectors of all pictures that the folder held at the last update, by their paths."""
        model, files = self._read_files()
        have = self._load(model)
        names = [name for name, seen in files.items() if seen.sha256 in have]
        rows = [have[files[name].sha256] for name in names]
        stack: Float = np.asarray(rows, np.float32) if rows else np.zeros((0, 0), np.float32)
        norms = np.linalg.norm(stack, axis=1, keepdims=True)
        return Embeddings((stack / np.maximum(norms, 1e-12)), tuple(names), model)

    def search(self, asked: Embeddings, limit: int = 10) -> Labels:
        """The paths, within the folder, of the pictures nearest to a vector, best first.

        Raises:
            BadArguments: the index was made by another model.
        """
        among = self.vectors()
        if not len(among.names):
            return Labels((), np.zeros(0, np.float32), "pictures")
        return nearest(among, asked, limit, "pictures")

    def _add(
        self,
        model: str,
        folder: Path,
        batch: list[tuple[str, str]],
        embed: Embed,
        read: Callable[[Path], Image],
        cancel: CancelToken,
        failed: dict[str, str],
    ) -> int:
        """Embed the files of a batch and write their vectors; how many there were."""
        hashes, images = [], []
        for sha256, name in batch:
            cancel.check()
            try:
                images.append(read(folder / name))
                hashes.append(sha256)
            except InputError as error:
                failed[name] = error.line()
        cancel.check()
        if images:
            found = embed(images)
            if found.model != model:
                raise BadArguments(f"two models embed by turns: {model!r} and {found.model!r}")
            self._write_part(model, hashes, found.vectors)
        return len(images)

    def _hashed(self, folder: Path, cancel: CancelToken) -> dict[str, _Seen]:
        """Every picture file of the folder with its hash; unchanged files are not read again."""
        _, known = self._read_files()
        files: dict[str, _Seen] = {}
        for path in _pictures(folder):
            cancel.check()
            name = path.relative_to(folder).as_posix()
            with suppress(OSError):  # gone or not ours to read: as if it were not there
                status = path.stat()
                seen = known.get(name)
                if seen is None or (seen.size, seen.mtime_ns) != (
                    status.st_size,
                    status.st_mtime_ns,
                ):
                    with path.open("rb") as file:
                        digest = hashlib.file_digest(file, "sha256").hexdigest()
                    seen = _Seen(status.st_size, status.st_mtime_ns, digest)
                files[name] = seen
        return files

    def _write_files(self, model: str, files: Mapping[str, _Seen]) -> None:
        rows = {name: [s.size, s.mtime_ns, s.sha256] for name, s in files.items()}
        text = json.dumps({"model": model, "files": rows}, ensure_ascii=True)
        write_whole(self._files, text.encode())

    def _read_files(self) -> tuple[str, dict[str, _Seen]]:
        """The model and the files of the last update; nothing where the list is damaged."""
        try:
            kept: dict[str, Any] = json.loads(self._files.read_bytes())
            files = {
                str(name): _Seen(int(size), int(mtime), str(sha256))
                for name, (size, mtime, sha256) in kept["files"].items()
            }
            return str(kept["model"]), files
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return "", {}

    def _write_part(self, model: str, hashes: list[str], vectors: Float) -> Path:
        data = io.BytesIO()
        half = vectors.astype(np.float16)
        np.savez(data, model=np.array(model), hashes=np.array(hashes), vectors=half)
        packed = data.getvalue()
        path = self._parts / f"{hashlib.sha256(packed).hexdigest()}.npz"
        write_whole(path, packed)
        return path

    def _load(self, model: str) -> dict[str, Float]:
        """Hash of a file to its vector, of one model."""
        have: dict[str, Float] = {}
        for path in sorted(self._parts.glob("*.npz")):
            part = _part(path)
            if part is not None and part[0] == model:
                have.update(zip(part[1], part[2].astype(np.float32), strict=True))
        return have

    def _compact(self, model: str) -> None:
        """Put many files of vectors together as one, those of other models left behind."""
        old = sorted(self._parts.glob("*.npz"))
        have = self._load(model)
        if len(old) <= MAX_PARTS or not have:
            return
        whole = self._write_part(model, list(have), np.stack(list(have.values())))
        for path in old:
            if path != whole:
                path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a killed update left unfinished."""
        for place in (self._root, self._parts):
            for path in place.glob(f"{TEMPORARY}*"):
                path.unlink(missing_ok=True)


def _part(path: Path) -> tuple[str, list[str], Any] | None:
    """Model, hashes and vectors of one file, None where it is damaged."""
    try:
        packed = path.read_bytes()
        if hashlib.sha256(packed).hexdigest() != path.stem:
            return None
        with np.load(io.BytesIO(packed), allow_pickle=False) as part:
            return str(part["model"]), [str(h) for h in part["hashes"]], part["vectors"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _pictures(folder: Path) -> Iterator[Path]:
    """Files that look like pictures by their names, in order; hidden ones and links left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if path.is_file() and not path.is_symlink():
                yield path


def _batches(items: list[tuple[str, str]]) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    for start in range(0, len(items), BATCH):
        yield start, items[start : start + BATCH]
