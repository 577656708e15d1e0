"""One run from the command line: shows its events as they come and ends with an exit code.

With ``--json`` stdout carries the one object of the answer and nothing else, also when the run
fails. Knows nothing of how a run is made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from pathlib import Path

from agent.answer import Answer, Fold
from agent.console import View, view_for
from agent.events import Event
from agent.settings import Settings
from agent.words import safe_json
from tools.errors import OcelliError

Box = tuple[float, float, float, float]
Point = tuple[float, float, bool]


async def follow(
    settings: Settings,
    question: str,
    images: Sequence[str],
    boxes: Sequence[Box],
    points: Sequence[Point],
    *,
    as_json: bool,
) -> int:
    """Ask, show, and answer with the exit code: 0 unless the run failed."""
    from agent.run import Agent

    with Agent(settings) as agent:
        events = agent.astream(question, images, boxes=boxes or None, points=points or None)
        return await show(events, as_json=as_json)


async def follow_again(
    settings: Settings, trace: Path, images: Sequence[str], *, as_json: bool
) -> int:
    """Replay a trace, on other pictures where some are given."""
    from agent.recipe_run import replay

    return await show(replay(settings, trace, images), as_json=as_json)


async def show(events: AsyncIterator[Event], *, as_json: bool) -> int:
    """Show a run to its end; the exit code.

    Raises:
        OcelliError: the run could not be made; with `as_json` a failed answer is printed too.
    """
    fold = Fold()
    try:
        with _view(as_json) as view:
            async with aclosing(events) as stream:  # type: ignore[type-var]
                async for event in stream:
                    if view is not None:
                        view.show(event)
                    fold.add(event)
        if fold.start is None or fold.end is None:
            raise OcelliError("the run ended without an answer")
    except OcelliError as error:
        if as_json:
            _print(Answer(text=error.line(), status="failed"))
        raise
    answer = fold.answer()
    if as_json:
        _print(answer)
    return int(answer.status == "failed")


def _print(answer: Answer) -> None:
    sys.stdout.write(safe_json(json.loads(answer.to_json()), indent=2) + "\n")


def _view(as_json: bool) -> AbstractContextManager[View | None]:
    if not as_json:
        return view_for(sys.stdout)
    return view_for(sys.stderr) if sys.stderr.isatty() else nullcontext()
