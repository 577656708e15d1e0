"""``ocelli eval``: finds what to ask, shows how it goes, and sums it up.

A terminal gets a bar with the running accuracy, anything else one plain line a task. Knows nothing
of judging; the work is done in ``evals/runner.py``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.settings import Settings
from agent.words import clean
from evals.page import page, verdict
from evals.registry import find
from evals.results import MANIFEST, Record, Results, write_atomically
from evals.routes import write_routes
from evals.runner import Asks, Job, manifest, run
from evals.score import rate
from evals.summary import summarise
from evals.tasks import check_tasks, load_tasks
from tools.errors import ConfigError

HOME = Path("ocelli-evals")
"""Where evaluations go when no folder is named."""
STOPPED = 130


def evaluate(
    what: str,
    settings: Settings,
    *,
    out: Path | None = None,
    images: Path | None = None,
    tier: str = "",
    limit: int = 0,
    workers: int = 1,
    resume: bool = False,
    make: Callable[[Settings], Asks] | None = None,
) -> int:
    """Evaluate a benchmark or a task file; the exit code: 1 when every task failed.

    Raises:
        OcelliError: the run cannot start, or cannot write what it found.
    """
    is_file = what.endswith((".jsonl", ".json")) or Path(what).is_file()
    name = Path(what).stem if is_file else what
    folder = out or _folder(name, resume)
    settings = settings.model_copy(update={"out": folder / "runs", "remember": False})
    if is_file:
        tasks = load_tasks(Path(what), images)
        job = Job(name, tuple(tasks), rate, settings)
    else:
        benchmark = find(what)
        tasks = check_tasks(benchmark.samples(folder / "pictures"), what)
        job = Job(name, tuple(tasks), benchmark.score, settings, benchmark.version)
    job = replace(job, tier=tier, limit=limit, workers=workers)
    todo = {t.id for t in job.chosen()}
    with Results(folder, manifest(job), resume=resume) as results:
        stopped = _drive(job, results, todo, make or _agent)
        write_reports(folder, results.records, name)
    missing = len(todo - {r.id for r in results.records})
    _say_summary(folder, results.records)
    if stopped:
        say(f"{missing} of {len(todo)} tasks are left; go on with --resume --out {folder}")
        return STOPPED
    return int(all(r.status == "failed" for r in results.records))


def write_reports(folder: Path, records: list[Record], name: str) -> None:
    """``summary.json``, ``index.html`` and ``routes.jsonl``, from records and traces alone."""
    summary = summarise(records)
    write_routes(folder, records)
    write_atomically(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    write_atomically(folder / "index.html", page(name, summary, records, folder))


def say(line: str) -> None:
    """One line on stderr, safe for a terminal."""
    sys.stderr.write(clean(line) + "\n")


def _agent(settings: Settings) -> Asks:
    from agent.run import Agent

    return Agent(settings)


def _drive(job: Job, results: Results, todo: set[str], make: Callable[[Settings], Asks]) -> bool:
    """Run the job; whether a person stopped it."""
    before = sum(r.id in todo for r in results.records)
    if before:
        say(f"{before} of {len(todo)} tasks were done before")
    if before == len(todo):
        return False
    with _watch(results, len(todo), before) as on_record:
        try:
            asyncio.run(run(make(job.settings), job, results, on_record))
        except KeyboardInterrupt:
            return True
    return False


@contextmanager
def _watch(results: Results, total: int, before: int) -> Iterator[Callable[[Record], None]]:
    if not sys.stderr.isatty():
        yield lambda record: say(_line(record, len(results.records), total))
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[share]}"),
        TimeRemainingColumn(), TextColumn("{task.fields[last]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True, markup=False)) as bar:
        row = bar.add_task("", total=total, completed=before, share="", last="")

        def on_record(record: Record) -> None:
            right = sum(r.score for r in results.records)
            share = f"{100 * right / len(results.records):.1f} % right"
            bar.update(row, advance=1, share=share, last=clean(record.id)[:40])
            if record.status == "failed":
                bar.console.print(clean(f"failed {record.id}: {record.reason}"), markup=False)

        yield on_record


def _line(record: Record, count: int, total: int) -> str:
    return f"{count}/{total} {verdict(record)} {record.id} {record.seconds:.2f} s: {record.reason}"


def _say_summary(folder: Path, records: list[Record]) -> None:
    summary = summarise(records)
    low, high = summary["ci95"]
    lines = [
        f"{100 * summary['accuracy']:.1f} % right of {summary['n']} "
        f"(95 % interval {100 * low:.1f}–{100 * high:.1f} %), "
        f"{summary['cannot']} cannot, {summary['failed']} failed, "
        f"{summary['seconds']['median']:.2f} s in the median"
    ]
    for kind in ("by_tier", "by_need"):
        parts: dict[str, dict[str, Any]] = summary[kind]
        if parts:
            shown = (f"{key} {100 * p['accuracy']:.0f} % of {p['n']}" for key, p in parts.items())
            lines.append(f"{kind.removeprefix('by_')}: " + ", ".join(shown))
    lines.append(f"results: {folder / 'results.jsonl'}")
    lines.append(f"page:    {folder / 'index.html'}")
    sys.stdout.write("\n".join(map(clean, lines)) + "\n")


def _folder(name: str, resume: bool) -> Path:
    """A new folder for `name`, or the newest there is to go on with."""
    if not resume:
        return HOME / f"{name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    kept = sorted(p.parent for p in HOME.glob(f"{name}-*/{MANIFEST}"))
    if not kept:
        raise ConfigError(f"there is no evaluation of {name!r} below {str(HOME)!r} to go on with",
                          hint="Name its folder with --out")  # fmt: skip
    return kept[-1]
