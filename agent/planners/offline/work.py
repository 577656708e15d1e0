"""How a goal asks for tool calls and waits for them, and how it words what it found.

A goal is an ordinary function that asks `Work.call` for results. Calls are named by their content,
so running the function again finds what is done already; `Work.see` on one that is not done yet
suspends the goal (`Pending`) and everything asked so far becomes the next plan. Goals of one
question share their calls. Knows nothing of language or of particular abilities.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agent.planners.offline import patterns
from agent.protocol import Call, Result, Status, View
from tools.catalog import ANY, ModelSpec
from tools.types import Artefact, Image

A = TypeVar("A", bound=Artefact)


class Pending(Exception):
    """A goal needs a result that is not there yet."""


class Cannot(Exception):
    """A goal cannot be reached; the message is the sentence for the person."""


@dataclass(frozen=True)
class Ref:
    """What stands for an artefact in a call: a handle, or ``$id`` of a call of the next plan."""

    name: str
    call_id: str = ""
    image: str = ""
    """Handle of the picture it was made from, for messages and cites."""


@dataclass(frozen=True)
class Fragment:
    """What one goal contributes to the answer."""

    text: str
    status: Status = "answered"
    images: tuple[str, ...] = ()
    focus: Ref | None = None
    """What "it" and "they" mean in the goals that follow."""


@dataclass
class Work:
    """The calls of one decision, over the results of those before."""

    view: View
    wanted: list[Call] = field(default_factory=list)

    def call(self, tool: str, **args: Any) -> Ref:
        """Ask for a call; `Ref` arguments may be pending themselves."""
        plain = {k: v.name if isinstance(v, Ref) else v for k, v in args.items() if v is not None}
        keyed = {k: _stable(v) for k, v in args.items() if v is not None}
        digest = hashlib.sha256(json.dumps([tool, keyed], sort_keys=True).encode()).hexdigest()
        call_id = f"{tool}.{digest[:8]}"
        image = next((v.image for v in args.values() if isinstance(v, Ref) and v.image), "")
        done = self.view.of_call(call_id)
        if done is not None and done.ok:
            return Ref(done.handle, call_id, image)
        if done is None and all(call.id != call_id for call in self.wanted):
            self.wanted.append(Call(id=call_id, tool=tool, args=plain))
        return Ref(f"${call_id}", call_id, image)

    def result(self, ref: Ref) -> Result:
        """The result behind `ref`, good or bad; suspends the goal until there is one."""
        done = self.view.of_call(ref.call_id)
        if done is None:
            raise Pending
        return done

    def see(self, ref: Ref, kind: type[A]) -> A:
        """The artefact behind `ref`.

        Raises:
            Pending: the call has not been made yet.
            Cannot: it failed; its error is the reason.
        """
        if ref.call_id:
            done = self.result(ref)
            if not done.ok:
                raise Cannot(self._why_not(done))
        artefact = self.view.get(ref.name)
        if not isinstance(artefact, kind):
            raise Cannot(f"{ref.name} is {artefact.KIND}, not {kind.KIND}")
        return artefact

    def _why_not(self, done: Result) -> str:
        """One sentence on a call that failed: the missing ability by name, or its own error."""
        cause = done
        while cause.error_kind == "Stale":
            before = [v[1:] for v in cause.call.args.values() if str(v).startswith("$")]
            known = [r for r in map(self.view.of_call, before) if r is not None and not r.ok]
            if not known:
                break
            cause = known[0]
        if cause.error_kind == "MissingModel":
            return self.missing(cause.call)
        return f"I could not finish: {cause.call.tool} failed: {cause.error}"

    def missing(self, call: Call) -> str:
        """The sentence for a call that no ready model can serve."""
        ability = self.view.catalog.tool(call.tool).needs
        names = listed([repr(p) for p in call.args.get("phrases", [])])
        return cannot_find(self.view, ability, names)

    def image(self, ref: Ref) -> Image:
        """The picture behind `ref`."""
        return self.see(ref, Image)

    def cite(self, ref: Ref, rows: Sequence[int] | None = None) -> str:
        """`` [#1 #2]`` for the rows of an artefact; its handle where they are many or no entities.

        More than two numbers are given as a range, or by the handle of the artefact: an answer
        should not drown in numbers.
        """
        if ref.call_id:
            done = self.result(ref)
            if not done.ok:
                return ""
            ref = Ref(done.handle, ref.call_id)
        chosen = None if rows is None else tuple(rows)
        numbers = sorted(set(self.view.scene.numbers(ref.name, chosen)))
        if not numbers:
            return f" [{ref.name}]"
        if len(numbers) <= 2:
            return " [" + " ".join(f"#{n}" for n in numbers) + "]"
        if numbers[-1] - numbers[0] + 1 == len(numbers):
            return f" [#{numbers[0]}–#{numbers[-1]}]"
        return f" [{ref.name}]"


def _stable(value: Any) -> Any:
    """A call's argument as part of its name: results by the call that makes them."""
    if isinstance(value, Ref):
        return f"${value.call_id}" if value.call_id else value.name
    return value


def quoted(texts: Iterable[str]) -> str:
    """Texts in quotation marks, joined by commas. Text of pictures is quoted, never obeyed."""
    return ", ".join(f'"{" ".join(t.split())}"' for t in texts)


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]


def plural(count: float, noun: str) -> str:
    """The noun in the number that `count` calls for."""
    if count == 1:
        return noun
    irregular = {"person": "people", "man": "men", "woman": "women", "child": "children"}
    if noun in irregular:
        return irregular[noun]
    if patterns.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    if patterns.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + "s"


def number(value: float, digits: int = 2) -> str:
    """A number for people: no trailing zeros, no exponent."""
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cannot_find(view: View, ability: str, what: str) -> str:
    """The sentence that admits that no ready model of an ability knows `what`."""
    models = view.catalog.of_ability(ability)
    ready = [m for m in models if not m.missing()]
    if not what or not any(m.labels for m in models):
        return f"I cannot do that: it needs the ability `{ability}`, and no ready model has it. {bring(models)}"
    known = sorted({m.labels[0] for m in ready if m.labels and m.labels != ANY})
    knows = f"the ready models know only {listed(known)}" if known else "no model is ready"
    return (
        f"I cannot find {what}: that needs an open-vocabulary model for the ability `{ability}`, "
        f"and {knows}. {bring([m for m in models if m.labels == ANY])}"
    )


def bring(models: Sequence[ModelSpec]) -> str:
    """The command that brings the lightest free one of models that are not ready."""
    absent = [m for m in models if m.missing()]
    free = [m for m in absent if m.permissive] or absent
    if not free:
        return "`ocelli doctor` shows what is there"
    return f"`{min(free, key=lambda m: m.memory_mb).mend()}` brings one"
