"""What all thinking planners share: ask with the View, read the reply, account for it.

A planner adds how it wants its reply and how it is read. Knows nothing of who thinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from agent.events import Thinking
from agent.llm.wire import Request, Said, Thinker
from agent.planning.lens import opening
from agent.planning.prompt import Prompter, Protocol
from agent.planning.replies import Asked, decision
from agent.protocol import BadReply, Finish, Plan, View
from agent.settings import LLM
from agent.threads import in_thread

TOLD_EVERY = 24
"""Characters of a thought that come before it is told again."""


class ThinkingPlanner:
    """Asks a language model what to do next."""

    name: ClassVar[str]
    protocol: ClassVar[Protocol]
    trusted: ClassVar[bool] = False
    """It may do what a text in a picture says: each of its calls is looked at."""

    def __init__(self, settings: LLM, served: Thinker | None = None) -> None:
        """Nothing is loaded or sent yet.

        Args:
            settings: What a turn may take.
            served: Whom to ask, where it is the same for every view.
        """
        self._served = served
        self._prompter = Prompter(self.protocol, settings.max_reply_tokens)

    def thinker(self, view: View) -> Thinker:
        """Whom to ask."""
        assert self._served is not None
        return self._served

    async def prepare(self) -> None:
        """Load what takes time, so that the first request need not wait for it."""
        ready = getattr(self._served, "ready", None)
        if ready is not None:
            await ready()

    async def decide(self, view: View) -> Plan | Finish:
        """The next plan, or the end.

        Raises:
            BadReply: the reply could not be used.
            ServerError: there is none.
        """
        thinker = self.thinker(view)
        if not thinker.sees and (written := opening(view)) is not None:
            return written
        request = self.shaped(await self._request(view, thinker.sees), view)
        said = await thinker.ask(request, seconds=max(0.1, view.left.seconds), tell=_teller(view))
        usage = said.usage.model_copy(update={"prompt": request.prompt})
        shown = tuple(p.handle for p in request.pictures) if usage.pictures else ()
        if said.finish == "length" and not said.calls and self.cut(said):
            raise BadReply(
                f"the reply was cut off at {usage.tokens_out or request.max_tokens} tokens",
                hint="Say less, in fewer calls", usage=usage,
            )  # fmt: skip
        try:
            calls, thought = self.read(said, view)
        except BadReply as error:
            raise BadReply(str(error), hint=error.hint, usage=usage) from None
        found = decision(calls, thought, view, usage, shown)
        assert isinstance(found, Plan | Finish)
        return found

    async def _request(self, view: View, sees: bool) -> Request:
        """The request; in a thread where pictures have to be encoded for it."""
        prompter = self._prompter
        if sees and prompter.eyes.wanted(view):
            return await in_thread(lambda: prompter.request(view, sees=True))
        return prompter.request(view, sees=sees)

    def next_model(self, view: View) -> bool:
        """Whether another language model is asked from now on, where there are several."""
        rest = getattr(self.thinker(view), "rest", None)
        return bool(rest is not None and rest())

    async def aclose(self) -> None:
        """Close the connections that the running loop holds."""
        close = getattr(self._served, "aclose", None)
        if close is not None:
            await close()

    def shaped(self, request: Request, view: View) -> Request:
        """The request as this way of replying needs it."""
        return request

    def cut(self, said: Said) -> bool:
        """Whether a reply that was cut off is no use."""
        return True

    def read(self, said: Said, view: View) -> tuple[Sequence[Asked], str]:
        """Calls and thought of a reply.

        Raises:
            BadReply: it says neither.
        """
        raise NotImplementedError


def _teller(view: View) -> Callable[[str], None]:
    """Tells what is thought as it comes, a few words at a time."""
    told = 0

    def tell(text: str) -> None:
        nonlocal told
        if len(text) - told >= TOLD_EVERY:
            told = len(text)
            view.tell(Thinking(text=text[:4000]))

    return tell
