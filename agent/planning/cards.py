"""Tool cards: each ability as a function that a language model can call, or as a line of text.

Generated from the declarations: the signature gives the schema, the docstring the words, the
models that are ready what is known of their limits. Knows nothing of plans or servers.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import Any

from tools.catalog import ANY, Catalog, Param, ToolSpec
from tools.types import Artefact, Boxes, Image, Placed

ANSWER, LOOK = "answer", "look"
"""The two functions that are no tools: the end of a turn, and a wish to see pictures."""
MAX_DOC = 280
"""Characters of a docstring on a card."""
MAX_LABELS = 24
"""Names on a card that a model is known to find."""

JSON_TYPES: Mapping[type, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean",
}  # fmt: skip
OWN: tuple[Mapping[str, Any], ...] = (
    {
        "name": ANSWER,
        "description": "End the turn with the answer to the person.",
        "parameters": {
            "type": "object",
            "properties": {
                "text": {
                    "type": "string",
                    "description": "The answer, with cites in brackets: [#1 #2] for things of the "
                    "scene, [table1] for results.",
                },
                "status": {"type": "string", "enum": ["answered", "cannot"]},
                "images": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Handles of pictures that are part of the answer.",
                },
            },
            "required": ["text"],
            "additionalProperties": False,
        },
    },
    {
        "name": LOOK,
        "description": "See pictures or things again with the next request.",
        "parameters": {
            "type": "object",
            "properties": {
                "what": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Handles: img2, #4 (cut out and enlarged).",
                }
            },
            "required": ["what"],
            "additionalProperties": False,
        },
    },
)


def schema(spec: ToolSpec) -> Mapping[str, Any]:
    """JSON schema of a tool's arguments; an artefact is a handle, a text.

    Bounds of numbers and lengths are left out: servers understand them differently, and each call
    is checked against the declaration anyway.
    """
    return {
        "type": "object",
        "properties": {p.name: _property(spec, p) for p in spec.params.values()},
        "required": [p.name for p in spec.params.values() if p.required],
        "additionalProperties": False,
    }


def _property(spec: ToolSpec, param: Param) -> Mapping[str, Any]:
    if param.is_artefact:
        said = f"{handle_words(param.type)}. {param.description}".rstrip(". ")
        return {"type": "string", "description": said}
    found = _plain(param, spec.args.model_fields[param.name].annotation)
    if not param.required and param.default is not None:
        found["default"] = param.default
    if param.description:
        found["description"] = param.description
    return found


def _plain(param: Param, annotation: Any) -> dict[str, Any]:
    """JSON schema of a value that is no artefact."""
    if param.choices:
        return {"type": "string", "enum": list(param.choices)}
    if param.type is not list:
        return {"type": JSON_TYPES[param.type]}
    lists = [a for a in (annotation, *typing.get_args(annotation)) if typing.get_origin(a) is list]
    (item,) = typing.get_args(lists[0])
    return {"type": "array", "items": {"type": JSON_TYPES[item]}}


def handle_words(kind: type[Artefact]) -> str:
    """What a planner may write where an artefact of this class is wanted."""
    if kind is Image:
        return "handle of a picture"
    if kind is Placed:
        return "handle of boxes, masks, texts or codes, or things: #1 #2"
    things = ", or things: #1 #2" if issubclass(Boxes, kind) else ""
    return f"handle of {kind.KIND}{things}"


class Cards:
    """The cards of one catalog. What is known of models is looked up once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._words: dict[str, str] = {}
        self._functions: dict[tuple[str, ...], tuple[Mapping[str, Any], ...]] = {}
        self._lines: dict[tuple[str, ...], str] = {}

    def words(self, spec: ToolSpec) -> str:
        """What a tool does, when to use it, and the limits that are known."""
        if spec.name not in self._words:
            doc = " ".join(spec.doc.split("Raises:")[0].split())
            doc = doc if len(doc) <= MAX_DOC else doc[: doc.rfind(". ", 0, MAX_DOC) + 1]
            gives = spec.returns.KIND
            effect = "" if spec.effect == "read" else f" ({spec.effect})"
            parts = [f"{doc or spec.summary} Gives {gives}{effect}.", *self._limits(spec)]
            self._words[spec.name] = " ".join(parts)
        return self._words[spec.name]

    def _limits(self, spec: ToolSpec) -> Iterable[str]:
        """What is known of the models that would do it here."""
        if not spec.needs:
            return
        ready = [m for m in self.catalog.of_ability(spec.needs) if not m.missing()]
        if ready and all(m.labels and m.labels != ANY for m in ready):
            names = sorted({label for m in ready for label in m.labels})
            more = f" and {len(names) - MAX_LABELS} more" if len(names) > MAX_LABELS else ""
            yield f"Finds only: {', '.join(names[:MAX_LABELS])}{more}."
        notes = [f"{m.name}: {m.notes}" for m in ready[:2] if m.notes]
        if notes:
            said = " ".join(" ".join(notes).split())
            yield said if len(said) <= MAX_DOC else f"{said[: said.rfind(' ', 0, MAX_DOC)]} …"

    def functions(self, tools: Iterable[ToolSpec]) -> tuple[Mapping[str, Any], ...]:
        """The tools as functions to call, with ``answer`` and ``look``; the same objects each time.

        Where there are no tools left only ``answer`` is.
        """
        specs = tuple(tools)
        names = tuple(s.name for s in specs)
        if names not in self._functions:
            made = tuple(
                {"name": s.name, "description": self.words(s), "parameters": schema(s)}
                for s in specs
            )
            self._functions[names] = (*made, *OWN) if made else OWN[:1]
        return self._functions[names]

    def lines(self, tools: Iterable[ToolSpec]) -> str:
        """The tools as text, one a line: signature, then words."""
        specs = tuple(tools)
        names = tuple(s.name for s in specs)
        if names not in self._lines:
            self._lines[names] = "\n".join(f"- {signature(s)}: {self.words(s)}" for s in specs)
        return self._lines[names]


def signature(spec: ToolSpec) -> str:
    """``crop(image: img, region: thing = none, part: "top half" | … = "") -> img``."""
    said = [_argument(p) for p in spec.params.values()]
    return f"{spec.name}({', '.join(said)}) -> {spec.returns.KIND}"


def _argument(param: Param) -> str:
    if issubclass(param.type, Artefact):
        kind = "things" if param.type is Placed else param.type.KIND
    elif param.choices:
        kind = " | ".join(f'"{c}"' for c in param.choices if c)
    else:
        kind = param.type.__name__
    if param.required:
        return f"{param.name}: {kind}"
    default = "none" if param.default is None else repr(param.default)
    return f"{param.name}: {kind} = {default}"
