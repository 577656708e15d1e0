"""What the file of a picture says about itself. Knows no models, trusts no fact."""

from __future__ import annotations

import re

from tools.catalog import tool
from tools.context import ToolContext
from tools.types import Image, Table

COLUMNS = ("key", "value")
FRIENDLY: dict[str, tuple[str, ...]] = {
    "date taken": ("exif.DateTimeOriginal", "exif.DateTimeDigitized", "exif.DateTime"),
    "camera": ("exif.Model",),
    "maker": ("exif.Make",),
    "lens": ("exif.LensModel",),
    "exposure time": ("exif.ExposureTime",),
    "aperture": ("exif.FNumber",),
    "ISO": ("exif.PhotographicSensitivity", "exif.ISOSpeedRatings"),
    "focal length": ("exif.FocalLength",),
    "flash": ("exif.Flash",),
    "artist": ("exif.Artist",),
    "copyright": ("exif.Copyright",),
    "software": ("exif.Software",),
    "description": ("exif.ImageDescription",),
    "latitude": ("gps.latitude",),
    "longitude": ("gps.longitude",),
    "altitude": ("gps.altitude",),
}
"""Words of people and the tags they mean, the best first."""

_STAMP = re.compile(r"(\d{4}):(\d{2}):(\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)")


@tool(
    verbs=("when was it taken", "where was it taken", "which camera", "show metadata",
           "who took it", "what format"),
    nouns=("metadata", "exif", "gps", "location", "coordinates of the photo", "camera", "lens",
           "date taken", "shutter speed", "aperture", "iso", "file format", "format",
           "photographer", "focal length", "latitude", "longitude"),
)  # fmt: skip
def metadata(ctx: ToolContext, image: Image) -> Table:
    """List what the picture's file says: format, date taken, camera, exposure, GPS, size.

    A file that says nothing yields its size only.
    """
    facts = dict(image.info)
    rows = [("width", f"{image.width} px"), ("height", f"{image.height} px")]
    used: set[str] = set()
    for key, tags in FRIENDLY.items():
        tag = next((tag for tag in tags if facts.get(tag)), "")
        if tag:
            used.add(tag)
            rows.append((key, _spoken(facts[tag])))
    rows += [(key, _spoken(value)) for key, value in facts.items() if key not in used]
    return Table(COLUMNS, tuple(rows))


def _spoken(value: str) -> str:
    """EXIF's 2021:05:30 12:00:00 as 2021-05-30 12:00:00; anything else as it is."""
    return _STAMP.sub(r"\1-\2-\3 \4", value)
