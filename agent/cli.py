"""The command ``ocelli``: which commands there are, and how any of them ends.

Every failure is one line on stderr that names the cause and the mend. Nothing heavy is imported
before a command needs it. This is the one place that sits above all packages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from agent.commands import above, questions, stock
from agent.terminal import FAILED, STOPPED, explain, say

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


app.command(epilog='Example: ocelli ask "Blur every face" party.jpg --out edited')(questions.ask)
app.command(epilog="Example: ocelli resume holiday", short_help="Go on with a cut-off question.")(
    questions.resume
)
app.command(
    epilog="Example: ocelli history holiday --to img3",
    short_help="Show the versions of the pictures, or go back.",
)(questions.history)
app.command(epilog="Example: ocelli tools --graph tools.svg", short_help="List the tools.")(
    stock.tools
)
app.command(
    epilog="Example: ocelli doctor --profile embedded", short_help="Say what is ready or missing."
)(stock.doctor)
app.command(
    epilog="Example: ocelli replay ocelli-runs/NAME/trace.jsonl other.jpg",
    short_help="Run an earlier chain again.",
)(questions.replay)
app.command(
    "eval",
    epilog="Example: ocelli eval tasks.jsonl --limit 20 --workers 2",
    short_help="Measure how many answers are right.",
)(above.evaluate)
app.command("app", epilog="Example: ocelli app --port 7861")(above.web)
app.add_typer(stock.models_app, name="models")


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
            say(sys.stderr, "stopped")
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        say(sys.stderr, "stopped")
        return STOPPED
    except Exception as error:
        if debug:
            raise
        line, code = explain(error)
        say(sys.stderr, f"ocelli: {line}")
        return code
