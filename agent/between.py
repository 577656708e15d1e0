"""What is done with a conversation between two questions: resume, go back, look, forget.

Each is a stream that runs in the engine's event loop, one after the other with the questions of
the conversation. Knows nothing of how questions are planned or answered.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from agent import undo
from agent.events import CallFinished, Event, PlanMade, RunStarted
from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Finish, Version
from agent.question import Question
from agent.session import Session
from agent.threads import in_thread
from agent.trace import TRACE, RunFolder, read_trace
from agent.turn import Working
from tools.errors import InputError
from tools.types import Image

if TYPE_CHECKING:
    from pathlib import Path

    from agent.engine import Engine
    from agent.stored import Unfinished

UNDO, REDO = "undo", "redo"
OF_CALLS = ("call_started", "call_progress", "call_finished", "call_failed", "answer_given")
"""Events that are told again, or for the first time, when a plan is taken up."""


async def resume(engine: Engine, session: str) -> AsyncGenerator[Event, None]:
    """Go on with the question that was cut off, from its last finished step.

    Raises:
        InputError: there is none.
    """
    name = engine.named(session)
    async with engine.opened(name) as opened:
        left = opened.left
        if left is None:
            raise InputError(
                f"no question of the conversation {name!r} was cut off",
                hint="Ask it" if opened.saver else "Nothing is kept where remember is off",
            )
        from agent.stored import take_up

        working = engine.working(left.question(), opened)
        await in_thread(lambda: take_up(working, left))
        folder, before = await in_thread(lambda: _reopened(engine.runs, working, left))
        with folder:
            async with contextlib.aclosing(engine.run(working, opened, folder, before)) as events:
                async for event in events:
                    yield event


def _reopened(runs: Path, working: Working, left: Unfinished) -> tuple[RunFolder, list[Event]]:
    """The folder of the run and its events up to where it goes on; a new one where it is gone."""
    path = runs / left.run
    if left.run and path.parent == runs and (path / TRACE).is_file():
        with contextlib.suppress(InputError):
            events = _until(read_trace(path), working)
            if events:
                return RunFolder.again(path, events), events
    return RunFolder(runs, working.question.text), []


def _until(trace: Sequence[Event], working: Working) -> list[Event]:
    """What a trace says of the steps that count; a plan under way that it lacks is added."""
    if not trace or not isinstance(trace[0], RunStarted):
        return []
    if trace[0].session != working.session.name:
        return []
    step, plan = working.step, working.plan
    kept = [e for e in trace if e.step < step or (e.step == step and e.type not in OF_CALLS)]
    if plan is None:
        return [*kept, *(e for e in trace if e.step == step and isinstance(e, CallFinished))]
    if not any(e.step == step and isinstance(e, PlanMade) for e in kept):
        name = working.planner.name
        kept.append(
            PlanMade(step=step, thought=plan.thought, calls=plan.calls, planner=name, seconds=0.0)
        )
    return kept


async def history(engine: Engine, session: str) -> AsyncGenerator[tuple[Version, ...], None]:
    """The versions of the pictures of a conversation, as one item."""
    async with engine.opened(engine.named(session)) as opened:
        await opened.stop()
        if not opened.session.turns:
            raise _unasked(opened.session)
        yield versions(opened.session)


def versions(session: Session) -> tuple[Version, ...]:
    """The versions of the pictures of a conversation."""
    given = [h for h, held in session.held.items() if held.kind == "Image" and not held.made]
    return undo.tree(session.turns, given)


async def move(engine: Engine, session: str, where: str) -> AsyncGenerator[Event, None]:
    """Go to another version of the pictures: a turn like any other, without a plan.

    Args:
        engine: Runs it.
        session: Name of the conversation.
        where: ``undo``, ``redo`` or the handle of a picture.

    Raises:
        InputError: there is no such picture.
    """
    async with engine.opened(engine.named(session)) as opened:
        await opened.stop()
        question, finish = _moved(opened.session, where)
        planner = ScriptedPlanner([finish])
        with RunFolder(engine.runs, question.text) as folder:
            working = engine.working(question, opened, planner)
            async with contextlib.aclosing(engine.run(working, opened, folder)) as events:
                async for event in events:
                    yield event


def _moved(session: Session, where: str) -> tuple[Question, Finish]:
    turns = session.turns
    if not turns:
        raise _unasked(session)
    images, before = turns[-1].images, undo.history(turns)
    if where in (UNDO, REDO):
        text = where.capitalize()
        line = before.past if where == UNDO else before.future
        after = before.back(1) if where == UNDO else before.forth(1)
        made = after.last if line else ()
    else:
        text, made = f"Go back to {where}", (_known(session, where),)
        parents = undo.parents_of(turns)
        root = undo.first(where, parents, before.now)
        images = images if root in images else (root,)
    question = Question(text, images, (), {h: session.held[h].name for h in images}, fresh=False)
    if not made:
        return question, Finish(text=f"There is no edit to {where}", status="cannot")
    cites = ", ".join(f"[{h}]" for h in made)
    said = f"The picture {cites} stands" if len(made) == 1 else f"The pictures {cites} stand"
    return question, Finish(text=f"{said} again.", images=tuple(made))


def _unasked(session: Session) -> InputError:
    name = session.name
    return InputError(f"the conversation {name!r} has no questions yet", hint="Ask one first")


def _known(session: Session, handle: str) -> str:
    known = [v.handle for v in versions(session)]
    if handle not in known or not issubclass(session.kinds[handle], Image):
        raise InputError(
            f"the conversation has no picture {handle[:40]!r}",
            hint=f"Its pictures are {', '.join(known[-24:])}",
        )
    return handle


async def forget(engine: Engine, session: str) -> AsyncGenerator[Event, None]:
    """Delete a conversation and what no other one uses; a stream of no events."""
    name = engine.named(session)
    async with engine.opened(name) as opened:
        held = list(opened.session.held.values())
        await opened.stop()
        held += opened.session.held.values()
        kept: set[str] = engine.used_elsewhere(name)
        roots: set[str] = set()
        if opened.saver is not None:
            for other in await opened.saver.others(name):
                kept.add(str(other["sha256"]))
                roots.add(str(other["root"]))
            await opened.saver.forget(name)
        gone = {h.sha256 for h in held} - kept
        about = ({h.root for h in held if h.root} - roots) | gone
        await in_thread(lambda: engine.drop(name, gone, about, kept))
    nothing: tuple[Event, ...] = ()
    for event in nothing:
        yield event
