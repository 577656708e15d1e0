"""Broken, hostile and odd picture files, made when a test asks for them; none is kept anywhere."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pillow_heif
from PIL import Image as PilImage

SIZE = (48, 32)
"""Width and height of most pictures here."""


@dataclass(frozen=True)
class Case:
    """One file and what must become of it."""

    path: Path
    expectation: Literal["ok", "refused"]
    words: tuple[str, ...] = ()
    """All must be in the one line of the refusal, or in the facts of the first picture."""
    sizes: tuple[tuple[int, int], ...] = (SIZE,)
    """Of the pictures that come out."""


def scene(width: int = SIZE[0], height: int = SIZE[1]) -> PilImage.Image:
    """A picture whose every corner differs: red, green, blue and white quarters."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    pixels[:top, :left] = (255, 0, 0)
    pixels[:top, left:] = (0, 255, 0)
    pixels[top:, :left] = (0, 0, 255)
    pixels[top:, left:] = (255, 255, 255)
    return PilImage.fromarray(pixels)


def encoded(picture: PilImage.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of this kind."""
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG put together by hand; `rows` are the filtered rows."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + extra
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def scan_bomb(scans: int = 8000) -> bytes:
    """A progressive JPEG whose last scan is repeated: small, valid, and hours of work."""
    whole = encoded(PilImage.new("L", (3000, 3000), 128), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + b"\xff\xd9"


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG whose header promises another size."""
    whole = bytearray(encoded(scene(), "JPEG"))
    frame = whole.index(b"\xff\xc0")
    whole[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(whole)


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, the first of which is the catalogue."""
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s>>\n" % (len(objects) + 1, trailer)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def pdf_page(width: int, height: int) -> list[bytes]:
    """The objects of a PDF of one empty page, in points."""
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] >>" % (width, height),
    ]


def encrypted_pdf() -> bytes:
    """A PDF whose password is not empty."""
    secret = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"ab" * 32, b"cd" * 32)
    identity = b"/Encrypt 4 0 R /ID [<%s> <%s>] " % (b"ef" * 16, b"ef" * 16)
    return pdf([*pdf_page(100, 100), secret], identity)


def pdf_of(pages: int) -> bytes:
    """Pages of pictures, 0.5 inch wide."""
    rest = [scene(36, 36) for _ in range(pages - 1)]
    return encoded(scene(36, 36), "PDF", save_all=True, append_images=rest)


def looped_tiff() -> bytes:
    """A TIFF whose directory names itself as the next one."""
    whole = bytearray(encoded(scene(), "TIFF"))
    start = struct.unpack("<I", whole[4:8])[0]
    end = start + 2 + 12 * struct.unpack("<H", whole[start : start + 2])[0]
    whole[end : end + 4] = struct.pack("<I", start)
    return bytes(whole)


def endless_pdf() -> bytes:
    """A PDF whose only page unpacks to hours of lines."""
    lines = zlib.compress(b"0 0 m 600 800 l S\n" * 8_000_000, 9)
    content = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(lines), lines)
    page = pdf_page(600, 800)
    page[2] = page[2].replace(b"/MediaBox", b"/Contents 4 0 R /MediaBox")
    return pdf([*page, content])


def pdf_without_pages(kids: bytes) -> bytes:
    """A PDF whose list of pages is empty or names itself."""
    return pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [%s] /Count 1 >>" % kids]
    )


def forged_exif() -> bytes:
    """A JPEG whose EXIF text writes to terminals and whose directories name each other."""
    exif = PilImage.Exif()
    exif[0x010E] = "\x1b[2J\x1b]0;owned\x07 line\nforged " * 500
    exif[0x0112] = 65535
    return encoded(scene(), "JPEG", exif=exif)


def broken_gif(frame: int) -> bytes:
    """A GIF of three frames, cut inside one of them (from 0)."""
    rng = np.random.default_rng(3)
    frames = [PilImage.fromarray(rng.integers(0, 255, (32, 48), np.uint8)) for _ in range(3)]
    whole = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    lengths = [len(encoded(frames[0], "GIF", save_all=True, append_images=frames[1 : n + 1]))
               for n in range(3)]  # fmt: skip
    return whole[: lengths[frame] - 400]


def text_bomb() -> bytes:
    """A PNG whose comment unpacks to 200 MB."""
    data = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    return png(1, 1, 8, 0, b"\0\0", chunk(b"zTXt", data))


def zipped() -> bytes:
    """A ZIP archive with a picture in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("photo.jpg", encoded(scene(), "JPEG"))
    return buffer.getvalue()


def turned(orientation: int) -> bytes:
    """The scene stored so that this EXIF orientation makes it upright."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # values of PIL.Image.Transpose
    back = PilImage.Transpose(undo[orientation]) if orientation > 1 else None
    stored = scene().transpose(back) if back is not None else scene()
    exif = PilImage.Exif()
    exif[0x0112] = orientation
    return encoded(stored, "PNG", exif=exif)


def floats(value: float) -> bytes:
    """A TIFF of real values, one of them special."""
    pixels = np.linspace(0, 1, SIZE[0] * SIZE[1], dtype=np.float32).reshape(SIZE[::-1])
    pixels[0, 0] = value
    return encoded(PilImage.fromarray(pixels), "TIFF")


def readable() -> Iterator[tuple[str, bytes, tuple[str, ...], tuple[tuple[int, int], ...]]]:
    """(name, bytes, words among the facts, sizes) of files that must be read."""
    one, frames = (SIZE,), [scene().rotate(90), scene().rotate(180)]
    rng = np.random.default_rng(1)
    grey16 = PilImage.fromarray(rng.integers(0, 65535, SIZE[::-1], np.uint16))
    for number in range(1, 9):
        yield f"orientation-{number}.png", turned(number), ("PNG",), one
    several = {"save_all": True, "append_images": frames}
    yield "animated.gif", encoded(scene(), "GIF", **several), ("3, first used",), one
    yield "animated.webp", encoded(scene(), "WEBP", **several), ("3, first",), one
    yield "animated.png", encoded(scene(), "PNG", **several), ("3, first used",), one
    yield "pages.tiff", encoded(scene(), "TIFF", **several), ("3, first used",), one
    yield "second-frame-broken.gif", broken_gif(1), ("GIF",), one
    yield "cmyk.jpg", encoded(scene().convert("CMYK"), "JPEG"), ("CMYK",), one
    yield "grey16.png", encoded(grey16, "PNG"), ("I;16",), one
    yield "palette.png", encoded(scene().convert("P"), "PNG", transparency=0), ("white",), one
    yield "one-bit.png", encoded(scene().convert("1"), "PNG"), ("PNG",), one
    yield "grey-alpha.png", encoded(scene().convert("LA"), "PNG"), ("white",), one
    yield "photo.heic", encoded(scene(), "HEIF"), ("HEIC",), one
    yield "photo.avif", encoded(scene(), "AVIF"), ("AVIF",), one
    yield "photo.webp", encoded(scene(), "WEBP"), ("WebP",), one
    yield "photo.bmp", encoded(scene(), "BMP"), ("BMP",), one
    yield "photo.ppm", encoded(scene(), "PPM"), ("PPM",), one
    yield "photo.ico", encoded(scene(32, 32), "ICO", sizes=[(32, 32)]), ("ICO",), ((32, 32),)
    yield "real-values.tiff", floats(0.5), ("scaled",), one
    yield "three.pdf", pdf_of(3), ("PDF",), ((100, 100),) * 3
    yield "thirty.pdf", pdf_of(30), ("30, first 16 used",), ((100, 100),) * 16
    yield "poster.pdf", pdf(pdf_page(14000, 14000)), ("PDF",), ((5000, 5000),)
    yield "pixel.png", encoded(scene(1, 1), "PNG"), ("PNG",), ((1, 1),)
    yield "long.png", encoded(scene(20000, 10), "PNG"), ("PNG",), ((20000, 10),)
    yield "photo.jpg.exe", encoded(scene(), "JPEG"), ("JPEG",), one
    yield "trailing.jpg", encoded(scene(), "JPEG") + b"PK\3\4" * 99, ("JPEG",), one
    yield "profile.jpg", encoded(scene(), "JPEG", icc_profile=b"x" * 500), ("not used",), one
    yield "exif.jpg", encoded(scene(), "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 90), ("JPEG",), one
    yield "forged-exif.jpg", forged_exif(), ("line forged",), one
    yield "strip.pdf", pdf(pdf_page(2**31 - 1, 1)), ("PDF",), ((25_000_000, 1),)
    yield "no-size.pdf", pdf(pdf_page(0, 0)), ("PDF",), ((1700, 2200),)
    yield "both.jpg", encoded(scene(), "JPEG") + pdf_of(1), ("JPEG",), one
    yield "deep.ppm", b"P6 4 4 65535\n" + bytes(96), ("PPM",), ((4, 4),)
    yield "-dash --help.png", encoded(scene(), "PNG"), ("PNG",), one
    yield "loop.tiff", looped_tiff(), ("TIFF",), one
    yield "\x1b[31mred\nname.png", encoded(scene(), "PNG"), ("PNG",), one


def unreadable() -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """(name, bytes, words of the refusal) of files that must be refused."""
    jpeg, whole = encoded(scene(400, 300), "JPEG"), encoded(scene(), "PNG")
    yield "empty.png", b"", ("empty",)
    yield "text.png", b"this is no picture\n" * 9, ("text file",)
    yield "truncated.jpg", jpeg[: len(jpeg) // 2], ("cut short",)
    yield "truncated.png", whole[: len(whole) - 30], ("'truncated.png' is",)
    yield "truncated.webp", encoded(scene(), "WEBP")[:60], ("'truncated.webp' is damaged",)
    yield "truncated.avif", encoded(scene(), "AVIF")[:-30], ("'truncated.avif' is",)
    yield "truncated.heic", encoded(scene(), "HEIF")[:-30], ("'truncated.heic' is",)
    yield "checksum.png", whole[:40] + b"\1" + whole[41:], ("damaged",)
    yield "no-pixels.png", png(0, 9, 8, 0, b""), ("damaged",)
    yield "bomb.png", png(13300, 13300, 1, 0, bytes(1664 * 13300)), ("177 Mpx", "limit")
    yield "bomb-header.png", png(100_000, 100_000, 8, 2, b"\0"), ("limit of 80 Mpx",)
    yield "bomb.jpg", jpeg_of_size(65_000, 65_000), ("limit of 80 Mpx",)
    yield "bomb.ppm", b"P6 60000 60000 255\n" + bytes(90), ("limit of 80 Mpx",)
    yield "text-bomb.png", text_bomb(), ("damaged",)
    yield "scans.jpg", scan_bomb(), ("takes longer",)
    yield (
        "drawing.png",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        ("PostScr",),
    )
    yield "sky.png", b"SIMPLE  =                    T".ljust(2880), ("FITS",)
    yield "drawing.svg", b"<?xml version='1.0'?><svg xmlns='x'/>", ("SVG",)
    yield "page.jpg", b"<!DOCTYPE html><html></html>", ("web page",)
    yield "first-frame-broken.gif", broken_gif(0), ("'first-frame-broken.gif' is",)
    yield "not-a-number.tiff", floats(float("nan")), ("finite",)
    yield "archive.jpg", zipped(), ("ZIP",)
    yield "bomb.gz.png", gzip.compress(bytes(10_000_000)), ("gzip",)
    yield "film.heic", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(99), ("video",)
    yield "photo.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99), ("JPEG 2000",)
    yield "zeros.jpg", bytes(5000), ("unknown kind",)
    yield "locked.pdf", encrypted_pdf(), ("encrypted PDF", "password")
    yield "endless.pdf", endless_pdf(), ("endless.pdf",)
    yield "no-pages.pdf", pdf_without_pages(b""), ("'no-pages.pdf' is damaged",)
    yield "ring.pdf", pdf_without_pages(b"2 0 R"), ("'ring.pdf' is damaged",)
    yield "endless-comment.ppm", b"P6\n#" + b"x" * 500_000, ("damaged",)
    yield "below-zero.ppm", b"P6 -5 5 255\n" + bytes(99), ("damaged",)
    head = struct.pack("<IIIIiiHHI", 99, 0, 54, 40, 2**31 - 1, 9, 1, 24, 0)
    yield "wide.bmp", b"BM" + head + bytes(60), ("limit of 80 Mpx",)
    yield "garbage.pdf", b"%PDF-1.7\n" + b"\x80garbage" * 99, ("damaged PDF",)
    yield "\x1b]0;title\x07\nforged line.png", b"text", ("\\x1b]0;title\\x07\\nforged line.png",)


def write_corpus(folder: Path) -> list[Case]:
    """Make all files in `folder`."""
    cases = []
    for name, data, words, sizes in readable():
        (folder / name).write_bytes(data)
        cases.append(Case(folder / name, "ok", words, sizes))
    for name, data, words in unreadable():
        (folder / name).write_bytes(data)
        cases.append(Case(folder / name, "refused", words))
    return cases + odd_paths(folder)


def odd_paths(folder: Path) -> list[Case]:
    """Paths that are no plain file, or none that may be read."""
    with open(folder / "huge.png", "wb") as file:
        file.truncate(5 << 30)  # sparse
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "dangling.png").symlink_to(folder / "nowhere")
    (folder / "linked.png").symlink_to(folder / "pixel.png")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    (folder / "private.png").write_bytes(encoded(scene(), "PNG"))
    (folder / "private.png").chmod(0)
    readable_by_root = os.geteuid() == 0
    return [
        Case(folder / "huge.png", "refused", ("5120 MiB", "limit of 64 MiB")),
        Case(folder / "folder.png", "refused", ("is a folder",)),
        Case(folder / "pipe.png", "refused", ("not a regular file",)),
        Case(folder / "zero.png", "refused", ("not a regular file",)),
        Case(folder / "dangling.png", "refused", ("there is no file 'dangling.png'",)),
        Case(folder / "missing.png", "refused", ("there is no file 'missing.png'",)),
        Case(folder / "ring.png", "refused", ("cannot be opened",)),
        Case(folder / ("n" * 5000), "refused", ("cannot be opened", "…")),
        Case(folder / "nul\0.png", "refused", ("cannot be opened",)),
        Case(folder / "linked.png", "ok", (), ((1, 1),)),
        Case(folder / "private.png", "ok")
        if readable_by_root
        else Case(folder / "private.png", "refused", ("Permission denied",)),
    ]
