"""Small tools and pictures for the tests of the loop: quick, and made to go wrong on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tools.catalog import Catalog, ToolSpec, tool
from tools.context import ToolContext
from tools.errors import BadArguments, MissingModel, ToolFailed
from tools.types import (
    Artefact,
    Boxes,
    Codes,
    Image,
    Labels,
    Number,
    Placed,
    Table,
    Text,
    TextSpans,
)


def catalog(*functions: Callable[..., Artefact]) -> Catalog:
    specs: list[ToolSpec] = [f.spec for f in functions]  # type: ignore[attr-defined]
    return Catalog({s.name: s for s in specs}, {})


def picture(width: int = 64, height: int = 48, seed: int = 0, name: str = "") -> Image:
    rng = np.random.default_rng(seed)
    return Image.as_root(rng.integers(0, 255, (height, width, 3), np.uint8), name)


def boxes(frame: Any, *rows: tuple[Any, ...]) -> Boxes:
    """Rows of (label, x1, y1, x2, y2[, score])."""
    scores = [r[5] if len(r) > 5 else 0.9 for r in rows]
    return Boxes(
        frame,
        np.asarray([r[1:5] for r in rows], np.float32).reshape(-1, 4),
        tuple(r[0] for r in rows),
        np.asarray(scores, np.float32),
    )


def quads(*rows: tuple[float, float, float, float]) -> np.ndarray[Any, Any]:
    corners = [[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in rows]
    return np.asarray(corners, np.float32).reshape(-1, 4, 2)


def spans(frame: Any, *rows: tuple[Any, ...]) -> TextSpans:
    scores = np.asarray([r[5] if len(r) > 5 else 0.9 for r in rows], np.float32)
    return TextSpans(frame, quads(*[r[1:5] for r in rows]), tuple(r[0] for r in rows), scores)


def codes(frame: Any, *rows: tuple[Any, ...]) -> Codes:
    texts = tuple(r[0] for r in rows)
    return Codes(frame, quads(*[r[1:5] for r in rows]), texts, ("QR Code",) * len(rows))


BARRIERS: dict[str, threading.Barrier] = {}
GATES: dict[str, threading.Event] = {}
SEEN: dict[str, list[Any]] = {}


def ended(tool: str) -> bool:
    """Whether every thread that runs a tool lets go of it within some seconds."""
    until = time.monotonic() + 10
    while any(t.name == f"ocelli-{tool}" for t in threading.enumerate()):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@tool()
def find(ctx: ToolContext, image: Image, what: str = "face", min_score: float = 0.3) -> Boxes:
    """Two boxes of a thing; none of a 'ghost'."""
    SEEN.setdefault("find", []).append(what)
    if what == "ghost":
        return boxes(image.frame)
    return boxes(image.frame, (what, 4, 4, 20, 20), (what, 30, 10, 44, 30))


@tool()
def read(ctx: ToolContext, image: Image) -> TextSpans:
    """One line of text."""
    return spans(image.frame, ("STOP now", 5, 6, 18, 12))


@tool()
def scan(ctx: ToolContext, image: Image) -> Codes:
    """No codes at all."""
    return codes(image.frame)


@tool()
def tally(ctx: ToolContext, things: Placed) -> Number:
    """How many things there are."""
    return Number(float(len(things)), "things", "count")


@tool()
def take(ctx: ToolContext, things: Boxes, row: Annotated[int, Field(ge=0)] = 0) -> Boxes:
    """One row."""
    return things.take([row])


@tool()
def paint(ctx: ToolContext, image: Image, grey: int = 0, region: Placed | None = None) -> Image:
    """The picture, filled with a grey."""
    return image.with_pixels(np.full_like(image.pixels, grey))


@tool()
def hue(ctx: ToolContext, image: Image, region: Placed | None = None) -> Labels:
    """Two colours."""
    return Labels(("red", "blue"), np.asarray([0.75, 0.25], np.float32), "colours")


@tool()
def sheet(ctx: ToolContext, image: Image) -> Table:
    """A small table."""
    return Table(("item", "price"), (("tea", "2.50"), ("cake", "4.00")))


@tool()
def note(ctx: ToolContext, text: str = "hello") -> Text:
    """A text."""
    return Text(text)


@tool()
def meet(ctx: ToolContext, name: str, image: Image | None = None) -> Text:
    """Waits until others are here too."""
    BARRIERS[name].wait(20)
    return Text("met")


@tool()
def after(ctx: ToolContext, name: str, first: Text) -> Text:
    """Waits for others, once its input is there."""
    BARRIERS[name].wait(20)
    return Text("met after")


@tool()
def hang(ctx: ToolContext, name: str = "hang") -> Text:
    """Runs until it is told to stop."""
    GATES[name].set()
    while True:
        time.sleep(0.005)
        ctx.report("still at it", 0.5)
        ctx.cancel.check()


@tool()
def deaf(ctx: ToolContext, name: str = "deaf") -> Text:
    """Runs until the test lets it go, whatever it is told."""
    GATES[name].wait(30)
    return Text("late")


@tool()
def fail(ctx: ToolContext, why: str = "it broke") -> Boxes:
    """Fails."""
    raise ToolFailed(why, hint="Try another")


@tool()
def lack(ctx: ToolContext) -> Boxes:
    """Has no model."""
    raise MissingModel("no model here can do 'depth'", hint="pip install 'ocelli[gpu]'")


@tool()
def choosy(ctx: ToolContext, n: int) -> Number:
    """Takes only even numbers."""
    if n % 2:
        raise BadArguments(f"{n} is odd", hint="Give an even number")
    return Number(float(n))


@tool()
def buggy(ctx: ToolContext) -> Text:
    """Has a bug."""
    raise ZeroDivisionError("a bug of the tool")


@tool()
def model(ctx: ToolContext) -> Text:
    """Asks a model."""
    return Text(str(ctx.use("say")))


@tool()
def noop(ctx: ToolContext, n: int = 0) -> Number:
    """Does nothing."""
    return Number(float(n))


ALL = catalog(
    find, read, scan, tally, take, paint, hue, sheet, note, meet, after, hang, deaf, fail, lack,
    choosy, buggy, model, noop,
)  # fmt: skip


class NoModels:
    """A host without models that remembers whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def use(self, ability: str, *args: Any, **kwargs: Any) -> Any:
        raise MissingModel(f"nothing can do {ability!r}")

    def close(self) -> None:
        self.closed = True
