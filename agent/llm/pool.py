"""Several models where one is named after another: the next one is asked when one fails.

One that failed rests for a while before it is asked first again. Knows nothing of connections.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.llm.client import Client
from agent.llm.wire import Request, Said, Thinker
from agent.settings import LLM
from tools.errors import ConfigError, ServerError, ServerRefused

REST = 60.0
"""Seconds that a model rests after it failed."""
REST_REFUSED = 600.0
"""… after it refused what it would refuse again."""


def connect(llm: LLM) -> Client | Models:
    """Who answers for these settings: one model, or several in turn.

    Raises:
        ConfigError: no model is named, or address or key can be none.
    """
    names = list(dict.fromkeys(n.strip() for n in llm.model.split(",") if n.strip()))
    if not names:
        raise ConfigError("no language model is named", hint="Set OCELLI_MODEL to its name")
    clients = [Client(llm, model=name) for name in names]
    return clients[0] if len(clients) == 1 else Models(clients)


class Models:
    """Several models, the first that does not rest first."""

    def __init__(
        self,
        models: Sequence[Thinker],
        *,
        rest: float = REST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take models in the order in which they are asked."""
        self.models = tuple(models)
        self._rest = rest
        self._clock = clock
        self._until = dict.fromkeys(range(len(self.models)), 0.0)

    def _order(self) -> list[int]:
        """Those that are awake in their order, then the others, the next to wake first."""
        now = self._clock()
        return sorted(self._until, key=lambda i: max(self._until[i], now))

    @property
    def sees(self) -> bool:
        """Whether the one that would be asked takes pictures."""
        return self.models[self._order()[0]].sees

    async def ask(
        self, request: Request, *, seconds: float, tell: Callable[[str], None] = lambda text: None
    ) -> Said:
        """The reply of the first model that gives one; arguments as for each of them.

        Raises:
            ServerError: none gave a whole reply; the line has the cause of each.
        """
        end = self._clock() + seconds
        failed: list[ServerError] = []
        for index in self._order():
            left = end - self._clock()
            if failed and left <= 0:
                break
            share = left if len(failed) == len(self.models) - 1 else left / 2
            try:
                said = await self.models[index].ask(request, seconds=share, tell=tell)
            except ServerError as error:
                refused = isinstance(error, ServerRefused)
                rest = max(self._rest, REST_REFUSED) if refused else self._rest
                self._until[index] = self._clock() + rest
                failed.append(error)
                continue
            self._until[index] = 0.0
            lines = (*(f"{error}; asked the next model" for error in failed), *said.usage.retries)
            return replace(said, usage=said.usage.model_copy(update={"retries": lines}))
        raise _all(failed)

    def rest(self) -> bool:
        """Let the one that would be asked rest; False where no other is awake."""
        first, *others = self._order()
        now = self._clock()
        if all(self._until[i] > now for i in others):
            return False
        self._until[first] = now + self._rest
        return True

    async def ready(self) -> None:
        """Load what takes time for the one that would be asked."""
        ready = getattr(self.models[self._order()[0]], "ready", None)
        if ready is not None:
            await ready()

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        for model in self.models:
            close = getattr(model, "aclose", None)
            if close is not None:
                await close()


def _all(failed: Sequence[ServerError]) -> ServerError:
    """One error for all: refused only where each was."""
    refused = all(isinstance(error, ServerRefused) for error in failed)
    made = ServerRefused if refused else ServerError
    hints = dict.fromkeys(error.hint for error in failed if error.hint)
    return made("; ".join(str(error) for error in failed), hint=". ".join(hints))
