"""Every setting of a run, read once at the edge and passed down."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What a person may choose. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = "auto"
    """Name of a profile, or the path of a TOML file."""
    planner: str = "offline"
    """Name of a planner under ``agent/planners/``."""
    script: Path | None = None
    """JSON file of decisions, for the planner ``scripted``."""
    route: str = Field(default="auto", pattern="^(auto|chain|direct)$")
    """``chain`` of experts, ``direct`` to one multimodal model, or ``auto``."""
    home: Path | None = None
    """Folder of the store and the conversations; default ``~/.cache/ocelli``."""
    out: Path | None = None
    """Folder of the runs; default ``ocelli-runs`` in the current folder."""
    session: str = ""
    """Name of a conversation to go on with; a new one by default."""
    max_steps: int = Field(default=8, ge=1, le=40)
    """Decisions of the planner in one turn."""
    max_calls: int = Field(default=40, ge=1, le=200)
    """Tool calls in one turn."""
    max_seconds: float = Field(default=120.0, gt=0)
    """Wall-clock time of one turn."""
    call_seconds: float = Field(default=60.0, gt=0)
    """Wall-clock time of one tool call."""
    max_images: int = Field(default=16, ge=1, le=64)
    """Pictures in one question."""
    allow_urls: bool = False
    """Whether pictures may be fetched from public http(s) addresses."""
    remember: bool = True
    """Whether the conversation is kept on disk; off in batch runs."""
    cache: bool = True
    """Whether what a model answered before about the same pixels is used again."""
    report: bool = True
    """Whether each run gets a ``report.html``."""
