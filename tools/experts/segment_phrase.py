"""Cut things out by name: a mask for every instance of each phrase, in one step.

Knows nothing of how a mask is made, nor of other ways to the same result: where no model is ready
for it, whoever plans finds the things by name first and cuts out what was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import ANY, discover, tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.geometry import crop
from tools.types import Image, Masks, Placed
from tools.vocabulary import known_as, plain

SAME = 0.8
"""Intersection over union from which masks of one label, seen in two regions, are one thing."""


@tool(
    needs="segment_phrase",
    verbs=("segment by name", "segment by phrase", "cut out by name"),
    nouns=("instance mask", "instance masks", "instance segmentation", "concept segmentation"),
)
def segment_phrase(
    ctx: ToolContext,
    image: Image,
    phrases: Annotated[
        list[str], Field(description="names of things, one each: ['striped cat', 'mug']")
    ],
    region: Placed | None = None,
    min_score: Annotated[
        float, Field(ge=0, le=1, description="0: as each model thinks best")
    ] = 0.0,
) -> Masks:
    """Find the exact outline of every instance of the named things, in one step.

    Labels are the phrases as they were asked, or the singular names that a model lists ("cars"
    gives "car"). With `region` only inside its boxes. For a thing that was boxed or clicked use
    `segment`.
    """
    asked = _names([name for name in map(plain, phrases) if name])
    if not asked:
        raise BadArguments("no name of a thing to cut out", hint="Give phrases, as in ['mug']")
    if region is not None and region.frame.root != image.frame.root:
        raise BadArguments(
            "the region lies in another picture than the one given",
            hint="Find it in the picture it is used on",
        )
    views = [image] if region is None else [crop(image, box) for box in region.xyxy]
    more = {"min_score": min_score} if min_score > 0 else {}
    parts: list[Masks] = []
    for number, view in enumerate(views):
        ctx.report(f"cutting out {', '.join(asked)}", number / len(views))
        parts.append(ctx.use("segment_phrase", view, labels=asked, **more))
    return parts[0] if region is None else _joined(image, parts)


def _names(phrases: Sequence[str]) -> tuple[str, ...]:
    """Each phrase once; where no model takes any words, under the name that one lists for it."""
    ready = [model for model in discover().of_ability("segment_phrase") if not model.missing()]
    listed = frozenset(name for model in ready for name in model.labels)
    if not set(ANY) & listed:
        phrases = [known_as(phrase, listed) or phrase for phrase in phrases]
    return tuple(dict.fromkeys(phrases))


def _joined(image: Image, parts: Sequence[Masks]) -> Masks:
    """The masks of all regions, best first, a thing that two of them show once."""
    masks = np.concatenate(
        [np.zeros((0, image.frame.height, image.frame.width), np.bool_), *(p.masks for p in parts)]
    )
    labels = [label for part in parts for label in part.labels]
    scores = np.concatenate([np.zeros(0, np.float32), *(part.scores for part in parts)])
    kept: list[int] = []
    for row in np.argsort(-scores, kind="stable").tolist():
        alike = (k for k in kept if labels[k] == labels[row])
        if not any(_overlap(masks[row], masks[other]) >= SAME for other in alike):
            kept.append(row)
    return Masks(image.frame, masks[kept], tuple(labels[k] for k in kept), scores[kept])


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((one & other).sum()) / max(1, int((one | other).sum()))
