"""The commands that show what is there: tools, models and their weights, and what is missing.

Heavy modules are imported when a command needs them. Know nothing of questions.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.options import AllowPickle, BaseUrl, Json, Model, Planner, Profile
from agent.terminal import say, say_json, write
from agent.typed import settings_of, trust_pickles


def tools(
    profile: Profile = "auto",
    as_json: Json = False,
    graph: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw which tool feeds which.")
    ] = None,
) -> None:
    """List what can be asked of pictures, and which model would do it."""
    if graph is not None and graph.suffix != ".svg":
        raise typer.BadParameter(f"the graph is drawn as SVG: {str(graph)!r} must end in .svg")
    from agent import listing, tables
    from tools.catalog import discover
    from tools.profiles import load_profile

    catalog, chosen = discover(), load_profile(profile)
    if graph is not None:
        joined = importlib.import_module("tools.graph").ToolGraph
        write(graph, joined(catalog, chosen.readiness(catalog)).to_svg())
        say(sys.stderr, f"graph: {graph}")
    elif as_json:
        say_json(tables.plain(listing.tool_rows(catalog, chosen)))
    else:
        tables.show_tools(listing.tool_rows(catalog, chosen), chosen.name)


models_app = typer.Typer(
    invoke_without_command=True,
    short_help="List the models, or fetch their weights.",
    epilog="Example: ocelli models --licences permissive",
)


@models_app.callback()
def models(
    context: typer.Context,
    as_json: Json = False,
    licences: Annotated[
        str, typer.Option(help="all, or permissive: none that is copyleft or non-commercial.")
    ] = "all",
) -> None:
    """List the models: abilities, licence, size, memory, and whether they are ready."""
    if context.invoked_subcommand is not None:
        return
    if licences not in ("all", "permissive"):
        raise typer.BadParameter(f"--licences is all or permissive, not {licences!r}")
    from agent import listing, tables
    from tools.catalog import discover

    rows = listing.model_rows(discover(), permissive=licences == "permissive")
    if as_json:
        say_json(tables.plain(rows))
    else:
        tables.show_models(rows)


@models_app.command(
    "pull", epilog="Example: ocelli models pull dfine-large", short_help="Fetch weights."
)
def pull(
    names: Annotated[
        list[str], typer.Argument(help="Names of models; with none, those the profile wants first.")
    ] = [],  # noqa: B006 - typer reads the default, nobody changes it
    profile: Profile = "auto",
    again: Annotated[bool, typer.Option(help="Fetch anew what is here but damaged.")] = False,
    revision: Annotated[
        str,
        typer.Option(help="Branch, tag or commit in place of the pinned one.", show_default=False),
    ] = "",
    allow_pickle: AllowPickle = False,
) -> None:
    """Fetch the weights of models from the hub, check them, and go on where a fetch was cut."""
    trust_pickles(allow_pickle)
    from agent import listing
    from tools.catalog import discover
    from tools.profiles import load_profile
    from tools.pull import pull as fetch

    catalog = discover()
    for spec in listing.wanted(names, catalog, load_profile(profile)):
        folders = fetch(
            spec, again=again, revision=revision, tell=lambda line: say(sys.stderr, line)
        )
        say(sys.stdout, f"{spec.name}: {', '.join(map(str, folders))}")


def doctor(
    profile: Profile = "auto",
    planner: Planner = "auto",
    model: Model = None,
    base_url: BaseUrl = None,
) -> int:
    """Look at this machine and say what is ready, what is missing and what mends it."""
    from agent import tables
    from agent.doctor import examine
    from agent.folders import cache_folder, runs_folder

    settings = settings_of(profile=profile, planner=planner, model=model, base_url=base_url)
    findings = examine(settings, cache_folder(settings), runs_folder(settings))
    return tables.show_findings(findings)
