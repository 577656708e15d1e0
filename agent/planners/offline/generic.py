"""The goal behind all others: any tool that a clause names by a verb or noun of its own.

A tool that a newcomer adds is reached through this, whatever it takes: the graph finds the tools
that make what it needs. Knows nothing of particular abilities.
"""

from __future__ import annotations

import re
from typing import Any

from agent.planners.offline import patterns
from agent.planners.offline.chains import reach
from agent.planners.offline.phrases import Target
from agent.planners.offline.quotations import unquote
from agent.planners.offline.scope import Scope
from agent.planners.offline.work import Fragment
from tools.catalog import ToolSpec
from tools.types import Artefact, Image, Placed


def by_graph(scope: Scope) -> Fragment | None:
    """Any tool whose verb opens the clause or whose noun it asks for, by a chain to it."""
    spec, rest = _named(scope)
    if spec is None:
        return None
    given: dict[str, Any] = {}
    wordy = ""
    """What a tool that takes plain words is told: at most one of its arguments."""
    looks = any(p.is_artefact and p.required for p in spec.params.values())
    """Whether it works on what is there; what it can do without, it is then told all the same."""
    placed = next(
        (p for p in spec.params.values() if issubclass(p.type, Placed) and (looks or p.required)),
        None,
    )
    objects = [t for t in scope.targets(rest) if t.head and not scope.words.is_picture(t.head)]
    if placed is not None and objects:
        given[placed.name] = scope.find(objects[0])
    for param in spec.params.values():
        said = next(
            (c for c in param.choices if c and patterns.search(rf"\b{re.escape(c)}\b", rest)), None
        )
        if said is not None:
            given[param.name] = said
        elif param.required and param.type is str and not wordy:
            given[param.name] = wordy = unquote(rest or scope.text, scope.clause.quotes)
        elif param.required and param.type is list and objects:
            given[param.name] = [_name(t) for t in objects]
        elif param.required and not param.is_artefact:
            return None
    ref = reach(scope.work, scope.words.graph, scope.image, spec, given)
    artefact = scope.work.see(ref, Artefact)
    if isinstance(artefact, Image):
        return Fragment(
            f"Here is the result of {spec.name}{scope.work.cite(ref)}",
            images=(ref.name,),
            focus=ref,
        )
    return Fragment(f"{artefact.describe()}{scope.work.cite(ref)}", focus=ref)


def _name(thing: Target) -> str:
    """A thing as it is called in a list of names."""
    return " ".join([*thing.colors, *thing.modifiers, thing.head])


def _named(scope: Scope) -> tuple[ToolSpec | None, str]:
    """The tool a clause names, and the rest of the clause."""
    catalog = scope.work.view.catalog
    for verb, name in scope.words.verbs.items():
        if patterns.match(rf"{re.escape(verb)}\b", scope.text):
            return catalog.tools[name], scope.text[len(verb) :].strip()
    match = patterns.match(
        r"^(?:what|which) (?:is|are|was|were) (?:the |its |their )?(.+)$", scope.text
    )
    phrase = match.group(1) if match else ""
    for noun, (name, label) in scope.words.nouns.items():
        spec = catalog.tools[name]
        asked = patterns.match(rf"{re.escape(noun)}s?\b", phrase)
        if asked and not label and not issubclass(spec.returns, Placed | Image):
            return spec, phrase[asked.end() :].strip()
    return None, ""
