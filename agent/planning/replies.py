"""A language model's calls as a decision; what cannot be one is refused in words it can use.

The k-th call of a reply is ``$k`` to the later ones. Knows nothing of servers, of how calls are
written on the wire, or of running them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agent.claims import cites_of
from agent.fence import one_line
from agent.llm.arguments import read_arguments, scrub
from agent.planning.cards import ANSWER, LOOK
from agent.protocol import BadReply, Call, Decision, Finish, Plan, Status, Usage, View

MOST_CALLS = 24
_OWN_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_REFERENCE = re.compile(r"\$(\d{1,3})")

Asked = tuple[str, Mapping[str, Any]]
"""Name and arguments of one call."""


def arguments(text: str, name: str) -> Mapping[str, Any]:
    """The arguments of a call, from JSON.

    Raises:
        BadReply: it is no JSON object, or holds what no argument can.
    """
    try:
        return read_arguments(text)
    except ValueError as error:
        raise BadReply(f"{one_line(name, 80)}: {error}") from None


def decision(
    calls: Sequence[Asked], thought: str, view: View, usage: Usage, shown: tuple[str, ...] = ()
) -> Decision:
    """The plan or the end that a reply asks for.

    Calls of tools come first: an answer given beside them would not have seen their results.

    Args:
        calls: As they stood in the reply, in order.
        thought: What else the reply said; the answer, where there is no call at all.
        view: What the planner saw.
        usage: What the reply took.
        shown: Handles of the pictures that it was sent.

    Raises:
        BadReply: nothing in it can be used.
    """
    tools = [(k, c) for k, c in enumerate(calls, 1) if c[0] not in (ANSWER, LOOK)]
    looks = [handle for name, args in calls if name == LOOK for handle in _list(args.get("what"))]
    answers = [args for name, args in calls if name == ANSWER]
    try:
        if tools and not view.last:
            plan = [_call(str(k), name, args) for k, (name, args) in tools]
            return Plan(calls=tuple(plan[:MOST_CALLS]), thought=thought[:2000], look=_seen(looks, view),
                        usage=usage, shown=shown)  # fmt: skip
        if looks and not answers and not view.last:
            return Plan(look=_seen(looks, view, usage), thought=thought[:2000] or "looks again",
                        usage=usage, shown=shown)  # fmt: skip
        if answers:
            return _finish(answers[-1], view, usage, shown)
        if thought.strip() and not tools:
            return _finish({"text": thought}, view, usage, shown)
    except (ValidationError, UnicodeError) as error:
        raise BadReply(f"the reply cannot be used: {_first(error)}", usage=usage) from None
    asked = "this was the last reply: answer now" if view.last else "it has no call and no answer"
    raise BadReply(asked, hint="Call tools, or `answer`", usage=usage)


def _call(number: str, name: str, args: Mapping[str, Any]) -> Call:
    given = {str(k): _plain(v) for k, v in args.items() if v is not None}
    return Call(id=number, tool=name.strip()[:80], args=given)


def _plain(value: Any) -> Any:
    """Texts without what no file or trace can hold; a reference said as ``$2.boxes`` is ``$2``."""
    if isinstance(value, str):
        text = scrub(value)
        found = re.fullmatch(r"\{?\$\{?(?:call_?)?(\d{1,3})\}?(?:[.\[].*)?", text.strip())
        return f"${int(found[1])}" if found else text
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _list(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def _seen(looks: Sequence[str], view: View, usage: Usage | None = None) -> tuple[str, ...]:
    """The handles that can be shown; with `usage` it is an error that there is none."""
    known = [h for h in dict.fromkeys(looks) if h in view.kinds or _number(h, view)]
    if usage is not None and not known:
        valid = ", ".join([*list(view.kinds)[-12:]]) or "none"
        raise BadReply(f"nothing to look at by {looks[:4]}", hint=f"Valid: {valid}", usage=usage)
    return tuple(known[:8])


def _number(handle: str, view: View) -> bool:
    number = handle[1:]
    return (
        handle.startswith("#") and number.isdecimal() and len(number) < 7
        and view.scene.entity(int(number)) is not None
    )  # fmt: skip


def _finish(args: Mapping[str, Any], view: View, usage: Usage, shown: tuple[str, ...]) -> Finish:
    said = args.get("text") or args.get("answer")
    text = _plain(said if isinstance(said, str) else "").strip()
    if not text:
        raise BadReply("the answer has no text", hint="Give it as `text`", usage=usage)
    status: Status = "cannot" if args.get("status") == "cannot" else "answered"
    images = [h for h in _list(args.get("images")) if not _REFERENCE.fullmatch(h)]
    made = [r.handle for r in view.results if r.ok and r.handle.startswith("img")]
    if not images:  # a picture that was made for the person and is cited is part of the answer
        images = [h for h in dict.fromkeys(made) if h in cites_of(text)]
    return Finish(
        text=_OWN_IMAGE.sub("", text)[:20_000], status=status, images=tuple(images[:16]),
        usage=usage, shown=shown,
    )  # fmt: skip


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error).splitlines()[0]
