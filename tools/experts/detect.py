"""Find things by name and box each one.

Phrases become the singular names that models list; each is routed to the first ready model that
knows it, and the answers are merged. Knows nothing of how a model finds.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.geometry import covered, crop
from tools.types import Boxes, Image, Placed

SYNONYMS = {
    "face": ("faces", "human face", "visage", "head", "heads"),
    "person": (
        "people", "persons", "human", "humans", "human being", "man", "men", "woman", "women",
        "child", "children", "kid", "kids", "boy", "boys", "girl", "girls", "baby", "babies",
        "pedestrian", "pedestrians", "lady", "ladies", "guy", "guys", "gentleman", "somebody",
        "someone", "anyone", "anybody", "adult", "adults", "body", "bodies", "individual",
    ),
    "circle": ("circles", "round thing", "round things", "round object", "round objects"),
    "coin": ("coins", "penny", "pennies", "cent", "cents"),
    "disc": ("discs", "disk", "disks"),
    "dot": ("dots", "spot", "spots"),
    "ball": ("balls", "sphere", "spheres"),
    "button": ("buttons",),
    "pill": ("pills", "tablet", "tablets"),
    "ring": ("rings",),
    "arrow": ("arrows",),
}  # fmt: skip
"""Canonical name: what people also call it."""
CANONICAL = {other: name for name, others in SYNONYMS.items() for other in others}
LEADING = (
    "a ",
    "an ",
    "the ",
    "all ",
    "every ",
    "each ",
    "any ",
    "people's ",
    "person's ",
    "human ",
)
SAME = 0.8
"""Share of a box inside another of the same label beyond which they are one thing."""


def canonical(phrase: str) -> str:
    """The singular name that models list for a phrase; the phrase itself where none is known."""
    name = " ".join(phrase.lower().replace("’", "'").strip(" .,;:!?\"'").split())
    for _ in range(3):
        name = next((name.removeprefix(word) for word in LEADING if name.startswith(word)), name)
    return CANONICAL.get(name, name)


@tool(
    needs="detect",
    verbs=("detect", "find", "locate", "box", "spot", "look for", "search for", "point out"),
    nouns=(*SYNONYMS, *CANONICAL, "object", "objects", "thing", "things"),
)
def detect(
    ctx: ToolContext,
    image: Image,
    phrases: Annotated[list[str], Field(description="names of things, one each: ['face']")],
    region: Placed | None = None,
    min_score: Annotated[
        float, Field(ge=0, le=1, description="0: as each model thinks best")
    ] = 0.0,
) -> Boxes:
    """Find every instance of the named things and box each one.

    Labels of the result are the singular names ("faces" gives "face"; men, women and children
    give "person"). With `region` only things that lie mostly inside it are kept.
    """
    names = list(dict.fromkeys(name for name in map(canonical, phrases) if name))
    if not names:
        raise BadArguments("no name of a thing to look for", hint="Give phrases, as in ['face']")
    views = [image] if region is None else [crop(image, box) for box in region.xyxy]
    found: list[Boxes] = []
    floor = {"min_score": min_score} if min_score > 0 else {}
    for number, name in enumerate(names):
        ctx.report(f"looking for {name}", number / len(names))
        for view in views:
            found.append(ctx.use("detect", view, labels=(name,), **floor))
    return _merged(image, found)


def _merged(image: Image, parts: list[Boxes]) -> Boxes:
    """All boxes best first, less those that lie within a better one of the same label."""
    rows = [
        (float(part.scores[i]), part.labels[i], part.xyxy[i])
        for part in parts
        for i in range(len(part))
    ]
    rows.sort(key=lambda row: -row[0])
    kept: list[tuple[float, str, np.ndarray]] = []
    for row in rows:
        same = [other[2] for other in kept if other[1] == row[1]]
        if not same or covered(row[2], np.stack(same)).max() < SAME:
            kept.append(row)
    return Boxes(
        image.frame,
        np.array([row[2] for row in kept], np.float32).reshape(-1, 4),
        tuple(row[1] for row in kept),
        np.array([row[0] for row in kept], np.float32),
    )
