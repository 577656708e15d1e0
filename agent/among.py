"""The pictures of a folder that are nearest to what a question is about, to be asked about with it.

A person names the folder, never a text that was read. Its pictures are looked at once and kept in
an index; those nearest to the picture of the question, or to its words where it has none, join it
as if they had been given. Knows nothing of how questions are answered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.context import CancelToken, Models
from tools.errors import InputError
from tools.index import Embed, PictureIndex
from tools.ingest import Film, ingest
from tools.types import Embeddings, Image

NEAREST = 8
"""Pictures of the folder that join a question at most."""
_SEARCH = re.compile(
    r"^\W*(?:(?:please|can you|could you)\s+)?(?:find|show|get|search|look|list|which|what)\b.*?"
    r"\b(?:pictures?|photos?|images?|ones?|folder)\b"
    r"(?:\s+(?:in|of)\s+(?:the|this|that|my)\s+folder)?\s+"
    r"(?:(?:that|which)\s+)?(?:(?:best|most)\s+)?"
    r"(?:for|of|with|shows?|showing|contains?|fits?|match(?:es)?|has|have|are of)\s+",
    re.IGNORECASE,
)


def nearest(
    folder: Path,
    indexes: Path,
    host: Models,
    question: str,
    given: Sequence[Image | Film],
    most: int,
    cancel: CancelToken,
    report: Callable[[str, float], None] = lambda message, share: None,
) -> list[Image]:
    """Pictures of `folder` by likeness to the first given one or to the question, best first.

    Args:
        folder: The pictures, those of folders in it as well.
        indexes: Folder of the indexes.
        host: Has a model that embeds.
        question: In plain words.
        given: What came with it.
        most: How many may join it.
        cancel: Stops it; what was looked at by then is kept.
        report: Hears how far looking at new pictures has come.

    Raises:
        InputError: there is no such folder, or no picture in it.
        MissingModel: no model that embeds is ready.
    """

    def embed(what: str | list[Image]) -> Embeddings:
        made: Embeddings = host.use("embed", what, labels=(), cancel=cancel)
        return made

    place = folder.expanduser().resolve()
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    index = PictureIndex(indexes / name)
    index.update(place, embed, cancel=cancel, report=report)
    picture = next((g for g in given if isinstance(g, Image)), None)
    found = index.search(_asked(embed, question, picture), most + 1)
    if not found.texts:
        raise InputError(f"there is no picture in {str(folder)!r}", hint="Name another folder")
    images = (_opened(place, text, cancel) for text in found.texts)
    others = [
        i for i in images if i is not None and (picture is None or i.sha256 != picture.sha256)
    ]
    return others[:most]


def _asked(embed: Embed, question: str, picture: Image | None) -> Embeddings:
    if picture is not None:
        return embed([picture])
    return embed(_SEARCH.sub("", question).strip(" ?.!\"'") or question)


def _opened(place: Path, name: str, cancel: CancelToken) -> Image | None:
    """A picture of the folder under its path in it; None where it is gone by now."""
    cancel.check()
    try:
        return ingest(place / name, name=name)[0]
    except InputError:
        return None
