"""Make a new picture from words, steered by a map or by labelled boxes where they are given.

Knows nothing of how pictures or maps are made: that is the models' part.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.arranged import arranged
from tools.catalog import tool
from tools.context import ToolContext
from tools.control_maps import Kind
from tools.diffusion import LAST_SEED, told
from tools.errors import BadArguments
from tools.types import Boxes, Image

LONGEST_SIDE = 2048
SMALLEST_SIDE = 64
SIDE = 512
"""Of the square on which things are arranged where no size is said."""


@tool(
    effect="edit",
    needs="generate",
    verbs=(
        "generate", "imagine", "dream up", "create a picture of", "create an image of",
        "make a picture of", "make an image of", "make me a picture of",
    ),
    nouns=("generated picture", "new picture"),
)  # fmt: skip
def generate(
    ctx: ToolContext,
    prompt: Annotated[str, Field(description="what the picture shows, in words")],
    control: Image | None = None,
    kind: Kind = "edges",
    subject: Image | None = None,
    layout: Annotated[
        Boxes | None, Field(description="boxes with labels: what goes where in the new picture")
    ] = None,
    arrange: Annotated[
        str, Field(description="the same in words: 'dog: left; red ball: bottom right'")
    ] = "",
    strength: Annotated[
        float, Field(ge=0, le=2, description="how strictly map, subject or layout are followed")
    ] = 1.0,
    unwanted: Annotated[str, Field(description="what must not be in it")] = "",
    style: Annotated[str, Field(description="hub id of a LoRA on this machine")] = "",
    concept: Annotated[str, Field(description="hub id of a textual inversion, likewise")] = "",
    width: Annotated[int, Field(ge=0, le=LONGEST_SIDE, description="pixels, 0: as fits")] = 0,
    height: Annotated[int, Field(ge=0, le=LONGEST_SIDE, description="pixels, 0: as fits")] = 0,
    steps: Annotated[int, Field(ge=1, le=150, description="more is finer and slower")] = 30,
    seed: Annotated[int, Field(ge=0, le=LAST_SEED, description="another one: another picture")] = 0,
) -> Image:
    """Make a new picture from words; a map of edges, pose or depth says what goes where.

    `control` is a map made by `control_map`, and `kind` what it is a map of. `layout` are boxes
    whose labels say what stands in each, such as those found in a picture that is made anew.
    `arrange` says that in words where no such boxes are there yet.
    `subject` is a picture whose subject or style is shown anew. `style` and `concept` are learned
    ones that the user named. The same seed gives the same picture again.
    """
    if not prompt.strip():
        raise BadArguments("nothing to make: the prompt is empty", hint="Say what it shows")
    layout = _layout(layout, arrange, width, height)
    more = {} if layout is None else {"layout": layout}
    made: Image = ctx.use(
        "generate",
        prompt.strip(),
        labels=_labels(control, kind, subject, layout),
        **more,
        control=control,
        subject=subject,
        size_wh=_size(control, width, height),
        style=style.strip(),
        concept=concept.strip(),
        unwanted=unwanted,
        strength=strength,
        seed=seed,
        steps=steps,
        on_step=told(ctx),
    )
    return made


def _layout(layout: Boxes | None, arrange: str, width: int, height: int) -> Boxes | None:
    """The boxes that say what goes where, None where there are none."""
    if layout is not None and len(layout):
        if arrange.strip():
            raise BadArguments("give either boxes or words for what goes where, and not both")
        return layout
    size = (width or height or SIDE, height or width or SIDE)
    said = arranged(arrange, size)
    return said if len(said) else None


def _labels(
    control: Image | None, kind: Kind, subject: Image | None, layout: Boxes | None
) -> tuple[str, ...]:
    """What a model must be able to follow."""
    given = ((kind, control), ("subject", subject), ("layout", layout))
    return tuple(name for name, thing in given if thing is not None) or ("text",)


def _size(control: Image | None, width: int, height: int) -> tuple[int, int] | None:
    """(width, height) that is asked for, None where neither is; one alone fits the map's shape."""
    if not width and not height:
        return None
    shape = 1.0 if control is None else control.width / control.height
    size = width or round(height * shape), height or round(width / shape)
    if not all(SMALLEST_SIDE <= side <= LONGEST_SIDE for side in size):
        raise BadArguments(
            f"cannot make a picture of {size[0]}×{size[1]} px",
            hint=f"Stay between {SMALLEST_SIDE} and {LONGEST_SIDE} px a side",
        )
    return size
