"""Ask a model that watches films: in words, or when and where something is seen.

Knows nothing of which model answers or how it writes times and places.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Clip, Table, Text


@tool(
    needs="ask_video",
    verbs=("watch the video", "watch the clip"),
    nouns=("what happens in the video", "story of the film"),
)
def ask_video(
    ctx: ToolContext,
    clip: Clip,
    question: Annotated[str, Field(min_length=1, max_length=2000)],
) -> Text:
    """Answer a question about a whole clip in words: what happens, when, in which order.

    The answer may tell times in seconds. For one frame take it with `take_frame` and ask of that
    picture; for the exact place of a thing over time use `track` or `find_in_video`.
    """
    answer: Text = ctx.use("ask_video", clip, _asked(question))
    return replace(answer, of=question)


@tool(needs="find_in_video", verbs=("find in the video",))
def find_in_video(
    ctx: ToolContext,
    clip: Clip,
    phrase: Annotated[str, Field(min_length=1, max_length=300, description="what to look for")],
) -> Table:
    """Find when and where a clip shows something: its box and time in each frame that shows it.

    Needs nothing to be found before; `track` is more exact once the thing is found in a frame.
    Frames count from 0; boxes are x1, y1, x2, y2 in pixels of the clip. Show the result with
    `show_track`.
    """
    found: Table = ctx.use("find_in_video", clip, _asked(phrase))
    return found


def _asked(text: str) -> str:
    if not text.strip():
        raise BadArguments("nothing was asked", hint="Give the question in words")
    return text.strip()
