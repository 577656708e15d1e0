"""The limits of a turn: what is left of steps, calls, time and of what a language model may take.

Knows nothing of planners, nor of what happens when a limit is reached.
"""

from __future__ import annotations

from agent.protocol import Left, Usage
from agent.settings import LLM, Settings


def left(settings: Settings, step: int, calls: int, seconds: float, usage: Usage) -> Left:
    """What may still be spent at a step.

    Args:
        settings: with the limits.
        step: number of the decision.
        calls: how many were made so far.
        seconds: left on the clock of the turn.
        usage: taken of a language model so far.
    """
    limits = settings.llm
    return Left(
        steps=settings.max_steps - step + 1,
        calls=settings.max_calls - calls,
        seconds=seconds,
        llm_calls=limits.max_calls - usage.llm_calls,
        tokens=limits.max_tokens - usage.tokens_in - usage.tokens_out,
        pictures=limits.max_pictures - usage.pictures,
        cost=limits.max_cost - usage.cost if limits.max_cost else float("inf"),
    )


def spent(usage: Usage, limits: LLM) -> tuple[str, str] | None:
    """The limit of what a language model may take that is reached, and in words."""
    if usage.llm_calls >= limits.max_calls:
        return "llm_calls", f"{limits.max_calls} requests to the language model"
    if usage.tokens_in + usage.tokens_out >= limits.max_tokens:
        return "tokens", f"{limits.max_tokens} tokens"
    if limits.max_cost and usage.cost >= limits.max_cost:
        return "cost", f"{limits.max_cost:g} of cost"
    return None
