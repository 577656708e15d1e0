"""What a file is, told from its first bytes and never from its name.

Only kinds listed in ``READABLE`` and ``FILMS`` reach a decoder; the rest is named so that a refusal can say what
was given. Knows nothing of decoders or limits.
"""

from __future__ import annotations

READABLE: tuple[str, ...] = (
    "JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "HEIC", "AVIF", "PPM", "ICO", "PDF",
)  # fmt: skip
"""The kinds that are decoded. Never a format whose decoder starts programs (EPS) or unpacks (FITS)."""
FILMS: tuple[str, ...] = ("MP4", "MOV", "WebM", "AVI")
"""The kinds of video that are decoded, into frames. Matroska counts as WebM."""
ANIMATED: tuple[str, ...] = ("GIF", "PNG", "WebP", "AVIF")
"""The kinds of picture that may move."""
HEAD_BYTES = 1024
"""How many first bytes are looked at."""

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"CR\x02", "a camera raw file"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"\0\0\1\0", "ICO"),
    (0, b"%PDF-", "PDF"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 file"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL file"),
    (0, b"\xff\x0a", "a JPEG XL file"),
    (0, b"PK\3\4", "a ZIP archive"),
    (0, b"PK\5\6", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"v/1\1", "an OpenEXR file"),
    (0, b"#?RADIANCE", "a Radiance HDR file"),
    (0, b"DDS ", "a DDS texture"),
    (0, b"qoif", "a QOI file"),
    (0, b"SQLite format 3", "a database"),
)  # fmt: skip
MARKUP: tuple[tuple[bytes, str], ...] = (
    (b"<svg", "an SVG drawing"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
)
HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
FILM_BRANDS = {
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41",
    b"mp42", b"avc1", b"hvc1", b"av01", b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"XAVC", b"dash",
    b"mmp4", b"f4v ", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3ge6", b"3gg6", b"3g2a", b"3g2b",
}  # fmt: skip
QUICKTIME_BOXES = {b"moov", b"mdat", b"wide"}
"""What an old QuickTime file begins with, which has no list of brands."""
BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def kind_of(head: bytes) -> str:
    """One of ``READABLE`` or ``FILMS``, or words for what it is instead ("a ZIP archive")."""
    head = head[:HEAD_BYTES]
    for offset, signature, kind in SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if head[4:8] == b"ftyp":
        return _box_kind(head)
    if head[4:8] in QUICKTIME_BOXES:
        return "MOV"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "WebM" if b"webm" in head[:64] or b"matroska" in head[:64] else "a Matroska file"
    if head.startswith(b"RIFF"):
        known = {b"WEBP": "WebP", b"AVI ": "AVI"}
        return known.get(head[8:12], "a sound or video file")
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return "BMP"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PPM"
    return _text_kind(head)


def _box_kind(head: bytes) -> str:
    """ISO media files differ by the brands in their first box."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[i : i + 4] for i in (8, *range(16, min(size, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if b"crx " in brands:
        return "a camera raw file"
    if brands & HEIF_BRANDS:
        return "HEIC"
    if b"qt  " in brands:
        return "MOV"
    return "MP4" if brands & FILM_BRANDS else "a sound or video file of an unknown brand"


def _text_kind(head: bytes) -> str:
    if b"%PDF-" in head:
        return "PDF"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start and start.startswith(b"<"):
        return "an SVG drawing"
    for signature, kind in MARKUP:
        if start.startswith(signature):
            return kind
    is_text = all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)
    return "a text file" if is_text else "a file of an unknown kind"
