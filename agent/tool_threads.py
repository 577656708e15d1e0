"""Runs one tool: in a thread of its own, under a clock, while its progress is told.

What it makes is kept on disk before anything is built on it. Knows nothing of plans, or of what
else runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.arguments import Ready
from agent.events import CallProgress
from agent.noted import Noted, models_for
from agent.protocol import Call
from agent.session import Session
from agent.sketches import Sketches
from agent.threads import in_thread
from tools.catalog import ToolSpec
from tools.context import CancelToken, Models, ToolContext
from tools.errors import ToolTimeout
from tools.types import Artefact


class ToolThreads:
    """The threads in which the tools of one turn run."""

    def __init__(
        self,
        models: Models,
        session: Session,
        room: asyncio.Semaphore,
        call_seconds: float,
        left: Callable[[], float],
    ) -> None:
        """Run nothing yet.

        Args:
            models: what the tools may ask of.
            session: keeps what they make.
            room: for so many at the same time.
            call_seconds: for one of them.
            left: seconds that the whole turn still has.
        """
        self.models = models
        self.session = session
        self.room = room
        self.call_seconds = call_seconds
        self.left = left
        self._tokens: set[CancelToken] = set()

    def stop(self) -> None:
        """Ask all tools under way to stop."""
        for token in tuple(self._tokens):
            token.cancel()

    async def run(
        self, spec: ToolSpec, call: Call, ready: Ready, noted: Noted, sketches: Sketches
    ) -> tuple[Artefact, str]:
        """What the tool makes, and the SHA-256 it is kept under.

        Raises:
            ToolTimeout: it did not finish in time.
        """
        token = CancelToken()
        step = noted.step
        later = noted.emit

        def report(message: str, share: float) -> None:
            later(
                CallProgress(
                    step=step, call=call.id, message=message, share=share, sketch=sketches.taken()
                )  # fmt: skip
            )

        def work() -> tuple[Artefact, str]:
            ctx = ToolContext(models_for(self.models, noted), token, report, sketches.show)
            artefact = spec.fn(ctx, **ready.values)
            if not isinstance(artefact, spec.returns):
                raise TypeError(f"{spec.name} answered {type(artefact)}, not {spec.returns}")
            return artefact, self.session.keeper.put(artefact)

        self._tokens.add(token)
        try:
            async with self.room:
                seconds = max(0.05, min(self.call_seconds, self.left()))
                async with asyncio.timeout(seconds) as clock:
                    return await in_thread(work, f"ocelli-{spec.name}")
        except TimeoutError:
            if not clock.expired():
                raise
            raise ToolTimeout(
                f"{spec.name} did not finish within {seconds:.3g} s",
                hint="Raise call_seconds or ask for a smaller part",
            ) from None
        finally:
            token.cancel()
            self._tokens.discard(token)
