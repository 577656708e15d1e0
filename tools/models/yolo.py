"""YOLO of Ultralytics: very fast boxes and outlines of COCO's eighty kinds of things, and bodies.

Code and weights are under AGPL-3.0: whoever offers a service with them must publish its source, or
buy a licence. The weights are pickles, so a file is opened only where it is known whose it is
(``tools/pickles.py``), and even then only classes that the library lists are made. The library is
told before it is imported to report nothing, install nothing and fetch nothing. Files of one's own
lie in a folder ``YOLO11`` or ``YOLO26`` below the one that ``OCELLI_WEIGHTS`` names.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from tools import pickles
from tools.catalog import ModelSpec
from tools.coco import COCO
from tools.context import CancelToken
from tools.device import here, nbytes
from tools.errors import SetupError
from tools.geometry import boxes_in, iou, place_boxes, place_masks, to_root
from tools.models.vitpose import NAMES
from tools.neural import picture
from tools.ranked import numbers, ranked
from tools.turns import OPENING
from tools.types import Boxes, Image, Keypoints, Masks, Placed
from tools.weights import OWN, folder, pull

QUIET = {
    "ULTRALYTICS_SAFE_LOAD": "1",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
}
SETTINGS = "YOLO_CONFIG_DIR"
THRESHOLD = 0.25
"""Score from which a box counts, the library's own."""
SAME_BODY = 0.3
"""Intersection over union from which a body that was seen is that of a given box."""


def load(repo: str, file: str, task: str) -> Any:
    """The finder of boxes, outlines or bodies on the device of this process.

    Raises:
        SetupError: the file is not here, is not known, is damaged or does something else.
    """
    path = trusted(repo, file)
    network = _open(path, repo)
    if network.task != task:
        raise SetupError(f"{file} of {repo} does {network.task!r}, not {task!r}")
    return {"detect": Yolo, "segment": Outlines, "pose": Bodies}[task](network)


def trusted(repo: str, file: str) -> Path:
    """Where the weights lie, once it is known whose they are.

    Raises:
        SetupError: there is no such file, or it is not the published one.
    """
    path = folder(repo) / file
    if not path.is_file():
        place = f"the folder {repo.split('/')[-1]} below the one that {OWN} names"
        raise SetupError(
            f"{file} of {repo} is not on this machine",
            hint=f"{pull(file.removesuffix('.pt'))}, or put it into {place}",
        )
    pickles.check(file, pickles.digest(path), repo)
    return path


def _open(path: Path, repo: str) -> Any:
    os.environ.update(QUIET)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    os.environ.setdefault(SETTINGS, str(cache / "ocelli" / "ultralytics"))
    Path(os.environ[SETTINGS]).mkdir(parents=True, exist_ok=True)
    from ultralytics import SETTINGS as SETTING
    from ultralytics import YOLO
    from ultralytics.utils import SAFE_LOAD

    if not SAFE_LOAD:
        raise SetupError(
            "ultralytics was imported before it was told to be careful",
            hint="Set ULTRALYTICS_SAFE_LOAD=1 before Python starts",
        )
    if SETTING.get("sync"):
        SETTING.update({"sync": False})
    try:
        with OPENING.together():
            return YOLO(str(path))
    except (OSError, RuntimeError, TypeError, KeyError, EOFError, UnpicklingError) as error:
        raise SetupError(
            f"{path.name} of {repo} does not load: {type(error).__name__}",
            hint="It is damaged, of another library, or holds more than weights",
        ) from error


class Yolo:
    """Finds things of COCO in a picture."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Boxes:
        """Boxes of the named things, best first, in root pixels."""
        cancel.check()
        wanted = _numbers(self._network, labels)
        if not wanted:
            return place_boxes(image, np.zeros((0, 4)), [], [])
        found = _look(self._network, image, min_score, wanted).boxes
        names = [self._network.names[int(number)] for number in found.cls.tolist()]
        return ranked(image, numbers(found.xyxy), names, numbers(found.conf))

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._network.model)


class Outlines:
    """Cuts out things of COCO."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def __call__(
        self,
        image: Image,
        *,
        labels: tuple[str, ...],
        cancel: CancelToken,
        min_score: float = THRESHOLD,
    ) -> Masks:
        """Masks of the named things, best first."""
        cancel.check()
        wanted = _numbers(self._network, labels)
        masks = np.zeros((0, image.height, image.width), np.bool_)
        if not wanted:
            return place_masks(image, masks, (), ())
        found = _look(self._network, image, min_score, wanted, retina_masks=True)
        if found.masks is not None:
            masks = found.masks.data.cpu().numpy().astype(np.bool_)
        scores = found.boxes.conf.cpu().numpy()
        order = np.argsort(-scores, kind="stable")
        names = [self._network.names[int(number)] for number in found.boxes.cls.tolist()]
        return place_masks(image, masks[order], [names[i] for i in order], scores[order])

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._network.model)


class Bodies:
    """Finds the body points of people."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def __call__(self, image: Image, *, people: Placed, cancel: CancelToken) -> Keypoints:
        """The body points of those of `people` whose body is seen, in their order."""
        cancel.check()
        rows: list[int] = []
        bodies: list[int] = []
        points = np.zeros((0, len(NAMES), 3), np.float32)
        if len(people):
            found = _look(self._network, image, THRESHOLD, None)
            points = found.keypoints.data.cpu().numpy().reshape(-1, len(NAMES), 3)
            overlap = iou(boxes_in(image, people.xyxy), found.boxes.xyxy.cpu().numpy())
            while overlap.size and overlap.max() >= SAME_BODY:
                row, body = np.unravel_index(overlap.argmax(), overlap.shape)
                rows.append(int(row))
                bodies.append(int(body))
                overlap[row], overlap[:, body] = 0, 0
        order = np.argsort(rows, kind="stable").astype(np.intp)
        mine = points[np.asarray(bodies, np.intp)[order]]
        placed = np.clip(to_root(image, mine[..., :2]), 0, image.frame.size_wh)
        labels = tuple(people.labels[rows[i]] for i in order)
        sure = np.clip(mine[..., 2], 0, 1).astype(np.float32)
        return Keypoints(image.frame, placed.astype(np.float32), sure, NAMES, labels)

    def nbytes(self) -> int:
        """Bytes of the weights."""
        return nbytes(self._network.model)


def _numbers(network: Any, labels: tuple[str, ...]) -> list[int]:
    """The network's numbers of the named classes."""
    return [number for number, name in network.names.items() if name in labels]


def _look(
    network: Any, image: Image, min_score: float, classes: list[int] | None, **more: Any
) -> Any:
    """The library's answer, in pixels of the picture."""
    return network.predict(
        picture(image),
        conf=min_score,
        classes=classes,
        device=here().name,
        half=False,
        save=False,
        verbose=False,
        **more,
    )[0]


ABILITIES = {"detect": "detect", "segment": "segment_phrase", "pose": "pose"}
"""What the library calls a task, and the ability that does it here."""


def _spec(file: str, weights_mb: float, memory_mb: float, task: str = "detect") -> ModelSpec:
    repo = f"Ultralytics/{file[:6].upper()}"
    return ModelSpec(
        name=file.removesuffix(".pt"),
        ability=ABILITIES[task],
        licence="AGPL-3.0",
        load=partial(load, repo, file, task),
        version="1",
        modules=("torch", "ultralytics"),
        extra="yolo",
        weights=repo,
        files=(f"{repo}/{file}",),
        weights_mb=weights_mb,
        memory_mb=memory_mb,
        labels=() if task == "pose" else COCO,
        notes=(
            "AGPL-3.0, code and weights: publish the source of what you offer with it, or buy a "
            "licence. The fastest; its weights are pickles"
        ),
    )


YOLO11N = _spec("yolo11n.pt", 5.6, 300)
YOLO11M = _spec("yolo11m.pt", 41, 500)
YOLO26N = _spec("yolo26n.pt", 5.5, 300)
YOLO26M = _spec("yolo26m.pt", 44, 500)
SEGMENT11N = _spec("yolo11n-seg.pt", 6.2, 350, "segment")
SEGMENT11M = _spec("yolo11m-seg.pt", 45, 600, "segment")
SEGMENT26N = _spec("yolo26n-seg.pt", 6.7, 350, "segment")
POSE11N = _spec("yolo11n-pose.pt", 6.3, 300, "pose")
POSE26N = _spec("yolo26n-pose.pt", 7.9, 300, "pose")
