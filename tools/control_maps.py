"""The maps that steer the making of pictures: edges, lines, scribble, pose, depth, segmentation.

Each looks as the ControlNets were taught it: white strokes on black, the coloured skeleton of
OpenPose, grey that is brighter where things are nearer, the colours of ADE20K. Knows nothing of
networks or tools.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from tools.geometry import mask_in, to_image
from tools.types import DepthMap, Image, Keypoints, Masks

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB at the size of a picture."""

Kind = Literal["edges", "lines", "scribble", "pose", "depth", "segmentation"]

EDGE_LOW, EDGE_HIGH = 100, 200
"""Thresholds of Canny, as for the ControlNet's own training."""
SURE = 0.3
"""Score from which a keypoint is drawn."""

BODY = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow",
    "left wrist", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "right eye", "left eye", "right ear", "left ear",
)  # fmt: skip
"""Keypoints of OpenPose (Cao et al., 2018, https://arxiv.org/abs/1812.08008)."""
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12),
    (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
WHEEL = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
"""Colours of the joints, and darker of the limbs."""
LIMB_LIGHT = 0.6

SCENE: dict[str, tuple[int, int, int]] = {
    "wall": (120, 120, 120), "building": (180, 120, 120), "sky": (6, 230, 230),
    "floor": (80, 50, 50), "tree": (4, 200, 3), "ceiling": (120, 120, 80), "road": (140, 140, 140),
    "bed": (204, 5, 255), "window": (230, 230, 230), "grass": (4, 250, 7), "cabinet": (224, 5, 255),
    "sidewalk": (235, 255, 7), "person": (150, 5, 61), "earth": (120, 120, 70),
    "door": (8, 255, 51), "table": (255, 6, 82), "mountain": (143, 255, 140),
    "plant": (204, 255, 4), "curtain": (255, 51, 7), "chair": (204, 70, 3), "car": (0, 102, 200),
    "water": (61, 230, 250), "painting": (255, 6, 51), "sofa": (11, 102, 255),
    "shelf": (255, 7, 71), "house": (255, 9, 224), "sea": (9, 7, 230), "mirror": (220, 220, 220),
    "rug": (255, 9, 92), "field": (112, 9, 255), "armchair": (8, 255, 214), "seat": (7, 255, 224),
    "fence": (255, 184, 6), "desk": (10, 255, 71), "rock": (255, 41, 10), "wardrobe": (7, 255, 255),
    "lamp": (224, 255, 8), "bathtub": (102, 8, 255), "railing": (255, 61, 6),
    "cushion": (255, 194, 7), "base": (255, 122, 8), "box": (0, 255, 20), "column": (255, 8, 41),
    "sign": (255, 5, 153), "drawers": (6, 51, 255), "counter": (235, 12, 255),
    "sand": (160, 150, 20), "sink": (0, 163, 255),
}  # fmt: skip
"""The colours of the commonest classes of ADE20K (Zhou et al., 2017), by their plainest name."""
SAME = {
    "man": "person", "woman": "person", "people": "person", "child": "person", "boy": "person",
    "girl": "person", "street": "road", "couch": "sofa", "dining table": "table", "pavement": "sidewalk",
    "potted plant": "plant", "windowpane": "window", "signboard": "sign", "carpet": "rug",
    "ground": "earth", "picture": "painting", "ocean": "sea", "stone": "rock",
}  # fmt: skip


def _grey(image: Image) -> NDArray[Any]:
    import cv2

    return np.asarray(cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY))


def _rgb(grey: NDArray[Any]) -> Pixels:
    return np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2)


def edges(image: Image) -> Pixels:
    """Canny's edges, white on black."""
    import cv2

    return _rgb(cv2.Canny(_grey(image), EDGE_LOW, EDGE_HIGH))


def lines(image: Image) -> Pixels:
    """A line drawing, white on black: what is darker than its surroundings."""
    import cv2

    grey = _grey(image).astype(np.float32)
    wide = max(2.0, min(image.size_wh) / 128)
    darker = cv2.GaussianBlur(grey, (0, 0), wide) - cv2.GaussianBlur(grey, (0, 0), wide / 4)
    return _rgb(np.clip(darker * 8, 0, 255))


def scribble(image: Image) -> Pixels:
    """A few thick strokes, white on black: the edges that are left when the detail is gone."""
    import cv2

    width = max(3, round(min(image.size_wh) / 128))
    smooth = cv2.bilateralFilter(_grey(image), 9, 60, 9)
    smooth = cv2.GaussianBlur(smooth, (0, 0), width / 2)
    strokes = cv2.Canny(smooth, EDGE_LOW / 4, EDGE_HIGH / 4)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return _rgb(cv2.dilate(strokes, kernel))


def pose(image: Image, bodies: Keypoints) -> Pixels:
    """The skeletons of OpenPose on black, from any keypoints with the usual names."""
    import cv2

    canvas = np.zeros((image.height, image.width, 3), np.uint8)
    width = max(2, round(min(image.size_wh) / 128))
    for body in range(len(bodies)):
        joints = _joints(image, bodies, body)
        for (first, second), colour in zip(LIMBS, WHEEL, strict=False):
            if first in joints and second in joints:
                dark = tuple(round(LIMB_LIGHT * value) for value in colour)
                cv2.line(canvas, joints[first], joints[second], dark, width, cv2.LINE_AA)
        for joint, centre in joints.items():
            cv2.circle(canvas, centre, width, WHEEL[joint], -1, cv2.LINE_AA)
    return canvas


def _joints(image: Image, bodies: Keypoints, body: int) -> dict[int, tuple[int, int]]:
    """Pixel of each joint of OpenPose that is sure; the neck lies between the shoulders."""
    placed = to_image(image, bodies.xy[body])
    found = {
        joint_name(name): xy
        for name, xy, score in zip(bodies.names, placed, bodies.xy_scores[body], strict=True)
        if score >= SURE
    }
    if "neck" not in found and {"left shoulder", "right shoulder"} <= found.keys():
        found["neck"] = (found["left shoulder"] + found["right shoulder"]) / 2
    return {
        number: (round(float(found[name][0])), round(float(found[name][1])))
        for number, name in enumerate(BODY)
        if name in found
    }


def joint_name(name: str) -> str:
    """A keypoint's name as OpenPose has it: ``L_Shoulder``, ``left_shoulder`` → left shoulder."""
    words = name.lower().replace("_", " ").replace("-", " ").split()
    sides = {"l": "left", "r": "right"}
    return " ".join(sides.get(word, word) for word in words)


def depth(image: Image, far: DepthMap) -> Pixels:
    """Grey, white where things are nearest."""
    values = far.values.astype(np.float64)
    near = 1 / np.maximum(values, 1e-3) if far.metric else values.max() - values
    low, span = near.min(), max(near.max() - near.min(), 1e-9)
    picture = PilImage.fromarray(np.asarray(np.round(255 * (near - low) / span), np.uint8))
    if not image.is_root:
        picture = picture.transform(
            image.size_wh,
            PilImage.Transform.AFFINE,
            tuple(image.to_root.reshape(-1)),
            resample=PilImage.Resampling.BILINEAR,
        )
    return _rgb(np.asarray(picture))


def segmentation(image: Image, things: Masks) -> Pixels:
    """Each mask in the colour of its class, later ones on top; other classes in colours left over."""
    canvas = np.zeros((image.height, image.width, 3), np.uint8)
    colours = {label: scene_colour(label) for label in things.labels}
    spare = iter([c for c in WHEEL if c not in SCENE.values()] * (1 + len(colours) // len(WHEEL)))
    for label, mask in zip(things.labels, things.masks, strict=True):
        colour = colours[label] = colours[label] or next(spare)
        canvas[mask_in(image, mask)] = colour
    return canvas


def scene_colour(label: str) -> tuple[int, int, int] | None:
    """The colour of ADE20K for a thing, None where it has no such class."""
    word = label.lower().strip()
    return SCENE.get(SAME.get(word, word))
