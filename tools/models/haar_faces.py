"""Faces by the Haar cascades that OpenCV carries: the fallback that needs no weights at all.

One cascade alone calls leaves and lettering faces, so a face must be seen by several of them in
the same place. Knows nothing of people turned more than a little from the camera, and less than
``faces-mtcnn``, which is used first where it is installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import SetupError
from tools.geometry import iou, place_boxes
from tools.types import Boxes, Float, Image

FRONTAL = ("frontalface_default", "frontalface_alt", "frontalface_alt2", "frontalface_alt_tree")
PROFILE = "profileface"
LONGEST_PX = 1400
"""Longer pictures are shrunk to this first."""
SMALLEST_PX = 24
SAME = 0.4
"""Overlap at which two cascades mean one face."""
WEIGHTS = {
    "frontalface_default": 0.26,
    "frontalface_alt": 0.36,
    "frontalface_alt2": 0.36,
    "frontalface_alt_tree": 0.45,
    PROFILE: 0.34,
}
"""What the word of each cascade adds to a face's score; the stricter it is, the more."""


def load() -> HaarFaces:
    """Read the cascades from the OpenCV package.

    Raises:
        SetupError: this OpenCV carries none (5 and later do not).
    """
    import cv2

    folder = Path(getattr(getattr(cv2, "data", None), "haarcascades", ""))
    cascades = {}
    for name in (*FRONTAL, PROFILE):
        path = folder / f"haarcascade_{name}.xml"
        if not path.is_file() or not hasattr(cv2, "CascadeClassifier"):
            raise SetupError(
                f"this OpenCV {cv2.__version__} has no cascade {name!r}",
                hint="pip install 'opencv-python-headless<5'",
            )
        cascades[name] = cv2.CascadeClassifier(str(path))
    return HaarFaces(cascades)


class HaarFaces:
    """Finds faces in a picture."""

    def __init__(self, cascades: dict[str, Any]) -> None:
        self._cascades = cascades

    def __call__(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        labels: tuple[str, ...] = ("face",),
        min_score: float = 0.7,
    ) -> Boxes:
        """The faces of `image` that score `min_score` or more, best first."""
        import cv2

        factor = min(1.0, LONGEST_PX / max(image.size_wh))
        grey = cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY)
        if factor < 1:
            grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        grey = cv2.createCLAHE(2.0, (8, 8)).apply(grey)
        seen: list[tuple[str, NDArray[Any]]] = []
        for name in FRONTAL:
            cancel.check()
            seen += [(name, box) for box in self._run(name, grey)]
        cancel.check()
        seen += [(PROFILE, box) for box in self._run(PROFILE, grey)]
        mirrored = self._run(PROFILE, np.ascontiguousarray(grey[:, ::-1]))
        seen += [(PROFILE, _mirror(box, grey.shape[1])) for box in mirrored]
        boxes, scores = _agree(seen)
        keep = scores >= min_score
        found = boxes[keep] / factor
        return place_boxes(image, found, ("face",) * len(found), scores[keep])

    def _run(self, name: str, grey: NDArray[Any]) -> list[NDArray[Any]]:
        found = self._cascades[name].detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=4, minSize=(SMALLEST_PX, SMALLEST_PX)
        )
        return [np.array([x, y, x + w, y + h], np.float64) for x, y, w, h in found]


def _mirror(box: NDArray[Any], width: int) -> NDArray[Any]:
    return np.array([width - box[2], box[1], width - box[0], box[3]])


def _agree(seen: list[tuple[str, NDArray[Any]]]) -> tuple[NDArray[Any], Float]:
    """Boxes that overlap become one; its score adds the weights of the cascades that saw it."""
    boxes, scores = [], []
    rest = list(range(len(seen)))
    every = np.array([box for _, box in seen]).reshape(-1, 4)
    overlap = iou(every, every) if seen else np.zeros((0, 0))
    while rest:
        first = max(rest, key=lambda i: sum(WEIGHTS[n] for n in _names(seen, overlap, i, rest)))
        group = [j for j in rest if overlap[first, j] >= SAME]
        names = {seen[j][0] for j in group}
        boxes.append(every[group].mean(axis=0))
        scores.append(min(1.0, sum(WEIGHTS[name] for name in names)))
        rest = [j for j in rest if overlap[first, j] < 0.1]
    order = np.argsort(-np.array(scores), kind="stable").astype(np.intp)
    placed = np.array(boxes).reshape(-1, 4)[order]
    return placed, np.array(scores, np.float32)[order]


def _names(
    seen: list[tuple[str, NDArray[Any]]],
    overlap: NDArray[Any],
    row: int,
    rest: list[int],
) -> set[str]:
    return {seen[j][0] for j in rest if overlap[row, j] >= SAME}


MODEL = ModelSpec(
    name="haar-faces",
    ability="detect",
    licence="Apache-2.0",
    load=load,
    version="1",
    modules=("cv2",),
    weights="in package opencv-python-headless",
    weights_mb=3.0,
    memory_mb=60.0,
    labels=("face",),
    notes=(
        "Upright faces from 24 px that look at the camera. On 60 everyday photographs: 9 of 18 "
        "faces, none false. On 200 labelled patches of scikit-image: 89 to 99 of 100 faces, 0 of "
        "100 others. About 1.5 s a megapixel."
    ),
)
