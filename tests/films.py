"""Films drawn for tests: a red ball that rolls over a grey floor."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw

CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".webm": "VP80", ".avi": "MJPG", ".mkv": "mp4v"}
"""Which of OpenCV's encoders writes a container."""
BALL = 8
"""Radius of the ball in pixels."""


def middle(number: int, count: int, width: int, height: int) -> tuple[float, float]:
    """Where the ball is in a frame."""
    return 20 + (width - 40) * number / max(1, count - 1), height / 2


def frames(count: int = 20, width: int = 160, height: int = 96) -> list[NDArray[np.uint8]]:
    """(H, W, 3) RGB pictures of the film."""
    made = []
    for number in range(count):
        picture = PilImage.new("RGB", (width, height), (120, 120, 120))
        x, y = middle(number, count, width, height)
        box = (x - BALL, y - BALL, x + BALL, y + BALL)
        ImageDraw.Draw(picture).ellipse(box, fill=(230, 20, 20))
        made.append(np.asarray(picture))
    return made


def video(
    path: Path, count: int = 20, fps: float = 10.0, width: int = 160, height: int = 96
) -> Path:
    """A video file of the kind that the suffix says."""
    import cv2

    code = cv2.VideoWriter_fourcc(*CODECS[path.suffix])
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, (width, height))
    assert writer.isOpened()
    for pixels in frames(count, width, height):
        writer.write(pixels[:, :, ::-1])
    writer.release()
    return path


def moving(kind: str, count: int = 6, milliseconds: int = 200) -> bytes:
    """An animated picture of a kind that Pillow writes."""
    pictures = [PilImage.fromarray(pixels) for pixels in frames(count)]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, kind, save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0
    )
    return buffer.getvalue()


def red(pixels: NDArray[np.uint8]) -> tuple[float, float, float, float] | None:
    """The box around what is red, None where nothing is."""
    wide = pixels.astype(np.int16)
    ys, xs = np.nonzero((wide[..., 0] > 170) & (wide[..., 1] < 90))
    if not len(xs):
        return None
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)
