"""Finding things: faces and round things on photographs that scikit-image ships, and on drawings."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from skimage import data

from tools import geometry
from tools.context import CancelToken, ToolContext
from tools.errors import BadArguments, Cancelled, MissingModel, SetupError
from tools.experts.detect import canonical, detect
from tools.models import haar_faces, mtcnn_faces, people, round_things
from tools.types import Boxes, Image

NO_STOP = CancelToken()
FACE_OF_ASTRONAUT = np.array([[170, 60, 275, 175]])
needs_mtcnn = pytest.mark.skipif(
    importlib.util.find_spec("mtcnn") is None, reason="package mtcnn is not installed"
)


def grey(pixels: np.ndarray) -> Image:
    return Image.as_root(np.repeat(pixels[..., None], 3, axis=2))


def board_of_patches(faces: bool, size_px: int) -> Image:
    """24 of the small labelled patches that scikit-image ships, on one grey board."""
    patches = np.load(Path(skimage.data_dir, "lfw_subset.npy"))
    chosen = patches[:24] if faces else patches[100:124]
    board = np.full((4 * 110, 6 * 110), 128, np.uint8)
    for i, patch in enumerate(chosen):
        y, x = i // 6 * 110 + 15, i % 6 * 110 + 15
        large = cv2.resize((patch * 255).astype(np.uint8), (size_px, size_px))
        board[y : y + size_px, x : x + size_px] = large
    return grey(board)


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("faces", "face"),
        ("people's faces", "face"),
        ("The Face.", "face"),
        ("women", "person"),
        ("all the children", "person"),
        ("Coins", "coin"),
        ("traffic light", "traffic light"),  # unknown names stay as they are
        ("", ""),
    ],
)
def test_phrases_become_names_that_models_list(phrase, name):
    assert canonical(phrase) == name


@pytest.mark.parametrize(
    "model", [pytest.param(mtcnn_faces, marks=needs_mtcnn), haar_faces], ids=["mtcnn", "haar"]
)
def test_a_face_is_found_where_it_is_and_nowhere_else(model):
    finder = model.load()
    found = finder(Image.as_root(data.astronaut()), cancel=NO_STOP)
    assert found.labels == ("face",)
    assert geometry.iou(found.xyxy, FACE_OF_ASTRONAUT)[0, 0] > 0.6
    for empty in (data.chelsea(), data.coffee()):
        assert len(finder(Image.as_root(empty), cancel=NO_STOP)) == 0


@pytest.mark.parametrize(
    ("model", "least"),
    [pytest.param(mtcnn_faces, 23, marks=needs_mtcnn), (haar_faces, 22)],
    ids=["mtcnn", "haar"],
)
def test_faces_are_told_from_other_patches(model, least):
    finder = model.load()
    assert len(finder(board_of_patches(faces=True, size_px=75), cancel=NO_STOP)) >= least
    assert len(finder(board_of_patches(faces=False, size_px=75), cancel=NO_STOP)) == 0


@needs_mtcnn
@pytest.mark.parametrize("degrees", [20, 45])
def test_a_tilted_face_is_found_in_root_pixels(degrees):
    turned = geometry.rotate(Image.as_root(data.astronaut()), degrees)
    found = mtcnn_faces.load()(turned, cancel=NO_STOP)
    assert len(found) == 1
    assert geometry.iou(found.xyxy, FACE_OF_ASTRONAUT)[0, 0] > 0.4


@needs_mtcnn
def test_a_face_in_a_huge_picture_is_found_in_root_pixels():
    astronaut = cv2.resize(data.astronaut(), None, fx=12, fy=10, interpolation=cv2.INTER_LINEAR)
    found = mtcnn_faces.load()(Image.as_root(astronaut), cancel=NO_STOP)
    assert max(astronaut.shape) > mtcnn_faces.LONGEST_PX
    assert len(found) == 1
    assert geometry.iou(found.xyxy / (12, 10, 12, 10), FACE_OF_ASTRONAUT)[0, 0] > 0.4


@needs_mtcnn
def test_weights_that_were_changed_are_refused(tmp_path, monkeypatch):
    folder = tmp_path / "assets" / "weights"
    folder.mkdir(parents=True)
    (folder / "pnet.lz4").write_bytes(b"something else")

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(mtcnn_faces.importlib.util, "find_spec", lambda name: Spec())
    with pytest.raises(SetupError, match="not those of version"):
        mtcnn_faces.load()


def test_a_face_makes_a_person_and_lettering_does_not():
    finder = people.load()
    found = finder(Image.as_root(data.astronaut()), cancel=NO_STOP)
    assert found.labels == ("person",)
    assert geometry.covered(FACE_OF_ASTRONAUT, found.xyxy)[0, 0] > 0.9
    for empty in (grey(data.page()), Image.as_root(data.coffee())):
        assert len(finder(empty, cancel=NO_STOP)) == 0


def test_all_coins_are_counted_under_uneven_light(ctx):
    found = detect(ctx, grey(data.coins()), ["coins"])
    assert len(found) == 24
    assert set(found.labels) == {"coin"}


def drawn_discs(size_wh, discs, ground, seed=0):
    rng = np.random.default_rng(seed)
    width, height = size_wh
    pixels = np.full((height, width, 3), ground, np.float64)
    for x, y, r, colour in discs:
        cv2.circle(pixels, (x, y), r, colour, -1, cv2.LINE_AA)
    pixels += np.linspace(-25, 25, width)[None, :, None] + rng.normal(0, 3, pixels.shape)
    return Image.as_root(pixels.clip(0, 255).astype(np.uint8))


DISCS = [
    (60, 60, 30, (200, 40, 40)),
    (120, 60, 30, (200, 40, 40)),  # touches the one before
    (300, 90, 70, (60, 60, 200)),
    (470, 60, 12, (20, 20, 20)),
    (470, 150, 25, (185, 185, 150)),  # low contrast
    (90, 260, 60, (250, 250, 250)),
    (250, 260, 8, (0, 120, 0)),
    (420, 290, 90, (240, 200, 40)),
]


def test_discs_of_many_sizes_and_contrasts_are_found_exactly():
    image = drawn_discs((560, 400), DISCS, (160, 160, 160))
    found = round_things.load()(image, cancel=NO_STOP)
    truth = np.array([[x - r, y - r, x + r + 1, y + r + 1] for x, y, r, _ in DISCS])
    overlap = geometry.iou(truth, found.xyxy)
    assert len(found) == len(DISCS)
    assert overlap.max(axis=1).min() > 0.8


def test_squares_octagons_and_letters_are_not_round():
    pixels = np.full((400, 600, 3), 235, np.uint8)
    cv2.rectangle(pixels, (40, 40), (140, 140), (20, 20, 160), -1)
    turn = np.deg2rad(22.5 + 45 * np.arange(8))
    octagon = np.stack([300 + 80 * np.cos(turn), 110 + 80 * np.sin(turn)], axis=1)
    cv2.fillPoly(pixels, [octagon.astype(np.int32)], (180, 20, 20))
    cv2.putText(pixels, "NO FOOD OR DOGS", (20, 300), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 5)
    assert len(round_things.load()(Image.as_root(pixels), cancel=NO_STOP)) == 0


def test_a_region_limits_the_search_and_answers_in_root_pixels(ctx):
    image = drawn_discs((560, 400), DISCS, (160, 160, 160))
    left = Boxes(image.frame, np.float32([[0, 180, 200, 400]]), ("left",), np.ones(1, np.float32))
    found = detect(ctx, image, ["circles"], region=left)
    assert len(found) == 1
    assert geometry.iou(found.xyxy, [[30, 200, 151, 321]])[0, 0] > 0.8


def test_what_is_found_in_a_turned_crop_lies_in_the_root(ctx):
    image = drawn_discs((560, 400), DISCS, (160, 160, 160))
    view = geometry.rot90(geometry.crop(image, [200, 10, 400, 180]), 1)
    found = detect(ctx, view, ["circle"])
    assert len(found) == 1
    assert geometry.iou(found.xyxy, [[230, 20, 371, 161]])[0, 0] > 0.8


def test_phrases_that_mean_one_name_are_looked_for_once(ctx):
    found = detect(ctx, Image.as_root(data.astronaut()), ["man", "woman", "face"])
    assert sorted(found.labels) == ["face", "person"]


def test_nothing_found_is_an_empty_answer(ctx):
    blank = Image.as_root(np.full((200, 300, 3), 90, np.uint8))
    assert len(detect(ctx, blank, ["face", "person", "circle"])) == 0


def test_an_unknown_name_is_a_missing_model_that_says_so(ctx):
    with pytest.raises(MissingModel, match="zebra"):
        detect(ctx, Image.as_root(np.zeros((20, 20, 3), np.uint8)), ["zebra"])


def test_no_name_is_refused(ctx):
    with pytest.raises(BadArguments, match="no name"):
        detect(ctx, Image.as_root(np.zeros((20, 20, 3), np.uint8)), [" "])


def test_a_stopped_run_stops_the_detectors():
    stopped = CancelToken()
    stopped.cancel()
    image = Image.as_root(data.astronaut())
    for model in (haar_faces, round_things):
        finder = model.load()
        with pytest.raises(Cancelled):
            finder(image, cancel=stopped)


@pytest.mark.parametrize("size_wh", [(1, 1), (3, 40), (40, 3)])
def test_tiny_pictures_are_no_trouble(ctx: ToolContext, size_wh):
    image = Image.as_root(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))
    assert len(detect(ctx, image, ["face", "person", "circle"])) == 0
