"""Tools, models and findings as tables: coloured on a terminal, aligned lines elsewhere.

Knows nothing of where the rows come from.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console

from agent.console import text_table
from agent.words import clean

if TYPE_CHECKING:
    from agent.doctor import Finding
    from agent.listing import ModelRow, ToolRow

FILE_WIDTH = 200
"""Columns where there is no terminal."""
HEALTH_STYLE = {"ok": "green", "missing": "red", "note": "yellow"}
OPTIONAL = frozenset({"ability", "language model"})
"""Topics without which questions can still be answered."""


def plain(rows: Sequence[Any]) -> list[dict[str, object]]:
    """Rows as JSON takes them."""
    return [asdict(row) for row in rows]


def show_tools(rows: Sequence[ToolRow], profile: str) -> None:
    """Name, result and summary of each tool, and who would answer."""
    cells = [(r.name, r.returns, r.summary, r.needs, _yes(r.ready), r.by) for r in rows]
    show(("tool", "gives", "what it does", "needs", "ready", "by"), cells, _ready_style(cells))
    ready = sum(r.ready for r in rows)
    sys.stdout.write(f"{ready} of {len(rows)} tools are ready with profile {clean(profile)}\n")


def show_models(rows: Sequence[ModelRow]) -> None:
    """Ability, licence, size and memory of each model, and what is missing."""
    cells = [
        (r.name, r.ability, r.licence, r.weights, f"{r.weights_mb:g} MB", f"{r.memory_mb:g} MB",
         _yes(r.ready), r.missing)
        for r in rows
    ]  # fmt: skip
    head = ("model", "ability", "licence", "weights", "size", "memory", "ready", "missing")
    show(head, cells, _ready_style(cells, 6))


def show_findings(findings: Sequence[Finding]) -> int:
    """What the doctor found; 1 where something every run needs is missing."""
    cells = [(f.topic, f.what, f.health, f.said) for f in findings]
    colours = [HEALTH_STYLE[f.health] for f in findings]
    show(("", "", "", ""), cells, lambda row, column: colours[row] if column == 2 else "")
    missing = [f for f in findings if f.health == "missing"]
    core = [f for f in missing if f.topic not in OPTIONAL]
    said = "all is well" if not missing else f"{len(missing)} things are missing"
    sys.stdout.write(said + "\n")
    return int(bool(core))


def show(
    columns: Sequence[str], rows: Sequence[Sequence[str]], style: Callable[[int, int], str]
) -> None:
    """Print a table on stdout."""
    table = text_table(columns, rows, style)
    if sys.stdout.isatty():
        Console(file=sys.stdout).print(table)
        return
    lines = io.StringIO()
    Console(file=lines, width=FILE_WIDTH).print(table)
    sys.stdout.writelines(line.rstrip() + "\n" for line in lines.getvalue().splitlines())


def _yes(ready: bool) -> str:
    return "yes" if ready else "no"


def _ready_style(rows: Sequence[Sequence[str]], at: int = 4) -> Callable[[int, int], str]:
    return lambda row, column: (
        "" if column != at else "green" if rows[row][at] == "yes" else "yellow"
    )
