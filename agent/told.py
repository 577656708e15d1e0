"""What there is to say of a run in single lines: what happened beside the calls, and what it took.

Plain text, not made safe for any place where it is shown. Knows nothing of such places.
"""

from __future__ import annotations

from agent.events import (
    AnswerGiven,
    FellBack,
    HostEvent,
    LimitHit,
    Repaired,
    Routed,
    SentBack,
)

Noted = Repaired | HostEvent | SentBack | LimitHit | Routed | FellBack
"""Events that are one line within their step."""


def line(event: Noted) -> str:
    """An event in a line; '' for the route that is taken anyway."""
    match event:
        case Repaired():
            return f"{event.call}: {event.note}"
        case HostEvent():
            return f"{event.model}: {event.what} {event.note}"
        case SentBack():
            return f"Sent back: {event.problem}"
        case LimitHit():
            return f"Limit reached: {event.limit}"
        case Routed():
            return "" if event.route == "chain" else f"Route: {event.route}, {event.why}"
        case FellBack():
            return f"{event.given_up} given up for {event.taken}: {event.why}"


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
