"""Find things by name and box each one.

Phrases are shared out so that each model is called once with all it knows: first among models that
list the names they know, under those names; what none of them lists goes to a model that finds
whatever it is told, in the words of the user. Knows nothing of how a model finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from tools.catalog import ANY, discover, tool
from tools.context import ToolContext
from tools.errors import BadArguments, Cancelled, MissingModel, ToolFailed
from tools.geometry import covered, crop, iou
from tools.types import Boxes, Image, Placed
from tools.vocabulary import CANONICAL, SYNONYMS, is_loose, known_as, plain
from tools.vocabulary import canonical as canonical

SAME = 0.8
"""Share of a box inside another view's of the same label beyond which they are one thing; of one
answer only boxes that agree as much as this (intersection over union) are one."""
SURE = 0.5
"""Score from which a second witness is believed where the first one saw nothing."""
CERTAIN = 0.8
"""Score from which one witness is enough even where two are asked."""
AGREED = 0.4
"""Intersection over union from which two models see the same thing."""

Names = dict[str, str]
"""What a model is asked for, and the label it gets in the result."""


@tool(
    needs="detect",
    verbs=("detect", "find", "locate", "box", "spot", "look for", "search for", "point out"),
    nouns=(*SYNONYMS, *CANONICAL, "object", "objects", "thing", "things"),
)
def detect(
    ctx: ToolContext,
    image: Image,
    phrases: Annotated[
        list[str], Field(description="names of things, one each: ['face', 'red mug']")
    ],
    region: Placed | None = None,
    min_score: Annotated[
        float, Field(ge=0, le=1, description="0: as each model thinks best")
    ] = 0.0,
    confirm: Annotated[
        bool, Field(description="for yes/no questions: a second model must see it too")
    ] = False,
) -> Boxes:
    """Find every instance of the named things and box each one.

    Labels of the result are singular names where a model lists them ("faces" gives "face"), else
    the phrases as they were asked. With `region` only things that lie mostly inside it are kept.
    What a fast model does not find is looked for again by one that knows any name, if it is ready.
    With `confirm` a thing that is not certain is kept only where a second model sees it, if one is
    ready that knows its name.
    """
    asked = list(dict.fromkeys(name for name in map(plain, phrases) if name))
    if not asked:
        raise BadArguments("no name of a thing to look for", hint="Give phrases, as in ['face']")
    views = [image] if region is None else [crop(image, box) for box in region.xyxy]
    listed, free = _shared(asked)
    found: list[Boxes] = []
    steps = len(listed) + bool(free)
    for number, names in enumerate(listed):
        ctx.report(f"looking for {', '.join(names.values())}", number / steps)
        found += _sure(ctx, views, names, _by_list(ctx, views, names, min_score), confirm)
    if free:
        ctx.report(f"looking for {', '.join(free.values())}", 1 - 1 / steps)
        found += _sure(ctx, views, free, _by_words(ctx, views, free, min_score), confirm)
    return _merged(image, found)


# --- who is asked for what ------------------------------------------------------------------------


def _shared(asked: list[str]) -> tuple[list[Names], Names]:
    """The phrases by who will be asked: groups that one listing model knows whole, and the rest."""
    ready = [model for model in discover().of_ability("detect") if not model.missing()]
    lists = [frozenset(model.labels) for model in ready if model.labels != ANY]
    anything = any(model.labels == ANY for model in ready)
    every = frozenset[str]().union(*lists)
    left: dict[str, None] = {}
    free: Names = {}
    for phrase in asked:
        name = known_as(phrase, every)
        if name and not (anything and name != phrase and is_loose(phrase)):
            left[name] = None
        else:
            free[phrase if anything else canonical(phrase)] = phrase
    groups: list[Names] = []
    while left:
        widest = max((known & left.keys() for known in lists), key=len)
        groups.append({name: name for name in left if name in widest})
        left = {name: None for name in left if name not in widest}
    return groups, free


def _by_list(ctx: ToolContext, views: list[Image], names: Names, floor: float) -> list[Boxes]:
    """By one model that lists all the names; what it does not see, by a second witness."""
    try:
        found = _answers(ctx, views, names, floor)
    except MissingModel:
        if len(names) == 1:
            raise
        # the profile leaves out the model that knows them all
        alone = [{name: label} for name, label in names.items()]
        return [part for one in alone for part in _by_list(ctx, views, one, floor)]
    seen = {label for part in found for label in part.labels}
    unseen = _in_words({n: label for n, label in names.items() if label not in seen})
    return found + _second(ctx, views, unseen, floor) if unseen else found


def _by_words(ctx: ToolContext, views: list[Image], names: Names, floor: float) -> list[Boxes]:
    """By a model that knows any name; where the profile has none, under the nearest names."""
    try:
        found = _answers(ctx, views, names, floor)
        seen = {label for part in found for label in part.labels}
        unseen = {name: label for name, label in names.items() if label not in seen}
        return found + _others(ctx, views, unseen, max(floor, SURE)) if unseen else found
    except MissingModel:
        nearest = {canonical(label): canonical(label) for label in names}
        if nearest.keys() == names.keys():
            raise
        alone = [{name: name} for name in nearest]
        return [part for one in alone for part in _answers(ctx, views, one, floor)]


def _in_words(names: Mapping[str, str]) -> Names:
    """Listed names as nobody lists them, so that only models which know any name are asked."""
    return {f"a {name}": label for name, label in names.items()}


def _second(ctx: ToolContext, views: list[Image], names: Names, floor: float) -> list[Boxes]:
    """What another model sees of things nobody has seen yet; nothing where there is no other."""
    try:
        return _answers(ctx, views, names, max(floor, SURE))
    except Cancelled:
        raise
    except (MissingModel, ToolFailed):
        return []  # the first witness has answered


def _others(ctx: ToolContext, views: list[Image], names: Names, floor: float) -> list[Boxes]:
    """What the next model that knows the names sees; nothing where there is none or it fails."""
    try:
        return _answers(ctx, views, names, floor, ctx.another)
    except Cancelled:
        raise
    except (MissingModel, ToolFailed):
        return []


def _sure(
    ctx: ToolContext, views: list[Image], names: Names, found: list[Boxes], confirm: bool
) -> list[Boxes]:
    """What was found, less what is not certain and no second model sees, where one was asked."""
    shaky = {
        label
        for part in found
        for label, s in zip(part.labels, part.scores, strict=True)
        if s < CERTAIN
    }
    asked = {name: label for name, label in names.items() if label in shaky}
    others = _others(ctx, views, asked, 0.0) if confirm and asked else []
    if not others:
        return found
    seen = {
        label: [p.xyxy[n] for p in others for n, o in enumerate(p.labels) if o == label]
        for label in shaky
    }
    return [
        part.take(
            [
                row
                for row, label in enumerate(part.labels)
                if label not in asked.values()
                or part.scores[row] >= CERTAIN
                or (seen[label] and iou(part.xyxy[row], np.stack(seen[label])).max() >= AGREED)
            ]
        )
        for part in found
    ]


def _answers(
    ctx: ToolContext,
    views: list[Image],
    names: Names,
    floor: float,
    ask: Callable[..., Boxes] | None = None,
) -> list[Boxes]:
    """One answer a view, under the labels of the result."""
    more = {"min_score": floor} if floor > 0 else {}
    ask = ask or ctx.use
    parts = (ask("detect", view, labels=tuple(names), **more) for view in views)
    return [
        Boxes(part.frame, part.xyxy, tuple(names.get(n, n) for n in part.labels), part.scores)
        for part in parts
    ]


# --- one thing, one box ---------------------------------------------------------------------------

Row = tuple[int, float, str, np.ndarray]
"""Number of the answer, score, label, box."""


def _merged(image: Image, parts: list[Boxes]) -> Boxes:
    """All boxes best first, each thing once."""
    kept: list[Row] = []
    for row in sorted(_rows(parts), key=lambda row: -row[1]):
        if not _is_known(row, [other for other in kept if other[2] == row[2]]):
            kept.append(row)
    return Boxes(
        image.frame,
        np.array([row[3] for row in kept], np.float32).reshape(-1, 4),
        tuple(row[2] for row in kept),
        np.array([row[1] for row in kept], np.float32),
    )


def _rows(parts: list[Boxes]) -> Iterator[Row]:
    for number, part in enumerate(parts):
        for score, label, box in zip(part.scores, part.labels, part.xyxy, strict=True):
            yield number, float(score), label, box


def _is_known(row: Row, others: list[Row]) -> bool:
    """Whether a better box of the same label is of the same thing.

    A thing cut by the border of a view lies within its whole box; but of one answer, one thing may
    stand before another, so only boxes that agree are the same.
    """
    within = [other[3] for other in others if other[0] != row[0]]
    beside = [other[3] for other in others if other[0] == row[0]]
    return bool(
        (within and covered(row[3], np.stack(within)).max() >= SAME)
        or (beside and iou(row[3], np.stack(beside)).max() >= SAME)
    )
