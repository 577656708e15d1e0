"""A film as it is taken in: its frames as a clip, its name, and what its file says.

Frames come from the decoding process with their times, in any order. Knows nothing of files,
processes or handles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.decode import Decoded
from tools.errors import InputError
from tools.exif import Fact
from tools.types import Clip, Image


@dataclass(frozen=True, eq=False)
class Film:
    """A video, or a moving picture, that somebody gave."""

    clip: Clip
    name: str
    """File name. Not trusted."""
    info: tuple[Fact, ...]
    """Facts of the file, of its length and of what was taken of it. Not trusted."""

    def still(self) -> Image:
        """The first frame, as the picture that questions about one picture are answered from."""
        return Image.as_root(self.clip.frames[0], self.name, self.info)


def film_of(pages: Sequence[Decoded], name: str, file_facts: Sequence[Fact]) -> Film:
    """The film that the frames make.

    Raises:
        InputError: the frames differ in size.
    """
    told = dict(pages[0].facts)
    rows = sorted(((_number(p, "time"), p) for p in pages), key=lambda row: row[0])
    if len({p.pixels.shape for _, p in rows}) > 1:
        raise InputError(f"the frames of {name!r} differ in size", hint="Save it again as MP4")
    times = np.asarray([at for at, _ in rows], np.float32)
    length = float(times[-1] - times[0])
    fps = (len(rows) - 1) / length if length > 0 else 0.0
    clip = Clip(np.stack([p.pixels for _, p in rows]), round(fps, 3), times)
    total = told.get("frames", "")
    rest = [(k, v) for k, v in pages[0].facts if k not in ("time", "frame", "frames")]
    used = f"{total}, {len(rows)} used" if total != str(len(rows)) else total
    words = [("frames", used), ("seconds", f"{float(times[-1]):.2f}"), ("note", _note(clip, total))]
    return Film(clip, name, (*file_facts, *words, *rest))


def first_of(page: Decoded) -> Decoded:
    """The first frame alone, as a picture."""
    told = dict(page.facts)
    rest = [(k, v) for k, v in page.facts if k not in ("time", "frame", "frames")]
    total = told.get("frames", "1")
    words = [("frames", f"{total}, first used")] if total != "1" else []
    return Decoded(page.pixels, tuple([*words, *rest]))


def _note(clip: Clip, total: str) -> str:
    """What is said of how it was sampled."""
    taken = len(clip.frames)
    seconds = clip.seconds
    every = f"all {taken} frames" if total == str(taken) else f"{taken} of {total} frames"
    return f"first frame of a film; {every}, from {seconds[0]:.2f} s to {seconds[-1]:.2f} s"


def _number(page: Decoded, key: str) -> float:
    """A fact of a frame as a number; the answer of the process is checked like any other input."""
    try:
        value = float(dict(page.facts).get(key, ""))
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e7 else 0.0
