"""Replies that tag their places: InternVL, Florence-2, PaliGemma, Kosmos-2 and Molmo.

One reader per convention, with the promises of ``tools/grounded.py``: whatever is cut short,
impossible or no place at all is refused, counted and said. Knows nothing of models or prompts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tools import convert, convert_tokens
from tools.convert_masks import Size
from tools.grounded import MAX_CHARS, Found, Place, Reading, box_by, point_by
from tools.types import Float, Image


def internvl(reply: str, seen_wh: Size, image: Image) -> Reading:
    """``<ref>name</ref><box>[[x1, y1, x2, y2]]</box>`` on a grid of 0 to 1000 (InternVL)."""
    reply = reply[:MAX_CHARS]
    found = Found(image)
    pattern = re.compile(r"(?:<ref>([^<]{0,400})</ref>\s{0,9})?<box>([^<]*)(</box>|\Z|(?=<))")
    place = box_by(convert.from_xyxy_1000)
    for match in pattern.finditer(reply):
        rows = re.findall(r"\[([^\[\]]*)\]", match[2])
        if not rows or (not match[3] and match[2].count("[") > len(rows) + 1):
            found.refuse(match[0], "cut short, or no list of numbers")
        for row in rows:
            found.box(_numbers(row), match[1] or "", place)
    text = pattern.sub(lambda match: match[1] or "", reply)
    return found.reading(re.sub(r"</?(?:ref|box)>", " ", text))


def florence(reply: str, seen_wh: Size, image: Image) -> Reading:
    """``name<loc_x1><loc_y1><loc_x2><loc_y2>`` in a thousand bins a side (Florence-2)."""
    pattern = re.compile(r"([^<]{0,400})((?:<loc_\d{1,9}>)+)")
    reply = re.sub(r"</?s>|<pad>", " ", reply[:MAX_CHARS])
    found = Found(image)
    for match in pattern.finditer(reply):
        steps = [int(step) for step in re.findall(r"\d+", match[2])]
        _fours(found, steps, match[1], box_by(convert_tokens.from_xyxy_bins))
    return found.reading(re.sub(r"<loc_\d*>?", " ", reply))


def paligemma(reply: str, seen_wh: Size, image: Image) -> Reading:
    """``<loc y1><loc x1><loc y2><loc x2> name ; …`` in steps of 1024 (PaliGemma)."""
    pattern = re.compile(r"((?:<loc\d{1,9}>)+)([^<;]{0,400})")
    reply = re.sub(r"<eos>|<pad>", " ", reply[:MAX_CHARS])
    found = Found(image)
    for match in pattern.finditer(reply):
        steps = [int(step) for step in re.findall(r"\d+", match[1])]
        _fours(found, steps, match[2], box_by(convert.from_yxyx_1024))
    return found.reading(re.sub(r"<loc\d*>?", " ", reply))


def _fours(found: Found, steps: list[int], label: str, place: Place) -> None:
    for start in range(0, len(steps) - 3, 4):
        found.box(steps[start : start + 4], label, place)
    if left := len(steps) % 4:
        found.refuse(f"{label} {steps[-left:]}", "no four numbers, cut short")


def _cells(numbers: Sequence[float], size_wh: Size) -> Float:
    return convert_tokens.from_cell_pairs([numbers], size_wh)


def kosmos(reply: str, seen_wh: Size, image: Image) -> Reading:
    """``<phrase>name</phrase><object><patch_index_0044><patch_index_0863></object>`` (Kosmos-2)."""
    reply = reply[:MAX_CHARS]
    found = Found(image)
    pattern = re.compile(
        r"(?:<phrase>([^<]{0,400})</phrase>\s{0,9})?<object>"
        r"((?:<patch_index_\d{1,9}>|</delimiter_of_multi_objects/>)*)"
    )
    for match in pattern.finditer(reply):
        cells = [int(cell) for cell in re.findall(r"\d+", match[2])]
        for start in range(0, len(cells) - 1, 2):
            found.box(cells[start : start + 2], match[1] or "", _cells)
        if len(cells) % 2 or not cells:
            found.refuse(match[0], "no pair of cells, cut short")
    return found.reading(re.sub(r"</?[a-z][a-z0-9_/]*>?", "", reply))


def molmo(reply: str, seen_wh: Size, image: Image) -> Reading:
    """``<point x="63.5" y="44.2">`` in percent (Molmo), or ``<points coords=…>`` (Molmo 2).

    The latter, as in ``"1 1 635 442"``, has the number of the picture, then the number, x and y of
    each point on a grid of 1000.
    """
    reply = reply[:MAX_CHARS]
    found = Found(image)
    tag = re.compile(r"<(?:points?|tracks)\b([^<>]*)(>|\Z|(?=<))")
    for match in tag.finditer(reply):
        named = dict(re.findall(r"(\w{1,20})\s*=\s*[\"']([^\"']*)[\"']", match[1]))
        if "coords" in named:
            _molmo_grid(found, named["coords"])
        pairs = [(named[k], named.get(f"y{k[1:]}", "")) for k in named if re.match(r"x\d*\Z", k)]
        for x, y in pairs:
            found.point(_numbers(f"{x}, {y}"), point_by(convert.from_xy_100))
        if not match[2] or not (pairs or "coords" in named):
            found.refuse(match[0], "cut short, or without a place")
    return found.reading(re.sub(r"</?(?:points?|tracks)\b[^<>]*>?", " ", reply))


def _molmo_grid(found: Found, coords: str) -> None:
    """Groups ``picture number x y number x y …``; the reader has one picture, the first."""
    for group in filter(str.strip, re.split(r"[\t:,;]", coords)):
        _, *numbers = group.split()
        for start in range(0, len(numbers) - 2, 3):
            x, y = numbers[start + 1 : start + 3]
            found.point(_numbers(f"{x}, {y}"), point_by(convert_tokens.from_xy_1000))
        if len(numbers) % 3 or not numbers:
            found.refuse(group, "no number, x and y, cut short")


def _numbers(text: str) -> list[Any]:
    """Numbers divided by commas; what is none stays text, and will be refused."""
    parts = [part.strip() for part in text.split(",")]
    return [float(p) if re.fullmatch(r"-?\d{1,9}(?:\.\d{0,20})?", p) else p for p in parts]
