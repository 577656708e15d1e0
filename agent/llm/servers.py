"""How servers that speak OpenAI's interface differ, as data: what is known, and what is learned.

A server is picked by its address; what it refuses to understand is switched off for it and the
request is asked again. All differences stand here; nothing else asks who the server is. Knows
nothing of connections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal
from urllib.parse import urlsplit

OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class Server:
    """What one server understands beyond the bare interface. The defaults hold for most."""

    name: str = ""
    """Empty where nothing is known of it."""
    responses: bool = False
    """Whether the Responses interface is the better one."""
    stream: bool = True
    usage: bool = True
    """Whether a stream can be asked for its tokens (``stream_options``)."""
    strict: bool = True
    """Whether functions may ask for calls that keep to their schema."""
    must_call: bool = True
    """Whether ``tool_choice`` may be sent."""
    parallel: bool = True
    """Whether ``parallel_tool_calls`` may be sent."""
    schema: Literal["json_schema", "json_object", ""] = "json_schema"
    """How the text of a reply is held to JSON."""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the longest reply is called."""
    stop: bool = True
    key: bool = False
    """Whether nothing can be had without a key."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Sent with each request besides."""


GENERIC = Server()
HOSTS: tuple[tuple[str, Server], ...] = (
    # Reasoning models plan with functions better, some of them only, behind Responses.
    (r"api\.openai\.com", Server("openai", responses=True, limit="max_completion_tokens", stop=False, key=True, extra={"store": False})),
    (r".*\.openai\.azure\.com", Server("azure", limit="max_completion_tokens", stop=False, key=True)),
    (r"generativelanguage\.googleapis\.com", Server("gemini", strict=False, parallel=False, key=True)),
    (r"api\.anthropic\.com", Server("anthropic", strict=False, schema="", key=True)),
    (r"api\.deepseek\.com", Server("deepseek", strict=False, parallel=False, schema="json_object", key=True)),
    (r"api\.mistral\.ai", Server("mistral", usage=False, key=True)),
    (r"openrouter\.ai", Server("openrouter", key=True)),
    (r"api\.groq\.com", Server("groq", strict=False, key=True)),
)  # fmt: skip
"""Host names, and what is known of the servers behind them."""
PORTS: dict[int, Server] = {
    11434: Server("ollama", strict=False, must_call=False, parallel=False),
    8080: Server("llama.cpp", strict=False),
    9931: Server("llama.cpp", strict=False),  # what it will listen on by default
    1234: Server("lm-studio", strict=False),
    30000: Server("sglang"),
}
"""Ports by which local servers are known. vLLM and ``transformers serve`` share 8000."""

COMPLAINT = re.compile(
    r"(?i)support|unknown|unrecogni[sz]ed|unexpected|permitted|allowed|invalid|extra|"
    r"not implemented|unavailable|require|must|cannot|only|forbidden|fail"
)
REFUSALS: tuple[tuple[str, Any, str], ...] = (
    ("responses", True, r"v1/responses|responses api|use.{0,20}/responses"),
    ("limit", "max_completion_tokens", r"max_completion_tokens|['\"`]max_tokens['\"`]"),
    ("limit", "max_tokens", r"max_completion_tokens"),
    ("usage", False, r"stream_options|include_usage"),
    ("parallel", False, r"parallel_tool_calls|parallel tool|parallel function"),
    ("must_call", False, r"tool_choice"),
    ("strict", False, r"\bstrict\b|invalid schema for function|additionalproperties"),
    ("schema", "json_object", r"json_schema|response_format|structured output|guided|text\.format"),
    ("schema", "", r"json_object|response_format|text\.format"),
    ("stop", False, r"['\"`]stop['\"`]|\bstop\b.{0,40}(support|permitted|allowed)"),
    ("stream", False, r"['\"`]stream['\"`]|streaming|\bstream\b.{0,40}(support|permitted|allowed)"),
    ("extra", {}, r"['\"`]store['\"`]|\bstore\b.{0,40}(support|permitted|allowed)"),
)  # fmt: skip
"""Flag, its other value, and by which words of a refusal it is to be changed; in this order."""


def pick(base_url: str, api: str = "auto") -> Server:
    """What is known of the server at an address; `api` is the setting of that name."""
    parts = urlsplit(base_url or OPENAI)
    host = (parts.hostname or "").lower()
    found = next((s for pattern, s in HOSTS if re.fullmatch(pattern, host)), None)
    if found is None:
        local = host in ("localhost", "::1") or host.startswith(("127.", "192.168.", "10."))
        found = PORTS.get(parts.port or 0, GENERIC) if local else GENERIC
    return found if api == "auto" else replace(found, responses=api == "responses")


def learn(used: Server, sent: frozenset[str], said: str, tried: frozenset[str]) -> dict[str, Any]:
    """The flag to change after a refusal, with its new value; empty where nothing explains it.

    Args:
        used: What the refused request was made for.
        sent: Flags that the request made use of.
        said: What the server said.
        tried: Flags that were changed for this request already.
    """
    if not COMPLAINT.search(said):
        return {}
    for flag, value, pattern in REFUSALS:
        now = getattr(used, flag)
        again = flag in tried and not (flag == "schema" and value == "")
        if again or now == value or flag not in sent or (flag == "schema" and now == ""):
            continue
        if re.search(pattern, said, re.IGNORECASE):
            return {flag: value}
    return {}


WORDS = {
    "responses": "asks for the other interface",
    "limit": "names the length of a reply otherwise",
    "usage": "does not count tokens in a stream",
    "parallel": "knows no parallel calls",
    "must_call": "cannot be made to call",
    "strict": "has no strict mode",
    "schema": "does not hold replies to a schema",
    "stop": "knows no stop texts",
    "stream": "does not stream",
    "extra": "refuses an extra setting",
}
"""Each flag's change, for people."""
assert set(WORDS) <= {f.name for f in fields(Server)}

SEEING = re.compile(
    r"(?i)(?:^|[-_/:. \d])(?:v[lL]\d*|vlm?|vision|omni|multimodal|llava|pixtral|molmo2?|moondream\d*|"
    r"internvl|minicpm-?[vo]|paligemma\d*|smolvlm\d*|idefics\d*|florence|aya-vision|bakllava|fuyu)"
    r"(?:$|[-_/:. \d])|[a-z]vl(?:$|[-_/:. \d])|gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-[5-9]|chatgpt-4o|"
    r"(?:^|/)o[134](?:$|-(?!mini-2024))|claude|gemini|gemma-?3n?[:-](?!1b|270m)|gemma3$|gemma-?4|"
    r"llama-?4|llama3\.2-vision|mistral-(?:small-(?:3\.[12]|2503|2506)|medium-3|large-3)|grok-[4-9]|"
    r"glm-[45](?:\.\d)?v|kimi-k2\.[5-9]|qwen-?3\.[5-9]|step-?3|nova-(?:lite|pro|premier)|ui-tars"
)  # fmt: skip
"""Names of models that take pictures. Of others it has to be said by a setting."""
BLIND = re.compile(r"(?i)o1-(?:mini|preview)|o3-mini|gpt-oss|embed|rerank|whisper|tts|audio")


def sees(model: str) -> bool:
    """Whether a model is known by its name to take pictures."""
    return bool(SEEING.search(model)) and not BLIND.search(model)
