"""The commands whose work is done above this package: measuring answers, the chat in a browser.

They bring the settings and import the rest by name, when it is asked for. Know nothing of either.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from agent.options import (
    BaseUrl,
    Consent,
    MaxCost,
    Model,
    Out,
    Planner,
    Price,
    Profile,
    Route,
    Seconds,
    Sees,
)
from agent.typed import settings_of
from tools.errors import ConfigError


def evaluate(
    what: Annotated[str, typer.Argument(metavar="NAME|TASKS.jsonl", help="What to ask.")],
    limit: Annotated[int, typer.Option(help="Ask only so many; 0: all.", min=0)] = 0,
    workers: Annotated[int, typer.Option(help="Questions at the same time.", min=1, max=64)] = 1,
    out: Out = None,
    resume: Annotated[bool, typer.Option(help="Go on with an interrupted run.")] = False,
    tier: Annotated[str, typer.Option(help="Ask only tasks of this tier.")] = "",
    images: Annotated[Path | None, typer.Option(help="Folder of the task file's pictures.")] = None,
    profile: Profile = "auto",
    planner: Planner = "auto",
    route: Route = "auto",
    max_seconds: Seconds = 120.0,
    consent: Consent = "ask",
    model: Model = None,
    base_url: BaseUrl = None,
    sees: Sees = None,
    max_cost: MaxCost = None,
    price: Price = None,
) -> int:
    """Ask many questions with known answers and measure how many are right."""
    settings = settings_of(
        profile=profile, planner=planner, route=route, max_seconds=max_seconds, consent=consent,
        model=model, base_url=base_url, sees=sees, max_cost=max_cost, price=price,
    )  # fmt: skip
    command = importlib.import_module("evals.command")
    code: int = command.evaluate(
        what, settings, out=out, images=images, tier=tier, limit=limit, workers=workers,
        resume=resume,
    )  # fmt: skip
    return code


def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 7860,
    profile: Profile = "auto",
    planner: Planner = "auto",
    route: Route = "auto",
    max_seconds: Seconds = 120.0,
    consent: Consent = "ask",
    model: Model = None,
    base_url: BaseUrl = None,
    sees: Sees = None,
    max_cost: MaxCost = None,
    price: Price = None,
) -> None:
    """Open the chat in a browser, on this machine only."""
    settings = settings_of(
        profile=profile, planner=planner, route=route, max_seconds=max_seconds, consent=consent,
        model=model, base_url=base_url, sees=sees, max_cost=max_cost, price=price,
    )  # fmt: skip
    try:
        importlib.import_module("gradio")
    except ModuleNotFoundError:
        hint = "Install it: pip install 'ocelli[app]'"
        raise ConfigError("the web app needs gradio, which is not installed", hint=hint) from None
    importlib.import_module("app").main(host=host, port=port, settings=settings)
