"""JSON schemas as servers with a strict mode want them, and what comes back of it undone.

Strict mode has every property required, so one that may be left out becomes one that may be null;
the nulls of a reply are taken out again. Knows nothing of tools or servers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DROPPED = frozenset(
    {"default", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties",
     "maxProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
     "pattern", "format", "title", "examples"}
)  # fmt: skip
"""Bounds, which servers understand differently, and decoders get wrong; each call is checked here
anyway."""
NULL = {"type": "null"}


def strict(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema in strict form, or None where it has none: an object with free keys."""
    try:
        return _strict(schema)
    except _Free:
        return None


class _Free(Exception):
    """An object whose keys are not known beforehand."""


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions") and isinstance(value, Mapping):
            made[key] = {name: _strict(inner) for name, inner in value.items()}
        elif key in ("anyOf", "allOf", "oneOf", "prefixItems") and isinstance(value, list | tuple):
            made[key] = [_strict(inner) for inner in value]
        elif key == "items" and isinstance(value, Mapping):
            made[key] = _strict(value)
        elif key not in DROPPED:
            made[key] = value
    if schema.get("type") == "object" or "properties" in schema:
        _close(made, schema)
    return made


def _close(made: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Every property required, no other allowed."""
    if "properties" not in schema or schema.get("additionalProperties", False) is not False:
        raise _Free
    needed = set(schema.get("required", ()))
    made["properties"] = {
        name: inner if name in needed else _or_null(inner)
        for name, inner in made["properties"].items()
    }
    made["required"] = list(made["properties"])
    made["additionalProperties"] = False


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema and "const" not in schema:
        return {**schema, "type": kind if kind == "null" else [kind, "null"]}
    if NULL in schema.get("anyOf", ()):
        return schema
    words = {"description": schema["description"]} if "description" in schema else {}
    bare = {k: v for k, v in schema.items() if k != "description"}
    if not bare:
        return schema
    options = bare["anyOf"] if set(bare) == {"anyOf"} else [bare]
    return {**words, "anyOf": [*options, NULL]}


def without_nulls(arguments: str, schema: Mapping[str, Any]) -> str:
    """A call's arguments without the nulls that stand for what was left out."""
    if "null" not in arguments:
        return arguments
    try:
        found = json.loads(arguments)
        needed = set(schema.get("required", ()))
        if not isinstance(found, dict) or None not in found.values():
            return arguments
        return json.dumps({k: v for k, v in found.items() if v is not None or k in needed})
    except (ValueError, RecursionError):
        return arguments
