"""The pool of experts on this machine, measured: memory, swaps, throughput, stopping.

Run it with ``python -m evals.bench.pool``; ``--size full`` makes models of the published sizes with
random weights in a temporary folder (about 18 GB, with ``--cache`` they stay for the next time) and
wants a card; ``--size tiny`` runs anywhere and shows that all works, not how fast it is; on a
processor ``--size mid --only throughput`` shows what the host costs callers who share a model. Writes
``pool.md`` and ``pool.json`` to ``--out``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

from evals.bench import pool_mix, pool_rates, pool_scripts, pool_stops
from evals.bench.forge import forged
from evals.bench.random_weights import Size
from evals.bench.table import Measured, markdown, show
from tools.catalog import Catalog
from tools.device import cap, here

COLUMNS = ("", "measured", "limit", "")
OUT = Path(__file__).parent / "results"
SIDES: dict[Size, int] = {"tiny": 96, "mid": 512, "full": 1024}
"""Of the pictures, pixels."""
SCALE: dict[Size, float] = {"tiny": 1e-3, "mid": 0.1, "full": 1.0}
"""Of the declared sizes: tiny models would never fill a budget made for large ones."""
EVERYTHING_MB = 1e9
PARTS = ("budget", "swap", "throughput", "stop")


def measure(
    cache: Path, size: Size, parts: Sequence[str] = PARTS, calls: int = pool_scripts.CALLS
) -> list[Measured]:
    """All rows of the table.

    Args:
        cache: folder for the weights; what is there already is used.
        size: of the models.
        parts: which measurements.
        calls: of the mix.
    """
    side, rows = SIDES[size], list[Measured]()
    start = perf_counter()
    with forged(cache, size) as whole:
        rows.append(Measured("making the weights", perf_counter() - start, "s"))
        catalog = scaled(whole, SCALE[size])
        steps = {
            "budget": lambda: pool_mix.measure(catalog, side, calls),
            "swap": lambda: pool_rates.swap(catalog),
            "throughput": lambda: pool_rates.throughput(catalog, side, size),
            "stop": lambda: pool_stops.measure(catalog, side),
        }
        for part in parts:
            start = perf_counter()
            rows += steps[part]()
            cap(EVERYTHING_MB)  # the hosts of this part set limits of their own
            rows.append(Measured(f"all of {part}", perf_counter() - start, "s"))
    return rows


def scaled(catalog: Catalog, by: float) -> Catalog:
    """The same models declared so many times as large."""
    models = {
        name: replace(m, memory_mb=m.memory_mb * by, weights_mb=m.weights_mb * by)
        for name, m in catalog.models.items()
    }
    return Catalog(catalog.tools, models)


def machine() -> dict[str, str]:
    """On what this was measured."""
    said = {"device": here().name, "python": platform.python_version()}
    if here().is_gpu:
        import torch

        said["device"] = torch.cuda.get_device_name()
    for package in ("torch", "transformers", "diffusers"):
        try:
            said[package] = version(package)
        except PackageNotFoundError:
            said[package] = "absent"
    return said


def write(out: Path, size: Size, rows: Sequence[Measured]) -> None:
    """The table as Markdown and as JSON."""
    out.mkdir(parents=True, exist_ok=True)
    about = machine() | {"size": size, "date": datetime.now(UTC).date().isoformat()}
    said = ", ".join(f"{name} {value}" for name, value in about.items())
    table = markdown(COLUMNS, [row.cells() for row in rows])
    head = f"# The pool, measured\n\n`python -m evals.bench.pool --size {size}`: {said}.\n\n"
    (out / "pool.md").write_text(head + table, "utf-8")
    record = {"about": about, "rows": [row.record() for row in rows]}
    (out / "pool.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench.pool", description=__doc__)
    parser.add_argument("--size", choices=tuple(SIDES), default="full" if here().is_gpu else "tiny")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--cache", type=Path, help="folder that keeps the weights")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--calls", type=int, default=pool_scripts.CALLS)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(given.cache or Path(folder), given.size, given.only, given.calls)
    show(COLUMNS, [row.cells() for row in rows])
    write(given.out, given.size, rows)
    return int(any(row.within is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
