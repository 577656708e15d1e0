"""Any decoded picture to upright RGB of eight bits a channel.

Depth is scaled down, transparency laid on white, colour profiles brought to sRGB and the EXIF
orientation applied once. Pillow does the work, without numpy, because the decoding process starts
for each picture. Knows nothing of files or limits.
"""

from __future__ import annotations

import io

from PIL import Image as PilImage
from PIL import ImageChops, ImageCms

from tools.exif import Fact, clean

ORIENTATION_TAG = 0x0112
TURNS: dict[int, PilImage.Transpose] = {
    2: PilImage.Transpose.FLIP_LEFT_RIGHT,
    3: PilImage.Transpose.ROTATE_180,
    4: PilImage.Transpose.FLIP_TOP_BOTTOM,
    5: PilImage.Transpose.TRANSPOSE,
    6: PilImage.Transpose.ROTATE_270,
    7: PilImage.Transpose.TRANSVERSE,
    8: PilImage.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""
PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Colour space of an ICC profile to the Pillow mode it describes."""


def upright_rgb(picture: PilImage.Image) -> tuple[PilImage.Image, list[Fact]]:
    """The picture as upright 8-bit sRGB, and what had to be done to it.

    A large picture is several hundred megabytes, so each step lets go of the one before it.
    """
    facts: list[Fact] = [("mode", picture.mode)]
    turn = TURNS.get(orientation(picture))
    profile = picture.info.get("icc_profile")
    picture, alpha = split_alpha(eight_bit(picture, facts))
    picture = to_srgb(picture, profile, facts)
    if alpha is not None:
        picture.paste((255, 255, 255), mask=ImageChops.invert(alpha))
        facts.append(("transparency", "laid on white"))
    if turn is not None:
        picture = picture.transpose(turn)
        facts.append(("turned", "made upright by the EXIF orientation"))
    return picture, facts


def orientation(picture: PilImage.Image) -> int:
    """The EXIF orientation, 1 where there is none or it cannot be read."""
    try:
        value = picture.getexif().get(ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError):
        return 1
    return value if isinstance(value, int) else 1


def eight_bit(picture: PilImage.Image, facts: list[Fact]) -> PilImage.Image:
    """Pictures of 16-bit, 32-bit and real grey values scaled to 8 bits; others untouched."""
    if picture.mode.startswith("I;16"):
        return _stretched(picture.convert("I"), 0, 65535, facts)
    if picture.mode == "I":
        low, high = _extrema(picture)
        if low >= 0 and high <= 65535:
            return _stretched(picture, 0, 65535 if high > 255 else 255, facts)
        return _stretched(picture.convert("F"), low, high, facts)
    if picture.mode == "F":
        low, high = _extrema(picture)
        if low >= 0 and high <= 255:
            return _stretched(picture, 0, 255 if high > 1 else 1, facts)
        return _stretched(picture, low, high, facts)
    return picture


def _extrema(picture: PilImage.Image) -> tuple[float, float]:
    low, high = picture.getextrema()
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        raise ValueError("a grey picture must have one channel")
    if not abs(low) + abs(high) < float("inf"):
        raise ValueError("it holds values that are not finite numbers")
    return low, high


def _stretched(
    picture: PilImage.Image, low: float, high: float, facts: list[Fact]
) -> PilImage.Image:
    scale = 255 / (high - low) if high > low else 0.0
    offset = 0.5 - low * scale
    facts.append(("depth", f"values {low:g} to {high:g} scaled to 0 to 255"))
    return picture.point(lambda value: value * scale + offset).convert("L")


def split_alpha(picture: PilImage.Image) -> tuple[PilImage.Image, PilImage.Image | None]:
    """The picture without palette and transparency, and its alpha channel if it has one."""
    if not picture.has_transparency_data:
        return (picture.convert("RGB") if picture.mode == "P" else picture), None
    rgba = picture.convert("RGBA")
    alpha = rgba.getchannel("A")
    return rgba.convert("RGB"), alpha


def to_srgb(picture: PilImage.Image, profile: object, facts: list[Fact]) -> PilImage.Image:
    """RGB, through the colour profile where one fits the picture."""
    if isinstance(profile, bytes) and profile:
        converted = _through_profile(picture, profile, facts)
        if converted is not None:
            return converted
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _through_profile(
    picture: PilImage.Image, profile: bytes, facts: list[Fact]
) -> PilImage.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = clean(ImageCms.getProfileDescription(source), 60) or "without a name"
        mode = PROFILE_MODES.get(source.profile.xcolor_space.strip(), "")
        if mode == "L" and picture.mode == "RGB":
            picture = picture.convert("L")
        elif mode != picture.mode:
            facts.append(("colour profile", f"{name}, not used: it is not for {picture.mode}"))
            return None
        if name.startswith("sRGB"):
            facts.append(("colour profile", name))
            return None
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(
            picture,
            source,
            target,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        facts.append(("colour profile", "damaged, not used"))
        return None
    facts.append(("colour profile", f"{name}, converted to sRGB"))
    return converted
