"""Pictures drawn for questions about what is there: discs, a notice, a tilted sign, altered copies."""

from __future__ import annotations

import numpy as np
from agent_pictures import font
from PIL import Image, ImageDraw, ImageFilter


def discs() -> np.ndarray:
    """Three red discs, two blue and a green one, the largest."""
    picture = Image.new("RGB", (900, 600), (240, 240, 235))
    draw = ImageDraw.Draw(picture)
    for x, y, r, fill in (
        (120, 120, 60, "#d01818"), (340, 140, 40, "#d01818"), (700, 130, 80, "#1840c8"),
        (180, 430, 90, "#18a038"), (480, 420, 50, "#1840c8"), (760, 450, 30, "#d01818"),
    ):  # fmt: skip
        draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)
    return np.asarray(picture)


def notice() -> np.ndarray:
    """Four lines on blue, the first in yellow."""
    picture = Image.new("RGB", (800, 500), (18, 70, 140))
    draw = ImageDraw.Draw(picture)
    for i, line in enumerate(
        ("LIBRARY CLOSED", "Monday to Friday", "Please use the side door", "Thank you")
    ):
        fill = "white" if i else (255, 220, 0)
        draw.text((60, 50 + i * 105), line, font=font(40 if i else 60), fill=fill)
    return np.asarray(picture)


def tilted() -> np.ndarray:
    """A red sign turned anticlockwise by 15 degrees."""
    picture = Image.new("RGB", (800, 600), (200, 205, 210))
    sign = Image.new("RGB", (420, 120), (160, 20, 30))
    ImageDraw.Draw(sign).text((210, 60), "FIRE EXIT", font=font(60), fill="white", anchor="mm")
    picture.paste(sign.rotate(15, expand=True, fillcolor=(200, 205, 210)), (180, 180))
    return np.asarray(picture)


def astronaut() -> np.ndarray:
    """A photograph of one person in orange."""
    from skimage import data

    return np.asarray(data.astronaut())


def coffee() -> np.ndarray:
    """A photograph of a cup, 600 × 400, nobody in it."""
    from skimage import data

    return np.asarray(data.coffee())


def three() -> np.ndarray:
    """The same face three times, in three sizes."""
    person = Image.fromarray(astronaut())
    picture = Image.new("RGB", (1400, 512), (90, 110, 130))
    picture.paste(person, (0, 0))
    picture.paste(person.resize((700, 700)).crop((150, 0, 550, 512)), (520, 0))
    picture.paste(person.resize((400, 400)), (960, 100))
    return np.asarray(picture)


def dark() -> np.ndarray:
    """The astronaut at two fifths of the light."""
    return (astronaut() * 0.4).astype(np.uint8)


def blurred() -> np.ndarray:
    """The astronaut out of focus."""
    return np.asarray(Image.fromarray(astronaut()).filter(ImageFilter.GaussianBlur(4)))


def grey() -> np.ndarray:
    """The astronaut without colour."""
    return np.asarray(Image.fromarray(astronaut()).convert("L").convert("RGB"))


def changed() -> np.ndarray:
    """The astronaut with a green disc added."""
    picture = Image.fromarray(astronaut())
    ImageDraw.Draw(picture).ellipse((380, 60, 440, 120), fill=(20, 200, 60))
    return np.asarray(picture)
