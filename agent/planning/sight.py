"""Which pictures go with a request, and how they look: shrunk, numbered, encoded once.

Each picture is sent once in a turn, again only if the planner asks to look; with how many and how
large there is a cap. Knows nothing of servers or of the text around them.
"""

from __future__ import annotations

import base64
import io
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image as PilImage

from agent.llm.wire import Shown
from agent.protocol import View
from tools.draw import numbered
from tools.geometry import crop
from tools.types import Artefact, Boxes, Image, Placed

MOST = 4
"""Pictures in one request."""
LONGEST_PX = 1024
"""Longest side of a picture that is sent alone; several share its pixels."""
SMALLEST_PX = 384
QUALITY = 85
KEPT = 64
"""Encoded pictures that are kept for being sent again."""
MARGIN = 0.15
"""Share of a thing's longer side that is shown around it."""
MARKED = 40
"""Most things that are numbered in one picture."""
_THING = re.compile(r"#(\d{1,6})")


@dataclass(frozen=True)
class Sight:
    """What goes with a request."""

    pictures: tuple[Shown, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    """(handle, what is to be said of it)."""

    @property
    def handles(self) -> tuple[str, ...]:
        """Of all that is shown."""
        return tuple(p.handle for p in self.pictures)


class Eyes:
    """Chooses and encodes pictures; what was encoded is kept by content."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Shown] = OrderedDict()
        self._guard = threading.Lock()

    def wanted(self, view: View) -> list[str]:
        """Handles of what goes with the next request, as far as it can be shown."""
        wanted = list(dict.fromkeys((*view.look, *self._new(view))))
        return wanted[: max(0, min(MOST, view.left.pictures))]

    def sight(self, view: View) -> Sight:
        """What goes with the next request; takes long where large pictures are encoded."""
        wanted = self.wanted(view)
        longest = max(SMALLEST_PX, round(LONGEST_PX / max(1, len(wanted)) ** 0.5))
        found = [item for h in wanted if (item := self._show(view, h, longest)) is not None]
        return Sight(tuple(p for p, _ in found), tuple((p.handle, w) for p, w in found if w))

    def _new(self, view: View) -> Iterable[str]:
        """Pictures in question, and what the last plan made, as far as not shown in this turn."""
        for handle in view.images:
            if handle not in view.shown:
                yield handle
        fresh = view.results[len(view.results) - view.news :] if view.news else ()
        for result in reversed(fresh):
            if isinstance(result.artefact, Image) and result.handle not in view.shown:
                yield result.handle

    def _show(self, view: View, handle: str, longest: int) -> tuple[Shown, str] | None:
        thing = _THING.fullmatch(handle)
        if thing:
            return self._thing(view, int(thing[1]), longest)
        artefact: Artefact | None = view.get(handle) if handle in view.kinds else None
        if isinstance(artefact, Placed):
            artefact = next(
                (view.get(h) for h in view.images if _same(view.get(h), artefact)), None
            )
        if not isinstance(artefact, Image):
            return None
        rows = [e for e in view.scene.entities[-400:] if e.image == handle][-MARKED:]
        picture, note = artefact, ""
        if rows and artefact.is_root:
            boxes = Boxes(
                artefact.frame, np.asarray([e.box for e in rows], np.float32),
                ("",) * len(rows), np.ones(len(rows), np.float32),
            )  # fmt: skip
            picture = numbered(artefact, boxes, [e.id for e in rows])
            note = f"with the numbers of #{rows[0].id} to #{rows[-1].id} drawn in"
        shown = self._encoded(handle, picture, longest)
        return shown, note

    def _thing(self, view: View, number: int, longest: int) -> tuple[Shown, str] | None:
        entity = view.scene.entity(number)
        picture = view.get(entity.image) if entity else None
        if entity is None or not isinstance(picture, Image):
            return None
        x1, y1, x2, y2 = entity.box
        margin = MARGIN * max(x2 - x1, y2 - y1)
        part = crop(picture, np.asarray(entity.box, np.float32), margin_px=margin)
        shown = self._encoded(f"#{number}", part, longest, enlarge=True)
        return shown, f"cut out of {entity.image}"

    def _encoded(self, handle: str, picture: Image, longest: int, enlarge: bool = False) -> Shown:
        key = (handle, picture.sha256, longest)
        with self._guard:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        shown = _jpeg(handle, picture, longest, enlarge)
        with self._guard:
            self._kept[key] = shown
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return shown


def _same(picture: Artefact, placed: Placed) -> bool:
    return isinstance(picture, Image) and picture.frame.root == placed.frame.root


def _jpeg(handle: str, picture: Image, longest: int, enlarge: bool) -> Shown:
    """The picture with its longest side at `longest` at most; small parts enlarged to half of it."""
    shown = PilImage.fromarray(picture.pixels)
    size = max(shown.size)
    if size > longest:
        shown.thumbnail((longest, longest), PilImage.Resampling.LANCZOS, reducing_gap=2.0)
    elif enlarge and size < longest // 2:
        share = longest / 2 / size
        wide, high = (max(1, round(v * share)) for v in shown.size)
        shown = shown.resize((wide, high), PilImage.Resampling.BICUBIC)
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=QUALITY)
    code = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Shown(handle, f"data:image/jpeg;base64,{code}", shown.size)
