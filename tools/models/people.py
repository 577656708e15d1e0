"""People by their faces and, where no face shows, by three classical body detectors that agree.

The histogram-of-gradients detectors of OpenCV take lettering, railings and dogs for people when
they are asked alone, so a body without a face counts only where both of them and the upper-body
cascade see it. Knows nothing of age or sex, and does not see most people who sit, lie, are
partly hidden or turn their backs: an empty answer does not show that nobody is there.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import SetupError
from tools.geometry import boxes_in, centres, iou, place_boxes
from tools.models import haar_faces, mtcnn_faces
from tools.types import Boxes, Image

Rows = NDArray[Any]
"""Float64 rows; boxes are x1 y1 x2 y2."""

LONGEST_PX, SHORTEST_PX, BORDER_PX = 800, 400, 32
"""Pictures are brought to these sides; the border lets bodies touch the edge."""
LEAST_WH = 96, 160
"""Under this the detectors of OpenCV crash instead of answering."""
ALONE, ALONE_SMALL = 1.5, 2.0
"""What the large and the small body detector must say where no face is seen."""
WITH_FACE = 0.1
"""What the large one must say where a face sits in the upper part of the body."""


def load() -> People:
    """Make the detectors.

    Raises:
        SetupError: this OpenCV has neither HOG nor cascades (5 and later do not).
    """
    cv2: Any = importlib.import_module("cv2")
    if not hasattr(cv2, "HOGDescriptor") or not hasattr(cv2, "CascadeClassifier"):
        raise SetupError(
            f"this OpenCV {cv2.__version__} has no people detector",
            hint="pip install 'opencv-python-headless<5'",
        )
    large = cv2.HOGDescriptor()
    large.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    small = cv2.HOGDescriptor((48, 96), (16, 16), (8, 8), (8, 8), 9)
    small.setSVMDetector(cv2.HOGDescriptor_getDaimlerPeopleDetector())
    upper = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades, "haarcascade_upperbody.xml")))
    faces = haar_faces if mtcnn_faces.MODEL.missing() else mtcnn_faces
    return People(large, small, upper, faces.load())


class People:
    """Finds people in a picture."""

    def __init__(self, large: Any, small: Any, upper: Any, faces: Any) -> None:
        self._large, self._small, self._upper, self._faces = large, small, upper, faces

    def __call__(
        self,
        image: Image,
        *,
        cancel: CancelToken,
        labels: tuple[str, ...] = ("person",),
        min_score: float = 0.5,
    ) -> Boxes:
        """The people of `image` that score `min_score` or more, best first."""
        found = self._faces(image, cancel=cancel)
        faces = boxes_in(image, found.xyxy)
        cancel.check()
        bodies, weights, confirmed = self._bodies(image)
        boxes: list[Rows] = []
        scores: list[float] = []
        used: set[int] = set()
        for face, score in zip(faces, found.scores, strict=True):
            body = _body_of(face, bodies, weights)
            used |= {i for i in range(len(bodies)) if _holds(bodies[i], face)}
            boxes.append(_bust(face, image.size_wh) if body is None else bodies[body])
            scores.append(float(score) * (0.85 if body is None else 0.95))
        for i in np.flatnonzero(confirmed):
            if i not in used:
                boxes.append(bodies[i])
                scores.append(min(0.9, 0.4 + 0.2 * float(weights[i])))
        order = [i for i in np.argsort([-s for s in scores]) if scores[i] >= min_score]
        return place_boxes(
            image,
            np.array([boxes[i] for i in order]).reshape(-1, 4),
            ("person",) * len(order),
            [scores[i] for i in order],
        )

    def _bodies(self, image: Image) -> tuple[Rows, Rows, NDArray[np.bool_]]:
        """(boxes, what the large detector says, whether the other two agree), image pixels."""
        import cv2

        factor = min(1.0, LONGEST_PX / max(image.size_wh))
        factor = max(factor, min(2.0, SHORTEST_PX / min(image.size_wh)))
        grey = cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        grey = cv2.copyMakeBorder(grey, *(BORDER_PX,) * 4, cv2.BORDER_REPLICATE)
        if grey.shape[0] < LEAST_WH[1] or grey.shape[1] < LEAST_WH[0]:
            return np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.bool_)
        bodies, weights = _run(self._large, grey, 0.0)
        if not len(bodies):
            return bodies, weights, np.zeros(0, np.bool_)
        keep = cv2.dnn.NMSBoxes(_xywh(bodies).tolist(), weights.tolist(), 0.0, 0.4)
        bodies, weights = bodies[np.asarray(keep)], weights[np.asarray(keep)]
        confirmed = weights >= ALONE
        if confirmed.any():
            others, says = _run(self._small, grey, 1.0)
            heads = _corners(self._upper.detectMultiScale(grey, 1.05, 2))
            same = iou(bodies, others) > 0.45
            confirmed &= (same & (says >= ALONE_SMALL)[None]).any(axis=1)
            confirmed &= np.array([_has_head(body, heads) for body in bodies])
        return (bodies - BORDER_PX) / factor, weights, confirmed


def _run(detector: Any, grey: NDArray[Any], floor: float) -> tuple[Rows, Rows]:
    found, weights = detector.detectMultiScale(
        grey, winStride=(8, 8), scale=1.05, hitThreshold=floor, groupThreshold=2
    )
    return _corners(found), np.asarray(weights, np.float64).reshape(-1)


def _corners(xywh: Any) -> Rows:
    rows = np.asarray(xywh, np.float64).reshape(-1, 4)
    return np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:]], axis=1)


def _xywh(boxes: Rows) -> Rows:
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def _has_head(body: Rows, heads: Rows) -> bool:
    """Whether an upper body begins in the top third of the body, within its sides."""
    x, top = centres(heads)[:, 0], heads[:, 1]
    height = body[3] - body[1]
    fits = (x > body[0] - 10) & (x < body[2] + 10)
    return bool((fits & (top > body[1] - 0.1 * height) & (top < body[1] + 0.35 * height)).any())


def _holds(body: Rows, face: Rows) -> bool:
    """Whether the face sits where the head of the body is, and has the size of one."""
    x, y = centres(face)[0]
    width, height = body[2] - body[0], body[3] - body[1]
    share = (face[3] - face[1]) / height
    inside = abs(x - (body[0] + body[2]) / 2) < 0.3 * width
    return bool(inside and body[1] <= y <= body[1] + 0.35 * height and 0.05 < share < 0.3)


def _body_of(face: Rows, bodies: Rows, weights: Rows) -> int | None:
    fits = [i for i in range(len(bodies)) if weights[i] >= WITH_FACE and _holds(bodies[i], face)]
    return max(fits, key=lambda i: float(weights[i])) if fits else None


def _bust(face: Rows, size_wh: tuple[int, int]) -> Rows:
    """Head and shoulders below a face, within the picture."""
    x, width, height = (face[0] + face[2]) / 2, face[2] - face[0], face[3] - face[1]
    grown = np.array(
        [x - 1.6 * width, face[1] - 0.5 * height, x + 1.6 * width, face[3] + 3 * height]
    )
    return np.asarray(np.clip(grown, 0, [*size_wh, *size_wh]))


MODEL = ModelSpec(
    name="people",
    ability="detect",
    licence="Apache-2.0 AND MIT",
    load=load,
    version="1",
    modules=("cv2",),
    weights="in packages opencv-python-headless and mtcnn",
    weights_mb=2.0,
    memory_mb=260.0,
    labels=("person",),
    notes=(
        "People whose face is seen, and people who stand or walk free; the box of a person known "
        "by the face alone is head and shoulders. On 60 everyday photographs: 15 of about 26 "
        "people, none false. Absence is not shown by an empty answer. Says nothing of age or sex."
    ),
)
