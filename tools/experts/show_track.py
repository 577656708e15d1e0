"""Draw followed things over the film they were followed through.

Each thing keeps one colour; a line runs through the middles of where it was. Knows no models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw

from tools.catalog import tool
from tools.context import ToolContext
from tools.draw import colour_of, font
from tools.errors import BadArguments
from tools.tracks import Seen, by_thing, seen_in
from tools.types import Clip, Table


@tool()
def show_track(ctx: ToolContext, clip: Clip, tracks: Table) -> Clip:
    """Draw the boxes, names, times and paths of followed things over a clip.

    tracks: the result of `track` or `find_in_video` on the same clip. The clip that comes back is
    shown as a moving picture.
    """
    things = by_thing(seen_in(tracks))
    rows = [one for seen in things.values() for one in seen]
    beyond = next((r.frame for r in rows if not 0 <= r.frame < len(clip.frames)), None)
    if beyond is not None:
        raise BadArguments(f"frame {beyond} is not in this clip of {len(clip.frames)} frames")
    frames = np.empty_like(clip.frames)
    for number, pixels in enumerate(clip.frames):
        ctx.cancel.check()
        frames[number] = _drawn(pixels, number, float(clip.seconds[number]), things)
    return Clip(frames, clip.fps, clip.times)


def _drawn(
    pixels: NDArray[np.uint8], number: int, at: float, things: dict[str, list[Seen]]
) -> NDArray[np.uint8]:
    picture = PilImage.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    unit = max(2, round(max(picture.size) / 320))
    letters = font(max(11, 5 * unit))
    for index, (name, seen) in enumerate(things.items(), 1):
        colour = tuple(int(v) for v in colour_of(index)[:3])
        path = [_middle(s) for s in seen if s.frame <= number]
        if len(path) > 1:
            pen.line(path, fill=colour, width=unit, joint="curve")
        now = next((s for s in seen if s.frame == number), None)
        if now is not None:
            pen.rectangle(now.box, outline=colour, width=unit)
            _label(pen, letters, (now.box[0], now.box[1]), name, colour)
    _label(pen, letters, (unit, picture.height - unit), f"{at:.2f} s", (40, 40, 40))
    return np.asarray(picture)


def _middle(seen: Seen) -> tuple[float, float]:
    x1, y1, x2, y2 = seen.box
    return (x1 + x2) / 2, (y1 + y2) / 2


def _label(
    pen: ImageDraw.ImageDraw,
    letters: object,
    corner: tuple[float, float],
    text: str,
    colour: tuple[int, ...],
) -> None:
    """Words on a ground of a colour, above a corner where there is room."""
    left, top, right, bottom = pen.textbbox((0, 0), text, font=letters)  # type: ignore[arg-type]
    width, height = right - left + 6, bottom - top + 6
    x, y = corner[0], corner[1] - height
    y = corner[1] if y < 0 else y
    pen.rectangle((x, y, x + width, y + height), fill=colour)
    light = sum(colour) > 380
    pen.text((x + 3 - left, y + 3 - top), text, font=letters, fill="black" if light else "white")  # type: ignore[arg-type]
