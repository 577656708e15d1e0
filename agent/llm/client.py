"""A language model behind an OpenAI-compatible server: one request in, one whole reply out.

The total deadline, the repeats and what is learned of the server are kept here; each fault ends
as one line without secrets. Knows nothing of planners, tools or what is said.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import replace

from agent.llm.arguments import scrub
from agent.llm.bodies import Bodies, flags
from agent.llm.counts import doubt, guess
from agent.llm.faults import BAD_PICTURE, MODEL, Fault, cut, final, late, mend, no_pictures
from agent.llm.link import Link
from agent.llm.merge import Chat, Merged, Responses
from agent.llm.reading import parsed, read
from agent.llm.redact import Redactor, guard_logs, secrets_of
from agent.llm.schemas import without_nulls
from agent.llm.servers import WORDS, Server, learn, pick, sees
from agent.llm.wire import Asked, Request, Said
from agent.protocol import Usage
from agent.settings import LLM
from tools.errors import ConfigError, ServerError, ServerRefused

GRACE = 1.0
"""Seconds that a stream may still take after the reply has ended, for the count of tokens."""
BACKOFF, MOST_BACKOFF = 0.5, 8.0
"""Seconds before the first repeat, twice as long before each next one, and at most."""
MOST_LOADS = 40
"""Repeats, two seconds apart, while a server loads its model."""
LINE_CHARS = 300
"""Of what a server says that are shown."""
LISTED = 8
"""Models that are named where one is unknown."""
EXPLAINED = frozenset({400, 404, 405, 415, 422, 500, 501})
"""Statuses whose words may tell what the server does not understand."""
THINKING = re.compile(r"^\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)\s*", re.DOTALL)


class Client:
    """One model of one server."""

    def __init__(
        self, llm: LLM, *, model: str = "", server: Server | None = None, backoff: float = BACKOFF
    ) -> None:
        """Connect to nothing yet.

        Args:
            llm: Address, key, limits and prices.
            model: Its name; default that of `llm`.
            server: What the server can; default what is known by its address.
            backoff: Seconds before the first repeat.

        Raises:
            ConfigError: no model is named, or address or key can be none.
        """
        self.model = model or llm.model.strip()
        if not self.model:
            raise ConfigError("no language model is named", hint="Set OCELLI_MODEL to its name")
        key = llm.api_key.get_secret_value()
        self.llm = llm
        self.link = Link(llm.base_url, key)
        self.server = server or pick(self.link.url, llm.api)
        secrets = (key, key.strip(), *secrets_of(llm.base_url))
        self.safe = Redactor(*secrets)
        guard_logs(*secrets)
        self.place = f"{self.model!r} at {self.link.host}"
        self.backoff = backoff
        self.bodies = Bodies(self.model)
        self.blind = False
        """Whether it has refused pictures."""
        if self.server.key and not key.strip() and "@" not in self.link.url:
            raise ConfigError(f"{self.link.host} wants a key", hint="Set OPENAI_API_KEY")

    @property
    def sees(self) -> bool:
        """Whether the model takes pictures: by the setting, its name, and what it refused."""
        if self.llm.sees != "auto":
            return self.llm.sees == "yes" and not self.blind
        return sees(self.model) and not self.blind

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
        return await _Asking(self, request, seconds, tell).run()

    async def ready(self) -> None:
        """Load what takes time, so that no request has to wait for it."""
        await self.link.ready()

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        await self.link.aclose()


class _Asking:
    """One request on its way, with all that is sent again."""

    def __init__(
        self, client: Client, request: Request, seconds: float, tell: Callable[[str], None]
    ) -> None:
        self.client, self.request, self.tell = client, request, tell
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.lines: list[str] = []
        self.learned: set[str] = set()
        self.faults = self.loads = self.sent = self.sent_bytes = 0
        self.used = client.server
        self.without = False
        """Whether a refusal told to leave the pictures away this time."""
        self._body: tuple[tuple[Server, bool], bytes] | None = None
        if request.pictures and not client.sees:
            self._note("takes no pictures: asked without them")

    def left(self) -> float:
        """Seconds."""
        return self.deadline - asyncio.get_running_loop().time()

    def pictures(self) -> bool:
        """Whether pictures go with the request."""
        return bool(self.request.pictures) and self.client.sees and not self.without

    def _note(self, what: str) -> None:
        self.lines.append(self.client.safe(f"{self.client.place} {what}"))

    async def run(self) -> Said:
        while True:
            try:
                if self.left() <= 0:
                    raise Fault("no time is left", passes=False)
                return self._said(await self._once())
            except Fault as fault:
                if not self._adapted(fault):
                    await self._wait(fault)

    def _written(self) -> bytes:
        """The body; the same bytes as before unless the server has been learned about."""
        key = (self.client.server, self.pictures())
        if self._body is None or self._body[0] != key:
            body = self.client.bodies.write(self.request, key[0], pictures=key[1])
            self._body = (key, body)
        return self._body[1]

    async def _once(self) -> Merged:
        """Ask once; a whole reply, or a fault."""
        body = self._written()
        self.used = server = self.client.server
        merged: Merged = Responses() if server.responses else Chat()
        path = "/responses" if server.responses else "/chat/completions"
        await self._ready()
        seconds = min(self.client.llm.timeout, max(0.0, self.left()))
        self.sent += 1
        self.sent_bytes += len(body)
        hurried = False

        def hurry() -> None:
            nonlocal hurried
            if not hurried:
                hurried = True
                self._hurry(limit)

        try:
            async with (
                asyncio.timeout(seconds) as limit,
                self.client.link.post(path, body) as answer,
            ):
                await read(answer, merged, self.tell, hurry)
        except TimeoutError:
            if not limit.expired():
                raise
            if not merged.finish:
                raise late(seconds) from None
        if not merged.finish:
            raise cut("its reply stopped before its end")
        return merged

    async def _ready(self) -> None:
        try:
            async with asyncio.timeout(self.left()):
                await self.client.link.ready()
        except TimeoutError:
            raise Fault("no time is left", passes=False) from None

    def _hurry(self, limit: asyncio.Timeout) -> None:
        """The reply has ended: wait for what may follow a moment only."""
        grace = asyncio.get_running_loop().time() + GRACE
        limit.reschedule(min(limit.when() or grace, grace))

    def _adapted(self, fault: Fault) -> bool:
        """Whether the fault is explained by something that can be left out the next time."""
        if fault.status not in EXPLAINED or final(fault.said):
            return False
        client = self.client
        if self.pictures() and no_pictures(fault.said):
            self.without = True
            client.blind = client.blind or not BAD_PICTURE.search(fault.said)
            what = "takes no pictures" if client.blind else "cannot read a picture"
            self._note(f"{what}: asked again without them")
            return True
        sent = flags(self.request, self.used)
        if client.llm.api != "auto":
            sent -= {"responses"}
        change = learn(self.used, sent, fault.said, frozenset(self.learned))
        missing = self.used.responses and fault.status in (404, 405)
        if missing and not MODEL.search(fault.said) and {"responses"} & sent - self.learned:
            change = {"responses": False}
        if not change:
            return False
        flag = next(iter(change))
        self.learned.add(flag)
        client.server = replace(client.server, **change)
        self._note(f"{WORDS[flag]}: asked again without")
        return True

    async def _wait(self, fault: Fault) -> None:
        """Wait before a repeat that a fault is worth, or give up."""
        loading = fault.loading and self.loads < MOST_LOADS
        self.loads, self.faults = self.loads + loading, self.faults + (not loading)
        if not fault.passes or self.faults > self.client.llm.retries:
            raise await self._error(fault) from None
        growing = min(MOST_BACKOFF, self.client.backoff * 2 ** (2 if loading else self.faults - 1))
        wait = growing * (0.5 + random.random() / 2) if fault.after is None else fault.after
        if wait >= self.left():
            asks = f", and asks to wait {wait:.3g} s" if fault.after is not None else ""
            left = f"; {max(0.0, self.left()):.3g} s are left"
            raise await self._error(fault, f"{asks}{left}") from None
        asked = " as it asks" if fault.after is not None else ""
        cause = self.client.safe(str(fault), LINE_CHARS)
        if not loading or self.loads == 1:
            self._note(f"{cause}; asked again after {wait:.2g} s{asked}")
        await asyncio.sleep(wait)

    async def _error(self, fault: Fault, more: str = "") -> ServerError:
        """The error that a fault ends in."""
        client, hint = self.client, mend(fault, hosted=self.client.server.key)
        if fault.status in (400, 404) and MODEL.search(fault.said):
            hint = f"Set OCELLI_MODEL to a model that it has{await self._models()}"
        times = f" (asked {self.sent} times)" if self.sent > 1 else ""
        cause = client.safe(str(fault), LINE_CHARS).rstrip(". ")
        place = client.safe(client.place)
        made = ServerRefused if fault.refused and fault.status else ServerError
        return made(f"language model {place}: {cause}{more}{times}", hint=client.safe(hint))

    async def _models(self) -> str:
        """The models that the server has, if it says so at once."""
        try:
            async with asyncio.timeout(max(0.0, min(2.0, self.left()))):
                found = parsed(await self.client.link.get("/models")).get("data")
        except (Fault, TimeoutError):
            return ""
        names = (
            [m.get("id") for m in found if isinstance(m, dict)] if isinstance(found, list) else []
        )
        known = [self.client.safe(n, 80) for n in names if isinstance(n, str)]
        more = ", …" if len(known) > LISTED else ""
        return f": {', '.join(known[:LISTED])}{more}" if known else ""

    def _said(self, merged: Merged) -> Said:
        """The reply as it is handed on."""
        text = THINKING.sub("", scrub(merged.text))
        ends = [at for stop in self.request.stop if (at := text.find(stop)) >= 0]
        text = text[: min(ends)] if ends else text
        schemas = {tool["name"]: tool["parameters"] for tool in self.request.tools}
        calls = tuple(
            Asked(scrub(c.name), without_nulls(scrub(c.arguments), schemas.get(c.name, {})))
            for c in merged.calls()
        )
        counted = merged.tokens[1] if merged.tokens else 0
        full = counted >= self.request.max_tokens and not calls  # some servers do not say so
        finish = "stop" if ends and not calls else "length" if full else merged.finish
        return Said(text, calls, finish, self._usage(merged, text, calls))

    def _usage(self, merged: Merged, text: str, calls: tuple[Asked, ...]) -> Usage:
        llm, request, pictures = self.client.llm, self.request, self.pictures()
        shown = len(request.pictures) if pictures else 0
        wordy = len(self._written())
        wordy -= sum(len(p.data_url) for p in request.pictures) if pictures else 0
        said = len(text) + len(merged.thought) + sum(len(c.name + c.arguments) for c in calls)
        tokens_in, tokens_out = merged.tokens or guess(wordy, shown, said)
        if doubtful := doubt(wordy, tokens_in):
            self._note(doubtful)
        return Usage(
            llm_calls=1, tokens_in=tokens_in, tokens_out=tokens_out,
            estimated=int(merged.tokens is None),
            cost=(tokens_in * llm.price_in + tokens_out * llm.price_out) / 1e6,
            pictures=shown, sent_bytes=self.sent_bytes, model=self.client.model,
            prompt=request.prompt, retries=tuple(self.lines),
        )  # fmt: skip
