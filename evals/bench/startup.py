"""What starting costs: ``--help``, ``import agent``, the first and the second question of a process.

Run it with ``python -m evals.bench.startup``. The second question reads another picture, so that
nothing is answered from the cache; it is compared with the OCR engine called by itself.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

import evals.examples
from agent.run import Agent
from agent.settings import Settings
from evals.bench.table import show, wall_seconds

REPEATS = 7
QUESTION = "Read all the text."
COMMANDS = (
    ("bare python", ("-c", "pass"), ""),
    ("import agent", ("-c", "import agent"), "0.25 s"),
    ("ocelli --help", ("-m", "agent", "--help"), "0.4 s"),
)


def command_seconds(words: tuple[str, ...]) -> tuple[float, float]:
    """Wall and CPU time of a python process; on a busy machine only the second says much."""

    def cpu() -> float:
        used = os.times()
        return used.children_user + used.children_system

    before = cpu()
    wall = wall_seconds(
        lambda: subprocess.run((sys.executable, *words), stdout=subprocess.DEVNULL, check=True),
        REPEATS,
    )
    return wall, (cpu() - before) / REPEATS


def question_seconds() -> tuple[float, list[float], float]:
    """The first question, some later ones on new pictures, and the engine alone on such a one."""
    from rapidocr import RapidOCR

    logging.disable(logging.INFO)
    path = Path(evals.examples.__file__).parent / "receipt.png"
    pixels = np.array(Image.open(path).convert("RGB"))
    pictures = []
    for n in range(5):
        pictures.append(pixels.copy())
        pictures[-1][:2, : 8 * (n + 1)] = 0  # the same to read, another picture
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home", out=Path(folder) / "runs")
        spent = []
        with Agent(settings) as agent:
            for picture in pictures:
                start = perf_counter()
                answer = agent.ask(QUESTION, [picture])
                spent.append(perf_counter() - start)
                assert answer.status == "answered", answer.text
    engine = RapidOCR()
    engine(pixels[:, :, ::-1])
    return spent[0], spent[1:], wall_seconds(lambda: engine(pixels[:, :, ::-1]), 5)


def main() -> None:
    """Measure and print."""
    rows = []
    for name, words, limit in COMMANDS:
        wall, cpu = command_seconds(words)
        rows.append((name, f"{wall:.3f}", f"{cpu:.3f}", f"at most {limit}" if limit else ""))
    first, later, engine = question_seconds()
    second = sorted(later)[len(later) // 2]
    rows += [
        ("first question (loads the engine)", f"{first:.3f}", "", ""),
        (
            "second question, another picture",
            f"{second:.3f}",
            "",
            f"{second / engine:.2f} × engine",
        ),
        ("OCR engine alone", f"{engine:.3f}", "", "1 × engine"),
    ]
    show(("", "seconds", "CPU seconds", ""), rows)


if __name__ == "__main__":
    main()
