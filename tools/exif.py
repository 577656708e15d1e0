"""Facts that a picture file tells about itself, as short lines of text for people.

Tag names as in the EXIF standard, values in human units, GPS as decimal degrees. Everything is
capped in number and length, and nothing of it is trusted. Runs inside the decoding process, so it
imports Pillow alone. Knows nothing of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags
from PIL import Image as PilImage

Fact = tuple[str, str]
MAX_FACTS = 100
"""Facts kept of one file."""
MAX_CHARS = 200
"""Characters kept of one value."""
DULL = {"MakerNote", "PrintImageMatching", "ExifOffset", "GPSInfo", "ExifInteroperabilityOffset",
        "StripOffsets", "StripByteCounts", "JPEGTables", "TileOffsets", "TileByteCounts",
        "InterColorProfile", "XMLPacket", "ImageResources", "IPTCNAA", "JpegIFOffset",
        "JpegIFByteCount", "ComponentsConfiguration", "Padding", "OffsetSchema"}  # fmt: skip
"""Tags that mean nothing to a person."""
WORDS: dict[str, dict[int, str]] = {
    "Orientation": {
        1: "Horizontal (normal)", 2: "Mirror horizontal", 3: "Rotate 180", 4: "Mirror vertical",
        5: "Mirror horizontal and rotate 270 CW", 6: "Rotate 90 CW",
        7: "Mirror horizontal and rotate 90 CW", 8: "Rotate 270 CW",
    },
    "ExposureProgram": {
        1: "manual", 2: "automatic", 3: "aperture priority", 4: "shutter priority", 5: "creative",
        6: "action", 7: "portrait", 8: "landscape",
    },
    "MeteringMode": {
        1: "average", 2: "centre-weighted", 3: "spot", 4: "multi-spot", 5: "pattern", 6: "partial",
    },
    "WhiteBalance": {0: "automatic", 1: "manual"},
    "ExposureMode": {0: "automatic", 1: "manual", 2: "bracketed"},
    "SceneCaptureType": {0: "standard", 1: "landscape", 2: "portrait", 3: "night"},
    "ColorSpace": {1: "sRGB", 65535: "not calibrated"},
    "ResolutionUnit": {1: "none", 2: "inch", 3: "centimetre"},
}  # fmt: skip
"""Meaning of coded values, in the words that people know from exiftool."""


def exif_facts(exif: PilImage.Exif) -> list[Fact]:
    """(``exif.Tag``, value) and (``gps.…``, value) of everything a person can read."""
    tags = _named(exif, ExifTags.TAGS)
    tags |= _named(exif.get_ifd(ExifTags.IFD.Exif), ExifTags.TAGS)
    facts = gps_facts(_named(exif.get_ifd(ExifTags.IFD.GPSInfo), ExifTags.GPSTAGS))
    for tag, value in sorted(tags.items()):
        text = "" if tag in DULL else _spoken(tag, value)
        if text:
            facts.append((f"exif.{tag}", text))
    return facts[:MAX_FACTS]


def gps_facts(tags: Mapping[str, Any]) -> list[Fact]:
    """Decimal degrees (south and west negative), metres above the sea, direction, time."""
    facts: list[Fact] = []
    for key, limit in (("Latitude", 90), ("Longitude", 180)):
        degrees = _degrees(tags.get(f"GPS{key}"))
        if degrees is not None and abs(degrees) <= limit:
            south_or_west = _ascii(tags.get(f"GPS{key}Ref")).upper() in ("S", "W")
            facts.append((f"gps.{key.lower()}", f"{-degrees if south_or_west else degrees:.6f}"))
    altitude = _number(tags.get("GPSAltitude"))
    if altitude is not None:
        below = tags.get("GPSAltitudeRef") in (1, b"\1")
        facts.append(("gps.altitude", f"{-altitude if below else altitude:.1f} m"))
    direction = _number(tags.get("GPSImgDirection"))
    if direction is not None:
        facts.append(("gps.direction", f"{direction:.1f}°"))
    stamp = [_number(v) for v in _parts(tags.get("GPSTimeStamp"))]
    if len(stamp) == 3 and all(v is not None for v in stamp):
        clock = ":".join(f"{int(v or 0):02d}" for v in stamp)
        facts.append(("gps.time", f"{_ascii(tags.get('GPSDateStamp'))} {clock} UTC".strip()))
    return facts


def _named(ifd: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {names[tag]: value for tag, value in ifd.items() if tag in names}


def _spoken(tag: str, value: Any) -> str:
    """The value in words and units, '' where it says nothing."""
    if tag in WORDS:
        return WORDS[tag].get(value, "") if isinstance(value, int) else ""
    if tag == "Flash" and isinstance(value, int):
        return "fired" if value & 1 else "did not fire"
    number = _number(value)
    if number is not None:
        return _measured(tag, number)
    if tag.startswith("XP"):
        raw = value if isinstance(value, bytes) else bytes(_bytes_of(value))
        return clean(raw.decode("utf-16-le", "replace"))
    if isinstance(value, tuple):
        return clean(", ".join(_plain(v) for v in value[:16]))
    return clean(_comment(value) if tag == "UserComment" else _ascii(value))


def _measured(tag: str, number: float) -> str:
    if tag == "ExposureTime" and number > 0:
        return f"1/{round(1 / number)} s" if number < 0.4 else f"{number:g} s"
    if tag == "FNumber":
        return f"f/{number:g}"
    if tag in ("FocalLength", "FocalLengthIn35mmFilm"):
        return f"{number:g} mm"
    if tag in ("ExposureBiasValue", "BrightnessValue"):
        return f"{number:+.2g} EV"
    if tag == "SubjectDistance":
        return f"{number:g} m"
    return f"{number:g}" if abs(number) < 1e15 and number != int(number) else f"{number:.0f}"


def _number(value: Any) -> float | None:
    """A finite number, None for anything else (EXIF rationals may be 0/0)."""
    if isinstance(value, (str, bytes, tuple, list)) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _degrees(value: Any) -> float | None:
    parts = [_number(v) for v in _parts(value)]
    if not parts or any(v is None for v in parts):
        return None
    whole, minutes, seconds = ([v or 0.0 for v in parts] + [0.0, 0.0])[:3]
    return whole + minutes / 60 + seconds / 3600


def _parts(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else ()


def _bytes_of(value: Any) -> list[int]:
    return [v for v in _parts(value) if isinstance(v, int) and 0 <= v < 256]


def _plain(value: Any) -> str:
    number = _number(value)
    return _ascii(value) if number is None else f"{number:g}"


def _ascii(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace") if value.isascii() else ""
    return value if isinstance(value, str) else ""


def _comment(value: Any) -> str:
    """A UserComment without its eight bytes that name the character code."""
    if not isinstance(value, bytes):
        return _ascii(value)
    if value.startswith(b"UNICODE\0"):
        return value[8:].decode("utf-16", "replace")
    return value[8:].decode("utf-8", "replace") if value[:8] in COMMENT_CODES else _ascii(value)


COMMENT_CODES = {b"ASCII\0\0\0", b"\0" * 8}


def clean(text: str, limit: int = MAX_CHARS) -> str:
    """Printable characters only, single-spaced, cut to `limit`."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
