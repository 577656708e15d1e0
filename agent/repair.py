"""Looks over a plan before it runs: what is plainly missing is added, the rest refused in words.

Faults of the plan as a whole (two calls of one id, a circle) go back to the planner; faults of one
call become that call's result, and the others run. Knows nothing of LangGraph or of running tools.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.arguments import ENTITIES, references
from agent.protocol import Call, Plan
from agent.session import Session
from tools.catalog import ToolSpec
from tools.errors import BadArguments, OcelliError, PlannerError
from tools.graph import ToolGraph
from tools.types import Artefact, Boxes, Placed


@dataclass
class Fixed:
    """A plan as it will run."""

    calls: tuple[Call, ...]
    notes: list[tuple[str, str]] = field(default_factory=list)
    """(call id, what was changed)."""
    refused: dict[str, OcelliError] = field(default_factory=dict)
    """Why a call must not run, by id."""


def structure(plan: Plan) -> None:
    """Refuse a plan that is no plan.

    Raises:
        PlannerError: an id is used twice, or calls wait for one another in a circle.
    """
    ids = [c.id for c in plan.calls]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise PlannerError(f"calls share the id {', '.join(map(repr, twice))}")
    waits = {c.id: references(c, set(ids)) for c in plan.calls}
    while waits:
        free = {i for i, needs in waits.items() if not needs & waits.keys()}
        if not free:
            raise PlannerError(f"the calls {', '.join(waits)} wait for one another in a circle")
        waits = {i: needs for i, needs in waits.items() if i not in free}


class Repairer:
    """Repairs plans over one graph of tools."""

    def __init__(self, graph: ToolGraph) -> None:
        self.graph = graph
        self.catalog = graph.catalog

    def fix(self, plan: Plan, session: Session, known: Iterable[str]) -> Fixed:
        """The plan as it will run.

        Args:
            plan: What the planner said.
            session: What its handles stand for.
            known: Handles of this turn, oldest first: what a missing argument may be filled with.

        Raises:
            PlannerError: it is no plan.
        """
        structure(plan)
        held: dict[str, Artefact | type[Artefact]] = {
            h: session.get(h) for h in dict.fromkeys(known) if h in session.held
        }
        fixed = Fixed(())
        done: list[Call] = []
        for call in plan.calls:
            try:
                done.extend(self._fix_call(call, plan, session, held, fixed))
            except BadArguments as error:
                fixed.refused[call.id] = error
                done.append(call)
        fixed.calls = tuple(done)
        return fixed

    def _fix_call(
        self,
        call: Call,
        plan: Plan,
        session: Session,
        held: dict[str, Artefact | type[Artefact]],
        fixed: Fixed,
    ) -> list[Call]:
        """The call as it can run, after the calls that had to be put before it."""
        spec = self.catalog.tool(call.tool)
        self._check_kinds(spec, call, plan, session)
        before: list[Call] = []
        args = self._filled(spec, call, {**held, **_entities(call, session)}, fixed)
        for param in self.graph.missing(spec, args):
            chain = self.graph.insert(spec, param.name, [_class(a) for a in held.values()])
            added = self._chain(chain, f"{call.id}.{param.name}", held)
            if not added:
                raise BadArguments(f"{spec.name}: {self.graph.refusal(spec, param.name)}")
            before += added
            args[param.name] = f"${added[-1].id}"
            tools = ", ".join(c.tool for c in added)
            fixed.notes.append((call.id, f"{param.name} comes from {tools}, put before it"))
        held[f"${call.id}"] = spec.returns
        return [*before, call.model_copy(update={"args": args})]

    def _filled(
        self,
        spec: ToolSpec,
        call: Call,
        held: Mapping[str, Artefact | type[Artefact]],
        fixed: Fixed,
    ) -> dict[str, Any]:
        given = {n: v for n, v in call.args.items() if v is not None}
        args = self.graph.fill(spec, given, held)
        roots = {_root(held[v]) for v in given.values() if isinstance(v, str) and v in held} - {""}
        if len(roots) == 1 and self.graph.missing(spec, args):
            near = {h: a for h, a in held.items() if _root(a) in roots}
            args = self.graph.fill(spec, args, near)
        for name in args.keys() - given.keys():
            fixed.notes.append((call.id, f"{name} was missing; {args[name]} is the one that fits"))
        return args

    def _chain(
        self,
        chain: Sequence[ToolSpec],
        name: str,
        held: dict[str, Artefact | type[Artefact]],
    ) -> list[Call]:
        """Calls of the tools of a chain, each with what it needs; none where one lacks it."""
        calls: list[Call] = []
        seen = dict(held)
        for number, spec in enumerate(chain, 1):
            args = self.graph.fill(spec, {}, seen)
            if self.graph.missing(spec, args):
                return []
            call = Call(id=f"{name[:34]}.{number}", tool=spec.name, args=args)
            seen[f"${call.id}"] = spec.returns
            calls.append(call)
        held.update(seen)
        return calls

    def _check_kinds(self, spec: ToolSpec, call: Call, plan: Plan, session: Session) -> None:
        """Refuse an artefact of a class that cannot fit, saying what would make one that does."""
        for name, value in call.args.items():
            param = spec.params.get(name)
            if param is None or not param.is_artefact or not isinstance(value, str):
                continue
            kind = self._kind_of(value.strip(), plan, session)
            if kind is None or _may_fit(kind, param.type):
                continue
            raise BadArguments(
                f"{spec.name}: {value} is {kind.__name__}, but {self.graph.refusal(spec, name)}"
            )

    def _kind_of(self, value: str, plan: Plan, session: Session) -> type[Artefact] | None:
        if ENTITIES.fullmatch(value):
            return Placed
        if value.startswith("$"):
            maker = next((c for c in plan.calls if c.id == value[1:]), None)
            spec = self.catalog.tools.get(maker.tool) if maker else None
            return spec.returns if spec else None
        return session.kinds.get(value)


def _may_fit(kind: type[Artefact], wanted: type) -> bool:
    """Whether an artefact declared as `kind` can be given where `wanted` is asked for."""
    if issubclass(kind, wanted) or issubclass(wanted, kind):
        return True
    return issubclass(kind, Placed) and issubclass(Boxes, wanted)


def _entities(call: Call, session: Session) -> dict[str, Artefact]:
    """What ``#4`` means in the arguments of a call: it says which picture is meant."""
    found: dict[str, Artefact] = {}
    for value in call.args.values():
        if isinstance(value, str) and ENTITIES.fullmatch(value):
            with contextlib.suppress(BadArguments):  # said when the arguments are prepared
                numbers = [int(n) for n in re.findall(r"\d+", value)]
                found[value] = session.entity_rows(numbers, Placed)
    return found


def _root(thing: Artefact | type[Artefact]) -> str:
    """The root picture an artefact lies in, '' where it has none or is still to come."""
    return str(getattr(getattr(thing, "frame", None), "root", ""))


def _class(thing: Artefact | type[Artefact]) -> type[Artefact]:
    return thing if isinstance(thing, type) else type(thing)
