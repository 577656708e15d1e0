"""Facts in words: that nothing was found, and what labels say about a thing.

Knows nothing of scenes or planners.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.entities import Fact
from agent.fusion import kind_of
from tools.types import Artefact, Placed

if TYPE_CHECKING:
    from agent.protocol import Result


def attribute_name(tool: str, of: str) -> str:
    """What labels say about a thing: ``colour`` for colours, else what they are of."""
    return "colour" if "colo" in f"{tool} {of}".lower() else of or tool


_NOUNS = {"text": "text", "code": "code", "thing": "thing"}


def absence(result: Result, artefact: Placed, image: str, args: Mapping[str, Any]) -> Fact:
    """That nothing was found, in words: what, where, by whom, how sure it would have had to be."""
    what = _wanted(args) or _NOUNS[kind_of(artefact)]
    shown = next((v for v in args.values() if _is_handle(v, "img")), image)
    where = "whole picture"
    for value in args.values():
        if _is_handle(value, "") and not _is_handle(value, "img"):
            where = f"only {value}"
    least = args.get("min_score")
    by = result.call.tool + (f" by {result.model}" if result.model else "")
    sure = f" ≥ {least:.2f}" if isinstance(least, int | float) else ""
    return Fact(
        f"no {what} in {shown} ({by}{sure}, {where})", result.handle, result.call.tool, True
    )


def _is_handle(value: Any, stem: str) -> bool:
    if not isinstance(value, str) or not value.startswith(stem):
        return False
    if not stem and value.startswith("#"):
        return value[1:].isdecimal()
    head = value.rstrip("0123456789")
    return head != value and (head == stem if stem else head in _STEMS)


def _stems(base: type[Artefact]) -> set[str]:
    return {base.KIND}.union(*(_stems(child) for child in base.__subclasses__()))


_STEMS = frozenset(_stems(Artefact))


def _wanted(args: Mapping[str, Any]) -> str:
    """What was looked for: the words among the arguments."""
    for value in args.values():
        if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
            if not any(_is_handle(v, "") for v in value):
                return " or ".join(repr(v) for v in value)
    for name in ("what", "thing", "phrase", "query", "label", "kind", "pattern", "contains"):
        value = args.get(name)
        if isinstance(value, str) and value and not _is_handle(value, ""):
            return repr(value)
    return ""
