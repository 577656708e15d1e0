"""Answer a question end to end, each part of the answer with its box.

One multimodal model reads the question and looks at once. Knows nothing of which.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.catalog import tool
from tools.context import ToolContext
from tools.errors import BadArguments
from tools.types import Boxes, Image


@tool(
    needs="answer_grounded",
    verbs=("answer with boxes", "answer and show where", "answer and box", "answer and mark"),
    nouns=("grounded answer", "answer with boxes"),
)
def answer_grounded(
    ctx: ToolContext,
    image: Image,
    question: Annotated[str, Field(description="a whole question, as the person asked it")],
) -> Boxes:
    """Answer a free question by boxes, each labelled with its part of the answer.

    When the answer is things that can be shown but not named beforehand: "what could I sit on?".
    """
    if not question.strip():
        raise BadArguments("no question to answer", hint="Give the person's own question")
    found: Boxes = ctx.use("answer_grounded", image, question.strip())
    return found
