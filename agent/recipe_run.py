"""Runs a recipe on pictures: the calls as they are, the answer said anew from what they found.

No planner is asked. Knows nothing of how a recipe is read off a trace.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.events import AnswerGiven, CallFailed, CallFinished, Event, RunStarted
from agent.protocol import Call, Finish, Plan, Result, View
from agent.recipe import INPUT, ROW, Recipe
from agent.settings import Settings
from agent.trace import read_trace
from tools.errors import PlannerError
from tools.ingest import Source
from tools.types import Image, Number, Placed, Table, Text


@dataclass(frozen=True)
class Recorded:
    """How a run came out."""

    found: dict[str, tuple[str, str]]
    """(handle, what it says) by call of the recipe."""
    finish: Finish

    @classmethod
    def of(cls, events: Sequence[Event]) -> Recorded | None:
        """The outcome of a run, None where it was cut off or had failures."""
        end = next((e for e in events if isinstance(e, AnswerGiven)), None)
        if end is None or any(isinstance(e, CallFailed) for e in events):
            return None
        finished = [e for e in events if isinstance(e, CallFinished)]
        shown = tuple(Path(p).stem for p in end.images)
        return cls(
            {f"s{e.step}.{e.call}": (e.handle, e.text) for e in finished},
            Finish(text=end.text, status=end.status, images=shown),
        )


def found_in(view: View) -> dict[str, tuple[str, str]]:
    """What the calls of a turn made and what that says."""
    return {
        r.call.id: (r.handle, r.artefact.describe()) for r in view.results if r.artefact is not None
    }


class RecipePlanner:
    """Runs a recipe on the pictures of one question after another."""

    name = "recipe"
    trusted = True
    """Its calls were allowed when they were recorded."""

    def __init__(self, recipe: Recipe, recorded: Recorded | None = None) -> None:
        """Run `recipe`; where all comes out as `recorded`, that answer stands."""
        self.recipe = recipe
        self.recorded = recorded

    async def decide(self, view: View) -> Plan | Finish:
        """The next plan with this question's inputs, at the end the answer.

        Raises:
            PlannerError: it wants another number of pictures.
        """
        if len(view.images) != self.recipe.images:
            return Finish(
                text=f"This recipe wants {self.recipe.images} pictures, not {len(view.images)}.",
                status="cannot",
            )
        done = {r.call.id for r in view.results}
        for plan in self.recipe.plans:
            if not done.issuperset(c.id for c in plan.calls):
                calls = tuple(self._filled(c, view) for c in plan.calls)
                return Plan(calls=calls, thought=plan.thought)
        if self.recorded is not None and self.recorded.found == found_in(view):
            return self.recorded.finish
        return said_anew(self.recipe, view)

    def _filled(self, call: Call, view: View) -> Call:
        args = {name: self._value(value, view) for name, value in call.args.items()}
        return call.model_copy(update={"args": args})

    def _value(self, value: Any, view: View) -> Any:
        if isinstance(value, list):
            return [self._value(v, view) for v in value]
        if not isinstance(value, str):
            return value
        opened = INPUT.fullmatch(value)
        if opened:
            inputs = view.images if opened[1] == "image" else view.given
            if int(opened[2]) >= len(inputs):
                raise PlannerError(f"the recipe wants a drawing (number {int(opened[2]) + 1})")
            return inputs[int(opened[2])]
        if value.startswith("$"):
            made = view.of_call(value[1:])
            return made.handle if made is not None and made.ok else value
        return ROW.sub(lambda m: _number(view, m[2], int(m[1])), value)


def _number(view: View, call: str, row: int) -> str:
    made = view.of_call(call)
    numbers = view.scene.numbers(made.handle, (row,)) if made else ()
    return f"#{numbers[0]}" if numbers else f"#{len(view.scene.entities) + 1}"


def said_anew(recipe: Recipe, view: View) -> Finish:
    """The answer, said from what the calls found this time."""
    used = {m for p in recipe.plans for c in p.calls for m in _uses(c)}
    leaves = [c.id for p in recipe.plans for c in p.calls if c.id not in used]
    results = [r for i in (recipe.wanted or leaves) if (r := view.of_call(i)) is not None]
    shown = [r for i in recipe.shown if (r := view.of_call(i)) is not None]
    pictures = [r.handle for r in (*shown, *results) if isinstance(r.artefact, Image)]
    parts = [_sentence(r, view) for r in results if not isinstance(r.artefact, Image)]
    if pictures:
        parts.append(f"Here is the result [{' '.join(dict.fromkeys(pictures))}].")
    worked = any(r.ok for r in (*results, *shown))
    return Finish(
        text="\n".join(parts) or "The recipe found nothing.",
        status="answered" if worked else "cannot",
        images=tuple(dict.fromkeys(pictures)),
    )


def _uses(call: Call) -> set[str]:
    text = " ".join(str(v) for v in call.args.values())
    return {m[1:] for m in re.findall(r"\$[A-Za-z0-9_.-]+", text)} | {
        m[1] for m in ROW.findall(text)
    }


def _sentence(result: Result, view: View) -> str:
    artefact, handle = result.artefact, result.handle
    if artefact is None:
        return f"{result.call.tool} failed: {result.error}"
    fact = view.scene.fact_of(handle)
    if isinstance(artefact, Placed) and len(artefact):
        numbers = view.scene.numbers(handle)
        entities = [e for n in numbers if (e := view.scene.entity(n)) is not None]
        names = [e.label if e.kind == "thing" else _quoted(e.label) for e in entities]
        listed = ", ".join(f"{n} [#{e.id}]" for n, e in zip(names, entities, strict=True))
        return f"{result.call.tool}: {listed}."
    if isinstance(artefact, Number | Text | Table) or fact:
        text = fact.text if fact else artefact.describe()
        return f"{text} [{handle}]."
    return f"{artefact.describe()} [{handle}]."


def _quoted(text: str) -> str:
    inner = text.replace('"', "'").replace("\n", " ")
    return f'"{inner}"'


async def replay(
    settings: Settings, trace: Path, images: Sequence[Source] = ()
) -> AsyncGenerator[Event, None]:
    """Run the recipe of a trace, on its own pictures or on others; the events of the new run.

    Raises:
        InputError: the trace cannot be read, or its pictures are no longer kept.
    """
    from agent.run import Agent

    events = await asyncio.to_thread(read_trace, Path(trace))
    recipe = Recipe.of(events)
    agent = Agent(settings, planner=RecipePlanner(recipe, Recorded.of(events)))
    try:
        pictures: list[Any] = list(images) or await asyncio.to_thread(agent.kept, recipe.sources)
        drawn = drawings(events)
        run = agent.astream(recipe.question, pictures, boxes=drawn["boxes"], points=drawn["points"])
        async with contextlib.aclosing(run) as stream:
            async for event in stream:
                yield event
    finally:
        agent.close()


def drawings(events: Sequence[Event]) -> dict[str, list[list[float]]]:
    """The boxes and points a person drew in a run, as `Agent.astream` takes them."""
    start = next((e for e in events if isinstance(e, RunStarted)), None)
    rows = [row for shape in start.given.values() for row in shape] if start else []
    return {
        "boxes": [row for row in rows if len(row) == 4],
        "points": [row for row in rows if len(row) < 4],
    }
