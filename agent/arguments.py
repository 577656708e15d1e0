"""From what a planner wrote to what a tool is called with: handles, entities, ``$id``, values.

Handles become artefacts, ``#4`` the row of an entity, ``$a`` the result of a call; what does not
fit is refused in words that name what would. Knows nothing of running tools or of LangGraph.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.held import digest
from agent.protocol import Call
from agent.session import Session
from tools.catalog import Param, ToolSpec
from tools.errors import BadArguments
from tools.types import Artefact, Boxes, Codes, Number, Placed, Text, TextSpans

REFERENCE = re.compile(r"\$([A-Za-z0-9_.-]{1,40})")
ENTITIES = re.compile(r"#\d+(?:[\s,]+#\d+)*")
HANDLE = re.compile(r"[a-z]+\d+")


def references(call: Call, ids: frozenset[str] | set[str]) -> set[str]:
    """The calls of a plan that `call` waits for; `ids` are those of the plan."""
    return {r for value in call.args.values() for r in _references(value) if r in ids}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        found = REFERENCE.fullmatch(value)
        if found:
            yield found[1]
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _references(item)


def resolved(call: Call, handle_of: Mapping[str, str]) -> Call:
    """The call with each ``$id`` replaced by the handle of that call's artefact."""

    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            found = REFERENCE.fullmatch(value)
            return handle_of.get(found[1], value) if found else value
        if isinstance(value, list | tuple):
            return [replaced(item) for item in value]
        return value

    return call.model_copy(update={"args": {k: replaced(v) for k, v in call.args.items()}})


@dataclass(frozen=True)
class Ready:
    """The arguments of one call, checked."""

    values: dict[str, Any]
    """What the tool is called with."""
    plain: dict[str, Any]
    """The same in words: handles as written, defaults filled in."""
    key: str
    """Same tool, same contents, same arguments: same key."""


def prepare(spec: ToolSpec, call: Call, session: Session) -> Ready:
    """Arguments replaced and checked.

    Raises:
        BadArguments: a handle is unknown or does not fit, or a value is wrong.
    """
    given: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, value in call.args.items():
        param = spec.params.get(name)
        if param is None:
            given[name] = value
        elif param.is_artefact:
            if value is None and not param.required:
                continue
            given[name], names[name] = artefact_of(spec, param, value, session)
        else:
            given[name] = plain_of(param, value, call.args[name], session)
    values = spec.check(given)
    said = {n: call.args[n] if n in names else v for n, v in values.items()}
    marks = {n: names.get(n) or v for n, v in values.items()}
    text = json.dumps([spec.name, marks], sort_keys=True, default=str, ensure_ascii=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    return Ready(values, said, key)


def artefact_of(spec: ToolSpec, param: Param, value: Any, session: Session) -> tuple[Artefact, str]:
    """The artefact that `value` names, in a class that the parameter takes, and its identity."""
    where = f"{spec.name}: {param.name}"
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        value = " ".join(value)
    if not isinstance(value, str):
        raise BadArguments(
            f"{where} wants a handle of {param.type.__name__}, not {type(value).__name__}",
            hint=session.valid(),
        )
    value = value.strip()
    if ENTITIES.fullmatch(value):
        numbers = [int(n) for n in re.findall(r"\d+", value)]
        artefact = session.entity_rows(numbers, param.type)
        mark = digest(artefact)
    else:
        artefact = session.get(value)
        mark = session.held[value].identity
    return _fitting(where, param, value, artefact), f"@{mark}"


def _fitting(where: str, param: Param, value: str, artefact: Artefact) -> Artefact:
    if isinstance(artefact, param.type):
        return artefact
    if isinstance(artefact, Placed) and issubclass(Boxes, param.type):
        return artefact.boxes()
    raise BadArguments(
        f"{where} wants {param.type.__name__}, but {value} is {type(artefact).__name__}"
    )


def plain_of(param: Param, value: Any, said: Any, session: Session) -> Any:
    """A plain value; the result of a call (``$a``, by now a handle) gives its text or number."""
    if not isinstance(value, str) or value not in session.held or param.choices:
        return value
    reader = _READERS.get(param.type)
    artefact = session.get(value) if reader else None
    read = reader(artefact) if reader and artefact is not None else None
    return value if read is None else read


def _text(artefact: Artefact) -> str | None:
    if isinstance(artefact, Text):
        return artefact.value
    if isinstance(artefact, TextSpans | Codes):
        return "\n".join(artefact.texts)
    return f"{artefact.value:g}" if isinstance(artefact, Number) else None


def _float(artefact: Artefact) -> float | None:
    return artefact.value if isinstance(artefact, Number) else None


def _int(artefact: Artefact) -> int | None:
    return round(artefact.value) if isinstance(artefact, Number) else None


_READERS: dict[type, Callable[[Artefact], Any]] = {str: _text, float: _float, int: _int}
