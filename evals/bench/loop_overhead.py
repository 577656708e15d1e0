"""What the loop costs: CPU time for each tool call where the tool does next to nothing.

Run it with ``python -m evals.bench.loop_overhead``. A real agent with a scripted planner makes
one call a step, then four at once; the price of a step is the difference between a long and a short run, so that
starting and ending do not count. The bare loop calls the same function as often.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from agent.planners.scripted import ScriptedPlanner
from agent.protocol import Call, Finish, Plan
from agent.run import Agent
from agent.settings import Settings
from evals.bench.table import show
from tools.catalog import Catalog, ToolSpec, tool
from tools.context import CancelToken, ToolContext
from tools.errors import MissingModel
from tools.types import Image, Number

SHORT, LONG, REPEATS = 4, 36, 5
LIMIT_MS = 5.0
"""What a tool call may cost."""


@tool()
def tally(ctx: ToolContext, image: Image, n: int) -> Number:
    """Say how many pixels there are, n times over."""
    return Number(float(image.width * image.height * n), "px", "pixels")


class NoModels:
    """There are none: the tool needs none."""

    def use(
        self, ability: str, *args: Any, labels: tuple[str, ...], cancel: CancelToken, **kwargs: Any
    ) -> Any:
        """Never called."""
        raise MissingModel(f"no model brings {ability!r}")


def step_ms(remember: bool, calls: int) -> float:
    """CPU milliseconds for each step of `calls` calls, through the agent."""
    spec: ToolSpec = tally.spec  # type: ignore[attr-defined]
    catalog = Catalog({spec.name: spec}, {})
    picture = np.zeros((48, 64, 3), np.uint8)

    def run(steps: int) -> float:
        plans = [
            Plan(calls=tuple(
                Call(id=f"c{s}-{c}", tool="tally", args={"image": "img1", "n": s * 100 + c})
                for c in range(calls)
            ))
            for s in range(steps)
        ]  # fmt: skip
        planner = ScriptedPlanner([*plans, Finish(text="done")])
        with tempfile.TemporaryDirectory() as folder:
            profile = Path(folder) / "none.toml"
            profile.write_text("budget_mb = 10\n")
            settings = Settings(
                profile=str(profile), home=Path(folder) / "home", out=Path(folder) / "runs", remember=remember,
                max_steps=40, max_calls=200, report=False,
            )  # fmt: skip
            with Agent(settings, planner=planner, catalog=catalog, host=NoModels()) as agent:
                start = process_time()
                answer = agent.ask("How many pixels?", [picture])
                spent = process_time() - start
        assert answer.status == "answered", answer.text
        assert len(planner.views) == steps + 1
        return spent

    run(SHORT)
    return price(lambda: run(LONG), lambda: run(SHORT))


def bare_ms(calls: int) -> float:
    """CPU milliseconds for `calls` calls of the same function by itself."""
    picture, ctx = Image.as_root(np.zeros((48, 64, 3), np.uint8)), ToolContext(NoModels())
    rounds = 2000
    start = process_time()
    for n in range(rounds):
        for _ in range(calls):
            tally(ctx, picture, n)
    return (process_time() - start) / rounds * 1000


def price(long: Callable[[], float], short: Callable[[], float]) -> float:
    """Milliseconds that one more step costs, the median of some pairs."""
    return median((long() - short()) / (LONG - SHORT) * 1000 for _ in range(REPEATS))


def main() -> None:
    """Measure and print."""
    rows = []
    for calls in (1, 4):
        bare = bare_ms(calls) / calls
        rows.append((f"bare loop, {calls} calls a step", f"{bare:.4f}", "1", ""))
        for remember in (False, True):
            cost = step_ms(remember, calls) / calls
            name = f"agent, {calls} calls a step, {'SQLite' if remember else 'nothing'} kept"
            said = "within" if cost <= LIMIT_MS else "OVER"
            rows.append((name, f"{cost:.2f}", f"{cost / bare:.0f}", f"{said} {LIMIT_MS:g} ms"))
    show(("", "CPU ms a call", "ratio", ""), rows)


if __name__ == "__main__":
    main()
