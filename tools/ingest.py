"""Whatever a user calls a picture, as upright RGB root images, and films as clips.

Files, bytes and addresses are recognised by their content and decoded in a separate, limited
process; pictures and arrays that a programmer already holds are brought to the same form here.
Every refusal is one line that names the picture, the cause and the mend. Knows nothing of stores,
handles or planners.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from tools.decode import Decoded, Limits, decode
from tools.errors import InputError
from tools.exif import Fact, exif_facts
from tools.fetch import fetch
from tools.films import Film, film_of, first_of
from tools.magic import ANIMATED, FILMS, HEAD_BYTES, READABLE, kind_of
from tools.types import Image
from tools.upright import upright_rgb

__all__ = ["Film", "Limits", "Source", "ingest", "watch"]

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | PilImage.Image | NDArray[Any]
"""A path, an http(s) address, the bytes of a file, a Pillow picture or an array."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
DEFAULT_LIMITS = Limits()
NAME_CHARS = 80
"""Longest name shown; the middle of a longer one is left out."""
KINDS = ", ".join((*READABLE, *FILMS))


def ingest(
    source: Source, *, name: str = "", limits: Limits = DEFAULT_LIMITS, allow_urls: bool = False
) -> list[Image]:
    """The picture as a root image; a PDF gives one for each page, what moves its first frame.

    Args:
        source: path, bytes of a file, Pillow picture, array (H, W), (H, W, 3) or (H, W, 4) of
            uint8, uint16, bool or float (0 to 1, or 0 to 255), or an http(s) address.
        name: what people are shown; made from the source when empty.
        limits: bytes, pixels, pages, seconds and memory that it may cost.
        allow_urls: whether an address may be fetched.

    Raises:
        InputError: it cannot be used; the message names it, the cause and the mend.
    """
    found = _taken(source, name, limits, allow_urls, frames=1)
    return [image for image in found if isinstance(image, Image)]


def watch(
    source: Source, *, name: str = "", limits: Limits = DEFAULT_LIMITS, allow_urls: bool = False
) -> list[Image | Film]:
    """As `ingest`, but a video or a moving picture of several frames comes as one film.

    Raises:
        InputError: as for `ingest`.
    """
    return _taken(source, name, limits, allow_urls, frames=limits.film_frames)


def _taken(
    source: Source, name: str, limits: Limits, allow_urls: bool, frames: int
) -> list[Image | Film]:
    if isinstance(source, PilImage.Image):
        return [_from_pillow(source, name or _file_of(source) or "picture", limits)]
    if isinstance(source, np.ndarray):
        return [_from_array(source, name or "array", limits)]
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), name or "picture", limits, frames)
    if isinstance(source, str) and SCHEME.match(source):
        return _from_url(source, name, limits, allow_urls, frames)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        shown = name or path.name or str(path)
        return _from_bytes(_read(path, quoted(shown), limits), shown, limits, frames)
    raise InputError(
        f"a {type(source).__name__} is not a picture",
        hint="Give a path, bytes, a Pillow picture or an array",
    )


def escaped(name: str) -> str:
    """A name that cannot forge lines or colours: control characters escaped, length cut."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
    half = NAME_CHARS // 2
    return text if len(text) <= NAME_CHARS else f"{text[:half]}…{text[-half:]}"


def quoted(name: str) -> str:
    """The escaped name in quotes, for messages."""
    return f"'{escaped(name)}'"


def _from_url(url: str, name: str, limits: Limits, allow: bool, frames: int) -> list[Image | Film]:
    if not url.lower().startswith(("http://", "https://")):
        raise InputError(f"{quoted(url)} is not a path or a web address", hint="Give a file")
    if not allow:
        raise InputError(
            f"fetching from the web is off, so {quoted(url.partition('?')[0])} was not read",
            hint="Download the picture and give its path, or allow addresses",
        )
    data = fetch(url, max_bytes=limits.max_bytes, seconds=limits.seconds)
    parts = urlsplit(url)
    shown = name or unquote(parts.path).rpartition("/")[2] or parts.netloc
    return _from_bytes(data, shown, limits, frames)


def _read(path: Path, shown: str, limits: Limits) -> bytes:
    """The bytes of a regular file; nothing else is even waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        _check_file(os.stat(path), shown)  # opening a device may already do something
        descriptor = os.open(path, flags)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _check_file(status, shown)
            data = file.read(HEAD_BYTES)
            most = limits.of_kind(kind_of(data))
            if status.st_size > most:
                raise _too_big(shown, status.st_size, most)
            data += file.read(most + 1 - len(data))
    except FileNotFoundError:
        raise InputError(f"there is no file {shown}", hint="Check the path") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{shown} cannot be opened: {why}", hint="Check the path") from None
    if len(data) > most:
        raise _too_big(shown, len(data), most)
    return data


def _check_file(status: os.stat_result, shown: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{shown} is a folder", hint="Give the pictures in it")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{shown} is not a regular file", hint="Copy the picture into a file")


def _too_big(shown: str, size: int, most: int) -> InputError:
    return InputError(
        f"{shown} has {size / 2**20:.0f} MiB, more than the limit of {most >> 20} MiB",
        hint="Scale it down, save it as JPEG, or cut the film",
    )


def _from_bytes(data: bytes, name: str, limits: Limits, frames: int) -> list[Image | Film]:
    shown = quoted(name)
    if not data:
        raise InputError(f"{shown} is empty", hint="Copy or download it again")
    kind = kind_of(data)
    if len(data) > limits.of_kind(kind):
        raise _too_big(shown, len(data), limits.of_kind(kind))
    if kind not in READABLE and kind not in FILMS:
        raise InputError(f"{shown} is {kind}, not a picture that can be read", hint=f"Use {KINDS}")
    file_facts = [
        ("format", kind),
        ("file_size", f"{len(data)} bytes"),
        ("file_sha256", hashlib.sha256(data).hexdigest()),
    ]
    moves = kind in FILMS or kind in ANIMATED
    pages = decode(data, kind, shown, limits, frames=frames if moves else 1)
    if moves and "time" in dict(pages[0].facts):
        if frames > 1 and len(pages) > 1:
            return [film_of(pages, escaped(name), file_facts)]
        pages = [first_of(pages[0])]
    return [_page(page, len(pages), escaped(name), file_facts) for page in pages]


def _page(page: Decoded, used: int, name: str, file_facts: Sequence[Fact]) -> Image:
    facts = dict(page.facts)
    total = facts.get("pages", "")
    if total.isdigit() and int(total) > used:
        facts["pages"] = f"{total}, first {used} used"
    if total not in ("", "1"):
        name = f"{name} page {facts.get('page', '')}"
    return Image.as_root(page.pixels, name, [*file_facts, *facts.items()])


def _file_of(picture: PilImage.Image) -> str:
    file = getattr(picture, "filename", "")
    return Path(file).name if isinstance(file, str) else ""


def _from_pillow(picture: PilImage.Image, name: str, limits: Limits) -> Image:
    shown = quoted(name)
    _check_size(picture.width, picture.height, shown, limits)
    try:
        picture.load()
        facts = exif_facts(picture.getexif())
        upright, done = upright_rgb(picture)
    except (OSError, SyntaxError, ValueError) as error:
        why = escaped(str(error))
        raise InputError(f"{shown} cannot be read: {why}", hint="Load it again") from None
    pixels = np.array(upright, np.uint8)
    return Image.as_root(
        pixels, escaped(name), [("format", picture.format or "Pillow"), *done, *facts]
    )


def _from_array(array: NDArray[Any], name: str, limits: Limits) -> Image:
    shown = quoted(name)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise InputError(
            f"{shown} has the shape {array.shape}", hint="Give (H, W), (H, W, 3) or (H, W, 4)"
        )
    _check_size(array.shape[1], array.shape[0], shown, limits)
    values = _to_uint8(array, shown)
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], 3, axis=2)
    elif values.shape[2] == 4:
        values = np.array(upright_rgb(PilImage.fromarray(values))[0], np.uint8)
    return Image.as_root(values, escaped(name), [("format", f"array of {array.dtype}")])


def _check_size(width: int, height: int, shown: str, limits: Limits) -> None:
    if not width * height:
        raise InputError(f"{shown} has no pixels", hint="Give at least one")
    if width * height > limits.max_pixels:
        raise InputError(
            f"{shown} has {width}×{height} px, more than the limit of "
            f"{limits.max_pixels / 1e6:.0f} Mpx",
            hint="Scale it down first",
        )


def _to_uint8(array: NDArray[Any], shown: str) -> NDArray[np.uint8]:
    """A copy in 8 bits: arrays of others are never frozen or changed."""
    if array.dtype == np.uint8:
        return array.astype(np.uint8)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"{shown} holds {array.dtype}", hint="Give uint8, uint16, bool or floats from 0 to 1"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):
        raise InputError(
            f"{shown} holds values from {low:g} to {high:g}", hint="Give floats from 0 to 1"
        )
    scale = 255.0 if high <= 1 else 1.0
    scaled: NDArray[np.uint8] = np.rint(array.astype(np.float32) * scale).astype(np.uint8)
    return scaled
