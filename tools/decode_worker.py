"""The separate, limited process in which one picture or film is decoded; ``tools/decode.py`` starts it.

It is run as a script with an empty environment. On stdin comes one JSON line (the job) and the
bytes of the file; on stdout go, for each page, one JSON line and the raw RGB rows, and at the end
a line that says ``done`` or why not. Before it touches the bytes it gives up memory, time, the
writing of files, other programs and the network. It never learns the name of the file.
"""

from __future__ import annotations

import io
import json
import math
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from PIL import Image as PilImage

    Page = tuple[PilImage.Image, list[tuple[str, str]]]

PLUGINS = {
    "JPEG": "JpegImagePlugin", "PNG": "PngImagePlugin", "WebP": "WebPImagePlugin",
    "GIF": "GifImagePlugin", "BMP": "BmpImagePlugin", "TIFF": "TiffImagePlugin",
    "AVIF": "AvifImagePlugin", "PPM": "PpmImagePlugin", "ICO": "IcoImagePlugin",
}  # fmt: skip
ANIMATED = ("GIF", "PNG", "WebP", "AVIF")
"""Kinds whose frames are wanted, where there are several; the pages of a TIFF are no film."""
PDF_DPI = 200
"""Resolution at which a page is drawn: enough to read 8-point print."""
PAGE_PIXELS = 25_000_000
"""A page that would be larger is drawn at a lower resolution."""
PDF_SHARE = 0.6
"""Share of the wall time after which no further page is begun."""
STRIP_BYTES = 1 << 20
"""Pixels are sent in portions of about this size."""
FORBIDDEN = ("subprocess.", "socket.", "os.exec", "os.fork", "os.spawn", "os.posix_spawn",
                  "os.system", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink",
                  "os.link", "os.truncate", "pty.", "shutil.", "tempfile.")  # fmt: skip
"""First parts of the names of audit events that end the decoding."""


class Job(NamedTuple):
    """What the parent asks for; the names are the keys of the JSON line."""

    kind: str
    size: int
    """Bytes of the file that follow."""
    max_pixels: int
    max_pages: int
    seconds: float
    memory_mb: int
    path: list[str]
    """Folders of the packages that may be imported."""
    frames: int = 1
    """Of what moves, how many frames are wanted; 1: the first only, at its own size."""


class Refused(Exception):
    """The picture will not be decoded; the text says why, in words that follow its name."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


def main() -> None:
    """Read the job, give up rights, decode, answer."""
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    started = time.monotonic()
    sys.path.extend(job.path)
    limit_resources(job)
    out = sys.stdout.buffer
    try:
        data = sys.stdin.buffer.read(job.size)
        makers = {"PDF": pdf_pages, "MP4": film, "MOV": film, "WebM": film, "AVI": film}
        for page in makers.get(job.kind, picture_pages)(job, data, started):
            send(out, page, job.max_pixels)
        last: dict[str, object] = {"done": True}
    except Refused as error:
        last = {"refused": str(error), "hint": error.hint}
    except MemoryError:
        why = f"needs more than {job.memory_mb} MiB of memory"
        last = {"refused": why, "hint": "Scale it down first"}
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything; this is the border
        last = {"refused": damaged(job.kind, error)}
    out.write(json.dumps(last).encode() + b"\n")
    out.flush()


def limit_resources(job: Job) -> None:
    """Cap memory, processor time, files and core dumps where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    memory = job.memory_mb << 20
    wanted = {"RLIMIT_DATA": memory, "RLIMIT_AS": memory + (512 << 20), "RLIMIT_CORE": 0,
              "RLIMIT_FSIZE": 0, "RLIMIT_CPU": math.ceil(job.seconds * 4) + 1}  # fmt: skip
    for name, value in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (AttributeError, ValueError, OSError):
            continue  # macOS refuses some of them; the wall limit still holds
    signal.alarm(math.ceil(job.seconds) + 2)  # should the parent be killed before it can kill us


def forbid_side_effects() -> None:
    """From here on: no file is written, no program started, no address called."""

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
        if writes or event.startswith(FORBIDDEN):
            raise PermissionError(f"{event} is not allowed while a picture is decoded")

    sys.addaudithook(refuse)


def picture_pages(job: Job, data: bytes, started: float) -> Iterator[Page]:
    """The first frame of a picture file."""
    from PIL import Image as PilImage

    from tools.exif import exif_facts
    from tools.upright import upright_rgb

    PilImage.MAX_IMAGE_PIXELS = job.max_pixels
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", PilImage.DecompressionBombWarning)
    load_plugin(job.kind)
    forbid_side_effects()
    try:
        picture = PilImage.open(io.BytesIO(data), formats=formats_of(job.kind))
    except (PilImage.DecompressionBombWarning, PilImage.DecompressionBombError) as error:
        count = next((int(w) for w in str(error).replace("(", " ").split() if w.isdigit()), 0)
        raise too_large(f"{count / 1e6:.0f} Mpx", job.max_pixels) from None
    width, height = picture.size
    if width * height > job.max_pixels:
        raise too_large(f"{width}×{height} px", job.max_pixels)
    facts = [("size", f"{width}×{height} px as stored")]
    frames = int(getattr(picture, "n_frames", 1))
    if frames > 1 and job.frames > 1 and job.kind in ANIMATED:
        from tools.decode_film import moving_pages

        yield from moving_pages(job, picture, upright_rgb, started)
        return
    if frames > 1:
        facts.append(("frames", f"{frames}, first used"))
    picture.load()
    facts += exif_facts(picture.getexif())
    upright, done = upright_rgb(picture)
    yield upright, done + facts


def film(job: Job, data: bytes, started: float) -> Iterator[Page]:
    """Frames of a video."""
    import cv2
    from PIL import Image as _  # noqa: F401 - imports come before the ban

    from tools.decode_film import Unreadable, film_pages

    cv2.setNumThreads(1)
    forbid_side_effects()
    try:
        yield from film_pages(job, data, started)
    except Unreadable as error:
        raise Refused(str(error), "Save it again as MP4 or WebM") from None


def load_plugin(kind: str) -> None:
    """Import the one decoder that is wanted."""
    if kind == "HEIC":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    else:
        __import__(f"PIL.{PLUGINS[kind]}")


def formats_of(kind: str) -> list[str]:
    """Pillow's names of the formats that `kind` may turn out to be."""
    return ["HEIF"] if kind == "HEIC" else ["JPEG", "MPO"] if kind == "JPEG" else [kind.upper()]


def pdf_pages(job: Job, data: bytes, started: float) -> Iterator[Page]:
    """Pages of a PDF as pictures, as many as the limits on pages, pixels and time allow."""
    import pypdfium2
    from PIL import Image as _  # noqa: F401 - to_pil() needs it, and imports come before the ban

    forbid_side_effects()
    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Refused("is an encrypted PDF", "Remove its password first") from None
        raise Refused("is a damaged PDF") from None
    if not count:
        raise Refused("is a PDF without pages")
    document.init_forms()
    left = job.max_pixels
    for index in range(min(count, job.max_pages)):
        page = document[index]
        width, height = page.get_size()
        scale, pixels = page_scale(width, height, min(PAGE_PIXELS, job.max_pixels))
        late = time.monotonic() - started > job.seconds * PDF_SHARE
        if index and (late or pixels > left):
            return
        picture = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
        page.close()
        left -= pixels
        facts = [("page", str(index + 1)), ("pages", str(count)), ("dpi", f"{scale * 72:.0f}")]
        yield picture, facts


def page_scale(width: float, height: float, most: int) -> tuple[float, int]:
    """Pixels per point at which a page is drawn, and the pixels that this makes."""
    scale = min(PDF_DPI / 72, math.sqrt(most / (width * height)))
    pixels = math.ceil(width * scale) * math.ceil(height * scale)
    if pixels > most:  # by the rounding up
        scale *= most / pixels
        pixels = math.ceil(width * scale) * math.ceil(height * scale)
    return scale, pixels


def send(out: BinaryIO, page: Page, max_pixels: int) -> None:
    """One JSON line and the rows, in strips so that the picture is not held twice."""
    picture, facts = page
    width, height = picture.size
    if picture.mode != "RGB" or width * height > max_pixels:
        raise too_large(f"{width}×{height} px", max_pixels)
    out.write(json.dumps({"width": width, "height": height, "facts": facts}).encode() + b"\n")
    rows = max(1, STRIP_BYTES // (3 * width))
    for top in range(0, height, rows):
        out.write(picture.crop((0, top, width, min(height, top + rows))).tobytes())


def too_large(size: str, max_pixels: int) -> Refused:
    """The refusal of a picture over the pixel limit."""
    return Refused(
        f"has {size}, more than the limit of {max_pixels / 1e6:.0f} Mpx", "Scale it down first"
    )


def damaged(kind: str, error: Exception) -> str:
    """Words for whatever a decoder raised, in Pillow's or the library's own text."""
    text = " ".join(str(error).split())
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return f"is cut short: it ends inside the {kind} data"
    if type(error).__name__ == "UnidentifiedImageError" or not text:
        return f"is damaged: its {kind} header cannot be read"
    return f"is damaged ({text[:100]})"


if __name__ == "__main__":
    main()
