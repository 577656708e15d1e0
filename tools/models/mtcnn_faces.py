"""Faces by MTCNN: the three small networks of the ``mtcnn`` package, run with numpy and OpenCV.

Only the package's weight files are used: its own code wants TensorFlow and is never imported. The
files are pickles, so each must have the SHA-256 written here before it is read. A pyramid of the
picture goes through the first network, which proposes; the second and third refuse and refine.
Knows nothing of bodies, of who somebody is, or of faces seen from behind.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import SetupError
from tools.geometry import intersections, place_boxes
from tools.types import Boxes, Image

Float = NDArray[Any]
"""Float32 arrays; rows of candidates are x1 y1 x2 y2 score."""

DIGESTS = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""SHA-256 of the weight files of mtcnn 1.0.0."""
CELL_PX = 12
"""What the proposing network sees at once."""
STEP = 0.709
"""Each level of the pyramid to the one before: half the area."""
SMALLEST_SHARE = 1 / 110
"""Faces under this share of the longer side are not looked for (and never under 18 px)."""
SMALLEST_PX = 18.0
LONGEST_PX = 4096
"""Longer pictures are shrunk to this first: their smallest faces still have 37 px then."""
MAX_PROPOSALS = 600
BATCH = 64
ZOOMS = (-0.12, -0.06, 0.0, 0.06, 0.12, 0.2)
"""Shares of its side by which a candidate's square is grown for the second look."""
FIRST_FLOOR = 0.8
"""What the last network must say of a candidate before it is looked at a second time."""


def load() -> MtcnnFaces:
    """Read the weights of the three networks.

    Raises:
        SetupError: the package's files are not the ones that were checked.
    """
    return MtcnnFaces(_weights("pnet"), _weights("rnet"), _weights("onet"))


def _weights(name: str) -> list[Float]:
    spec = importlib.util.find_spec("mtcnn")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise SetupError("package mtcnn is not installed", hint="pip install mtcnn==1.0.0")
    path = Path(places[0], "assets", "weights", f"{name}.lz4")
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != DIGESTS[name]:
        raise SetupError(
            f"weights {name!r} of package mtcnn are not those of version 1.0.0",
            hint="pip install --force-reinstall mtcnn==1.0.0",
        )
    return [
        np.asarray(array, np.float32)
        for array in importlib.import_module("joblib").load(io.BytesIO(data))
    ]


class MtcnnFaces:
    """Finds faces in a picture."""

    def __init__(self, pnet: list[Float], rnet: list[Float], onet: list[Float]) -> None:
        self._pnet, self._rnet, self._onet = pnet, rnet, onet

    def __call__(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        labels: tuple[str, ...] = ("face",),
        min_score: float = 0.7,
    ) -> Boxes:
        """The faces of `image` that score `min_score` or more, best first."""
        pixels, scale = _scaled(image.pixels)
        rows = self._propose(pixels, cancel)
        for weights, size, floor in ((self._rnet, 24, 0.7), (self._onet, 48, FIRST_FLOOR)):
            cancel.check()
            rows = _refine(pixels, rows, weights, size, floor)
        rows = self._look_again(pixels, _without_nested(rows))
        rows = rows[rows[:, 4] >= min_score]
        return place_boxes(image, rows[:, :4] / scale, ("face",) * len(rows), rows[:, 4])

    def _propose(self, pixels: Float, cancel: CancelToken) -> Float:
        import cv2

        height, width = pixels.shape[:2]
        smallest = max(SMALLEST_PX, SMALLEST_SHARE * max(height, width))
        factor, levels = CELL_PX / smallest, []
        while min(height, width) * factor >= CELL_PX:
            cancel.check()
            size = (max(CELL_PX, round(width * factor)), max(CELL_PX, round(height * factor)))
            shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            levels.append(_suppress(_pnet(shrunk, self._pnet, factor), 0.5))
            factor *= STEP
        if not levels:
            return np.zeros((0, 5), np.float32)
        return _suppress(np.concatenate(levels), 0.7)

    def _look_again(self, pixels: Float, rows: Float) -> Float:
        """Rows scored by the mean of the first look and one at grey, mirrored, zoomed patches.

        A glyph or a badge that resembles a face does so in one position only; a face keeps its
        score when it is shifted, mirrored and robbed of its colour.
        """
        scored = rows.copy()
        for i, square in enumerate(_squared(rows[:, :4])):
            grown = np.outer(ZOOMS, [-1, -1, 1, 1]) * (square[2] - square[0]) + square
            patches = np.stack([_patch(pixels, one, 48) for one in grown])
            grey = np.repeat(patches @ np.array([[0.299], [0.587], [0.114]], np.float32), 3, axis=3)
            both = np.concatenate([grey, grey[:, :, ::-1]])
            scored[i, 4] = (rows[i, 4] + _heads(both, self._onet, 48)[0].mean()) / 2
        return scored[np.argsort(-scored[:, 4], kind="stable")]


def _scaled(pixels: NDArray[np.uint8]) -> tuple[Float, float]:
    """The picture in values from -1 to 1, at most ``LONGEST_PX`` long, and by how much it shrank."""
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, LONGEST_PX / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    values = pixels.astype(np.float32)
    values -= 127.5
    values /= 128
    return values, scale


def _conv(x: Float, kernel: Float, bias: Float) -> Float:
    """(n, h, w, c) through a (kh, kw, c, d) kernel, no padding."""
    kh, kw, c, d = kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))
    n, h, w = windows.shape[:3]
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kh * kw * c)
    return (columns @ kernel.reshape(-1, d) + bias).reshape(n, h, w, d)


def _prelu(x: Float, slope: Float) -> Float:
    return np.asarray(np.maximum(x, 0) + slope * np.minimum(x, 0), np.float32)


def _pool(x: Float, size: int, same: bool) -> Float:
    """Maximum over windows of `size` with step 2; `same` pads at the far edges."""
    if same:
        far = [max(0, (-(-n // 2) - 1) * 2 + size - n) for n in x.shape[1:3]]
        x = np.pad(x, ((0, 0), (0, far[0]), (0, far[1]), (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.asarray(windows[:, ::2, ::2].max(axis=(-1, -2)))


def _softmax_face(logits: Float) -> Float:
    """The share of "face" of the two classes in the last axis."""
    return np.asarray(1 / (1 + np.exp(np.clip(logits[..., 0] - logits[..., 1], -50, 50))))


def _pnet(pixels: Float, w: list[Float], factor: float) -> Float:
    """Proposals (n, 5) x1 y1 x2 y2 score, in the pixels of the full picture."""
    x = _pool(_prelu(_conv(pixels[None], w[0], w[1]), w[2]), 2, same=True)
    x = _prelu(_conv(x, w[3], w[4]), w[5])
    x = _prelu(_conv(x, w[6], w[7]), w[8])
    scores = _softmax_face(_conv(x, w[11], w[12]))[0]
    ys, xs = np.nonzero(scores > 0.6)
    best = np.argsort(-scores[ys, xs])[: 4 * MAX_PROPOSALS]
    ys, xs = ys[best], xs[best]
    offsets = _conv(x, w[9], w[10])[0, ys, xs]
    corner = np.stack([xs, ys], axis=1) * 2 + 1
    boxes = np.concatenate([corner, corner + CELL_PX - 1], axis=1) + offsets * (CELL_PX - 1)
    return np.concatenate([boxes / factor, scores[ys, xs, None]], axis=1).astype(np.float32)


def _heads(patches: Float, w: list[Float], size: int) -> tuple[Float, Float]:
    """(scores, offsets) of patches of 24 or 48 pixels."""
    x = _pool(_prelu(_conv(patches, w[0], w[1]), w[2]), 3, same=True)
    x = _pool(_prelu(_conv(x, w[3], w[4]), w[5]), 3, same=False)
    x = _prelu(_conv(x, w[6], w[7]), w[8])
    rest = w[9:]
    if size == 48:
        x = _prelu(_conv(_pool(x, 2, same=True), rest[0], rest[1]), rest[2])
        rest = rest[3:]
    flat = x.transpose(0, 2, 1, 3).reshape(len(x), -1)
    flat = _prelu(flat @ rest[0] + rest[1], rest[2])
    return _softmax_face(flat @ rest[-2] + rest[-1]), flat @ rest[3] + rest[4]


def _refine(pixels: Float, rows: Float, w: list[Float], size: int, floor: float) -> Float:
    """The rows a network scores at `floor` or more, its offsets applied."""
    kept = []
    for start in range(0, len(rows), BATCH):
        squares = _squared(rows[start : start + BATCH, :4])
        patches = np.stack([_patch(pixels, square, size) for square in squares])
        scores, offsets = _heads(patches, w, size)
        sides = np.tile(squares[:, 2:] - squares[:, :2], 2)
        moved = np.concatenate([squares + offsets * sides, scores[:, None]], axis=1)
        kept.append(moved[scores >= floor])
    return _suppress(np.concatenate(kept) if kept else rows, 0.7)


def _squared(boxes: Float) -> Float:
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2, 1)
    return np.concatenate([centre - half, centre + half], axis=1)


def _patch(pixels: Float, square: Float, size: int) -> Float:
    """The square part of the picture at `size` pixels, black outside the picture."""
    import cv2

    x1, y1, x2, y2 = (round(float(v)) for v in square)
    height, width = pixels.shape[:2]
    left, top, right, bottom = max(0, x1), max(0, y1), min(width, x2), min(height, y2)
    if right <= left or bottom <= top:
        return np.full((size, size, 3), -1, np.float32)
    part = cv2.copyMakeBorder(
        pixels[top:bottom, left:right],
        top - y1, y2 - bottom, left - x1, x2 - right,
        cv2.BORDER_CONSTANT, value=(-1.0, -1.0, -1.0),
    )  # fmt: skip
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA))


def _suppress(rows: Float, overlap: float) -> Float:
    """The best of rows that overlap more than `overlap`, best first."""
    import cv2

    if not len(rows):
        return rows
    xywh = np.concatenate([rows[:, :2], rows[:, 2:4] - rows[:, :2]], axis=1)
    keep = cv2.dnn.NMSBoxes(xywh.tolist(), rows[:, 4].tolist(), 0.0, overlap)
    return rows[np.asarray(keep, np.intp).reshape(-1)[:MAX_PROPOSALS]]


def _without_nested(rows: Float) -> Float:
    """Rows less those that share over 60 % of the smaller box with a better row."""
    kept: list[int] = []
    both = intersections(rows[:, :4], rows[:, :4])
    own = np.diag(both)
    for i in range(len(rows)):
        if all(both[i, j] <= 0.6 * min(own[i], own[j]) for j in kept):
            kept.append(i)
    return rows[_index(kept)]


def _index(rows: Sequence[int]) -> NDArray[np.intp]:
    return np.asarray(rows, np.intp)


MODEL = ModelSpec(
    name="faces-mtcnn",
    ability="detect",
    licence="MIT",
    load=load,
    version="mtcnn 1.0.0, run 1",
    modules=("mtcnn", "joblib", "lz4", "cv2"),
    weights="in package mtcnn",
    weights_mb=2.0,
    memory_mb=200.0,
    labels=("face",),
    notes=(
        "Faces from 18 px, tilted up to 60 degrees; not from behind, upside down or in full "
        "profile. On 60 everyday photographs: 14 of 18 faces, none false (26 photographs and "
        "diagrams more: none false). On 200 labelled patches of scikit-image: 96 to 100 of 100 "
        "faces, 0 of 100 others. About 0.3 s a megapixel."
    ),
)
