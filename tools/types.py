"""The artefacts that experts speak: frozen, column-wise, checked when they are built.

One frame for all: pixels of the *root* image, origin top-left, x right, y down, floats. Boxes are
xyxy and half-open, points xy, quads four corners clockwise from the text's own top-left, masks
bool (n, H, W) at the size of the root, pictures RGB uint8 (H, W, 3), sizes (width, height). A
picture carries the affine map from its own pixels to its root, so a thing found in a crop of a
zoom of a rotation is said in root pixels. Foreign conventions live in ``tools/convert.py`` only.

This is the list that everyone imports them from; they stand in ``tools/picture.py``, ``placed.py``,
``located.py`` and ``values.py``. Knows nothing of tools, models, handles or planners.
"""

from __future__ import annotations

from tools.located import Codes, Keypoints, Masks, Points, TextSpans
from tools.picture import Affine, Artefact, Float, Frame, Image, pixels_sha256
from tools.placed import (
    EDGE_PX,
    Boxes,
    Placed,
    check_boxes,
    check_inside,
    check_quads,
    check_scores,
    quad_boxes,
)
from tools.values import Clip, DepthMap, Embeddings, Labels, Number, Table, Text

__all__ = [
    "ARTEFACTS",
    "Affine",
    "Artefact",
    "Boxes",
    "Clip",
    "Codes",
    "DepthMap",
    "EDGE_PX",
    "Embeddings",
    "Float",
    "Frame",
    "Image",
    "Keypoints",
    "Labels",
    "Masks",
    "Number",
    "Placed",
    "Points",
    "Table",
    "Text",
    "TextSpans",
    "check_boxes",
    "check_inside",
    "check_quads",
    "check_scores",
    "pixels_sha256",
    "quad_boxes",
]

ARTEFACTS: tuple[type[Artefact], ...] = (
    Image, Boxes, Masks, Points, TextSpans, Codes, Keypoints, DepthMap, Labels, Text, Number,
    Table, Clip, Embeddings,
)  # fmt: skip
