"""The points and boxes a person clicks on a picture, and how they are drawn for them.

Coordinates are root pixels; what is shown may be smaller. Knows nothing of widgets, HTTP or
questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from PIL import Image as PilImage
from PIL import ImageDraw

from tools.types import Image

Mode = Literal["Point", "Box"]
MAX_SHOWN_PX = 1600
"""Longest side of the picture that is shown."""
MAX_MARKS = 32
INK, PAPER = (214, 40, 96), (255, 255, 255)


@dataclass
class Marks:
    """What was clicked on one picture."""

    picture: PilImage.Image
    """As shown: upright RGB, at most ``MAX_SHOWN_PX`` long."""
    scale: float
    """Root pixels per shown pixel."""
    size_wh: tuple[int, int]
    """Of the root."""
    points: list[list[float]] = field(default_factory=list)
    """xy."""
    boxes: list[list[float]] = field(default_factory=list)
    """xyxy."""
    corner: list[float] | None = None
    """First corner of a box that is not finished."""

    @classmethod
    def on(cls, image: Image) -> Marks:
        """No marks yet, on a root picture."""
        picture = PilImage.fromarray(image.pixels)
        picture.thumbnail((MAX_SHOWN_PX, MAX_SHOWN_PX))
        scale = max(image.width / picture.width, image.height / picture.height)
        return cls(picture, scale, image.size_wh)

    def click(self, x: float, y: float, mode: Mode) -> None:
        """A click at a shown pixel: a point, or the first or second corner of a box."""
        width, height = self.size_wh
        # Half-open boxes reach the far edge; a point stays within the last pixel.
        at = [min(max(x * self.scale, 0.0), width), min(max(y * self.scale, 0.0), height)]
        if len(self.points) + len(self.boxes) >= MAX_MARKS:
            return
        if mode == "Point":
            self.points.append([min(at[0], width - 1.0), min(at[1], height - 1.0)])
        elif self.corner is None:
            self.corner = at
        else:
            (x1, x2), (y1, y2) = (sorted(p) for p in zip(self.corner, at, strict=True))
            self.corner = None
            if x2 - x1 >= 1 and y2 - y1 >= 1:
                self.boxes.append([x1, y1, x2, y2])

    def clear(self) -> None:
        """Take all marks away."""
        self.points, self.boxes, self.corner = [], [], None

    def words(self) -> str:
        """The marks in words, '' where there are none."""
        said = [f"point ({x:.0f}, {y:.0f})" for x, y in self.points]
        said += ["box (" + ", ".join(f"{v:.0f}" for v in box) + ")" for box in self.boxes]
        if self.corner:
            said.append("a box from ({:.0f}, {:.0f}) to the next click".format(*self.corner))
        return "; ".join(said)

    def draw(self, folder: Path, name: str) -> str:
        """Write the picture with the marks as a PNG; its path."""
        shown = self.picture.copy()
        pen = ImageDraw.Draw(shown)
        radius = max(5, max(shown.size) // 120)
        for x, y in [*self.points, *([self.corner] if self.corner else [])]:
            place = (x / self.scale, y / self.scale)
            pen.circle(place, radius + 2, fill=PAPER)
            pen.circle(place, radius, fill=INK)
        for box in self.boxes:
            corners = [v / self.scale for v in box]
            pen.rectangle(corners, outline=PAPER, width=radius)
            pen.rectangle(corners, outline=INK, width=max(2, radius // 2))
        path = folder / name
        shown.save(path, "PNG", compress_level=1)
        return str(path)
