"""The frames of a film or of a moving picture, as the decoding process sends them.

Only ``tools/decode_worker.py`` imports it, after the process has given up its rights. The library
is told which containers and codecs it may open, and no protocol: a film that names another file or
an address gets nothing. Frames are taken evenly over the whole film, however long it is, until the
time is spent. Knows nothing of clips or of the parent process.
"""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image as PilImage

    from tools.decode_worker import Job

    Page = tuple[PilImage.Image, list[tuple[str, str]]]

LONGEST = 1280
"""Longest side of a frame of several; larger frames are made smaller."""
SHARE = 0.7
"""Share of the wall time after which no further frame is begun."""
FAR = 90
"""Frames between two that are taken, from which it is quicker to jump than to decode them all."""
CONTAINERS = {"MP4": "mov", "MOV": "mov", "WebM": "matroska", "AVI": "avi"}
CODECS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4,msmpeg4v2,msmpeg4v3,h263,mpeg1video,mpeg2video,mjpeg,prores,dnxhd,rawvideo,gif,png"  # fmt: skip
FIRST_MS = 100.0
"""How long a frame of a moving picture stands that does not say so, in milliseconds."""


class Unreadable(Exception):
    """No frame came out; the text says why, in words that follow the film's name."""


def film_pages(job: Job, data: bytes, started: float) -> Iterator[Page]:
    """Up to `job.frames` frames of a video, with their times.

    Raises:
        Unreadable: there is none.
    """
    film = _opened(job.kind, data)
    late = started + job.seconds * SHARE
    width, height = _size(film)
    if width * height > job.max_pixels:
        raise Unreadable(f"has frames of {width}×{height} px, more than the limit of pixels")
    total = _total(film)
    if total <= 0:
        total = _counted(film, late)
        film = _opened(job.kind, data)
    wanted = _room(job, width, height)
    picks = [round(i * (total - 1) / max(1, wanted - 1)) for i in range(wanted)]
    picks = list(dict.fromkeys(picks if total > wanted else range(max(1, total))))
    rate = film.get(_cv2().CAP_PROP_FPS)
    head = [
        ("frames", str(total)),
        ("fps", f"{rate:.3f}" if math.isfinite(rate) and 0 < rate < 1000 else "0"),
        ("size", f"{width}×{height} px as stored"),
    ]
    sent = False
    for number, seconds, frame in _frames(film, picks, total, late):
        small = frame if job.frames == 1 else _smaller(frame)
        yield _picture(small), [("time", f"{seconds:.4f}"), ("frame", str(number)), *head]
        head, sent = [], True
    if not sent:
        raise Unreadable("is damaged: no frame of it can be decoded")


def _cv2() -> Any:
    import cv2

    return cv2


def _opened(kind: str, data: bytes) -> Any:
    """The video, of the container it was recognised as and of no other."""
    allowed = {
        "protocol_whitelist": "none",
        "format_whitelist": CONTAINERS[kind],
        "codec_whitelist": CODECS,
    }
    text = "|".join(f"{key};{value}" for key, value in allowed.items())
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = text
    cv2 = _cv2()
    film = cv2.VideoCapture(io.BytesIO(data), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 2])
    if not film.isOpened():
        raise Unreadable("is damaged, or holds no video that can be decoded")
    return film


def _size(film: Any) -> tuple[int, int]:
    cv2 = _cv2()
    return int(film.get(cv2.CAP_PROP_FRAME_WIDTH)), int(film.get(cv2.CAP_PROP_FRAME_HEIGHT))


def _total(film: Any) -> int:
    """Frames as the header tells, 0 where it does not."""
    told = film.get(_cv2().CAP_PROP_FRAME_COUNT)
    return int(told) if math.isfinite(told) and 0 < told < 10_000_000 else 0


def _counted(film: Any, late: float) -> int:
    """Frames that are there, as far as the first half of the time reaches."""
    stop = time.monotonic() + max(0.0, late - time.monotonic()) / 2
    count = 0
    while time.monotonic() < stop and film.grab():
        count += 1
    return count


def _room(job: Job, width: int, height: int) -> int:
    """How many frames may be sent."""
    scale = min(1.0, LONGEST / max(1, width, height)) if job.frames > 1 else 1.0
    pixels = max(1, math.ceil(width * scale) * math.ceil(height * scale))
    return max(1, min(job.frames, job.max_pixels // pixels))


def _frames(
    film: Any, picks: list[int], total: int, late: float
) -> Iterator[tuple[int, float, Any]]:
    """(number, seconds, BGR pixels) of the frames picked, as many as time allows."""
    if len(picks) > 1 and total / len(picks) >= FAR:
        return _jumped(film, picks, late)
    return _walked(film, set(picks), late)


def _walked(film: Any, picks: set[int], late: float) -> Iterator[tuple[int, float, Any]]:
    """Every frame is decoded, the picked ones are given."""
    last = max(picks)
    for number in range(last + 1):
        if (number and time.monotonic() > late) or not film.grab():
            return
        if number in picks:
            good, frame = film.retrieve()
            if good:
                yield number, _seconds(film, number), frame


def _jumped(film: Any, picks: list[int], late: float) -> Iterator[tuple[int, float, Any]]:
    """Jumps in an order that spreads, so that what is left out when time ends lies everywhere."""
    bits = max(1, (len(picks) - 1).bit_length())
    spread = sorted(range(len(picks)), key=lambda i: int(f"{i:0{bits}b}"[::-1], 2))
    for count, index in enumerate(spread):
        if count and time.monotonic() > late:
            return
        film.set(_cv2().CAP_PROP_POS_FRAMES, picks[index])
        good, frame = film.read()
        if good:
            yield picks[index], _seconds(film, picks[index]), frame


def _seconds(film: Any, number: int) -> float:
    """When the frame just decoded is shown."""
    cv2 = _cv2()
    at, rate = float(film.get(cv2.CAP_PROP_POS_MSEC)) / 1000, float(film.get(cv2.CAP_PROP_FPS))
    if math.isfinite(at) and (at > 0 or not number):
        return max(0.0, at)
    return number / rate if math.isfinite(rate) and rate > 0 else float(number)


def _smaller(frame: Any) -> Any:
    height, width = frame.shape[:2]
    scale = LONGEST / max(width, height)
    if scale >= 1:
        return frame
    cv2 = _cv2()
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def _picture(frame: Any) -> PilImage.Image:
    from PIL import Image as PilImage

    cv2 = _cv2()
    return PilImage.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def moving_pages(job: Job, picture: Any, upright: Any, started: float) -> Iterator[Page]:
    """Up to `job.frames` frames of an animated picture that is open, with their times.

    Args:
        job: what the parent asked for.
        picture: as Pillow opened it.
        upright: what brings a frame to upright RGB.
        started: when the decoding began.
    """
    total = int(picture.n_frames)
    late = started + job.seconds * SHARE
    wanted = _room(job, *picture.size)
    picks = {round(i * (total - 1) / max(1, wanted - 1)) for i in range(wanted)}
    at = 0.0
    head = [("frames", str(total)), ("size", f"{picture.width}×{picture.height} px as stored")]
    for number in range(total):
        if number and time.monotonic() > late:
            return
        picture.seek(number)
        picture.load()
        length = picture.info.get("duration") or FIRST_MS
        if number in picks or total <= wanted:
            frame = upright(picture)[0]
            if job.frames > 1 and max(frame.size) > LONGEST:
                frame.thumbnail((LONGEST, LONGEST))
            yield frame, [("time", f"{at / 1000:.4f}"), ("frame", str(number)), *head]
            head = []
        at += float(length)
