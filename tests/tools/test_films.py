"""Videos and moving pictures are taken in as clips, within limits."""

from __future__ import annotations

from pathlib import Path

import films
import numpy as np
import pytest
from corpus import encoded, scene

from tools.decode import decode
from tools.errors import InputError
from tools.ingest import Film, Limits, ingest, watch
from tools.magic import kind_of


def film(source: object, **options: object) -> Film:
    (found,) = watch(source, **options)  # type: ignore[arg-type]
    assert isinstance(found, Film)
    return found


@pytest.mark.parametrize("suffix", sorted(films.CODECS))
def test_every_frame_of_a_short_video_comes_with_its_time(tmp_path: Path, suffix: str) -> None:
    found = film(films.video(tmp_path / f"roll{suffix}"))
    clip = found.clip
    assert clip.frames.shape == (20, 96, 160, 3)
    assert np.allclose(clip.seconds, np.arange(20) / 10, atol=0.02)
    assert clip.fps == pytest.approx(10, rel=0.02)
    for number in (0, 7, 19):
        x1, y1, x2, y2 = films.red(clip.frames[number])  # type: ignore[misc]
        assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx(
            films.middle(number, 20, 160, 96), abs=2
        )
    assert found.name == f"roll{suffix}"
    assert dict(found.info)["frames"] == "20"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_is_a_film(kind: str) -> None:
    found = film(films.moving(kind))
    assert len(found.clip.frames) == 6
    assert found.clip.seconds.tolist() == pytest.approx([0.2 * i for i in range(6)])
    x1, _, x2, _ = films.red(found.clip.frames[5])  # type: ignore[misc]
    assert (x1 + x2) / 2 == pytest.approx(140, abs=2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "JPEG"])
def test_a_still_picture_is_no_film(kind: str) -> None:
    data = encoded(scene(), kind)
    (picture,) = watch(data)
    assert not isinstance(picture, Film)
    assert np.array_equal(picture.pixels, ingest(data)[0].pixels)


def test_one_picture_of_a_film_is_its_first_frame(tmp_path: Path) -> None:
    path = films.video(tmp_path / "roll.mp4")
    (picture,) = ingest(path)
    assert picture.size_wh == (160, 96)
    assert dict(picture.info)["frames"] == "20, first used"
    assert film(path).still().frame.root == picture.frame.root
    (gif,) = ingest(films.moving("GIF"))
    assert dict(gif.info)["frames"] == "6, first used"


def test_a_long_film_is_sampled_over_its_whole_length(tmp_path: Path) -> None:
    path = films.video(tmp_path / "long.mp4", count=300)
    found = film(path, limits=Limits(film_frames=16))
    times = found.clip.seconds
    assert len(times) == 16
    assert times[0] == 0
    assert times[-1] == pytest.approx(29.9, abs=0.05)
    assert np.diff(times).max() < 2.2
    assert dict(found.info)["frames"] == "300, 16 used"
    assert "16 of 300 frames, from 0.00 s to 29.90 s" in dict(found.info)["note"]


def test_far_samples_are_jumped_to(tmp_path: Path) -> None:
    path = films.video(tmp_path / "far.mp4", count=400)
    found = film(path, limits=Limits(film_frames=4))
    assert found.clip.seconds.tolist() == pytest.approx([0, 13.3, 26.6, 39.9], abs=0.05)
    for number, pixels in zip((0, 133, 266, 399), found.clip.frames, strict=True):
        x1, _, x2, _ = films.red(pixels)  # type: ignore[misc]
        assert (x1 + x2) / 2 == pytest.approx(films.middle(number, 400, 160, 96)[0], abs=2)


def test_frames_are_made_smaller_and_fewer_to_keep_the_limit_of_pixels(tmp_path: Path) -> None:
    path = films.video(tmp_path / "wide.mp4", count=12, width=1920, height=480)
    found = film(path)
    assert found.clip.frames.shape == (12, 320, 1280, 3)
    few = film(path, limits=Limits(max_pixels=5 * 1280 * 320))
    assert len(few.clip.frames) == 5
    assert ingest(path)[0].size_wh == (1920, 480)


def test_a_cut_off_film_gives_what_is_there(tmp_path: Path) -> None:
    data = films.video(tmp_path / "roll.avi", count=40).read_bytes()
    found = film(data[: len(data) // 2], name="roll.avi")
    assert 5 < len(found.clip.frames) < 35
    assert films.red(found.clip.frames[-1]) is not None


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_a_broken_film_is_one_line(tmp_path: Path, suffix: str) -> None:
    data = films.video(tmp_path / f"roll{suffix}").read_bytes()
    with pytest.raises(InputError) as caught:
        watch(data[:300] + bytes(2000), name=f"roll{suffix}")
    assert caught.value.line().startswith(f"'roll{suffix}' is damaged")
    assert "\n" not in caught.value.line()


def test_limits_hold_for_films(tmp_path: Path) -> None:
    path = films.video(tmp_path / "roll.mp4")
    with pytest.raises(InputError, match="limit of 0 MiB"):
        watch(path, limits=Limits(film_bytes=1000))
    assert film(path, limits=Limits(max_bytes=1000)).clip.fps
    with pytest.raises(InputError, match="more than the limit of pixels"):
        watch(path, limits=Limits(max_pixels=1000))


def test_a_film_may_not_name_other_files(tmp_path: Path) -> None:
    secret = films.video(tmp_path / "secret.mp4")
    lists = {
        "list.mp4": f"ffconcat version 1.0\nfile '{secret}'\n",
        "list.avi": f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
    }
    for name, text in lists.items():
        assert kind_of(text.encode()) == "a text file"
        with pytest.raises(InputError, match="not a picture that can be read"):
            watch(text.encode(), name=name)
        with pytest.raises(InputError, match="damaged"):
            watch(b"\x00\x00\x00\x10ftypisom" + text.encode(), name=name)


def test_a_container_is_opened_as_what_it_was_recognised_as_only(tmp_path: Path) -> None:
    data = films.video(tmp_path / "roll.avi").read_bytes()
    assert len(decode(data, "AVI", "'it'", Limits(), frames=4)) == 4
    with pytest.raises(InputError, match="no video that can be decoded"):
        decode(data, "MP4", "'it'", Limits(), frames=4)


def test_sound_alone_and_raw_photographs_are_no_films() -> None:
    assert kind_of(b"\0\0\0\x18ftypcrx \0\0\0\0crx isom") == "a camera raw file"
    assert kind_of(b"\0\0\0\x10ftypM4A \0\0\0\0") == "a sound or video file of an unknown brand"
    assert kind_of(b"RIFF\0\0\0\0WAVEfmt ") == "a sound or video file"
    assert kind_of(b"\0\0\0\x08wide\0\0\0\0mdat") == "MOV"
    assert kind_of(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ") == "MOV"
