"""Where things were seen in the frames of a film, as the rows of a table and back.

The one form in which everything that follows or finds things over time answers. Knows nothing of
models or of how films are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tools.errors import BadArguments
from tools.types import Table

COLUMNS = ("frame", "time (s)", "thing", "box", "share (%)", "sure")
"""One row for each thing in each frame that shows it."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Seen:
    """One thing in one frame."""

    frame: int
    """Number of the frame in its clip, from 0."""
    seconds: float
    """When it is shown; NaN where that is not known."""
    thing: str
    """Name of the thing, its own in the film."""
    box: Box
    """xyxy in pixels of the clip."""
    share: float | None = None
    """Percentage of the picture that it covers, where its outline is known."""
    sure: float = 1.0
    """From 0 to 1."""


def table_of(seen: Iterable[Seen]) -> Table:
    """The table, by frame."""
    rows = sorted(enumerate(seen), key=lambda row: (row[1].frame, row[0]))
    return Table(COLUMNS, tuple(_cells(s) for _, s in rows))


def _cells(seen: Seen) -> tuple[str, ...]:
    return (
        str(seen.frame),
        "" if math.isnan(seen.seconds) else f"{seen.seconds:.2f}",
        seen.thing,
        ", ".join(f"{v:.0f}" for v in seen.box),
        "" if seen.share is None else f"{seen.share:.1f}",
        f"{seen.sure:.2f}",
    )


def is_track(table: Table) -> bool:
    """Whether a table is one of these."""
    return table.columns == COLUMNS


def seen_in(table: Table) -> list[Seen]:
    """What the rows of a table say.

    Raises:
        BadArguments: the table is of another kind.
    """
    if not is_track(table):
        raise BadArguments(
            f"a table of {', '.join(table.columns)} says nothing of frames",
            hint="Give the result of track or find_in_video",
        )
    try:
        return [_seen(*row) for row in table.rows]
    except (TypeError, ValueError):
        raise BadArguments("a row of the table has no frame or no box") from None


def _seen(frame: str, at: str, thing: str, box: str, share: str, sure: str) -> Seen:
    x1, y1, x2, y2 = (float(v) for v in box.split(","))
    seconds = float(at) if at else math.nan
    covered = float(share) if share else None
    return Seen(int(frame), seconds, thing, (x1, y1, x2, y2), covered, float(sure or 1))


def by_thing(seen: Iterable[Seen]) -> dict[str, list[Seen]]:
    """The sightings of each thing, in order of time."""
    found: dict[str, list[Seen]] = {}
    for one in sorted(seen, key=lambda s: s.frame):
        found.setdefault(one.thing, []).append(one)
    return found


def told_apart(names: Iterable[str]) -> tuple[str, ...]:
    """Names with a number behind each that occurs more than once."""
    wanted = list(names)
    count: dict[str, int] = {}
    found = []
    for name in wanted:
        count[name] = count.get(name, 0) + 1
        found.append(f"{name} {count[name]}" if wanted.count(name) > 1 else name)
    return tuple(found)
