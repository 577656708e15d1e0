"""Maps lie over their picture and look as the ControlNets were taught."""

from __future__ import annotations

import numpy as np
import pytest

from tools.control_maps import BODY, SCENE, WHEEL, joint_name, scene_colour
from tools.errors import BadArguments
from tools.experts.control_map import control_map
from tools.geometry import crop
from tools.types import DepthMap, Image, Keypoints, Masks

COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
    "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


@pytest.fixture
def image() -> Image:
    pixels = np.full((200, 300, 3), 220, np.uint8)
    pixels[60:140, 100:180] = 30
    return Image.as_root(pixels)


@pytest.mark.parametrize("kind", ["edges", "lines", "scribble"])
def test_strokes_are_white_on_black_where_the_thing_ends(ctx, image, kind):
    made = control_map(ctx, image, kind)
    assert made.size_wh == image.size_wh
    assert made.frame == image.frame
    ys, xs = np.nonzero(made.pixels.max(axis=2) > 128)
    assert len(xs) > 100
    assert 95 <= xs.min() <= 102
    assert 177 <= xs.max() <= 184
    assert 55 <= ys.min() <= 62
    assert 137 <= ys.max() <= 144
    assert (made.pixels == 0).all(axis=2).mean() > 0.8
    assert not made.pixels[90:110, 130:150].any()


def test_a_scribble_is_thicker_than_edges(ctx, image):
    assert (
        control_map(ctx, image, "scribble").pixels.mean()
        > 2 * control_map(ctx, image).pixels.mean()
    )


def test_nothing_drawn_is_a_black_map(ctx):
    blank = Image.as_root(np.full((40, 50, 3), 90, np.uint8))
    for kind in ("edges", "lines", "scribble"):
        assert not control_map(ctx, blank, kind).pixels.any()


@pytest.mark.parametrize("metric", [True, False])
def test_depth_is_white_where_things_are_near(ctx, image, metric):
    values = np.tile(np.linspace(1, 10, 300, dtype=np.float32), (200, 1))
    far = DepthMap(image.frame, values, metric)
    made = control_map(ctx, image, "depth", depth=far).pixels
    assert (made[:, 0] == 255).all()
    assert (made[:, -1] == 0).all()
    assert (np.diff(made[0, :, 0].astype(int)) <= 0).all()
    part = control_map(ctx, crop(image, [100, 50, 200, 150]), "depth", depth=far).pixels
    assert np.abs(part.astype(int) - made[50:150, 100:200]).max() <= 1


def test_a_pose_has_the_joints_of_openpose_and_a_neck(ctx, image):
    xy = np.zeros((1, 17, 2), np.float32)
    xy[0] = np.stack([np.linspace(20, 280, 17), np.linspace(20, 180, 17)], axis=1)
    scores = np.ones((1, 17), np.float32)
    scores[0, COCO.index("left_wrist")] = 0.1
    bodies = Keypoints(image.frame, xy, scores, COCO, ("person",))
    made = control_map(ctx, image, "pose", bodies=bodies).pixels
    for name in ("nose", "right_wrist", "left_ankle"):
        x, y = xy[0, COCO.index(name)].round().astype(int)
        assert tuple(made[y, x]) == WHEEL[BODY.index(joint_name(name))]
    x, y = xy[0, [5, 6]].mean(axis=0).round().astype(int)
    assert tuple(made[y, x]) == WHEEL[BODY.index("neck")]
    wrist = xy[0, COCO.index("left_wrist")].round().astype(int)
    assert tuple(made[wrist[1], wrist[0]]) != WHEEL[BODY.index("left wrist")]
    none = Keypoints(image.frame, xy[:0], scores[:0], COCO, ())
    assert not control_map(ctx, image, "pose", bodies=none).pixels.any()


@pytest.mark.parametrize("name", ["L_Shoulder", "left_shoulder", "Left-Shoulder", "left shoulder"])
def test_every_spelling_of_a_joint(name):
    assert joint_name(name) == "left shoulder"


def test_segments_have_the_colours_of_their_classes(ctx, image):
    masks = np.zeros((4, 200, 300), np.bool_)
    masks[0, :100], masks[1, 100:], masks[2, 150:, :50], masks[3, 150:, 250:] = (
        True,
        True,
        True,
        True,
    )
    things = Masks(image.frame, masks, ("sky", "street", "gizmo", "gadget"), np.ones(4, np.float32))
    made = control_map(ctx, image, "segmentation", things=things).pixels
    assert tuple(made[10, 10]) == SCENE["sky"]
    assert tuple(made[120, 10]) == SCENE["road"] == scene_colour("Street")
    strange = tuple(made[190, 10]), tuple(made[190, 290])
    assert strange[0] != strange[1]
    assert not set(strange) & (set(SCENE.values()) | {(0, 0, 0)})


def test_what_a_map_wants_is_said(ctx, image):
    for kind, name in (("depth", "depth"), ("pose", "bodies"), ("segmentation", "things")):
        with pytest.raises(BadArguments, match=f"wants '{name}'"):
            control_map(ctx, image, kind)
    other = Image.as_root(np.zeros((200, 300, 3), np.uint8))
    far = DepthMap(other.frame, np.zeros((200, 300), np.float32))
    with pytest.raises(BadArguments, match="another picture"):
        control_map(ctx, image, "depth", depth=far)
