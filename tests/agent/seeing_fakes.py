"""A host of models that see a small made-up world at once, for tests of what planners ask for.

Every ability answers with an artefact of its own kind; which call was made, and with what, stands
in `calls`. Real models answer in the tests of chains; here it only counts who is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tools.catalog import Catalog, discover
from tools.types import (
    Boxes,
    Codes,
    DepthMap,
    Embeddings,
    Image,
    Keypoints,
    Labels,
    Masks,
    Placed,
    Points,
    Table,
    Text,
    TextSpans,
)

THINGS = {
    "dog": ((4, 40, 24, 60), (30, 42, 52, 62)), "cat": ((60, 40, 76, 58),),
    "cup": ((8, 8, 20, 20),), "book": ((70, 6, 96, 24),), "person": ((100, 10, 118, 60),),
    "umbrella": ((96, 2, 122, 14),), "car": ((84, 62, 124, 88),), "sign": ((40, 4, 60, 20),),
    "ball": ((60, 70, 70, 80),), "face": ((104, 12, 112, 22),),
}  # fmt: skip
"""What stands where in every picture of 128 × 96 px."""


def picture(seed: int = 0) -> np.ndarray[Any, Any]:
    pixels = np.random.default_rng(seed).integers(90, 160, (96, 128, 3), np.uint8)
    pixels[62:88, 84:124] = (220, 20, 20)  # the car
    return pixels


def ready() -> Catalog:
    """All tools and all models there are, each declared ready."""
    known = discover()
    models = {
        name: replace(m, weights="none", parts=(), modules=()) for name, m in known.models.items()
    }
    return Catalog(dict(known.tools), models)


def boxes(image: Image, labels: tuple[str, ...], score: float = 0.9) -> Boxes:
    """The things of the world that go by the first word of a label that names any."""
    named = {label: next((w for w in label.split() if w in THINGS), "") for label in labels}
    rows = [(label, box) for label, name in named.items() for box in THINGS.get(name, ())]
    return Boxes(
        image.frame,
        np.asarray([box for _, box in rows], np.float32).reshape(-1, 4),
        tuple(label for label, _ in rows),
        np.full(len(rows), score, np.float32),
    )


def masks(image: Image, things: Placed) -> Masks:
    drawn = np.zeros((len(things), image.frame.height, image.frame.width), np.bool_)
    for mask, (x1, y1, x2, y2) in zip(drawn, things.xyxy.astype(int), strict=True):
        mask[y1:y2, x1:x2] = True
    return Masks(image.frame, drawn, things.labels, things.scores)


class Eyes:
    """A host whose models are the methods below, one for each ability."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def use(self, ability: str, *args: Any, labels: tuple[str, ...], cancel: Any, **kw: Any) -> Any:
        kw.pop("on_step", None)
        kw.pop("on_tile", None)
        self.calls.append((ability, {"args": args, "labels": labels, **kw}))
        return getattr(self, ability)(*args, **({"labels": labels} if labels else {}), **kw)

    def detect(self, image: Image, labels: tuple[str, ...], **kw: Any) -> Boxes:
        return boxes(image, labels)

    def detect_like(
        self, where: Image, image: Image, example: Boxes, labels: tuple[str, ...] = (), **kw: Any
    ) -> Boxes:
        found = boxes(where, ("dog",))
        return Boxes(found.frame, found.xyxy, (labels[0],) * len(found), found.scores)

    def segment(self, image: Image, region: Placed | None = None, points: Any = None) -> Masks:
        return masks(image, boxes(image, ("dog",)).take([0]) if region is None else region)

    def segment_phrase(self, image: Image, labels: tuple[str, ...], **kw: Any) -> Masks:
        return masks(image, boxes(image, labels))

    def segment_all(self, image: Image) -> Masks:
        return masks(image, boxes(image, ("dog", "cat", "car")))

    def caption(self, image: Image, detail: str = "short") -> Text:
        return Text(f"a {detail} caption of a yard", "caption")

    def dense_captions(self, image: Image) -> Boxes:
        return boxes(image, ("a brown dog", "a small cat"))

    def describe_region(self, image: Image, region: Placed) -> list[str]:
        return [f"seen {label}" for label in region.labels]

    def classify(self, image: Image, labels: tuple[str, ...]) -> Labels:
        scores = np.asarray([0.9, *[0.1] * (len(labels) - 1)], np.float32)
        return Labels(labels, scores)

    def tag(self, image: Image) -> Labels:
        return Labels(("yard", "animal"), np.asarray([0.8, 0.7], np.float32))

    def embed(self, what: Any) -> Embeddings:
        several = what if isinstance(what, list) else [what]
        names = tuple(w.sha256[:12] if isinstance(w, Image) else w for w in several)
        return Embeddings(np.full((len(names), 4), 0.5, np.float32), names, "fake")

    def depth(self, image: Image) -> DepthMap:
        wide = np.arange(image.frame.width, dtype=np.float32) + 1
        return DepthMap(image.frame, np.tile(wide, (image.frame.height, 1)), False)

    def pose(self, image: Image, people: Placed) -> Keypoints:
        middle = (people.xyxy[:, None, :2] + people.xyxy[:, None, 2:]) / 2
        xy = np.repeat(middle, 2, axis=1).astype(np.float32)
        scores = np.ones(xy.shape[:2], np.float32)
        return Keypoints(image.frame, xy, scores, ("nose", "left wrist"), people.labels)

    def read_text(self, image: Image, **kw: Any) -> TextSpans:
        quad = [[(40, 4), (60, 4), (60, 20), (40, 20)]]
        return TextSpans(
            image.frame, np.asarray(quad, np.float32), ("WELCOME",), np.asarray([0.95], np.float32)
        )

    def read_codes(self, image: Image, **kw: Any) -> Codes:
        return Codes(image.frame, np.zeros((0, 4, 2), np.float32), (), ())

    def read_document(self, image: Image, layout: bool = False) -> Text:
        return Text("# Report" if layout else "Report", "document")

    def ground(self, image: Image, sentence: str) -> Boxes:
        return boxes(image, ("dog", "cup"))

    def point(self, image: Image, phrase: str) -> Points:
        return Points(image.frame, np.asarray([(14, 50)], np.float32), (True,))

    def answer_grounded(self, image: Image, question: str) -> Boxes:
        return boxes(image, ("umbrella",))

    def vqa(self, image: Image, question: str) -> Text:
        return Text("a quiet yard", question)

    def inpaint(self, image: Image, hole: Any, **kw: Any) -> Image:
        return image.with_pixels(255 - image.pixels)

    def repaint(self, image: Image, hole: Any, prompt: str, **kw: Any) -> Image:
        return image.with_pixels(255 - image.pixels)

    def edit_by_instruction(self, image: Image, area: Any, wish: str, **kw: Any) -> Image:
        return image.with_pixels(255 - image.pixels)

    def generate(self, prompt: str, labels: tuple[str, ...] = (), **kw: Any) -> Image:
        return Image.as_root(picture(7), "made")

    def upscale(self, image: Image, labels: tuple[str, ...]) -> Image:
        factor = int(labels[0][1:])
        pixels = image.pixels.repeat(factor, 0).repeat(factor, 1)
        return Image.as_root(np.ascontiguousarray(pixels), "larger")

    def track(self, clip: Any, things: Placed, start: int) -> Table:
        return Table(("frame", "thing"), (("0", things.labels[0]),))
