"""What goes to a language model and what comes back, whoever serves it.

Plain records: a planner makes a `Request` and reads a `Said`; how they look on the wire is the
business of the client. Knows nothing of HTTP, planners or tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agent.protocol import Usage


@dataclass(frozen=True)
class Shown:
    """A picture that goes with a request."""

    handle: str
    """By which the text speaks of it."""
    data_url: str
    """``data:image/jpeg;base64,…``, encoded once and kept."""
    size_wh: tuple[int, int]
    """Of what is sent, in pixels."""


@dataclass(frozen=True)
class Request:
    """One request."""

    system: str
    """Who the model is and how it must reply. The same for all requests of a turn."""
    text: str
    """The state of affairs."""
    pictures: tuple[Shown, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    """Functions it may call: ``{"name", "description", "parameters": JSON schema}``; none where
    the reply is text or JSON."""
    must_call: bool = False
    """Whether a reply without a call is no use."""
    schema: Mapping[str, Any] | None = None
    """JSON schema that the text of the reply must meet; None where any text will do."""
    stop: tuple[str, ...] = ()
    """Texts before which the reply ends."""
    max_tokens: int = 2000
    prompt: str = ""
    """Hash of the prompt files that `system` and `text` were rendered from."""


@dataclass(frozen=True)
class Asked:
    """One function call of a reply, as it came."""

    name: str
    arguments: str
    """JSON, not yet looked at."""


@dataclass(frozen=True)
class Said:
    """A whole reply."""

    text: str
    calls: tuple[Asked, ...] = ()
    finish: str = "stop"
    """``stop``, ``tool_calls`` or ``length`` (cut off at `Request.max_tokens`)."""
    usage: Usage = Usage()


class Thinker(Protocol):
    """Something that answers requests: a server behind its client, or a model in this process."""

    @property
    def sees(self) -> bool:
        """Whether it takes pictures."""

    async def ask(
        self, request: Request, *, seconds: float, tell: Callable[[str], None] = lambda text: None
    ) -> Said:
        """The reply to a request.

        Args:
            request: What to ask.
            seconds: Time for all of it, repeats and waits included.
            tell: Called with the text so far while it comes.

        Raises:
            ServerError: no whole reply came, after what repeats it was worth.
        """
