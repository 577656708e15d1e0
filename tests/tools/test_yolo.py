"""YOLO gives what the library gives on the same weights, and opens no pickle nobody vouches for."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tools import pickles
from tools.coco import COCO
from tools.context import CancelToken, ToolContext
from tools.errors import Cancelled, SetupError
from tools.experts.segment_phrase import segment_phrase
from tools.geometry import crop, place_masks, resize
from tools.models import yolo
from tools.types import Boxes, Image

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
GO = CancelToken()
FLOOR = 0.01


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library, told what production code tells it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in yolo.QUIET.items():
            patch.setenv(name, value)
        patch.setenv(yolo.SETTINGS, str(tmp_path_factory.mktemp("settings")))
        yield pytest.importorskip("ultralytics")


@pytest.fixture(scope="module")
def weights(library, tmp_path_factory):
    from checkpoints.yolo import build_yolo, build_yolo_pose, build_yolo_segment

    folder = tmp_path_factory.mktemp("weights")
    (folder / "YOLO11").mkdir()
    build_yolo(folder / "YOLO11")
    build_yolo_pose(folder / "YOLO11")
    build_yolo_segment(folder / "YOLO11")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OCELLI_WEIGHTS", str(folder))
        yield folder / "YOLO11"


@pytest.fixture(scope="module")
def model(weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pickles.ALLOWED, "1")
        return yolo.YOLO11N.load()


@pytest.fixture(scope="module")
def bodies(weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pickles.ALLOWED, "1")
        return yolo.POSE11N.load()


@pytest.fixture(scope="module")
def outlines(weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pickles.ALLOWED, "1")
        return yolo.SEGMENT11N.load()


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (120, 200, 3), np.uint8))


def own(library, path, image, **more):
    network = library.YOLO(str(path))
    bgr = np.ascontiguousarray(image.pixels[..., ::-1])
    return network.predict(bgr, device="cpu", verbose=False, save=False, **more)[0]


def test_it_finds_what_the_library_finds(library, weights, model, image):
    wanted = own(library, weights / "yolo11n.pt", image, conf=FLOOR).boxes
    order = np.argsort(-wanted.conf.numpy(), kind="stable")
    found = model(image, labels=COCO, cancel=GO, min_score=FLOOR)
    assert len(found) == len(order) > 0
    assert found.scores == pytest.approx(wanted.conf.numpy()[order])
    assert found.labels == tuple(COCO[int(i)] for i in wanted.cls.numpy()[order])
    assert found.xyxy == pytest.approx(wanted.xyxy.numpy()[order], abs=1e-3)


def test_only_the_named_things(model, image):
    name = model(image, labels=COCO, cancel=GO, min_score=FLOOR).labels[0]
    assert set(model(image, labels=(name,), cancel=GO, min_score=FLOOR).labels) == {name}
    assert len(model(image, labels=("door",), cancel=GO, min_score=FLOOR)) == 0
    assert len(model(image, labels=COCO, cancel=GO, min_score=1.0)) == 0


def test_boxes_of_a_view_lie_in_the_root(model, image):
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    seen = model(Image.as_root(view.pixels), labels=COCO, cancel=GO, min_score=FLOOR)
    found = model(view, labels=COCO, cancel=GO, min_score=FLOOR)
    assert len(found) == len(seen) > 0
    assert found.xyxy == pytest.approx(seen.xyxy / 3 + [40, 20, 40, 20], abs=1e-2)


def test_outlines_are_those_of_the_library(library, weights, outlines, image):
    path = weights / "yolo11n-seg.pt"
    wanted = own(library, path, image, conf=FLOOR, retina_masks=True)
    found = outlines(image, labels=COCO, cancel=GO, min_score=FLOOR)
    order = np.argsort(-wanted.boxes.conf.numpy(), kind="stable")
    masks = wanted.masks.data.numpy().astype(bool)[order]
    there = [i for i, mask in enumerate(masks) if mask.any()]
    assert len(found) == len(there) > 0
    assert (found.masks == masks[there]).all()
    assert found.scores == pytest.approx(wanted.boxes.conf.numpy()[order][there])
    names = [COCO[int(i)] for i in wanted.boxes.cls.numpy()[order][there]]
    assert found.labels == tuple(names)


def test_only_the_named_things_are_cut_out(outlines, image):
    every = outlines(image, labels=COCO, cancel=GO, min_score=FLOOR)
    name = every.labels[0]
    assert set(outlines(image, labels=(name,), cancel=GO, min_score=FLOOR).labels) == {name}
    assert len(outlines(image, labels=("door",), cancel=GO, min_score=FLOOR)) == 0
    assert len(outlines(image, labels=COCO, cancel=GO, min_score=1.0)) == 0


def test_outlines_of_a_view_lie_in_the_root(outlines, image):
    view = resize(crop(image, [40, 20, 140, 120]), (300, 300))
    seen = outlines(Image.as_root(view.pixels), labels=COCO, cancel=GO, min_score=FLOOR)
    found = outlines(view, labels=COCO, cancel=GO, min_score=FLOOR)
    placed = place_masks(view, seen.masks, seen.labels, seen.scores)
    assert len(found) > 0
    assert (found.masks == placed.masks).all()
    assert found.frame == image.frame


def test_the_ability_reaches_the_outlines(outlines, image):
    class Only:
        def use(self, ability, *args, labels, cancel, **kwargs):
            assert ability == yolo.SEGMENT11N.ability
            return outlines(*args, labels=labels, cancel=cancel, **kwargs)

    name = outlines(image, labels=COCO, cancel=GO, min_score=FLOOR).labels[0]
    found = segment_phrase(ToolContext(Only()), image, phrases=[f"the {name}"], min_score=FLOOR)
    assert set(found.labels) == {name}


def test_bodies_are_those_the_library_sees_in_the_boxes(library, weights, bodies, image):
    wanted = own(library, weights / "yolo11n-pose.pt", image, conf=yolo.THRESHOLD)
    boxes = wanted.boxes.xyxy.numpy()
    assert len(boxes)
    whole = np.clip(boxes[[0]], 0, [200, 120, 200, 120])
    people = Boxes(image.frame, whole, ("person",), np.ones(1, np.float32))
    found = bodies(image, people=people, cancel=GO)
    points = wanted.keypoints.data.numpy()
    assert len(found) == 1
    assert found.names[0] == "nose"
    nearest = np.abs(np.clip(points[..., :2], 0, [200, 120]) - found.xy).max(axis=(1, 2))
    assert nearest.min() < 1e-3
    assert found.xy_scores[0] == pytest.approx(points[nearest.argmin(), :, 2])


def test_who_is_not_seen_has_no_body(bodies, image):
    none = Boxes(image.frame, np.zeros((0, 4), np.float32), (), np.zeros(0, np.float32))
    speck = Boxes(image.frame, np.float32([[0, 0, 2, 2]]), ("person",), np.ones(1, np.float32))
    assert len(bodies(image, people=none, cancel=GO)) == 0
    assert len(bodies(image, people=speck, cancel=GO)) == 0


def test_a_pickle_nobody_vouches_for_is_not_opened(weights, monkeypatch):
    monkeypatch.delenv(pickles.ALLOWED, raising=False)
    with pytest.raises(SetupError, match="vouched") as caught:
        yolo.YOLO11N.load()
    assert pickles.ALLOWED in caught.value.hint
    digest = pickles.digest(weights / "yolo11n.pt")
    monkeypatch.setitem(pickles.KNOWN, "yolo11n.pt", digest)
    assert yolo.YOLO11N.load().nbytes() > 100_000


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return os.putenv, ("OCELLI_TRAPPED", "1")


def test_a_pickle_that_would_run_code_is_refused_though_allowed(library, tmp_path, monkeypatch):
    import torch

    (tmp_path / "YOLO11").mkdir()
    torch.save({"model": Trap()}, tmp_path / "YOLO11" / "yolo11n.pt")
    monkeypatch.setenv("OCELLI_WEIGHTS", str(tmp_path))
    monkeypatch.setenv(pickles.ALLOWED, "1")
    with pytest.raises(SetupError, match="does not load"):
        yolo.YOLO11N.load()


def test_a_file_that_is_not_here_is_missing_though_others_are(weights):
    assert not yolo.YOLO11N.missing()
    assert "not on this machine" in yolo.YOLO11M.missing()
    assert yolo.YOLO11M.mend() == "ocelli models pull yolo11m"


def test_weights_of_another_task_are_refused(weights, monkeypatch):
    monkeypatch.setenv(pickles.ALLOWED, "1")
    with pytest.raises(SetupError, match="'pose', not 'detect'"):
        yolo.load("Ultralytics/YOLO11", "yolo11n-pose.pt", "detect")


def test_a_file_that_is_not_here_is_named_with_its_place(weights):
    with pytest.raises(SetupError, match=r"yolo11m\.pt") as caught:
        yolo.YOLO11M.load()
    assert "OCELLI_WEIGHTS" in caught.value.hint


def test_the_library_was_told_to_keep_quiet(library, model):
    from ultralytics.utils import AUTOINSTALL, ONLINE, SAFE_LOAD

    assert SAFE_LOAD
    assert not AUTOINSTALL
    assert not ONLINE
    assert not library.SETTINGS["sync"]


def test_a_stopped_call_does_not_begin(model, bodies, image):
    stop = CancelToken()
    stop.cancel()
    none = Boxes(image.frame, np.zeros((0, 4), np.float32), (), np.zeros(0, np.float32))
    with pytest.raises(Cancelled):
        model(image, labels=COCO, cancel=stop)
    with pytest.raises(Cancelled):
        bodies(image, people=none, cancel=stop)


def test_its_licence_is_plain():
    specs = [s for s in vars(yolo).values() if isinstance(s, yolo.ModelSpec)]
    assert len(specs) == 9
    assert all(s.licence == "AGPL-3.0" and "AGPL-3.0" in s.notes for s in specs)
    assert not any(s.permissive for s in specs)
