"""Make a new picture from words, steered by a map where one is given.

Knows nothing of how pictures or maps are made: that is the models' part.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.control_maps import Kind
from tools.diffusion import LAST_SEED, told
from tools.errors import BadArguments
from tools.types import Image

LONGEST_SIDE = 2048
SMALLEST_SIDE = 64


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
    strength: Annotated[
        float, Field(ge=0, le=2, description="how strictly the map or subject is followed")
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

    `control` is a map made by `control_map`, and `kind` what it is a map of. `subject` is a picture
    whose subject or style is shown anew. `style` and `concept` are learned ones that the user
    named. The same seed gives the same picture again.
    """
    if not prompt.strip():
        raise BadArguments("nothing to make: the prompt is empty", hint="Say what it shows")
    made: Image = ctx.use(
        "generate",
        prompt.strip(),
        labels=_labels(control, kind, subject),
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


def _labels(control: Image | None, kind: Kind, subject: Image | None) -> tuple[str, ...]:
    """What a model must be able to follow."""
    wanted = [*([kind] if control else []), *(["subject"] if subject else [])]
    return tuple(wanted) or ("text",)


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
