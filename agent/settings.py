"""Every setting of a run, read once at the edge and passed down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer

from agent.llm.redact import safe_url


class LLM(BaseModel):
    """Which language model plans, where it is served, and what a turn may take of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(default_factory=lambda: os.environ.get("OPENAI_BASE_URL", ""), repr=False)
    """Address of an OpenAI-compatible server, up to ``/v1``; default that of OpenAI. Written down
    without user, password and query."""
    api_key: SecretStr = Field(
        default_factory=lambda: SecretStr(os.environ.get("OPENAI_API_KEY", "")), exclude=True
    )
    """Never written anywhere."""
    model: str = Field(default_factory=lambda: os.environ.get("OCELLI_MODEL", ""))
    """Name of the model; several with commas between: the next one when one fails."""
    api: Literal["auto", "chat", "responses"] = "auto"
    """Chat Completions, the Responses interface, or what suits the server."""
    sees: Literal["auto", "yes", "no"] = Field(
        default_factory=lambda: os.environ.get("OCELLI_SEES", "auto"),
        validate_default=True,
    )
    """Whether the model takes pictures; ``auto``: by its name."""
    timeout: float = Field(
        default_factory=lambda: os.environ.get("OCELLI_REPLY_SECONDS", 60.0),
        gt=0,
        validate_default=True,
    )
    """Seconds for one whole reply; a large model on a slow machine takes minutes."""
    retries: int = Field(default=2, ge=0, le=10)
    """Times that a request is sent again after a fault that may pass."""
    max_calls: int = Field(default=16, ge=1, le=500)
    """Requests in one turn."""
    max_tokens: int = Field(default=400_000, ge=100)
    """Tokens in one turn, in and out together."""
    max_reply_tokens: int = Field(default=2000, ge=16)
    """Tokens of one reply."""
    max_pictures: int = Field(default=24, ge=0)
    """Pictures sent in one turn."""
    max_cost: float = Field(default=0.0, ge=0)
    """What one turn may cost; 0: no limit."""
    price_in: float = Field(default=0.0, ge=0)
    """For a million tokens in."""
    price_out: float = Field(default=0.0, ge=0)
    """For a million tokens out."""

    @field_serializer("base_url", when_used="json")
    def _without_secrets(self, url: str) -> str:
        return safe_url(url)


class Settings(BaseModel):
    """What a person may choose. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = "auto"
    """Name of a profile, or the path of a TOML file."""
    planner: str = "auto"
    """Name of a planner under ``agent/planners/``; ``auto``: ``tools`` where a language model is
    named, else ``offline``."""
    llm: LLM = Field(default_factory=LLM)
    script: Path | None = None
    """JSON file of decisions, for the planner ``scripted``."""
    route: str = Field(default="auto", pattern="^(auto|chain|direct)$")
    """``chain`` of experts, ``direct`` to one multimodal model, or ``auto``."""
    home: Path | None = None
    """Folder of the store and the conversations; default ``~/.cache/ocelli``."""
    database: SecretStr = Field(
        default_factory=lambda: SecretStr(os.environ.get("OCELLI_DATABASE", "")), exclude=True
    )
    """Address ``postgresql://…`` of the conversations; '' for a file under `home`. Never told."""
    out: Path | None = None
    """Folder of the runs; default ``ocelli-runs`` in the current folder."""
    session: str = ""
    """Name of a conversation to go on with; a new one by default."""
    max_steps: int = Field(default=12, ge=1, le=250)
    """Decisions of the planner in one turn."""
    max_calls: int = Field(default=40, ge=1, le=500)
    """Tool calls in one turn."""
    max_seconds: float = Field(default=120.0, gt=0)
    """Wall-clock time of one turn."""
    call_seconds: float = Field(default=60.0, gt=0)
    """Wall-clock time of one tool call."""
    max_images: int = Field(default=16, ge=1, le=64)
    """Pictures in one question."""
    consent: Literal["ask", "allow", "refuse"] = "ask"
    """What happens to a call that changes or sends something nobody asked for."""
    allow_urls: bool = False
    """Whether pictures may be fetched from public http(s) addresses."""
    remember: bool = True
    """Whether the conversation is kept on disk; off in batch runs."""
    cache: bool = True
    """Whether what a model answered before about the same pixels is used again."""
    report: bool = True
    """Whether each run gets a ``report.html``."""
