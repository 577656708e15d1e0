"""One run from the command line: shows its events as they come and ends with an exit code.

With ``--json`` stdout carries the one object of the answer and nothing else, also when the run
fails. Knows nothing of how a run is made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.answer import Answer, Fold
from agent.console import View, view_for
from agent.console_lines import call_words
from agent.events import ConsentAsked, Event
from agent.settings import Settings
from agent.words import safe_json
from tools.errors import OcelliError

if TYPE_CHECKING:
    from agent.run import Agent

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
    folder: Path | None = None,
) -> int:
    """Ask, show, and answer with the exit code: 0 unless the run failed."""
    more: dict[str, Any] = {"folder": folder} if folder is not None else {}

    def begin(agent: Agent) -> AsyncIterator[Event]:
        return agent.astream(question, images, boxes=boxes or None, points=points or None, **more)

    return await _followed(settings, begin, as_json)


async def follow_resumed(settings: Settings, *, as_json: bool) -> int:
    """Go on with the question of the conversation that was cut off."""
    return await _followed(settings, lambda agent: agent.aresume(settings.session), as_json)


async def follow_move(settings: Settings, where: str, *, as_json: bool) -> int:
    """Go to another version of the conversation's pictures."""
    return await _followed(settings, lambda agent: agent.amove(where, settings.session), as_json)


def follow_history(settings: Settings, *, as_json: bool) -> None:
    """Print the versions of the conversation's pictures, one a line, or as one JSON array."""
    from agent.run import Agent

    with Agent(settings) as agent:
        found = agent.history(settings.session)
    if as_json:
        rows = [{**vars(v), "call": v.call.model_dump() if v.call else None} for v in found]
        sys.stdout.write(safe_json(rows, indent=2) + "\n")
        return
    for version in found:
        made = call_words(version.call) if version.call else "given"
        turn = f"  (question {version.turn})" if version.turn else ""
        here = "  <- stands now" if version.stands else ""
        sys.stdout.write(f"{version.handle}: {made}{turn}{here}\n")


async def _followed(
    settings: Settings, begin: Callable[[Agent], AsyncIterator[Event]], as_json: bool
) -> int:
    from agent import prompted
    from agent.consent import Desk
    from agent.run import Agent

    there = settings.consent == "ask" and prompted.is_there()
    with Agent(settings, consent=Desk() if there else None) as agent:

        async def ask(asked: ConsentAsked) -> None:
            agent.settle(asked.id, await prompted.ask(asked))

        return await show(begin(agent), as_json=as_json, ask=ask if there else None)


async def follow_again(
    settings: Settings, trace: Path, images: Sequence[str], *, as_json: bool
) -> int:
    """Replay a trace, on other pictures where some are given."""
    from agent.recipe_run import replay

    return await show(replay(settings, trace, images), as_json=as_json)


async def show(
    events: AsyncIterator[Event],
    *,
    as_json: bool,
    ask: Callable[[ConsentAsked], Awaitable[None]] | None = None,
) -> int:
    """Show a run to its end; the exit code. Where somebody is there, `ask` puts a question.

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
                    if ask is not None and isinstance(event, ConsentAsked):
                        await ask(event)
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
