"""A recipe: the calls of a good run with its inputs left open, to run on other pictures.

It is read off a trace. Pictures are named by their place in the question, results by the call
that made them, entities by call and row, so nothing of the old pictures is left in it. No planner
is asked: the calls run as they are and the answer is said anew from what they found. Knows
nothing of how calls are run.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.cites import cites_of
from agent.events import (
    AnswerGiven,
    CallFailed,
    CallFinished,
    CallStarted,
    Event,
    PlanMade,
    RunStarted,
)
from agent.protocol import Call, Finish, Plan, Result, View
from agent.settings import Settings
from agent.trace import read_trace
from tools.errors import InputError, PlannerError
from tools.ingest import Source
from tools.types import Image, Number, Placed, Table, Text

INPUT = re.compile(r"<(image|given) (\d+)>")
ROW = re.compile(r"<row (\d+) of ([A-Za-z0-9_.-]+)>")


class Recipe(BaseModel):
    """Calls with open inputs, in plans as they were made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    images: int = Field(ge=0)
    """How many pictures it wants."""
    plans: tuple[Plan, ...] = Field(min_length=1)
    wanted: tuple[str, ...] = ()
    """Ids of the calls whose results are the answer; the last ones where empty."""
    shown: tuple[str, ...] = ()
    """Ids of the calls whose pictures are part of the answer."""
    sources: tuple[str, ...] = ()
    """SHA-256 of the pictures it was made with."""

    @classmethod
    def of(cls, events: Sequence[Event]) -> Recipe:
        """The recipe of a run.

        Raises:
            InputError: the run made no call that worked.
        """
        return _Reader(events).recipe()

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """A recipe from its own JSON file, or from a trace.

        Raises:
            InputError: it is neither.
        """
        if path.suffix != ".json":
            return cls.of(read_trace(path))
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(f"cannot read the recipe {path}: {error.strerror}") from None
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise InputError(f"{path} is no recipe: {reason}") from None


@dataclass
class _Reader:
    events: Sequence[Event]
    maker: dict[str, str] = field(default_factory=dict)
    """Call id in the recipe by handle."""
    rows: dict[int, tuple[str, int]] = field(default_factory=dict)
    """(call id, row) by entity."""
    inputs: dict[str, str] = field(default_factory=dict)

    def recipe(self) -> Recipe:
        start = next((e for e in self.events if isinstance(e, RunStarted)), None)
        if start is None:
            raise InputError("the trace does not begin with the start of a run")
        for index, image in enumerate(start.images):
            self.inputs.setdefault(image.handle, f"<image {index}>")
        self.inputs.update({h: f"<given {i}>" for i, h in enumerate(start.given)})
        plans = [p for step in self._steps() if (p := self._plan(*step)) is not None]
        if not plans:
            raise InputError("the trace has no call that worked: there is nothing to replay")
        end = next((e for e in self.events if isinstance(e, AnswerGiven)), None)
        cites = cites_of(end.text) if end else []
        shown = [Path(p).stem for p in end.images] if end else []
        return Recipe(
            question=start.question, images=len(start.images), plans=tuple(plans),
            wanted=self._makers(cites), shown=self._makers(shown),
            sources=tuple(i.sha256 for i in start.images),
        )  # fmt: skip

    def _makers(self, cites: Iterable[str]) -> tuple[str, ...]:
        found = []
        for cite in cites:
            number = int(cite[1:]) if cite.startswith("#") else 0
            found.append(self.rows[number][0] if number in self.rows else self.maker.get(cite, ""))
        return tuple(dict.fromkeys(f for f in found if f))

    def _steps(self) -> Iterable[tuple[PlanMade, list[CallStarted | CallFinished]]]:
        step: PlanMade | None = None
        done: list[CallStarted | CallFinished] = []
        for event in self.events:
            if isinstance(event, PlanMade):
                if step is not None:
                    yield step, done
                step, done = event, []
            elif isinstance(event, CallStarted | CallFinished):
                done.append(event)
        if step is not None:
            yield step, done

    def _plan(self, made: PlanMade, done: list[CallStarted | CallFinished]) -> Plan | None:
        """The calls that worked, as they ran; those answered from memory as they were planned."""
        ran = {e.call.id: e.call for e in done if isinstance(e, CallStarted)}
        planned = {c.id: c for c in made.calls}
        calls = []
        for event in done:
            if not isinstance(event, CallFinished):
                continue
            call = ran.get(event.call) or planned.get(event.call)
            if call is None:
                continue
            name = f"s{made.step}.{event.call}"
            args = {k: self._open(v, made.step, planned) for k, v in call.args.items()}
            calls.append(Call(id=name, tool=call.tool, args=args))
            self.maker.setdefault(event.handle, name)
            for row, number in enumerate(event.entities):
                self.rows.setdefault(number, (name, row))
        return Plan(calls=tuple(calls), thought=made.thought) if calls else None

    def _open(self, value: Any, step: int, planned: Mapping[str, Call]) -> Any:
        """A value with handles replaced by what they stand for."""
        if isinstance(value, list):
            return [self._open(v, step, planned) for v in value]
        if not isinstance(value, str):
            return value
        if value.startswith("$") and value[1:] in planned:
            return f"$s{step}.{value[1:]}"
        if re.fullmatch(r"#\d+([\s,]+#\d+)*", value):
            return " ".join(self._row(int(n)) for n in re.findall(r"\d+", value))
        if value in self.inputs:
            return self.inputs[value]
        return f"${self.maker[value]}" if value in self.maker else value

    def _row(self, number: int) -> str:
        call, row = self.rows.get(number, ("", 0))
        return f"<row {row} of {call}>" if call else f"#{number}"


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
        run = agent.astream(recipe.question, pictures, **drawings(events))
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
