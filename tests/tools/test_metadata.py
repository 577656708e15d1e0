"""Facts of the file in words of people."""

from __future__ import annotations

import numpy as np

from tools.experts.metadata import metadata
from tools.types import Image

FACTS = [
    ("format", "JPEG"),
    ("gps.latitude", "-33.856800"),
    ("gps.longitude", "151.215300"),
    ("exif.DateTime", "2020:01:01 08:00:00"),
    ("exif.DateTimeOriginal", "2019:12:31 23:59:58"),
    ("exif.Model", "Pinhole 3000"),
    ("exif.SceneType", "odd"),
]


def facts(ctx, info) -> dict[str, str]:
    image = Image.as_root(np.zeros((30, 40, 3), np.uint8), info=info)
    return {row["key"]: row["value"] for row in metadata(ctx, image)}


def test_known_facts_have_plain_names(ctx):
    said = facts(ctx, FACTS)
    assert said["camera"] == "Pinhole 3000"
    assert said["latitude"] == "-33.856800"
    assert said["format"] == "JPEG"
    assert (said["width"], said["height"]) == ("40 px", "30 px")


def test_date_taken_is_that_of_the_shutter_and_readable(ctx):
    said = facts(ctx, FACTS)
    assert said["date taken"] == "2019-12-31 23:59:58"
    assert said["exif.DateTime"] == "2020-01-01 08:00:00"
    only_later = [fact for fact in FACTS if fact[0] != "exif.DateTimeOriginal"]
    assert facts(ctx, only_later)["date taken"] == "2020-01-01 08:00:00"


def test_no_fact_is_lost_or_said_twice(ctx):
    said = facts(ctx, FACTS)
    assert said["exif.SceneType"] == "odd"
    assert "exif.Model" not in said
    assert len(said) == len(FACTS) + 2


def test_a_silent_file_has_a_size_only(ctx):
    assert facts(ctx, []) == {"width": "40 px", "height": "30 px"}
