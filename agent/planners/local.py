"""The planner that thinks in this process: a language model of the host, held to the plan's schema.

The model is reached like any expert's, by its ability, and stands on the same ledger: it makes room
and others make room for it. Knows nothing of weights or of how a reply is held to a schema.
"""

from __future__ import annotations

import asyncio
import base64
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agent.llm.wire import Request, Said, Shown, Thinker
from agent.noted import Noted, models_for
from agent.planning.cards import ANSWER
from agent.planning.json_reply import read, schema_of
from agent.planning.replies import Asked
from agent.planning.thinking import ThinkingPlanner
from agent.protocol import Usage, View
from agent.settings import LLM, Settings
from agent.threads import in_thread, soon
from tools.context import CancelToken, Models
from tools.errors import ServerError, ServerRefused, SetupError, ToolError
from tools.types import Image

ABILITY, EYES = "complete", "vqa"
"""What the model must be able to do, and what tells that it sees."""
HINT = "Choose another planner, or fetch a language model with: ocelli models pull"


class LocalThinker:
    """One model of the host as somebody to ask, for one view."""

    def __init__(self, view: View, eyes: str = "auto") -> None:
        self._view = view
        self._eyes = eyes

    @property
    def sees(self) -> bool:
        """Whether the model that will answer takes pictures."""
        first: Callable[[str, tuple[str, ...]], Any] | None
        first = getattr(self._view.models, "first", None)
        if self._eyes == "no" or first is None:
            return False
        spec = first(ABILITY, ())
        return spec is not None and EYES in spec.abilities

    async def ask(
        self, request: Request, *, seconds: float, tell: Callable[[str], None] = lambda text: None
    ) -> Said:
        """The reply; whoever stops waiting for it ends the generation.

        Raises:
            ServerRefused: no such model is ready.
            ServerError: it failed or took too long.
        """
        cancel = CancelToken()
        models, noted = self._heard()
        images = tuple(_picture(shown) for shown in request.pictures)

        def work() -> Any:
            return models.use(
                ABILITY, request.system, request.text, images, labels=(), cancel=cancel,
                schema=request.schema, max_tokens=request.max_tokens,
            )  # fmt: skip

        try:
            async with asyncio.timeout(seconds if math.isfinite(seconds) else None) as limit:
                made = await in_thread(work, "ocelli planner")
        except TimeoutError:
            if not limit.expired():
                raise
            raise ServerError(f"the local model gave no reply within {seconds:.0f} s") from None
        except SetupError as error:
            raise ServerRefused(str(error), hint=error.hint or HINT) from None
        except ToolError as error:
            raise ServerError(f"the local model failed: {error}", hint=error.hint) from None
        finally:
            cancel.cancel()
        tell(made.text)
        usage = Usage(
            llm_calls=1, tokens_in=made.tokens_in, tokens_out=made.tokens_out,
            pictures=len(images), model=(noted.models or [""])[-1],
        )  # fmt: skip
        return Said(made.text, finish="length" if made.cut else "stop", usage=usage)

    def _heard(self) -> tuple[Models, Noted]:
        """The host for one request, its events told in the loop's own thread."""
        view, loop = self._view, asyncio.get_running_loop()
        if view.models is None:
            raise ServerRefused("there is no host for a local model", hint=HINT)
        noted = Noted(lambda event: soon(loop, view.tell, event), view.step)
        return models_for(view.models, noted), noted


class LocalPlanner(ThinkingPlanner):
    """Plans by JSON that can be nothing but a plan."""

    name = "local"
    protocol = "json"

    def __init__(self, settings: LLM) -> None:
        super().__init__(settings)
        self._eyes = settings.sees

    def thinker(self, view: View) -> Thinker:
        """The model of the view's host."""
        return LocalThinker(view, self._eyes)

    def shaped(self, request: Request, view: View) -> Request:
        """The request with the schema of what can be used now."""
        sees = self.thinker(view).sees
        return replace(request, schema=schema_of(view, sees=sees))

    def cut(self, said: Said) -> bool:
        """Never: a reply that was cut off was brought to an end that keeps to the schema."""
        return False

    def read(self, said: Said, view: View) -> tuple[Sequence[Asked], str]:
        """The object's calls, or its end; of a reply that was cut off, what the model did say.

        Raises:
            BadReply: it is none, which only a model that is not held to the schema can give.
        """
        calls, thought = read(said.text)
        if said.finish != "length":
            return calls, thought
        *before, (name, args) = calls
        if name == ANSWER:
            return [(name, {**args, "text": f"{args['text']} … (cut off)"})], thought
        return before or calls, thought


def _picture(shown: Shown) -> Image:
    """What was encoded for sending, as pixels."""
    from PIL import Image as Pil

    code = shown.data_url.partition(",")[2]
    with Pil.open(io.BytesIO(base64.b64decode(code))) as opened:
        return Image.as_root(np.asarray(opened.convert("RGB")))


def PLANNER(settings: Settings) -> LocalPlanner:
    """Thinks with the profile's first model that can complete texts."""
    return LocalPlanner(settings.llm)
