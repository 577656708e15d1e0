"""Chains found by searching the tool graph: how a result is reached that no rule spells out.

Knows nothing of language or of particular abilities.
"""

from __future__ import annotations

from typing import Any

from agent.planners.offline.work import Cannot, Ref, Work
from tools.catalog import Param, ToolSpec
from tools.graph import ToolGraph
from tools.types import Artefact, Image


def reach(
    work: Work, graph: ToolGraph, image: Ref, spec: ToolSpec, given: dict[str, Any] | None = None
) -> Ref:
    """The call of `spec` at the end of the shortest chain that begins with one picture.

    Args:
        work: Where the calls are asked for.
        graph: The tools that may be on the way.
        image: The picture.
        spec: The tool whose result is wanted.
        given: Arguments of `spec` that are known already.

    Raises:
        Cannot: no chain of tools leads there.
    """
    args = dict(given or {})
    for param in _open(spec, args):
        args[param.name] = image if param.type is Image else _made(work, graph, image, param)
    return work.call(spec.name, **args)


def _open(spec: ToolSpec, args: dict[str, Any]) -> list[Param]:
    return [p for p in spec.params.values() if p.is_artefact and p.required and p.name not in args]


def _made(work: Work, graph: ToolGraph, image: Ref, param: Param) -> Ref:
    """An artefact for a parameter, by the graph's shortest chain from one picture."""
    chain = graph.path({Image}, param.type)
    if not chain:
        held = [h for h, kind in work.view.kinds.items() if param.takes(kind)]
        if held:
            return Ref(held[-1])  # such as a film, which only a person can give
        raise Cannot(f"I cannot make what {param.name!r} wants: no tool leads from a picture to it")
    made: list[tuple[type[Artefact], Ref]] = [(Image, image)]
    for step in chain:
        args = {
            p.name: next(ref for kind, ref in reversed(made) if p.takes(kind))
            for p in _open(step, {})
        }
        made.append((step.returns, work.call(step.name, **args)))
    return made[-1][1]
