"""Replies of multimodal language models to text, boxes and points: one reader per convention.

A reply is foreign text: it may be cut short, lie, or be written by somebody who wishes harm. What
a reader cannot place is refused, counted and said, and never becomes a box; what is no place stays
text. Each reader takes the reply, the size at which the model saw the picture, and the picture,
and answers in root pixels. Knows nothing of models or prompts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tools import convert, convert_tokens
from tools.convert_masks import Size
from tools.errors import BadArguments
from tools.geometry import place_boxes, to_root
from tools.types import EDGE_PX, Boxes, Float, Image, Points

MAX_CHARS = 20_000
"""Of a reply; what comes after is cut off."""
MAX_PLACES = 1000
"""Of a reply; those after it are refused."""
MAX_TRIES = 100
"""Failed attempts to find JSON in a reply; what comes after them is not read."""
MAX_LABEL = 200
"""Characters of a label."""

Place = Callable[[Sequence[float], Size], Float]
"""One box or point of a foreign convention to pixels of the picture; raises `BadArguments`."""


@dataclass(frozen=True)
class Reading:
    """What a reply says."""

    text: str
    """The reply in words, without places and markup."""
    boxes: Boxes
    points: Points
    refused: tuple[str, ...] = ()
    """The places that cannot be, each with the reason."""

    def note(self) -> str:
        """What was refused in one clause, '' when nothing was."""
        if not self.refused:
            return ""
        many = f"{len(self.refused)} place{'s' if len(self.refused) > 1 else ''}"
        return f"{many} of the reply cannot be used: {self.refused[0]}"

    def said(self) -> str:
        """The text, or where it is empty the boxes in words, and what was refused."""
        boxes = zip(self.boxes.labels, self.boxes.xyxy, strict=True)
        listed = "; ".join(f"{label} at [{', '.join(f'{v:.0f}' for v in b)}]" for label, b in boxes)
        words = self.text or listed
        return f"{words} ({self.note()})".strip() if self.refused else words


Reader = Callable[[str, Size, Image], Reading]


@dataclass
class Found:
    """Places of one reply, gathered one by one."""

    image: Image
    boxes: list[tuple[Float, str]] = field(default_factory=list)
    points: list[Float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def box(self, numbers: Sequence[Any], label: str, place: Place) -> None:
        """Keep a box, or the reason why not."""
        if (found := self._placed(numbers, place)) is not None:
            self.boxes.append((found, _label(label)))

    def point(self, numbers: Sequence[Any], place: Place) -> None:
        """Keep a point, or the reason why not."""
        if (found := self._placed(numbers, place)) is not None:
            self.points.append(found)

    def refuse(self, what: str, why: str) -> None:
        """Note a part of the reply that is no place."""
        self.refused.append(f"{_label(what)[:60]}: {why}")

    def _placed(self, numbers: Sequence[Any], place: Place) -> Float | None:
        try:
            if len(self.boxes) + len(self.points) >= MAX_PLACES:
                raise BadArguments(f"more than {MAX_PLACES} places")
            if not all(_is_number(n) for n in numbers):
                raise BadArguments("not numbers")
            return place([float(n) for n in numbers], self.image.size_wh)
        except BadArguments as error:
            self.refuse(str(numbers), str(error))
            return None

    def reading(self, text: str) -> Reading:
        """All of it, in root pixels."""
        rows = [place for place, _ in self.boxes]
        kept = place_boxes(
            self.image,
            np.concatenate(rows) if rows else np.zeros((0, 4)),
            [label for _, label in self.boxes],
            np.ones(len(rows)),
        )
        self._missing(len(rows) - len(kept), "box")
        xy = to_root(self.image, np.concatenate(self.points) if self.points else np.zeros((0, 2)))
        size = np.array(self.image.frame.size_wh)
        inside = ((xy >= -EDGE_PX) & (xy <= size + EDGE_PX)).all(axis=1)
        self._missing(int((~inside).sum()), "point")
        placed = np.clip(xy[inside], 0, size).astype(np.float32)
        points = Points(self.image.frame, placed, (True,) * len(placed))
        return Reading(_plain(text), kept, points, tuple(self.refused))

    def _missing(self, count: int, what: str) -> None:
        for _ in range(count):
            self.refuse(what, "lies outside the root picture, or covers less than half a pixel")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e9 and math.isfinite(value)


def _label(text: Any) -> str:
    words = "".join(c if c.isprintable() else " " for c in str(text)[: 2 * MAX_LABEL])
    return " ".join(words.split())[:MAX_LABEL] or "thing"


def _plain(text: str) -> str:
    """Without reasoning, fences and the space that markup leaves."""
    text = re.sub(r"<think>.*?(?:</think>|\Z)", " ", text, flags=re.DOTALL)
    text = text.rpartition("</think>")[2]
    text = re.sub(r"```[a-z]*", " ", text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return re.sub(r" ([.,;:!?])", r"\1", "\n".join(filter(None, lines))).strip(" \n;")


# --- JSON (Qwen-VL) ---------------------------------------------------------------------------

BOX_KEYS = ("bbox_2d", "bbox", "box_2d", "box")
POINT_KEYS = ("point_2d", "point", "points_2d", "coordinate")
LABEL_KEYS = ("label", "text_content", "name", "text", "phrase", "description")
_START = re.compile(r"[\[{]")
_PLACE_KEY = re.compile(r"[\"'](?:" + "|".join(BOX_KEYS + POINT_KEYS) + r")[\"']\s*:")


def json_parts(reply: str) -> Iterator[tuple[int, int, Any]]:
    """(start, end, value) of the lists and objects in a text; the whole ones within one cut short."""
    decoder = json.JSONDecoder()
    at = tries = 0
    while tries < MAX_TRIES and (match := _START.search(reply, at)) is not None:
        try:
            value, end = decoder.raw_decode(reply, match.start())
        except (ValueError, RecursionError):
            at, tries = match.end(), tries + 1
            continue
        yield match.start(), end, value
        at = end


def placed_entries(value: Any) -> Iterator[dict[str, Any]]:
    """The objects with a place in a JSON value, in order, not deeper than a reply has them."""
    waiting = [(value, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict) and any(key in value for key in BOX_KEYS + POINT_KEYS):
            yield value
        elif isinstance(value, list | dict) and depth < 4:
            inner = list(value.values()) if isinstance(value, dict) else value
            waiting.extend((item, depth + 1) for item in reversed(inner))


def _rows(entry: dict[str, Any], keys: tuple[str, ...]) -> list[Any]:
    """One place, a list of places, or None where there is none, as a list."""
    value = next((entry[key] for key in keys if key in entry), None)
    if value is None:
        return []
    if not isinstance(value, list):
        return [[value]]
    return value if value and all(isinstance(v, list) for v in value) else [value]


def _json(reply: str, image: Image, box: Place, point: Place) -> Reading:
    reply = reply[:MAX_CHARS]
    found = Found(image)
    text, last = "", 0
    for start, end, value in json_parts(reply):
        entries = list(placed_entries(value))
        if not entries and value != []:
            continue
        text += _without_cut(reply[last:start], found)
        last = end
        for entry in entries:
            name = next((entry[key] for key in LABEL_KEYS if entry.get(key)), "")
            for numbers in _rows(entry, BOX_KEYS):
                found.box(numbers, name, box)
            for numbers in _rows(entry, POINT_KEYS):
                found.point(numbers, point)
    return found.reading(text + _without_cut(reply[last:], found))


def _without_cut(text: str, found: Found) -> str:
    """A stretch of text less what is left of broken JSON, which is refused."""
    keys = list(_PLACE_KEY.finditer(text))
    if not keys:
        only = text.strip()
        return "" if only and not only.strip("[]{}, \n`") else re.sub(r"\[\s*\Z", "", text)
    for key in keys:
        found.refuse(text[key.start() : key.start() + 60], "cut short, or no JSON")
    start = min(i for i in (text.find("["), text.find("{"), keys[0].start()) if i >= 0)
    return text[:start]


def qwen_grid(reply: str, seen_wh: Size, image: Image) -> Reading:
    """JSON with ``bbox_2d`` and ``point_2d`` on a grid of 0 to 1000 (Qwen3-VL, Qwen3.5)."""
    return _json(
        reply, image, box_by(convert.from_xyxy_1000), point_by(convert_tokens.from_xy_1000)
    )


def qwen_pixels(reply: str, seen_wh: Size, image: Image) -> Reading:
    """JSON with ``bbox_2d`` and ``point_2d`` in pixels of the picture as seen (Qwen2.5-VL)."""

    def box(numbers: Sequence[float], size_wh: Size) -> Float:
        return convert.from_resized_px([four(numbers)], seen_wh, size_wh)

    def point(numbers: Sequence[float], size_wh: Size) -> Float:
        return convert_tokens.from_xy_resized_px([two(numbers)], seen_wh, size_wh)

    return _json(reply, image, box, point)


def four(numbers: Sequence[float]) -> Sequence[float]:
    """The numbers of one box.

    Raises:
        BadArguments: they are not four.
    """
    if len(numbers) != 4:
        raise BadArguments(f"a box has 4 numbers, not {len(numbers)}")
    return numbers


def two(numbers: Sequence[float]) -> Sequence[float]:
    """The numbers of one point.

    Raises:
        BadArguments: they are not two.
    """
    if len(numbers) != 2:
        raise BadArguments(f"a point has 2 numbers, not {len(numbers)}")
    return numbers


def box_by(convention: Callable[..., Float]) -> Place:
    """A box by a function of ``tools/convert.py``."""
    return lambda numbers, size_wh: convention([four(numbers)], size_wh)


def point_by(convention: Callable[..., Float]) -> Place:
    """A point by a function of ``tools/convert.py``."""
    return lambda numbers, size_wh: convention([two(numbers)], size_wh)
