"""What the report of a run has to look at: evidence, pictures with their boxes, edits, films, tracks.

Pictures are small data addresses. Knows nothing of the page, nor of how the steps are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.embed import picture_address, thumbnail
from agent.events import EntityRecord, RunStarted
from agent.moving import clip_address
from agent.report_steps import Step
from tools.draw import colour_of
from tools.tracks import is_track
from tools.types import Artefact, Clip, Image, Table

TRACK_ROWS = 200
"""Rows of a followed thing shown at most."""


@dataclass(frozen=True)
class Row:
    """One piece of evidence as it is shown."""

    record: EntityRecord
    key: str
    """For addresses within the page: ``e3``, ``table1``."""
    colour: str
    thumb: str
    """Data address."""


@dataclass(frozen=True)
class Figure:
    """A picture with its numbered boxes."""

    handle: str
    name: str
    width: int
    height: int
    source: str
    """Data address."""
    rows: tuple[Row, ...]
    unit: float
    """Size of a number in pixels of the picture."""
    note: str = ""


def key_of(cite: str) -> str:
    """The address within the page of what is cited."""
    return f"e{cite[1:]}" if cite.startswith("#") else cite


def row_of(record: EntityRecord, get: Callable[[str], Artefact]) -> Row:
    """A piece of evidence with its colour and, where its picture is there, a thumbnail."""
    number = int(record.id[1:]) if record.id.startswith("#") else 0
    red, green, blue = colour_of(number)[:3]
    thumb = ""
    picture = get(record.image) if record.image else None
    if isinstance(picture, Image):
        box = record.box or (0, 0, picture.width, picture.height)
        thumb = thumbnail(picture, box)
    return Row(record, key_of(record.id), f"rgb({red} {green} {blue})", thumb)


def figures_of(
    start: RunStarted, rows: Sequence[Row], get: Callable[[str], Artefact]
) -> list[Figure]:
    """The pictures that were given or hold evidence; those with boxes first."""
    refs = {i.handle: i for i in start.images}
    others = dict.fromkeys(r.record.image for r in rows if r.record.image and r.record.box)
    figures = []
    for handle in dict.fromkeys([*refs, *others]):
        picture = get(handle)
        if not isinstance(picture, Image):
            continue
        own = tuple(r for r in rows if r.record.image == handle and r.record.box)
        unit = max(picture.size_wh) * (
            0.03 if len(own) <= 8 else 0.022 if len(own) <= 24 else 0.016
        )
        ref = refs.get(handle)
        name = ref.name if ref else ""
        note = ref.note if ref else ""
        source = picture_address(picture)
        figures.append(
            Figure(handle, name, picture.width, picture.height, source, own, unit, note)
        )  # fmt: skip
    return sorted(figures, key=lambda f: not f.rows)


def edits_of(
    made: Sequence[str], start: RunStarted, get: Callable[[str], Artefact]
) -> Iterator[dict[str, Any]]:
    """Pictures of the answer, each with the picture it was made of."""
    asked = [i.handle for i in start.images]
    for handle in made:
        after = get(handle)
        if isinstance(after, Clip):
            yield _film(handle, after)
        if not isinstance(after, Image):
            continue
        roots = [(h, get(h)) for h in asked]
        before = next(
            ((h, i) for h, i in roots if isinstance(i, Image) and i.frame.root == after.frame.root),
            None,
        )
        yield {
            "handle": handle,
            "size": f"{after.width} × {after.height} px",
            "after": picture_address(after),
            "before": picture_address(before[1]) if before and before[0] != handle else "",
            "of": before[0] if before else "",
        }


def _film(handle: str, clip: Clip) -> dict[str, Any]:
    """A clip of the answer, as a moving picture."""
    frames, height, width, _ = clip.frames.shape
    size = f"{width} × {height} px, {frames} frames"
    return {"handle": handle, "size": size, "after": clip_address(clip), "before": "", "of": ""}


def tracks_of(
    steps: Sequence[Step], get: Callable[[str], Artefact]
) -> Iterator[tuple[str, Table, int]]:
    """What was followed through films: handle, the rows that are shown, how many are not."""
    for handle in dict.fromkeys(c.handle for s in steps for c in s.calls if c.handle):
        table = get(handle)
        if isinstance(table, Table) and is_track(table):
            shown = Table(table.columns, table.rows[:TRACK_ROWS])
            yield handle, shown, len(table) - len(shown)
