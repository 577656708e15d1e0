"""Calls that stand somewhere in a text: as Python, as JSON, or as a name with its input.

Reads what a language model wrote in the hope that a program will run it; nothing is run here.
Knows nothing of thoughts, observations or what tools do; it is told their names and parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.planning.cards import ANSWER, LOOK
from agent.planning.loose import NotReadable, Reader

Params = Mapping[str, Sequence[str]]
"""Parameter names of each tool, in order: for values without a name."""
Calls = list[tuple[str, Mapping[str, Any]]]

OWN: Params = {ANSWER: ("text", "status", "images"), LOOK: ("what",)}

FENCE = re.compile(r"```[a-zA-Z_]{0,16}")
_START = re.compile(
    r"[ \t`]*(?:(?:[-*•]|\d{1,2}[.)])[ \t]+)?(?:([A-Za-z_$]\w{0,40})[ \t]*=[ \t]*)?"
)
_NAME = re.compile(r"[\"'`]?(?:functions?\.|tools?\.)?([A-Za-z_][\w-]{0,60})[\"'`]?[ \t]*:?[ \t]*")
_TOOL_KEYS = ("tool", "name", "action", "function", "tool_name")
_ARG_KEYS = ("args", "arguments", "parameters", "action_input", "input", "kwargs", "tool_input")
_LIST_KEYS = ("calls", "actions", "tool_calls", "steps")
_FINAL_KEYS = ("final_answer", "final answer", "answer")


@dataclass
class Gathered:
    """What a reply has in it so far."""

    params: Params
    calls: Calls = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    waits: bool = False
    """The last call is a bare name whose input may follow."""


def scan(body: str, found: Gathered, *, sure: bool = False) -> bool:
    """Take the calls out of a text, one after the other; whether there was any, or an answer.

    Args:
        body: Calls, one a line or one after the other, with words between them.
        found: Where they go.
        sure: Whether the text was announced as calls; else only known tools are.
    """
    reader = Reader(FENCE.sub("\n", body))
    before = len(found.calls)
    while reader.at < len(reader.text):
        blank = re.compile(r"[\s;,`]+").match(reader.text, reader.at)
        reader.at = blank.end() if blank else reader.at
        if reader.at >= len(reader.text):
            break
        try:
            taken = _one(reader, found, sure and len(found.calls) == before)
        except NotReadable as fault:
            found.faults.append(str(fault))
            return True
        if not taken:  # words: the next line may have more
            end = reader.text.find("\n", reader.at)
            reader.at = len(reader.text) if end < 0 else end + 1
    any_there = len(found.calls) > before or found.answer is not None
    if sure and body and not any_there:
        found.faults.append(f"no call in {body[:60]!r}")
    return any_there


def _one(reader: Reader, found: Gathered, sure: bool) -> bool:
    """Read one call, or several in JSON; False where words stand."""
    start = _START.match(reader.text, reader.at)
    alias = start.group(1) or "" if start else ""
    at = start.end() if start else reader.at
    if reader.text[at : at + 1] in ("{", "["):
        reader.at = at
        return _from_json(reader.value(), found)
    name = _NAME.match(reader.text, at)
    if name is None:
        return False
    word, follows = name.group(1), reader.text[name.end() : name.end() + 1]
    known = word in found.params
    if follows == "(" and (known or sure):
        reader.at = name.end() + 1
        _add(found, word, *reader.arguments())
    elif follows in ("{", "[") and follows and (known or sure):
        reader.at = name.end()
        value = reader.value()
        _add(found, word, value if isinstance(value, list) else [value], {})
    elif (known or sure) and follows in ("", "\n"):
        reader.at = name.end()
        _add(found, word, [], {})
        found.waits = True
    else:
        return False
    if alias and found.calls:
        found.aliases[alias] = f"${len(found.calls)}"
    return True


def take_input(body: str, found: Gathered) -> None:
    """The arguments of the call that was only named."""
    name, _ = found.calls.pop()
    bare = FENCE.sub("", body).strip()
    if bare.lower() in ("", "none", "n/a"):
        return _add(found, name, [], {})
    reader = Reader(bare)
    try:
        if bare[0] in "{[(":
            value = reader.value()
            _add(found, name, value if isinstance(value, list) else [value], {})
        else:
            _add(found, name, *Reader(f"{bare})").arguments())
    except NotReadable as fault:
        found.faults.append(f"{name}: {fault}")


def _from_json(value: Any, found: Gathered) -> bool:
    """Take the calls that a value holds; False where it holds none."""
    if isinstance(value, list):
        return any([_from_json(item, found) for item in value if isinstance(item, dict)])
    if not isinstance(value, dict):
        return False
    thought = value.get("thought")
    if isinstance(thought, str):
        found.thoughts.append(thought)
    several = next((value[k] for k in _LIST_KEYS if isinstance(value.get(k), list)), None)
    if several is not None:
        return _from_json(several, found)
    function = value.get("function")
    if isinstance(function, dict):
        return _from_json(function, found)
    tool = next((value[k] for k in _TOOL_KEYS if isinstance(value.get(k), str)), "")
    if tool:
        args = next((value[k] for k in _ARG_KEYS if k in value), None)
        _add(found, tool, *_from_value(args))
        return True
    final = next((value[k] for k in _FINAL_KEYS if k in value), None)
    if final is not None:
        rest = {k: value[k] for k in ("status", "images") if k in value}
        _add(found, ANSWER, [final], rest)
        return True
    named = [k for k in value if k in found.params]
    for name in named:
        _add(found, name, *_from_value(value[name]))
    return bool(named)


def _from_value(args: Any) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(args, str) and args.lstrip()[:1] == "{":
        args = Reader(args).value()
    if isinstance(args, dict):
        return [], args
    return ([] if args is None else args if isinstance(args, list) else [args]), {}


def _add(found: Gathered, name: str, unnamed: list[Any], named: dict[str, Any]) -> None:
    found.waits = False
    if len(unnamed) == 1 and isinstance(unnamed[0], dict) and not named:
        named, unnamed = unnamed[0], []
    free = [p for p in found.params.get(name, ()) if p not in named]
    if len(unnamed) > len(free) and free == ["what"] and name == LOOK:
        unnamed = [unnamed]
    if len(unnamed) > len(free):
        raise NotReadable(f"{name}: each argument needs a name, as in {name}(name=value)")
    args = {**named, **dict(zip(free, unnamed, strict=False))}
    if name in (ANSWER, "final_answer", "finish"):
        found.answer = found.answer or {"text": "", **args}
        return
    found.calls.append((name, {k: _resolved(v, found.aliases) for k, v in args.items()}))


def _resolved(value: Any, aliases: Mapping[str, str]) -> Any:
    """The value with the model's own names of results replaced by ``$k``."""
    if isinstance(value, list):
        return [_resolved(item, aliases) for item in value]
    return aliases.get(value, value) if isinstance(value, str) else value
