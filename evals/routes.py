"""Which way each question of an evaluation went, and what the ways cost: accuracy against seconds.

``python -m evals.routes DIR DIR … --out FILE.svg`` draws several evaluations of the same tasks,
say one a route. The ways are read off the traces; nothing is asked again. Knows nothing of agents.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.events import EVENTS, FellBack, Routed
from agent.words import clean
from evals.chart import Dot, chart
from evals.results import MANIFEST, RESULTS, Record, read_whole, write_atomically
from evals.summary import summarise
from tools.errors import ConfigError, OcelliError

ROUTES = "routes.jsonl"
"""One line a task: its way, why, and by what it was chosen."""
MARKS = (b'"type":"routed"', b'"type":"fell_back"')
HEAD = ("evaluation", "n", "right", "95 % interval", "median s", "LLM calls", "ways")


@dataclass(frozen=True)
class Way:
    """The way one question went, and what came of it."""

    id: str
    route: str
    """``chain``, ``direct`` or ``checked``; '' where the trace does not say."""
    why: str = ""
    features: dict[str, str] = field(default_factory=dict)
    fell_back: tuple[str, ...] = ()
    """``given up -> taken: why``, in order."""
    score: float = 0.0
    seconds: float = 0.0
    llm_calls: int = 0
    status: str = ""


def way_of(record: Record) -> Way:
    """The way of a task, from its trace."""
    route = Routed(route="", why="")
    fell: list[str] = []
    for event in _events(Path(record.trace)) if record.trace else ():
        if isinstance(event, Routed):
            route = event
        else:
            fell.append(f"{event.given_up} -> {event.taken}: {event.why}")
    return Way(
        record.id, route.route, route.why, route.features, tuple(fell), record.score,
        record.seconds, record.llm_calls, record.status,
    )  # fmt: skip


def _events(trace: Path) -> Iterable[Routed | FellBack]:
    """What a trace says of ways; a trace that is gone or torn says less."""
    lines: list[bytes] = []
    with contextlib.suppress(OSError):
        lines = trace.read_bytes().splitlines()
    for line in lines:
        if any(mark in line for mark in MARKS):
            with contextlib.suppress(ValidationError):
                event = EVENTS.validate_json(line)
                if isinstance(event, Routed | FellBack):
                    yield event


def write_routes(folder: Path, records: Sequence[Record]) -> None:
    """``routes.jsonl`` beside the results.

    Raises:
        SetupError: the disk refuses.
    """
    lines = (json.dumps(asdict(way_of(r)), ensure_ascii=False) for r in records)
    write_atomically(folder / ROUTES, "".join(f"{line}\n" for line in lines))


@dataclass(frozen=True)
class Evaluation:
    """One folder of results."""

    name: str
    records: tuple[Record, ...]

    def ways(self) -> str:
        """``direct 12, chain 30``."""
        counts = Counter(way.route or "unknown" for way in map(way_of, self.records))
        return ", ".join(f"{name} {n}" for name, n in counts.most_common())


def load(folder: Path) -> Evaluation:
    """An evaluation by its folder; it is called by its route, planner and model.

    Raises:
        ConfigError: there is none.
    """
    try:
        data = (folder / RESULTS).read_bytes()
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(folder)!r} holds no evaluation: {error}") from None
    records, _ = read_whole(data, str(folder / RESULTS))
    chosen: dict[str, Any] = manifest.get("settings", {})
    model = (chosen.get("llm") or {}).get("model", "")
    parts = (folder.name, chosen.get("route", ""), chosen.get("planner", ""), model)
    return Evaluation(" · ".join(str(part) for part in parts if part), tuple(records))


def compare(evaluations: Sequence[Evaluation]) -> tuple[list[Dot], list[tuple[str, ...]], int]:
    """Points and rows over the tasks that all have, and how many tasks were left out for that.

    Raises:
        ConfigError: they have no task in common.
    """
    every = [{r.id for r in e.records} for e in evaluations]
    shared, union = set.intersection(*every), set.union(*every)
    if not shared:
        raise ConfigError("the evaluations have no task in common", hint="Compare runs of one file")
    dots: list[Dot] = []
    rows: list[tuple[str, ...]] = []
    for one in evaluations:
        kept = Evaluation(one.name, tuple(r for r in one.records if r.id in shared))
        found = summarise(kept.records)
        (low, high), seconds = found["ci95"], found["seconds"]["median"]
        dots.append(Dot(one.name, seconds, found["accuracy"], low, high))
        calls = found["llm_calls"] / found["n"]
        rows.append((
            one.name, str(found["n"]), f"{100 * found['accuracy']:.1f} %",
            f"{100 * low:.1f}–{100 * high:.1f} %", f"{seconds:.2f}", f"{calls:.2f}", kept.ways(),
        ))  # fmt: skip
    return dots, rows, len(union - shared)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw and tell; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.routes", description="Draw accuracy against seconds."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="of ocelli eval --out")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.svg")
    typed = parser.parse_args(argv)
    try:
        dots, rows, left_out = compare([load(folder) for folder in typed.folders])
        title = f"Accuracy against seconds, {rows[0][1]} questions"
        write_atomically(typed.out, chart(title, dots, HEAD, rows))
    except OcelliError as error:
        sys.stderr.write(f"evals.routes: {clean(error.line())}\n")
        return 2
    wide = [max(len(row[n]) for row in (HEAD, *rows)) for n in range(len(HEAD))]
    for row in (HEAD, *rows):
        cells = (clean(cell).ljust(width) for cell, width in zip(row, wide, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    if left_out:
        sys.stdout.write(f"{left_out} tasks are left out: not all evaluations have them\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
