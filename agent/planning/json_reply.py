"""A plan as one JSON object: the schema of what may be replied to a View, and its reading.

The schema lists the tools that can be used with the handles that are valid, and bounds all lengths,
for replies that are held to it word by word. Knows nothing of who replies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import TypeAdapter

from agent.planning.cards import ANSWER, LOOK
from agent.planning.replies import Asked, arguments
from agent.protocol import BadReply, View
from tools.catalog import Param, ToolSpec
from tools.types import Artefact, Boxes, Image

MOST_CALLS = 8
"""Calls of one reply: a small model that does not stop would fill any number."""
MOST_HANDLES = 40
"""Newest handles that may be named for one argument."""
LONGEST_THOUGHT, LONGEST_ANSWER, LONGEST_TEXT, LONGEST_LIST = 300, 1500, 200, 12
LARGEST = 1_000_000
"""Of a number whose tool sets no bound."""
_SAID = rf"^[^\s\x00-\x1f](.|\n){{0,{LONGEST_ANSWER}}}$"
_THINGS = r"^#[1-9][0-9]{0,3}( #[1-9][0-9]{0,3}){0,11}$"

Schema = dict[str, Any]


def schema_of(view: View, *, sees: bool) -> Schema:
    """JSON schema of the replies that can be used: calls, an answer, or a wish to see.

    Args:
        view: What the planner gets to see.
        sees: Whether pictures can be shown.
    """
    forms = [_answer(view)]
    most = min(MOST_CALLS, view.left.calls)
    if not view.last and view.soon and most > 0:
        forms.insert(0, _object(thought=_thought(), calls=_calls(view, most)))
    if sees and not view.last:
        forms.append(_object(thought=_thought(), look=_looks(view)))
    return {"anyOf": forms, "$defs": _tools(view, most)}


def read(text: str) -> tuple[Sequence[Asked], str]:
    """Calls and thought of a reply.

    Raises:
        BadReply: it is no such object.
    """
    found = arguments(text, "the reply")
    thought = found.get("thought")
    said = thought if isinstance(thought, str) else ""
    if ANSWER in found:
        rest = {k: found[k] for k in ("status", "images") if k in found}
        return [(ANSWER, {"text": found[ANSWER], **rest})], said
    if LOOK in found:
        return [(LOOK, {"what": found[LOOK]})], said
    calls = found.get("calls")
    if not isinstance(calls, list) or not calls:
        raise BadReply("the reply has no calls, no answer and no look")
    return [_call(item) for item in calls], said


def _call(item: Any) -> Asked:
    tool = item.get("tool") if isinstance(item, dict) else None
    args = item.get("args", {}) if isinstance(item, dict) else None
    if not isinstance(tool, str) or not isinstance(args, Mapping):
        raise BadReply("a call of the reply is not of the form {tool, args}")
    return tool, args


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: Schema, least: int, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _text(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest}


def _thought() -> Schema:
    return _text(LONGEST_THOUGHT)


def _answer(view: View) -> Schema:
    pictures = _handles(view, Image)
    return _object(
        thought=_thought(),
        answer={"type": "string", "pattern": _SAID},
        status={"enum": ["answered", "cannot"]},
        images=_array({"enum": pictures}, 0, 8) if pictures else {"enum": [[]]},
    )


def _looks(view: View) -> Schema:
    pictures = [*_handles(view, Image), *(f"#{e.id}" for e in view.scene.entities[-MOST_HANDLES:])]
    return _array({"enum": pictures}, 1, 4) if pictures else {"enum": [[]]}


def _calls(view: View, most: int) -> Schema:
    return _array({"anyOf": [{"$ref": f"#/$defs/{t.name}"} for t in view.soon]}, 1, most)


def _tools(view: View, most: int) -> Schema:
    return {} if view.last else {spec.name: _tool(spec, view, most) for spec in view.soon}


def _tool(spec: ToolSpec, view: View, most: int) -> Schema:
    params = spec.params.values()
    args = {
        "type": "object",
        "properties": {p.name: _argument(spec, p, view, most) for p in params},
        "required": [p.name for p in params if p.required],
        "additionalProperties": False,
    }
    return _object(tool={"const": spec.name}, args=args)


def _argument(spec: ToolSpec, param: Param, view: View, most: int) -> Schema:
    if param.is_artefact:
        return _handle(param, view, most)
    field = spec.args.model_fields[param.name]
    bounded: Any = Annotated[(field.annotation, "", *field.metadata)]
    return _bounded(TypeAdapter(bounded).json_schema())


def _handle(param: Param, view: View, most: int) -> Schema:
    valid = [*_handles(view, param.type), *(f"${k}" for k in range(1, most))]
    options: list[Schema] = [{"enum": valid}] if valid else []
    if issubclass(Boxes, param.type) and view.scene.entities:
        options.append({"type": "string", "pattern": _THINGS})
    return {"anyOf": options} if options else _text(LONGEST_TEXT)


def _handles(view: View, kind: type[Artefact]) -> list[str]:
    """Valid handles of a class: those in question, and the newest."""
    able = [h for h, made in view.kinds.items() if issubclass(made, kind)]
    asked = [h for h in (*view.images, *view.given, *view.clips) if h in able]
    return list(dict.fromkeys([*asked[:MOST_HANDLES], *able[-MOST_HANDLES:]]))


def _bounded(found: Mapping[str, Any]) -> Schema:
    """The schema of a plain argument with an end to every length; null is left out."""
    options = [o for o in found.get("anyOf", ()) if o != {"type": "null"}]
    if options:
        return (
            _bounded(options[0]) if len(options) == 1 else {"anyOf": [_bounded(o) for o in options]}
        )
    if "enum" in found or "const" in found:
        return {k: found[k] for k in ("enum", "const") if k in found}
    kept = {k: v for k, v in found.items() if k not in ("title", "default", "description")}
    kind = kept.get("type")
    if kind == "string":
        kept["maxLength"] = min(LONGEST_TEXT, kept.get("maxLength", LONGEST_TEXT))
    elif kind == "array":
        kept["items"] = _bounded(kept.get("items", {"type": "string"}))
        kept["maxItems"] = min(LONGEST_LIST, kept.get("maxItems", LONGEST_LIST))
    elif kind in ("integer", "number"):
        if not {"minimum", "exclusiveMinimum"} & kept.keys():
            kept["minimum"] = -LARGEST
        if not {"maximum", "exclusiveMaximum"} & kept.keys():
            kept["maximum"] = LARGEST
    return kept
