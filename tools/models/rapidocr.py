"""RapidOCR: finds and reads lines of text with the PP-OCR networks inside its wheel.

The networks are opened by path, so nothing can be fetched. Text is found on a scaled copy and
read from the picture's own pixels. Knows nothing of reading order (``tools/layout.py``) or of
what texts mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tools import geometry
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import SetupError
from tools.types import Float, Image, TextSpans

Level = Literal["line", "word"]
Detail = Literal["normal", "fine"]
Pixels = NDArray[np.uint8]

LOOK_PX = 960
"""Longer side of the copy on which text is found first."""
SMALL_PX = 13.0
"""Median height of lettering on that copy under which a larger copy is looked at too."""
LARGE_PX = 1760
"""Longer side of the larger copy."""
FINE_PX = (640, 1280, 2240)
"""Longer sides of the copies of a fine look: large lettering is found on the small one."""
MAX_UPSCALE = 4.0
TILE_PX = 1600
"""Largest side of a copy that is looked at in one piece."""
TILE_OVERLAP_PX = 240
BORDER_PX = 32
MIN_SCORE = 0.5
SURE = 0.75
"""Score from which a picture that is read as one line is believed."""
FLIP_GAIN = 0.1
"""How much better a line must read upside down, unless most lines of the picture are."""
SAME = 0.5
"""Share of the smaller of two readings that they have in common when they are one text."""


@dataclass(frozen=True, eq=False)
class Line:
    """One line as read, in pixels of the picture that was looked at."""

    quad: NDArray[np.float32]
    """(4, 2) clockwise from the text's own top-left."""
    text: str
    score: float
    stops: tuple[float, ...]
    """For each character of `text` but spaces: where its middle lies, from 0 to 1 along the line."""

    @property
    def worth(self) -> float:
        """Which of two readings of one text to keep: the surer one, longer ones sooner."""
        return self.score + 0.01 * min(len(self.text), 20)


class Reader:
    """The three networks, called one after the other. One caller at a time."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __call__(
        self,
        image: Image,
        level: Level = "line",
        detail: Detail = "normal",
        *,
        cancel: CancelToken,
    ) -> TextSpans:
        """The text in `image`, in root pixels; lines in no particular order."""
        lines = self._look(image.pixels, detail, cancel)
        turns = _quarter_turns(lines)
        if turns:
            image = geometry.rot90(image, turns)
            lines = self._look(image.pixels, detail, cancel)
        if level == "word":
            lines = [word for line in lines for word in _words(line)]
        return _spans(image, lines, level)

    def _look(self, rgb: Pixels, detail: Detail, cancel: CancelToken) -> list[Line]:
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        if detail == "fine":
            lines = self._at_sizes(bgr, FINE_PX, 0.4, cancel)
        else:
            lines = self._at_sizes(bgr, (LOOK_PX,), 0.5, cancel)
            longer = max(bgr.shape[:2])
            height = _median_height(lines) * LOOK_PX / longer
            if not lines or (height < SMALL_PX and longer > LOOK_PX):
                lines = _merged(lines + self._at_sizes(bgr, (LARGE_PX,), 0.4, cancel))
        return lines or self._as_one_line(bgr)

    def _at_sizes(
        self, bgr: Pixels, sizes: Iterable[int], threshold: float, cancel: CancelToken
    ) -> list[Line]:
        longer = max(bgr.shape[:2])
        factors = {round(min(size / longer, MAX_UPSCALE), 3) for size in sizes}
        quads = []
        for factor in sorted(factors):
            quads.append(list(self._find(bgr, factor, threshold, cancel)))
        return _merged([line for found in quads for line in self._read(bgr, found, cancel)])

    def _find(
        self, bgr: Pixels, factor: float, threshold: float, cancel: CancelToken
    ) -> Iterator[NDArray[np.float32]]:
        """Quads around lines of text, in pixels of `bgr`."""
        import cv2

        height, width = bgr.shape[:2]
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        copy = cv2.resize(bgr, size, interpolation=method)
        scale = np.array([width / size[0], height / size[1]], np.float32)
        for x, y, tile in _tiles(copy):
            cancel.check()
            right, bottom = (-(tile.shape[i] + BORDER_PX) % 32 + BORDER_PX for i in (1, 0))
            padded = cv2.copyMakeBorder(
                tile, BORDER_PX, bottom, BORDER_PX, right, cv2.BORDER_REPLICATE
            )
            found = self._engine(
                padded, use_det=True, use_cls=False, use_rec=False, box_thresh=threshold
            )
            for quad in [] if found.boxes is None else found.boxes:
                placed = (quad.astype(np.float32) - BORDER_PX + (x, y)) * scale
                yield np.clip(placed, 0, (width, height)).astype(np.float32)

    def _read(
        self, bgr: Pixels, quads: Sequence[NDArray[np.float32]], cancel: CancelToken
    ) -> list[Line]:
        """The lines in `quads`, those that say nothing left out."""
        import cv2

        cuts = [(_wide(quad), quad) for quad in quads if _side(quad).min() >= 3]
        if not cuts:
            return []
        cancel.check()
        crops = [_cut(bgr, quad) for quad, _ in cuts]
        _, turned = self._engine.cls_and_rotate(crops)
        cancel.check()
        upright = self._recognise(crops)
        doubt = [i for i, (name, _) in enumerate(turned.cls_res) if "180" in name]
        flipped = self._recognise([cv2.rotate(crops[i], cv2.ROTATE_180) for i in doubt])
        gain = -FLIP_GAIN if len(doubt) > 0.6 * len(crops) and len(crops) > 2 else FLIP_GAIN
        lines = []
        other = dict(zip(doubt, flipped, strict=True))
        for i, (quad, _) in enumerate(cuts):
            text, score, stops = upright[i]
            if i in other and other[i][1] > score + gain:
                text, score, stops = other[i]
                quad = np.roll(quad, 2, axis=0)
            if score >= MIN_SCORE and any(c.isalnum() for c in text):
                lines.append(Line(quad, text, score, stops))
        return lines

    def _recognise(self, crops: list[Pixels]) -> list[tuple[str, float, tuple[float, ...]]]:
        """Text, score and the place of each character for upright crops of lines."""
        if not crops:
            return []
        found = self._engine.recognize_txt(crops)
        read = []
        for text, score, info in zip(found.txts, found.scores, found.word_results, strict=True):
            columns = [c for word in info.word_cols or [] for c in word]
            length = max(float(info.line_txt_len or 1.0), 1.0)
            stops = tuple(min((c + 0.5) / length, 1.0) for c in columns)
            read.append((" ".join(text.split()), float(score), stops))
        return read

    def _as_one_line(self, bgr: Pixels) -> list[Line]:
        """The whole picture read as one line, for close crops in which no line is found."""
        height, width = bgr.shape[:2]
        if not 1.2 <= width / height <= 12:
            return []
        text, score, stops = self._recognise([bgr])[0]
        if score < SURE or not any(c.isalnum() for c in text):
            return []
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        return [Line(corners, text, score, stops)]


def _tiles(copy: Pixels) -> Iterator[tuple[int, int, Pixels]]:
    """Overlapping parts (x, y, pixels) no larger than ``TILE_PX``; one where that suffices."""

    def starts(size: int) -> list[int]:
        parts = max(1, math.ceil((size - TILE_OVERLAP_PX) / (TILE_PX - TILE_OVERLAP_PX)))
        last = max(0, size - TILE_PX)
        return [round(last * k / max(1, parts - 1)) for k in range(parts)]

    for y in starts(copy.shape[0]):
        for x in starts(copy.shape[1]):
            yield x, y, copy[y : y + TILE_PX, x : x + TILE_PX]


def _side(quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length and height of a quad."""
    across = np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])
    down = np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])
    return np.array([across, down], np.float32) / 2


def _wide(quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """`quad` begun at the corner from which a line much taller than wide would be read down."""
    width, height = _side(quad)
    return np.roll(quad, -1, axis=0) if height >= 1.5 * width else quad


def _cut(bgr: Pixels, quad: NDArray[np.float32]) -> Pixels:
    """What `quad` shows, straightened."""
    import cv2

    width, height = (max(1, round(float(v))) for v in _side(quad))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    return np.asarray(
        cv2.warpPerspective(
            bgr, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def _median_height(lines: Sequence[Line]) -> float:
    return float(np.median([_side(line.quad)[1] for line in lines])) if lines else 0.0


def _quarter_turns(lines: Sequence[Line]) -> int:
    """Clockwise quarter turns that would set most of the text upright."""
    along = np.zeros(2)
    for line in lines:
        if len(line.text) >= 3:
            along += line.score * (line.quad[1] - line.quad[0])
    length = sum(line.score * float(_side(line.quad)[0]) for line in lines if len(line.text) >= 3)
    if length == 0 or np.hypot(*along) < 0.6 * length:
        return 0
    return round(-math.atan2(along[1], along[0]) / (math.pi / 2)) % 4


def _merged(lines: list[Line]) -> list[Line]:
    """`lines` with the better one kept of any two that read the same place."""
    import cv2

    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.worth):
        for other in kept:
            low = np.maximum(line.quad.min(axis=0), other.quad.min(axis=0))
            high = np.minimum(line.quad.max(axis=0), other.quad.max(axis=0))
            if (high <= low).any():
                continue
            common, _ = cv2.intersectConvexConvex(line.quad, other.quad)
            areas = [float(cv2.contourArea(one.quad)) for one in (line, other)]
            if common > SAME * min(areas):
                break
        else:
            kept.append(line)
    return kept


def _words(line: Line) -> Iterator[Line]:
    """The words of a line, their quads cut out of the line's by the places of the characters."""
    start = 0
    words = line.text.split()
    if len(line.stops) != sum(map(len, words)):  # a reader that gives no places for characters
        yield line
        return
    half = 0.5 * min(np.diff(line.stops), default=1.0) if len(line.stops) > 1 else 0.5
    half = max(half, 0.5 * float(_side(line.quad)[1] / max(_side(line.quad)[0], 1.0)) * 0.6)
    for word in words:
        stops = line.stops[start : start + len(word)]
        start += len(word)
        ends = np.clip([stops[0] - half, stops[-1] + half], 0, 1)[:, None].astype(np.float32)
        top = line.quad[0] + ends * (line.quad[1] - line.quad[0])
        bottom = line.quad[3] + ends * (line.quad[2] - line.quad[3])
        quad = np.stack([top[0], top[1], bottom[1], bottom[0]]).astype(np.float32)
        yield replace(line, quad=quad, text=word, stops=stops)


def _spans(image: Image, lines: Sequence[Line], level: Level) -> TextSpans:
    quads: Float = np.array([line.quad for line in lines], np.float32).reshape(-1, 4, 2)
    scores = np.clip(np.array([line.score for line in lines], np.float32), 0, 1)
    texts = tuple(line.text for line in lines)
    return TextSpans(image.frame, geometry.place_quads(image, quads), texts, scores, level)


def load() -> Reader:
    """Open the networks in the wheel.

    Raises:
        SetupError: the installed package carries no networks.
    """
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    params: dict[str, Any] = {
        "Global.log_level": "critical",
        "Global.text_score": 0.0,
        "Global.use_preprocess_img": False,
        "Global.use_vertical_padding": False,
        "Global.return_word_box": True,
        "Det.limit_type": "max",
        "Det.limit_side_len": 100_000,
    }
    for part, stem in (("Det", "*_det_*.onnx"), ("Rec", "*_rec_*.onnx"), ("Cls", "*_cls_*.onnx")):
        found = sorted(folder.glob(stem))
        if not found:
            raise SetupError(
                f"no {stem} in {str(folder)!r}",
                hint="Install it again: pip install 'rapidocr>=3.10'",
            )
        params[f"{part}.model_path"] = str(found[0])
    return Reader(rapidocr.RapidOCR(params=params))


MODEL = ModelSpec(
    name="rapidocr",
    ability="read_text",
    licence="Apache-2.0",
    load=load,
    version="3.10-ppocrv6-small-1",
    modules=("rapidocr", "onnxruntime", "cv2"),
    weights="in package rapidocr",
    weights_mb=32.0,
    memory_mb=400.0,
    notes="Latin, Chinese and Japanese script, print and signs; no Cyrillic, Arabic, Korean, Thai.",
)
