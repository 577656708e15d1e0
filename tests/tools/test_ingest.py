"""Everything a user may call a picture: the right pixels, or one clear line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus import SIZE, Case, encoded, png, scene, turned
from PIL import Image as PilImage
from PIL import ImageCms

import tools.decode
import tools.ingest
from tools.errors import InputError
from tools.ingest import Limits, ingest
from tools.magic import READABLE, kind_of

SCENE = np.asarray(scene())
HANG_SECONDS = 60
"""What has not ended by then never will; the limit under test is ``Limits.seconds``."""


def close_to(pixels: np.ndarray, want: np.ndarray, tolerance: int) -> bool:
    """Whether the middle of each quarter has the colour it should have."""
    h, w = want.shape[:2]
    spots = [(h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4)]
    return pixels.shape == want.shape and all(
        np.abs(pixels[y, x].astype(int) - want[y, x]).max() <= tolerance for y, x in spots
    )


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        ingest(source, **options)
    return caught.value.line()


def fault(case: Case) -> str:
    """What went against the expectation, '' when nothing did."""
    try:
        images = ingest(case.path, limits=Limits())
    except InputError as error:
        line = error.line()
        clear = str(error).isprintable() and bool(error.hint) and len(line) < 400
        right = clear and case.expectation == "refused" and all(w in line for w in case.words)
        return "" if right else f"refused: {error} | {error.hint}"
    facts = " ".join(f"{k} {v}" for k, v in images[0].info)
    sizes = tuple(image.size_wh for image in images)
    right = (
        case.expectation == "ok"
        and sizes == case.sizes
        and images[0].name.isprintable()
        and all(word in facts for word in case.words)
    )
    return "" if right else f"read: {sizes} {facts}"


ALL = """
import concurrent.futures, json, os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from corpus import write_corpus
from test_ingest import HANG_SECONDS, fault
cases = write_corpus(Path(sys.argv[2]))
before = sorted(os.listdir(sys.argv[2]))
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    found = [(case.path.name, pool.submit(fault, case)) for case in cases]
    faults = {name: done.result(timeout=HANG_SECONDS) for name, done in found}
kinds = sorted({case.expectation for case in cases})
print(json.dumps([faults, kinds, before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""
"""In a process of its own: a child begins with the memory of its parent, which is large here."""


def test_each_file_of_the_corpus_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    folder, scratch = tmp_path / "corpus", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", ALL, str(here), str(folder)],
        cwd=scratch,
        env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(here.parent.parent)},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    faults, kinds, before, rss = json.loads(done.stdout.splitlines()[-1])
    assert {name: text for name, text in faults.items() if text} == {}
    assert len(faults) >= 40
    assert kinds == ["ok", "refused"]
    assert sorted(os.listdir(folder)) == before
    assert os.listdir(scratch) == []
    assert rss * (1 if sys.platform == "darwin" else 1024) < 2 << 30


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(orientation: int) -> None:
    image = ingest(turned(orientation))[0]
    assert np.array_equal(image.pixels, SCENE)
    assert image.is_root


def test_orientation_of_heic_and_avif_is_applied_once() -> None:
    exif = PilImage.Exif()
    exif[0x0112] = 6
    stored = scene(64, 64).transpose(PilImage.Transpose.ROTATE_90)
    for kind in ("HEIF", "AVIF", "JPEG", "WEBP"):
        image = ingest(encoded(stored, kind, exif=exif.tobytes(), quality=95))[0]
        assert close_to(image.pixels, np.asarray(scene(64, 64)), 25), kind


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP", "PPM", "PNG"])
def test_colours_survive_each_format(kind: str) -> None:
    image = ingest(encoded(scene(), kind))[0]
    assert close_to(image.pixels, SCENE, 12)


def test_cmyk_jpeg_is_not_inverted() -> None:
    image = ingest(encoded(scene().convert("CMYK"), "JPEG", quality=95))[0]
    assert close_to(image.pixels, SCENE, 25)


def test_grey_of_16_bits_keeps_its_order_and_range() -> None:
    ramp = np.linspace(0, 65535, SIZE[0] * SIZE[1]).astype(np.uint16).reshape(SIZE[::-1])
    image = ingest(encoded(PilImage.fromarray(ramp), "PNG"))[0]
    want = np.rint(ramp / 257)
    assert np.abs(image.pixels - want[:, :, None]).max() <= 1


def test_colour_of_16_bits_is_scaled() -> None:
    row = b"\0" + b"\xff\xff\x80\x80\x00\x00" * 4
    image = ingest(png(4, 3, 16, 2, row * 3))[0]
    assert image.pixels[0, 0].tolist() == [255, 128, 0]


def test_transparency_is_laid_on_white() -> None:
    rgba = scene().convert("RGBA")
    rgba.putalpha(PilImage.new("L", SIZE, 0))
    assert (ingest(encoded(rgba, "PNG"))[0].pixels == 255).all()
    half = PilImage.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert ingest(half)[0].pixels[0, 0].tolist() == [127, 127, 127]


def test_transparent_colour_of_a_palette_is_white() -> None:
    palette = PilImage.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 200, 0, 0])
    palette.putpixel((0, 0), 0)
    pixels = ingest(encoded(palette, "PNG", transparency=0))[0].pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[1, 1].tolist() == [200, 0, 0]


def test_a_colour_profile_is_converted() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    xyz = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for profile in (lab, xyz):  # neither is for RGB: the picture stays as it is
        image = ingest(encoded(scene(), "PNG", icc_profile=profile))[0]
        assert np.array_equal(image.pixels, SCENE)
        assert "not used" in dict(image.info)["colour profile"]


def test_a_wide_profile_changes_colours(tmp_path: Path) -> None:
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = swap_red_and_green(plain)
    image = ingest(encoded(PilImage.new("RGB", (8, 8), (255, 0, 0)), "PNG", icc_profile=swapped))[0]
    assert "converted to sRGB" in dict(image.info)["colour profile"]
    red, green, _ = image.pixels[4, 4]
    assert green > 200 > red


def swap_red_and_green(profile: bytes) -> bytes:
    """An sRGB profile under another name, in which red and green changed places."""
    other = profile.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    name = "sRGB".encode("utf-16-be")
    return other.replace(name, "Swap".encode("utf-16-be")).replace(b"sRGB b", b"Swap b")


def test_first_frame_is_used_and_said() -> None:
    rest = [PilImage.new("RGB", SIZE, colour) for colour in ("red", "blue")]
    for kind in ("PNG", "TIFF", "WEBP"):
        data = encoded(scene(), kind, save_all=True, append_images=rest, lossless=True)
        image = ingest(data)[0]
        assert np.array_equal(image.pixels, SCENE), kind
        assert dict(image.info)["frames"] == "3, first used"


def test_pages_of_a_pdf_are_pictures_with_their_own_names() -> None:
    pages = [scene(72, 72), PilImage.new("RGB", (72, 36), (0, 0, 255))]
    images = ingest(encoded(pages[0], "PDF", save_all=True, append_images=pages[1:]), name="a.pdf")
    assert [image.name for image in images] == ["a.pdf page 1", "a.pdf page 2"]
    assert [image.size_wh for image in images] == [(200, 200), (200, 100)]
    assert close_to(images[0].pixels, np.asarray(scene(200, 200)), 30)


def test_facts_of_the_file_are_in_words() -> None:
    exif = PilImage.Exif()
    exif[0x010F], exif[0x0110] = "Maker\x1b[31m\n", "Model"
    camera = exif.get_ifd(0x8769)
    camera[0x829A], camera[0x829D], camera[0x9209] = 1 / 250, 2.8, 16
    camera[0x9003] = "2024:05:01 10:20:30"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "S", (33.0, 51.0, 30.0)
    gps[3], gps[4] = "W", (151.0, 12.0, 36.0)
    gps[5], gps[6] = b"\1", 12.5
    facts = dict(ingest(encoded(scene(), "JPEG", exif=exif))[0].info)
    assert facts["format"] == "JPEG"
    assert facts["exif.Make"] == "Maker [31m"
    assert facts["exif.ExposureTime"] == "1/250 s"
    assert facts["exif.FNumber"] == "f/2.8"
    assert facts["exif.Flash"] == "did not fire"
    assert facts["exif.DateTimeOriginal"] == "2024:05:01 10:20:30"
    assert float(facts["gps.latitude"]) == pytest.approx(-33.858333, abs=1e-6)
    assert float(facts["gps.longitude"]) == pytest.approx(-151.21, abs=1e-6)
    assert facts["gps.altitude"] == "-12.5 m"


def test_facts_are_capped() -> None:
    exif = PilImage.Exif()
    exif[0x010E] = "x" * 30_000
    info = ingest(encoded(scene(), "JPEG", exif=exif))[0].info
    assert max(len(value) for _, value in info) <= 200


@pytest.mark.parametrize(
    ("array", "want"),
    [
        (SCENE, SCENE),
        (SCENE.astype(np.uint16) * 257, SCENE),
        (SCENE / 255.0, SCENE),
        (SCENE.astype(np.float32), SCENE),  # floats from 0 to 255
        (SCENE[:, :, 0], np.repeat(SCENE[:, :, :1], 3, axis=2)),
        (SCENE[:, :, :1], np.repeat(SCENE[:, :, :1], 3, axis=2)),
        (SCENE[:, :, 1] > 0, np.repeat(SCENE[:, :, 1:2], 3, axis=2)),
        (np.dstack([SCENE, np.full(SCENE.shape[:2], 255, np.uint8)]), SCENE),
        (np.asfortranarray(SCENE), SCENE),
        (SCENE[::2, ::-1], SCENE[::2, ::-1]),
    ],
)
def test_arrays_are_brought_to_rgb(array: np.ndarray, want: np.ndarray) -> None:
    assert np.array_equal(ingest(array)[0].pixels, want)


def test_the_array_of_a_programmer_stays_his_own() -> None:
    mine = SCENE.copy()
    image = ingest(mine)[0]
    mine[:] = 0
    assert np.array_equal(image.pixels, SCENE)
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0, 0] = 0


def test_a_pillow_picture_is_turned_upright_and_kept() -> None:
    given = PilImage.open(io.BytesIO(turned(6)))
    assert np.array_equal(ingest(given)[0].pixels, SCENE)
    assert given.size == SIZE[::-1]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (np.zeros((2, 2, 5), np.uint8), "shape (2, 2, 5)"),
        (np.zeros((0, 2, 3), np.uint8), "no pixels"),
        (np.zeros(5, np.uint8), "shape (5,)"),
        (np.zeros((2, 2), np.int64), "int64"),
        (np.full((2, 2), np.nan), "nan"),
        (np.full((2, 2), -1.0), "from -1 to -1"),
        (np.broadcast_to(np.uint8(0), (40_000, 40_000)), "limit of 80 Mpx"),
        (PilImage.new("1", (11_000, 11_000)), "limit of 80 Mpx"),
        (b"", "empty"),
        (42, "a int is not a picture"),
        ("file:///etc/passwd", "not a path or a web address"),
        ("https://example.org/a.png?token=abc", "web is off"),
    ],
)
def test_what_is_no_picture_is_refused(source: Any, words: str) -> None:
    line = refusal(source)
    assert words in line
    assert "token" not in line


def test_an_address_is_fetched_only_when_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(url: str, *, max_bytes: int, seconds: float) -> bytes:
        asked.append(url)
        return encoded(scene(), "PNG")

    monkeypatch.setattr(tools.ingest, "fetch", answer)
    url = "https://example.org/a%20b/photo.png?size=1"
    assert "off" in refusal(url)
    assert asked == []
    assert ingest(url, allow_urls=True)[0].name == "photo.png"
    assert asked == [url]


def test_addresses_of_this_machine_are_refused() -> None:
    for url in ("http://127.0.0.1/a.png", "http://[::1]/a.png", "http://169.254.169.254/"):
        assert "not public" in refusal(url, allow_urls=True)


def test_kinds_are_told_from_content() -> None:
    for kind, name in (("JPEG", "JPEG"), ("HEIF", "HEIC"), ("AVIF", "AVIF"), ("ICO", "ICO")):
        assert kind_of(encoded(scene(32, 32), kind)) == name
        assert name in READABLE
    assert kind_of(b"BMX is a bicycle") == "a text file"
    assert kind_of(b"P5x") == "a text file"
    assert kind_of(b"") == "a text file"


def test_ingest_starts_without_the_heavy_packages() -> None:
    heavy = ("cv2", "pypdfium2", "pillow_heif", "onnxruntime")
    code = f"import sys, tools.ingest; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
