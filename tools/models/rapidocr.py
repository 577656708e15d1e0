"""RapidOCR: finds and reads lines of text with the PP-OCR networks inside its wheel.

The networks are opened by path, so nothing can be fetched. Text is found on a scaled copy and
read from the picture's own pixels. Knows nothing of reading order (``tools/layout.py``) or of
what texts mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tools import geometry
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import SetupError
from tools.textlines import (
    Line,
    Pixels,
    Quad,
    cut,
    median_height,
    merged,
    quarter_turns,
    side,
    tiles,
    wide,
    words,
)  # fmt: skip
from tools.types import Float, Image, TextSpans

Level = Literal["line", "word"]
Detail = Literal["normal", "fine"]

LOOK_PX = 960
"""Longer side of the copy on which text is found first."""
SMALL_PX = 13.0
"""Median height of lettering on that copy under which a larger copy is looked at too."""
LARGE_PX = 1600
"""Longer side of the larger copy."""
FINE_PX = (600, 960, 1600)
"""Longer sides of the copies of a fine look: large lettering is found on the small one."""
NATIVE_PX = 2560
"""Longer side up to which a fine look sees every pixel of a large picture."""
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
        turns = quarter_turns(lines)
        if turns:
            image = geometry.rot90(image, turns)
            lines = self._look(image.pixels, detail, cancel)
        if level == "word":
            lines = [word for line in lines for word in words(line)]
        return _spans(image, lines, level)

    def _look(self, rgb: Pixels, detail: Detail, cancel: CancelToken) -> list[Line]:
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        if detail == "fine":
            native = min(max(bgr.shape[:2]), NATIVE_PX)
            sizes = (*FINE_PX[:-1], max(FINE_PX[-1], native))
            lines = self._at_sizes(bgr, sizes, 0.4, cancel)
        else:
            lines = self._at_sizes(bgr, (LOOK_PX,), 0.5, cancel)
            longer = max(bgr.shape[:2])
            height = median_height(lines) * LOOK_PX / longer
            if not lines or (height < SMALL_PX and longer > LOOK_PX):
                lines = merged(lines + self._at_sizes(bgr, (LARGE_PX,), 0.4, cancel))
        return lines or self._as_one_line(bgr)

    def _at_sizes(
        self, bgr: Pixels, sizes: Iterable[int], threshold: float, cancel: CancelToken
    ) -> list[Line]:
        longer = max(bgr.shape[:2])
        factors = {round(min(size / longer, MAX_UPSCALE), 3) for size in sizes}
        quads = []
        for factor in sorted(factors):
            quads.append(list(self._find(bgr, factor, threshold, cancel)))
        return merged([line for found in quads for line in self._read(bgr, found, cancel)])

    def _find(
        self, bgr: Pixels, factor: float, threshold: float, cancel: CancelToken
    ) -> Iterator[Quad]:
        """Quads around lines of text, in pixels of `bgr`."""
        import cv2

        height, width = bgr.shape[:2]
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        copy = np.asarray(cv2.resize(bgr, size, interpolation=method), np.uint8)
        scale = np.array([width / size[0], height / size[1]], np.float32)
        for x, y, tile in tiles(copy, TILE_PX, TILE_OVERLAP_PX):
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

    def _read(self, bgr: Pixels, quads: Sequence[Quad], cancel: CancelToken) -> list[Line]:
        """The lines in `quads`, those that say nothing left out."""
        cuts = [(wide(quad), quad) for quad in quads if side(quad).min() >= 3]
        if not cuts:
            return []
        cancel.check()
        crops = [cut(bgr, quad) for quad, _ in cuts]
        _, turned = self._engine.cls_and_rotate(crops)
        cancel.check()
        upright = self._recognise(crops)
        doubt = [i for i, (name, _) in enumerate(turned.cls_res) if "180" in name]
        flipped = self._recognise([np.ascontiguousarray(crops[i][::-1, ::-1]) for i in doubt])
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
