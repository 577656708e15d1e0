"""The commands that ask: a question, one that was cut off, an earlier chain; and the way back.

They read what was typed and hand it to ``agent/follow.py``. Know nothing of how an answer is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.options import (
    AllowPickle,
    BaseUrl,
    Boxes,
    Consent,
    Folder,
    Json,
    MaxCost,
    Model,
    Out,
    Planner,
    Points,
    Price,
    Profile,
    Route,
    Seconds,
    Sees,
)
from agent.terminal import driven
from agent.typed import parse_box, parse_point, settings_of, trust_pickles


def ask(
    question: Annotated[str, typer.Argument(help="In plain English.", show_default=False)],
    images: Annotated[
        list[str],
        typer.Argument(
            help="Pictures: files, or addresses with --allow-urls. None: to make one from words, "
            "or to go on with those of --session.",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer reads the default, nobody changes it
    profile: Profile = "auto",
    planner: Planner = "auto",
    route: Route = "auto",
    box: Boxes = [],  # noqa: B006
    point: Points = [],  # noqa: B006
    as_json: Json = False,
    out: Out = None,
    folder: Folder = None,
    session: Annotated[str, typer.Option(help="Name of a conversation to go on with.")] = "",
    allow_urls: Annotated[bool, typer.Option(help="Pictures may be fetched.")] = False,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Use what models answered before.")
    ] = True,
    max_seconds: Seconds = 120.0,
    max_steps: Annotated[int, typer.Option(help="Decisions of the planner.")] = 12,
    consent: Consent = "ask",
    model: Model = None,
    base_url: BaseUrl = None,
    sees: Sees = None,
    max_cost: MaxCost = None,
    price: Price = None,
    allow_pickle: AllowPickle = False,
) -> int:
    """Ask a question about pictures."""
    trust_pickles(allow_pickle)
    settings = settings_of(
        profile=profile, planner=planner, route=route, out=out, session=session,
        allow_urls=allow_urls, cache=cache, max_seconds=max_seconds, max_steps=max_steps,
        consent=consent, model=model, base_url=base_url, sees=sees, max_cost=max_cost,
        price=price,
    )  # fmt: skip
    from agent.follow import follow

    boxes = [parse_box(text) for text in box]
    points = [parse_point(text) for text in point]
    return driven(follow(settings, question, images, boxes, points, as_json=as_json, folder=folder))


def resume(
    session: Annotated[str, typer.Argument(help="Name of the conversation.", show_default=False)],
    profile: Profile = "auto",
    planner: Planner = "auto",
    as_json: Json = False,
    out: Out = None,
    max_seconds: Seconds = 120.0,
) -> int:
    """Go on with the last question of a conversation, where a crash or Ctrl-C cut it off."""
    settings = settings_of(
        profile=profile, planner=planner, out=out, session=session, max_seconds=max_seconds
    )
    from agent.follow import follow_resumed

    return driven(follow_resumed(settings, as_json=as_json))


def history(
    session: Annotated[str, typer.Argument(help="Name of the conversation.", show_default=False)],
    to: Annotated[
        str, typer.Option(metavar="HANDLE|undo|redo", help="Go on from this version.")
    ] = "",
    as_json: Json = False,
    out: Out = None,
) -> int:
    """Show which picture was made from which, and go back to any of them."""
    settings = settings_of(out=out, session=session, planner="offline")
    from agent.follow import follow_history, follow_move

    if to:
        return driven(follow_move(settings, to, as_json=as_json))
    follow_history(settings, as_json=as_json)
    return 0


def replay(
    trace: Annotated[Path, typer.Argument(help="trace.jsonl of a run, or its folder.")],
    images: Annotated[
        list[str], typer.Argument(help="Other pictures to do the same to.", show_default=False)
    ] = [],  # noqa: B006
    profile: Profile = "auto",
    as_json: Json = False,
    out: Out = None,
    max_seconds: Seconds = 120.0,
) -> int:
    """Run the calls of an earlier run again, on the same or on other pictures."""
    settings = settings_of(
        profile=profile, planner="scripted", out=out, max_seconds=max_seconds, remember=False
    )
    from agent.follow import follow_again

    return driven(follow_again(settings, trace, images, as_json=as_json))
