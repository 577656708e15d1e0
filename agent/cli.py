"""The command ``ocelli``: reads what was typed, hands it to the part that does it, shows the result.

Every failure is one line on stderr that names the cause and the mend. Exit codes: 0 answered (an
honest "cannot" included), 1 the run failed, 2 wrong use, 130 stopped. Nothing heavy is imported
before a command needs it. This is the one place that sits above all packages.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

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
from agent.typed import parse_box, parse_point, settings_of, trust_pickles
from agent.words import clean, safe_json
from tools.errors import ConfigError, InputError, OcelliError

FAILED, MISUSED, STOPPED = 1, 2, 130
TYPER_ERROR: Any = typer.BadParameter.__mro__[2]
"""The base of all that typer says about what was typed; it has no public name."""
T = TypeVar("T")

app = typer.Typer(
    name="ocelli",
    help="Ask about pictures in plain words and get an answer with its evidence.",
    epilog='Example: ocelli ask "What does the sign say?" photo.jpg',
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _everywhere(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; may stand anywhere.")] = (
        False
    ),
) -> None:
    """Options of every command; ``--debug`` is taken out by `main` before typer sees it."""


@app.command(epilog='Example: ocelli ask "Blur every face" party.jpg --out edited')
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
    return _drive(follow(settings, question, images, boxes, points, as_json=as_json, folder=folder))


@app.command(epilog="Example: ocelli resume holiday", short_help="Go on with a cut-off question.")
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

    return _drive(follow_resumed(settings, as_json=as_json))


@app.command(
    epilog="Example: ocelli history holiday --to img3",
    short_help="Show the versions of the pictures, or go back.",
)
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
        return _drive(follow_move(settings, to, as_json=as_json))
    follow_history(settings, as_json=as_json)
    return 0


@app.command(epilog="Example: ocelli tools --graph tools.svg", short_help="List the tools.")
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
        _write(graph, joined(catalog, chosen.readiness(catalog)).to_svg())
        _say(sys.stderr, f"graph: {graph}")
    elif as_json:
        _say_json(tables.plain(listing.tool_rows(catalog, chosen)))
    else:
        tables.show_tools(listing.tool_rows(catalog, chosen), chosen.name)


models_app = typer.Typer(
    invoke_without_command=True,
    short_help="List the models, or fetch their weights.",
    epilog="Example: ocelli models --licences permissive",
)
app.add_typer(models_app, name="models")


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
        _say_json(tables.plain(rows))
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
            spec, again=again, revision=revision, tell=lambda line: _say(sys.stderr, line)
        )
        _say(sys.stdout, f"{spec.name}: {', '.join(map(str, folders))}")


@app.command(
    epilog="Example: ocelli doctor --profile embedded", short_help="Say what is ready or missing."
)
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


@app.command(
    epilog="Example: ocelli replay ocelli-runs/NAME/trace.jsonl other.jpg",
    short_help="Run an earlier chain again.",
)
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

    return _drive(follow_again(settings, trace, images, as_json=as_json))


@app.command(
    "eval",
    epilog="Example: ocelli eval tasks.jsonl --limit 20 --workers 2",
    short_help="Measure how many answers are right.",
)
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


@app.command("app", epilog="Example: ocelli app --port 7861")
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


def _drive(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from None


def _say(stream: Any, line: str) -> None:
    stream.write(clean(line) + "\n")


def _say_json(value: object) -> None:
    sys.stdout.write(safe_json(value, indent=2) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    end = words.index("--") if "--" in words else len(words)
    debug = "--debug" in words[:end]
    words = [w for n, w in enumerate(words) if w != "--debug" or n > end] or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(args=words, prog_name="ocelli", standalone_mode=False)
        sys.stdout.flush()
        if code == STOPPED:
            _say(sys.stderr, "stopped")
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        _say(sys.stderr, "stopped")
        return STOPPED
    except Exception as error:
        if debug:
            raise
        line, code = explain(error)
        _say(sys.stderr, f"ocelli: {line}")
        return code


def explain(error: Exception) -> tuple[str, int]:
    """One line for a person, and the exit code."""
    if isinstance(error, OcelliError):
        return error.line(), MISUSED if isinstance(error, ConfigError | InputError) else FAILED
    if isinstance(error, TYPER_ERROR):
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", "") or "ocelli"
        said = " ".join(error.format_message().split()).rstrip(".")
        return f"{said}. See: {path} --help", MISUSED
    return f"{type(error).__name__}: {error}. Run it again with --debug to see where", FAILED
