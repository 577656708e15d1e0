"""What planning with a language model costs beside the bare loop that everybody writes.

Run it with ``python -m evals.bench.llm_overhead [STEPS …]``. Both ask the same server, which
answers at once, for one tool call a step, and run the same function, which observes 5 KB of text.
The bare loop keeps the transcript and calls ``chat.completions.create``; the agent sends its flat
View. CPU time of this process for each step, bytes sent, and the ratio of both.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from PIL import Image as PilImage
from pydantic import SecretStr

from agent.planners.tools import ToolsPlanner
from agent.planning.cards import Cards
from agent.run import Agent
from agent.settings import LLM, Settings
from evals.bench.canned import TOOL, canned
from evals.bench.loop_overhead import NoModels
from evals.bench.table import show
from tools.catalog import Catalog, tool
from tools.context import ToolContext
from tools.types import Image, Text

STEPS = (5, 20, 50, 200)
REPEATS, PAIRS = 3, 100
"""At least so many pairs of runs, and so many steps in all."""
OBSERVED = 5_000
"""Characters of one observation."""
LIMITS = {5: 1.3, 50: 0.5, 200: 0.2}
"""What a step may cost as a multiple of the bare loop's, by the number of steps."""
SENT = {20: 0.4}
"""What may be sent, likewise."""
START = 2.0
"""What starting up to the first request may take, likewise."""
_RUNS = count()


def words(n: int) -> str:
    """An observation: other words for each number."""
    rng = random.Random(n)
    found = " ".join(f"{rng.randrange(16**8):08x}" for _ in range(OBSERVED // 9 + 1))
    return found[:OBSERVED]


@tool()
def observe(ctx: ToolContext, image: Image, n: int) -> Text:
    """Observe something at length."""
    return Text(words(n))


CATALOG = Catalog({TOOL: observe.spec}, {})  # type: ignore[attr-defined]


def bare(url: str, model: str, steps: int) -> float:
    """CPU seconds of the bare loop."""
    from openai import OpenAI

    cards = Cards(CATALOG).functions(CATALOG.tools.values())
    tools: Any = [{"type": "function", "function": dict(card)} for card in cards]
    with OpenAI(base_url=url, api_key="k") as client:
        messages: list[Any] = [
            {"role": "system", "content": "Answer questions about pictures with tools."},
            {"role": "user", "content": "What is observed in img1?"},
        ]
        start = process_time()
        for _ in range(steps + 1):
            reply = client.chat.completions.create(model=model, messages=messages, tools=tools)
            message = reply.choices[0].message
            messages.append(message)
            for call in message.tool_calls or ():
                said = getattr(call, "function").arguments  # noqa: B009 - a union in the client
                text = words(json.loads(said).get("n", 0))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": text})
        return process_time() - start


def agent(url: str, model: str, steps: int, *, remember: bool = False) -> float:
    """CPU seconds of the agent over the same steps."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "none.toml"
        profile.write_text("budget_mb = 10\n")
        settings = Settings(
            planner="tools", profile=str(profile), home=Path(folder) / "home",
            out=Path(folder) / "runs", remember=remember, report=False, route="chain",
            max_steps=steps + 5, max_calls=steps + 5, max_seconds=600, cache=False,
            llm=LLM(base_url=url, api_key=SecretStr("k"), model=model, sees="no", max_calls=steps + 5,
                    max_tokens=10**9),
        )  # fmt: skip
        picture = np.zeros((48, 64, 3), np.uint8)
        with Agent(settings, catalog=CATALOG, host=NoModels()) as asked:
            start = process_time()
            answer = asked.ask("What is observed in img1?", [picture])
            spent = process_time() - start
        assert isinstance(asked.planner, ToolsPlanner)
        assert answer.status == "cannot", answer.text
        assert answer.llm_calls == steps + 1, answer.llm_calls
    return spent


LOOPS: dict[str, Callable[[str, str, int], float]] = {
    "": bare,
    "nothing kept": agent,
    "SQLite kept": partial(agent, remember=True),
}
"""What is compared, by what to call it; the first is what the others are measured by."""


def per_step(url: str, steps: int) -> list[tuple[float, float]]:
    """CPU milliseconds and bytes for each step of each of the `LOOPS`.

    They take turns, so that whatever else the machine does falls on all of them; starting and
    ending, as without any step, is left out.
    """
    spent: list[list[float]] = [[] for _ in LOOPS]
    sent = [0.0] * len(LOOPS)
    for _ in range(max(REPEATS, PAIRS // steps)):
        for i, run in enumerate(LOOPS.values()):
            model = f"steps-{steps}-{next(_RUNS)}"
            ends = run(url, f"steps-0-{next(_RUNS)}", 0)
            spent[i].append((run(url, model, steps) - ends) / steps * 1000)
            sent[i] = counted(url)[1][model] / steps
    return [(median(s), b) for s, b in zip(spent, sent, strict=True)]


def counted(url: str) -> Any:
    """What the server has counted so far."""
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


PLAIN = """
import sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1], api_key="k")
client.chat.completions.create(model=sys.argv[2], messages=[{"role": "user", "content": "x"}])
"""
OURS = """
import os, sys
from agent import Agent, Settings
from agent.settings import LLM
llm = LLM(base_url=sys.argv[1], api_key="k", model=sys.argv[2], sees="yes")
settings = Settings(planner="tools", route="chain", report=False, home=sys.argv[3],
                    out=sys.argv[3] + "/runs", llm=llm)
for event in Agent(settings).stream("x", [sys.argv[4]]):
    if event.type == "answer_given":
        os._exit(0)
"""


def start_up(url: str) -> tuple[float, float]:
    """Wall seconds from the start of a process to its first request: bare loop, agent."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "p.png"
        PilImage.new("RGB", (64, 48)).save(picture)

        compiled = {"PYTHONPYCACHEPREFIX": f"{folder}/compiled", "PYTHONDONTWRITEBYTECODE": ""}

        def run(code: str) -> float:
            model = f"steps-0-{next(_RUNS)}"
            start = time.time()
            command = [sys.executable, "-c", code, url, model, folder, str(picture)]
            subprocess.run(command, check=True, env={**os.environ, **compiled})
            return float(counted(url)[2][model]) - start

        for code in (PLAIN, OURS):
            run(code)
        pairs = [(run(PLAIN), run(OURS)) for _ in range(REPEATS + 2)]
    plain, ours = zip(*pairs, strict=True)
    return median(plain), median(ours)


def main() -> None:
    """Measure and print."""
    wanted = [int(a) for a in sys.argv[1:]] or list(STEPS)
    rows = []
    with canned() as url:
        agent(url, f"steps-2-{next(_RUNS)}", 2), bare(url, f"steps-2-{next(_RUNS)}", 2)
        for steps in wanted:
            (plain, plain_sent), *others = per_step(url, steps)
            for kept, (own, sent) in zip(list(LOOPS)[1:], others, strict=True):
                ratio, share = own / plain, sent / plain_sent
                over = [
                    f"{'within' if value <= limits[steps] else 'OVER'} {limits[steps]:g}"
                    for value, limits in ((ratio, LIMITS), (share, SENT))
                    if steps in limits
                ]
                rows.append(
                    (f"{steps} steps, {kept}", f"{plain:.2f}", f"{own:.2f}", f"{ratio:.2f}",
                     f"{plain_sent / 1000:.1f}", f"{sent / 1000:.1f}", f"{share:.2f}",
                     ", ".join(over))
                )  # fmt: skip
        first = start_up(url)
    show(("", "bare ms/step", "ours", "ratio", "bare kB/step", "ours", "ratio", "limits"), rows)
    ratio = first[1] / first[0]
    said = "within" if ratio <= START else "OVER"
    sys.stdout.write(
        f"start to first request: bare {first[0]:.2f} s, ours {first[1]:.2f} s,"
        f" ratio {ratio:.2f} ({said} {START:g})\n"
    )


if __name__ == "__main__":
    main()
