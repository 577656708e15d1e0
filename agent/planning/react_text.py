"""The thought, action, observation protocol of MM-ReAct: a reply in text to calls, and back.

``Thought:`` says why, ``Action: tool(name=value)`` asks for a call, as often as wanted;
``Final Answer:`` ends the turn. What follows an observation that the model made up is never read.
Models are sloppy, so calls are also taken from JSON, from code fences and from tags. Knows nothing
of Views or of what tools do; it is told their names and parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from agent.planning.cards import ANSWER
from agent.planning.loose import sound
from agent.planning.loose_calls import FENCE, OWN, Calls, Gathered, Params, scan, take_input
from agent.protocol import BadReply

MAX_REPLY = 24_000
"""Characters of a reply that is read."""
MAX_CALLS = 24
MAX_THOUGHT = 2_000
"""Characters of what is kept for people."""

HINT = "Write `Action: tool(name=value)`, one a line, or `Final Answer: …`"

_LABEL = re.compile(
    r"^[ \t>*_#`\-\d.]{0,12}"
    r"(thoughts?|thinking|reasoning|plan|action[ \t_]?input|actions?|act|tool[ \t_]call"
    r"|observations?|tool[ \t_]output|question|human|user"
    r"|final[ \t_]?answer|answer|status|pictures|images)"
    r"[ \t]{0,4}\d{0,3}[ \t*_`]{0,6}:[ \t*_`]{0,6}",
    re.I | re.M,
)
_KINDS = (
    ("thought", ("thought", "thinking", "reasoning", "plan")),
    ("input", ("actioninput",)),
    ("action", ("act", "toolcall")),
    ("cut", ("observation", "tooloutput", "question", "human", "user")),
    ("final", ("finalanswer", "answer")),
    ("status", ("status",)),
    ("images", ("pictures", "images")),
)
_TOKEN = re.compile(r"<\|[a-z_]{1,24}\|>")
_HANDLE = re.compile(r"\$[A-Za-z0-9_.-]{1,40}|#\d{1,6}|[a-z]{1,16}\d{1,6}(?:\[\d{1,4}\])?")


def parse(text: str, params: Params | None = None) -> tuple[Calls, str]:
    """The calls of a reply, with ``answer`` for its end and ``look``, and its thoughts.

    An answer beside calls is left out: what it speaks of has not been seen yet.

    Args:
        text: As the model wrote it.
        params: Parameter names of the tools it may call.

    Raises:
        BadReply: nothing in it can be used; the message says why, for the model to read.
    """
    if len(text) > MAX_REPLY:
        raise BadReply(f"the reply has {len(text)} characters; at most {MAX_REPLY} are read")
    found = Gathered({**(params or {}), **OWN})
    parts = _parts(_without_thinking(sound(text), found))
    for kind, body in parts:
        _take(kind, body, found)
    if not found.calls and found.answer is None:
        for kind, body in parts:
            if kind in ("", "thought") and scan(body, found):
                found.thoughts = [t for t in found.thoughts if t is not body]
    return _judged(found)


def render(calls: Iterable[tuple[str, Mapping[str, Any]]], thought: str = "") -> str:
    """A reply that `parse` reads as these calls."""
    lines = [f"Thought: {' '.join(thought.split())}"] if thought.strip() else []
    return "\n".join([*lines, *(f"Action: {call(name, args)}" for name, args in calls)])


def call(name: str, args: Mapping[str, Any]) -> str:
    """``detect(image=img1, what=["dog"])``."""
    if not all(re.fullmatch(r"[A-Za-z_]\w{0,60}", key) for key in args):
        return f"{name}({json.dumps(args, ensure_ascii=False)})"
    return f"{name}({', '.join(f'{key}={_written(value)}' for key, value in args.items())})"


def _written(value: Any) -> str:
    bare = isinstance(value, str) and _HANDLE.fullmatch(value)
    return str(value) if bare else json.dumps(value, ensure_ascii=False)


def _without_thinking(text: str, found: Gathered) -> str:
    """The reply after what the model thought to itself, which is never run."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    head, mark, rest = text.rpartition("</think>")
    thought = head if mark else ""
    if "<think>" in rest:
        rest, _, unended = rest.partition("<think>")
        thought = f"{thought}\n{unended}"
    found.thoughts.append(thought.replace("<think>", " ").replace("</think>", " "))
    rest = _TOKEN.sub("", rest).replace("</tool_call>", "\n")
    return rest.replace("<tool_call>", "\nAction: ")


def _parts(text: str) -> list[tuple[str, str]]:
    """(kind, body) of each part, in order, up to the first that the model has no say in."""
    parts: list[tuple[str, str]] = []
    kind, start = "", 0
    for label in _LABEL.finditer(text):
        parts.append((kind, text[start : label.start()].strip()))
        word = re.sub(r"[\s_]", "", label.group(1).lower())
        kind = next(k for k, words in _KINDS if word.startswith(words))
        start = label.end()
        if kind == "cut":
            return parts
    return [*parts, (kind, text[start:].strip())]


def _take(kind: str, body: str, found: Gathered) -> None:
    if found.answer is not None:
        _complete(kind, body, found.answer)
    elif kind == "thought":
        found.thoughts.append(body)
    elif kind == "action":
        final = re.match(r"final[ \t_]?answer\W{0,8}", body, re.I)
        if final and body[final.end() - 1] != "(":
            found.answer = _answer(body[final.end() :])
        else:
            scan(body, found, sure=True)
    elif kind == "input" and found.waits:
        take_input(body, found)
    elif kind == "final" and body:
        found.answer = _answer(body)
    elif kind == "" and body:
        found.thoughts.append(body)


def _complete(kind: str, body: str, answer: dict[str, Any]) -> None:
    """What may follow the text of an answer: how it stands, and its pictures."""
    if kind == "status" and not answer.get("status"):
        answer["status"] = "cannot" if body.lower().startswith("cannot") else "answered"
    elif kind == "images" and not answer.get("images"):
        answer["images"] = re.findall(r"[a-z]{1,16}\d{1,6}", body)


def _answer(body: str) -> dict[str, Any]:
    bare = FENCE.sub("", body).strip()
    if bare[:1] == "{" or bare.startswith(f"{ANSWER}("):
        inner = Gathered(OWN)
        scan(bare, inner, sure=True)
        if inner.answer is not None and not inner.calls:
            return inner.answer
    plain = bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] == '"' else bare
    return {"text": plain}


def _judged(found: Gathered) -> tuple[Calls, str]:
    thought = " ".join(" ".join(found.thoughts).split())[:MAX_THOUGHT]
    if found.faults:
        raise BadReply(f"a call of the reply cannot be read: {found.faults[0]}", hint=HINT)
    if len(found.calls) > MAX_CALLS:
        raise BadReply(f"{len(found.calls)} calls in one reply; at most {MAX_CALLS} are run")
    if found.calls:
        return found.calls, thought
    if found.answer is None or not str(found.answer.get("text", "")).strip():
        raise BadReply("the reply has neither a call nor an answer", hint=HINT)
    return [(ANSWER, found.answer)], thought
