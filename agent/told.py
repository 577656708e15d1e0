"""What there is to say of a run in single lines: what happened beside the calls, and what it took.

Plain text, not made safe for any place where it is shown. Knows nothing of such places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agent.events import (
    AnswerGiven,
    ConsentAsked,
    ConsentGiven,
    FellBack,
    HostEvent,
    LimitHit,
    Repaired,
    Routed,
    SentBack,
)
from agent.protocol import Call

Noted = Repaired | HostEvent | SentBack | LimitHit | Routed | FellBack | ConsentAsked | ConsentGiven
"""Events that are one line within their step."""
_SAID = {
    "person": ("You said yes", "You said no: it does not run"),
    "setting": ("Allowed by the settings", "Refused by the settings: it does not run"),
}
_NOBODY = ("Allowed", "Nobody answered: it does not run")
_RESULT = re.compile(r"\$([\w.-]+)(?:\[.*\])?")


def line(event: Noted) -> str:
    """An event in a line; '' for the route that is taken anyway."""
    match event:
        case Repaired():
            return f"{event.call}: {event.note}"
        case HostEvent():
            return f"{event.model}: {host(event)}"
        case SentBack():
            return f"Sent back: {event.problem}"
        case LimitHit():
            return f"Limit reached: {event.limit}"
        case Routed():
            return "" if event.route == "chain" else f"Route: {event.route}, {event.why}"
        case FellBack():
            return f"{event.given_up} given up for {event.taken}: {event.why}"
        case ConsentAsked():
            return f"Held back: {event.why}"
        case ConsentGiven():
            return _SAID.get(event.by, _NOBODY)[not event.allowed]


def host(event: HostEvent) -> str:
    """What the host did with a model."""
    return event.note if event.what == "remembered" else f"{event.what} {event.note}".strip()


def held_back(event: ConsentAsked, plan: Iterable[Call]) -> list[str]:
    """The calls that wait for the person, in words; results of the same plan by who finds them."""
    makers = {call.id: call.tool.replace("_", " ") for call in plan}

    def value(given: Any) -> Any:
        found = _RESULT.fullmatch(given) if isinstance(given, str) else None
        return f"what {makers[found[1]]} finds" if found and found[1] in makers else given

    return [
        f"{call.tool.replace('_', ' ')}: "
        + " · ".join(f"{name}: {value(given)}" for name, given in call.args.items())
        for call in event.calls
    ]


def summary(event: AnswerGiven) -> str:
    """Steps, what they took of a language model, and time."""
    usage = event.usage
    parts = [f"{event.steps} step" + ("" if event.steps == 1 else "s")]
    if usage.llm_calls:
        parts.append(f"{usage.llm_calls} LLM call" + ("" if usage.llm_calls == 1 else "s"))
        about = "about " if usage.estimated else ""
        parts.append(f"{about}{usage.tokens_in:,} tokens in, {usage.tokens_out:,} out")
    if usage.cost:
        parts.append(f"cost {usage.cost:.4f}")
    return " · ".join([*parts, f"{event.seconds:.1f} s"])
