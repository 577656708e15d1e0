"""A recipe: the calls of a good run with its inputs left open, to run on other pictures.

It is read off a trace. Pictures are named by their place in the question, results by the call
that made them, entities by call and row, so nothing of the old pictures is left in it. No planner
is asked: the calls run as they are and the answer is said anew from what they found. Knows
nothing of how calls are run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.claims import cites_of
from agent.events import (
    AnswerGiven,
    CallFinished,
    CallStarted,
    Event,
    PlanMade,
    RunStarted,
)
from agent.protocol import Call, Plan
from agent.trace import read_trace
from tools.errors import InputError

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
