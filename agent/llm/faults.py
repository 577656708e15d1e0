"""What can go wrong between us and a server, told apart: what may pass, what it would refuse again.

Knows nothing of sockets; a fault is made from a status, headers and a body, or from words.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from agent.llm.servers import COMPLAINT

RETRIED = frozenset({408, 409, 425, 429})
"""Client errors that may pass; those of the server (5xx) may, but for `FINAL`."""
FINAL = frozenset({501, 505})
QUOTA = re.compile(r"(?i)insufficient_quota|credit balance|billing|payment required|out of credits")
TOO_LONG = re.compile(
    r"(?i)context[ _](length|window|size|limit)|maximum context|too many tokens|reduce the length"
    r"|prompt is too long|maximum (allowed )?(prompt|input) length|maximum number of tokens"
    r"|(input|prompt) token count"
)
TOO_MUCH = re.compile(
    r"(?i)max_(completion_|output_)?tokens\b.{0,60}(too large|greater than|at most|exceeds)"
)
NO_TOOLS = re.compile(
    r"(?i)does not support tools|enable-auto-tool-choice|tools? param(eter)? requires --jinja"
    r"|tool(s| use| calling)? (is|are) not supported|does not support (function|tool) calling"
)
UNREAD = re.compile(
    r"(?i)output that does not match the expected|error parsing tool call|tool_use_failed"
    r"|failed to (parse|call) (a |the )?(function|tool)"
)
"""The model wrote a call that its own server cannot read; the next one may be better."""
LOADING = re.compile(r"(?i)loading (the )?model|model .{0,80}(currently|still|being) load(ing|ed)")
NO_PICTURES = re.compile(
    r"(?i)image[ _]?(url|input|file)|multimodal|\bvision\b|at most \d+ image|load image"
    r"|does not support images?|mmproj|unknown variant .?image|no endpoints found that support image"
)
PLAINLY = re.compile(r"(?i)at most \d+ image|not a multimodal|load image|image file")
"""… by themselves, without a word of complaint."""
BAD_PICTURE = re.compile(
    r"(?i)too (large|big|small|many)|decode|invalid (base64|image)|corrupt|exceed|download|format"
    r"|at most [1-9]\d* image|load image|image file"
)
"""Words by which one picture is refused, not all."""
MODEL = re.compile(
    r"(?i)model.{0,80}(not found|not exist|unknown|no such|not available)|no such model"
    r"|model_not_found|pull model|server is pinned to"
)
HINTS = {
    401: "Set OPENAI_API_KEY to a key that this server knows",
    402: "Pay there, or name another model with OCELLI_MODEL",
    403: "See that OPENAI_API_KEY may use this model, or name another one with OCELLI_MODEL",
    404: "OPENAI_BASE_URL must end where the interface begins, mostly in /v1",
    405: "OPENAI_BASE_URL must end where the interface begins, mostly in /v1",
    413: "Send fewer or smaller pictures",
}
LATER = "Try later, or name another model with OCELLI_MODEL"
REACT = "Plan in plain text: --planner react"
READS_MORE = "Ask about less at once, or name a model that reads more"
SERVE_LONGER = (
    "Serve the model with a longer context (llama.cpp -c 32768, vLLM --max-model-len 32768, "
    "Ollama OLLAMA_CONTEXT_LENGTH=32768), or name one that reads more"
)
"""… where the server is one's own."""
SHORTER = "Lower `max_reply_tokens` of Settings.llm"
FASTER = "Give it more time (OCELLI_REPLY_SECONDS=300, --max-seconds 600), or name a faster model"
ADDRESS = "See that OPENAI_BASE_URL is the address of an OpenAI-compatible server"


class Fault(Exception):
    """No whole reply came of one request."""

    def __init__(
        self,
        cause: str,
        *,
        passes: bool = True,
        hint: str = LATER,
        after: float | None = None,
        status: int = 0,
        said: str = "",
    ) -> None:
        super().__init__(cause)
        self.passes = passes
        """Whether the same request may do better."""
        self.hint = hint
        """The mend."""
        self.after = after
        """Seconds that the server asks to wait."""
        self.status = status
        self.said = said
        """All that the server said, to be searched, not shown."""
        self.refused = not passes
        """Whether the operator must act."""
        self.loading = False
        """Whether the server only has to be waited for."""


def malformed(what: str) -> Fault:
    """A reply that is none."""
    return Fault(what, hint=ADDRESS)


def cut(what: str) -> Fault:
    """A reply that stopped before its end."""
    return Fault(what)


def late(seconds: float) -> Fault:
    """A reply that did not end in time."""
    return Fault(f"no whole reply came within {seconds:.3g} s", hint=FASTER)


def too_large(limit: int) -> Fault:
    """A reply beyond all measure; the next one would be no smaller."""
    fault = Fault(
        f"its reply is larger than {limit / 1e6:g} MB", passes=False, hint="Name another model"
    )
    fault.refused = False
    return fault


def of_status(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The fault that a status other than 2xx stands for."""
    if 300 <= status < 400:
        place = headers.get("location", "")
        return Fault(
            f"it answers {status} and sends us on to {place or 'nowhere'!r}, where we do not go",
            passes=False, hint="Set OPENAI_BASE_URL to where the server really is", status=status,
        )  # fmt: skip
    text = body.decode("utf-8", "replace")
    try:
        said, code = _message(json.loads(text))
    except (ValueError, RecursionError):
        page = text.lstrip()[:1] == "<"
        said, code = ("a web page" if page else text), ""
    return of_error(status, said, code, after=_after(headers))


def of_object(found: Any) -> Fault:
    """The fault that an error object stands for, in a reply that began as a good one."""
    said, code = _message(found)
    inner = found.get("error") if isinstance(found, dict) else None
    status = inner.get("code") if isinstance(inner, dict) else 0
    if not isinstance(status, int) or not 400 <= status < 600:
        status = 200
    return of_error(status, said, code)


def of_error(status: int, said: str, code: str, after: float | None = None) -> Fault:
    """The fault that a status and the words of the server stand for."""
    both = f"{said} {code}"
    cause = f"it answers {status}: {said or code}" if said or code else f"it answers {status}"
    hint, passes = HINTS.get(status, LATER), _passes(status, code)
    quota = QUOTA.search(code) or (after is None and QUOTA.search(said))
    if quota and status in (200, 402, 403, 429):
        hint, passes = HINTS[402], False
    elif TOO_LONG.search(both) and status != 429:
        hint, passes = READS_MORE, False
    elif status in (400, 422) and TOO_MUCH.search(both):
        hint, passes = SHORTER, False
    elif NO_TOOLS.search(both):
        hint, passes = REACT, False
    elif UNREAD.search(both):
        hint, passes = REACT, True
    elif not passes and hint is LATER:
        hint = "See what it says of the request, or name another model with OCELLI_MODEL"
    fault = Fault(cause, passes=passes, hint=hint, after=after, status=status, said=both)
    fault.loading = status == 503 and after is None and bool(LOADING.search(both))
    return fault


def final(said: str) -> bool:
    """Whether a refusal is one of lengths, which nothing that is left out would mend."""
    return bool(TOO_LONG.search(said) or TOO_MUCH.search(said))


def no_pictures(said: str) -> bool:
    """Whether a refusal is one of pictures."""
    complains = COMPLAINT.search(said) or PLAINLY.search(said)
    return bool(complains and NO_PICTURES.search(said))


def mend(fault: Fault, *, hosted: bool) -> str:
    """The mend of a fault; one's own server can be started otherwise."""
    return SERVE_LONGER if fault.hint is READS_MORE and not hosted else fault.hint


def _passes(status: int, code: str) -> bool:
    if status == 200:
        return not re.search(r"(?i)invalid|auth|permission|not_found|unsupported", code)
    return status in RETRIED or (status >= 500 and status not in FINAL)


def _message(found: Any) -> tuple[str, str]:
    """Words and code of an error, in any of the shapes in which servers give it."""
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return str(found)[:2000], ""
    inner = found.get("error") or found.get("detail") or found
    if isinstance(inner, list):
        return json.dumps(inner)[:4000], ""
    if not isinstance(inner, dict):
        return str(inner)[:4000], ""
    said = next((str(inner[k]) for k in ("message", "msg", "detail") if inner.get(k)), "")
    names = (inner.get(k) for k in ("code", "type", "param", "status"))
    return said[:4000], " ".join(str(n) for n in names if n)[:400]


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait, from any of the headers that say so."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return float(value) * unit
    try:
        return max(
            0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time()
        )
    except (ValueError, TypeError, OverflowError):
        return None
