"""Affine maps, pictures cut and turned, and box arithmetic.

Every function that makes a picture composes its map to the root, so whatever is found in the
result can be said in root pixels by ``place_*``. Half-open pixel grid: pixel (0, 0) covers the
square from (0, 0) to (1, 1). Knows nothing of tools or models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as PilImage

from tools.errors import BadArguments
from tools.types import Affine, Boxes, Float, Image, Masks

MAX_PIXELS = 100_000_000
"""Largest picture any operation may make."""


def compose(outer: Affine, inner: Affine) -> Affine:
    """The map that applies `inner`, then `outer`. Both (2, 3)."""
    moved = outer[:, :2] @ inner
    moved[:, 2] += outer[:, 2]
    return np.asarray(moved)


def invert(affine: Affine) -> Affine:
    """The inverse of a (2, 3) affine map."""
    linear = np.linalg.inv(affine[:, :2])
    return np.concatenate([linear, -linear @ affine[:, 2:]], axis=1)


def apply(affine: Affine, xy: ArrayLike) -> NDArray[np.float64]:
    """Points (..., 2) through a (2, 3) affine map."""
    points = np.asarray(xy, np.float64)
    return np.asarray(points @ affine[:, :2].T + affine[:, 2])


def to_root(image: Image, xy: ArrayLike) -> NDArray[np.float64]:
    """Points (..., 2) in `image`'s pixels to root pixels."""
    return apply(image.to_root, xy)


def to_image(image: Image, xy: ArrayLike) -> NDArray[np.float64]:
    """Points (..., 2) in root pixels to `image`'s pixels."""
    return apply(invert(image.to_root), xy)


def scale_of(image: Image) -> float:
    """Root pixels per pixel of `image` (the mean over directions)."""
    return float(np.sqrt(abs(np.linalg.det(image.to_root[:, :2]))))


def box_corners(xyxy: ArrayLike) -> NDArray[np.float64]:
    """(n, 4) boxes to (n, 4, 2) corners, clockwise from the top-left."""
    b = np.asarray(xyxy, np.float64).reshape(-1, 4)
    return np.stack([b[:, [0, 1]], b[:, [2, 1]], b[:, [2, 3]], b[:, [0, 3]]], axis=1)


def around(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k, 2) points to the (n, 4) upright boxes around them."""
    if not len(points):
        return np.zeros((0, 4))
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def boxes_in(image: Image, xyxy_root: ArrayLike) -> NDArray[np.float64]:
    """(n, 4) root boxes to the (n, 4) upright boxes around them in `image`'s pixels."""
    return around(to_image(image, box_corners(xyxy_root)))


def place_boxes(
    image: Image, xyxy_px: ArrayLike, labels: Sequence[str], scores: ArrayLike
) -> Boxes:
    """Boxes (n, 4) found in `image`'s pixels, as root boxes.

    They are clipped to what the picture shows and to the root; what is not finite or has under
    half a pixel left is dropped.
    """
    xyxy = np.asarray(xyxy_px, np.float64).reshape(-1, 4)
    xyxy = np.where(np.isfinite(xyxy).all(axis=1, keepdims=True), xyxy, -1e9)
    xyxy = np.clip(xyxy, 0, [image.width, image.height] * 2)
    root = around(to_root(image, box_corners(xyxy)))
    width, height = image.frame.size_wh
    root = np.clip(root, 0, [width, height, width, height])
    keep = np.flatnonzero((root[:, 2] - root[:, 0] >= 0.5) & (root[:, 3] - root[:, 1] >= 0.5))
    kept = np.clip(np.nan_to_num(np.asarray(scores, np.float32)), 0, 1)[keep]
    return Boxes(
        image.frame, root[keep].astype(np.float32), tuple(labels[int(i)] for i in keep), kept
    )


def place_quads(image: Image, quads_px: ArrayLike) -> Float:
    """Quads (n, 4, 2) found in `image`'s pixels, in root pixels, clipped to the root."""
    quads = to_root(image, np.asarray(quads_px, np.float64).reshape(-1, 4, 2))
    return np.clip(quads, 0, image.frame.size_wh).astype(np.float32)


def place_masks(
    image: Image, masks_px: NDArray[np.bool_], labels: Sequence[str], scores: ArrayLike
) -> Masks:
    """Masks (n, h, w) at `image`'s size, as root masks; empty ones are dropped."""
    width, height = image.frame.size_wh
    placed = [_mask_to_root(image, mask) for mask in masks_px]
    keep = np.array([i for i, mask in enumerate(placed) if mask.any()], np.intp)
    kept = [placed[i] for i in keep]
    stack = np.stack(kept) if kept else np.zeros((0, height, width), np.bool_)
    marks = np.asarray(scores, np.float32).reshape(-1)[keep]
    return Masks(image.frame, stack, tuple(labels[int(i)] for i in keep), marks)


def _mask_to_root(image: Image, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if image.is_root:
        return mask
    back = invert(image.to_root)
    # PIL maps output pixel centres to input coordinates.
    picture = PilImage.fromarray(mask.astype(np.uint8) * 255)
    out = picture.transform(
        image.frame.size_wh,
        PilImage.Transform.AFFINE,
        tuple(back.reshape(-1)),
        resample=PilImage.Resampling.NEAREST,
        fillcolor=0,
    )
    return np.asarray(out) > 127


def mask_in(image: Image, mask_root: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A root mask (H, W) as seen in `image`'s pixels."""
    if image.is_root:
        return mask_root
    picture = PilImage.fromarray(mask_root.astype(np.uint8) * 255)
    out = picture.transform(
        image.size_wh,
        PilImage.Transform.AFFINE,
        tuple(image.to_root.reshape(-1)),
        resample=PilImage.Resampling.NEAREST,
        fillcolor=0,
    )
    return np.asarray(out) > 127


def crop(image: Image, xyxy_root: ArrayLike, margin_px: float = 0.0) -> Image:
    """The part of `image` that shows a root box, grown by `margin_px` root pixels.

    Raises:
        BadArguments: the box does not overlap what the picture shows.
    """
    box = np.asarray(xyxy_root, np.float64) + margin_px * np.array([-1, -1, 1, 1])
    if not np.isfinite(box).all():
        raise BadArguments("a box to cut out must have four finite numbers")
    x1, y1, x2, y2 = boxes_in(image, box)[0]
    left, top = max(0, int(np.floor(x1 + 1e-6))), max(0, int(np.floor(y1 + 1e-6)))
    right = min(image.width, int(np.ceil(x2 - 1e-6)))
    bottom = min(image.height, int(np.ceil(y2 - 1e-6)))
    if right <= left or bottom <= top:
        corners = ", ".join(f"{v:g}" for v in box)
        raise BadArguments(
            f"box ({corners}) lies outside the picture, which shows {image.width}×{image.height} px"
        )
    moved = compose(image.to_root, np.array([[1.0, 0.0, left], [0.0, 1.0, top]]))
    return replace(image, pixels=image.pixels[top:bottom, left:right].copy(), to_root=moved)


def resize(image: Image, size_wh: tuple[int, int]) -> Image:
    """`image` resampled (Lanczos) to `size_wh`.

    Raises:
        BadArguments: the size is empty or over ``MAX_PIXELS``.
    """
    width, height = size_wh
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise BadArguments(
            f"cannot resize {image.width}×{image.height} px to {width}×{height} px",
            hint=f"Stay between 1 and {MAX_PIXELS // 1_000_000} million pixels",
        )
    picture = PilImage.fromarray(image.pixels).resize(size_wh, PilImage.Resampling.LANCZOS)
    factor = np.array([[image.width / width, 0.0, 0.0], [0.0, image.height / height, 0.0]])
    return replace(image, pixels=np.asarray(picture), to_root=compose(image.to_root, factor))


def scale(image: Image, factor: float) -> Image:
    """`image` made `factor` times as large in both directions."""
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return resize(image, size)


def pad(image: Image, left: int, top: int, right: int, bottom: int, value: int = 0) -> Image:
    """`image` with a border of grey `value` on each side, in its own pixels."""
    pixels = np.pad(image.pixels, ((top, bottom), (left, right), (0, 0)), constant_values=value)
    moved = compose(image.to_root, np.array([[1.0, 0.0, -left], [0.0, 1.0, -top]]))
    return replace(image, pixels=pixels, to_root=moved)


def flip(image: Image, horizontal: bool) -> Image:
    """`image` mirrored left to right (`horizontal`) or top to bottom."""
    if horizontal:
        pixels, back = image.pixels[:, ::-1], [[-1.0, 0.0, image.width], [0.0, 1.0, 0.0]]
    else:
        pixels, back = image.pixels[::-1], [[1.0, 0.0, 0.0], [0.0, -1.0, image.height]]
    moved = compose(image.to_root, np.array(back))
    return replace(image, pixels=np.ascontiguousarray(pixels), to_root=moved)


def rot90(image: Image, quarter_turns_cw: int) -> Image:
    """`image` turned clockwise by quarter turns, without resampling."""
    turns = quarter_turns_cw % 4
    w, h = image.size_wh
    back = (
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[0.0, 1.0, 0.0], [-1.0, 0.0, h]],
        [[-1.0, 0.0, w], [0.0, -1.0, h]],
        [[0.0, -1.0, w], [1.0, 0.0, 0.0]],
    )[turns]
    pixels = np.ascontiguousarray(np.rot90(image.pixels, -turns))
    return replace(image, pixels=pixels, to_root=compose(image.to_root, np.array(back)))


def rotate(image: Image, degrees_cw: float, value: int = 255) -> Image:
    """`image` turned clockwise by any angle on a canvas grown to hold it, filled with `value`."""
    if degrees_cw % 90 == 0:
        return rot90(image, int(degrees_cw // 90))
    angle = np.deg2rad(degrees_cw)
    c, s = np.cos(angle), np.sin(angle)
    w, h = image.size_wh
    out_w, out_h = int(np.ceil(abs(w * c) + abs(h * s))), int(np.ceil(abs(w * s) + abs(h * c)))
    linear = np.array([[c, s], [-s, c]])
    centre = np.array([w / 2, h / 2]) - linear @ np.array([out_w / 2, out_h / 2])
    back = np.concatenate([linear, centre[:, None]], axis=1)
    picture = PilImage.fromarray(image.pixels).transform(
        (out_w, out_h),
        PilImage.Transform.AFFINE,
        tuple(back.reshape(-1)),
        resample=PilImage.Resampling.BICUBIC,
        fillcolor=(value,) * 3,
    )
    return replace(image, pixels=np.asarray(picture), to_root=compose(image.to_root, back))


def areas(xyxy: ArrayLike) -> NDArray[np.float64]:
    """(n,) areas of (n, 4) boxes."""
    b = np.asarray(xyxy, np.float64).reshape(-1, 4)
    return np.asarray((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]))


def centres(xyxy: ArrayLike) -> NDArray[np.float64]:
    """(n, 2) centres of (n, 4) boxes."""
    b = np.asarray(xyxy, np.float64).reshape(-1, 4)
    return np.asarray((b[:, :2] + b[:, 2:]) / 2)


def intersections(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """(n, m) overlap areas of boxes `a` (n, 4) and `b` (m, 4)."""
    first = np.asarray(a, np.float64).reshape(-1, 1, 4)
    second = np.asarray(b, np.float64).reshape(1, -1, 4)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=-1))


def iou(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """(n, m) intersection over union of boxes."""
    both = intersections(a, b)
    return np.asarray(both / (areas(a)[:, None] + areas(b)[None] - both))


def covered(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """(n, m) share of each box of `a` that lies inside each box of `b`."""
    return np.asarray(intersections(a, b) / areas(a)[:, None])
