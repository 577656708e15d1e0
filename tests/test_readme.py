"""What the README shows works: its commands are there, and its checked blocks run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^<!-- (?P<mark>check|run|test) -->\n```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S
)
SECONDS = 300


def blocks(text: str) -> list[tuple[str, str, str]]:
    """(mark, language, code) of each marked block."""
    return [(m["mark"], m["language"], m["code"]) for m in BLOCK.finditer(text)]


CHECKED = [(language, code) for mark, language, code in blocks(README) if mark == "check"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like the repository and takes what the blocks write."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith(".") and entry.name not in ("ocelli-runs", "ocelli-evals"):
            (tmp_path / entry.name).symlink_to(entry)
    programs = tmp_path / ".programs"
    programs.mkdir()
    for name, words in (("ocelli", "-m agent"), ("python", ""), ("python3", "")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        script.chmod(0o755)
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.parametrize("mark", ["run", "test"])
def test_set_up_is_one_command_line(mark: str) -> None:
    (found,) = [(language, code) for m, language, code in blocks(README) if m == mark]
    language, code = found
    assert language == "bash"
    assert len(code.strip().splitlines()) == 1


def test_there_is_something_to_check() -> None:
    assert {language for language, _ in CHECKED} == {"bash", "python"}


def test_every_mark_stands_before_a_block() -> None:
    marks = re.findall(r"^<!-- (?:check|run|test) -->$", README, re.M)
    assert len(marks) == len(blocks(README))


@pytest.mark.parametrize(
    ("language", "code"), CHECKED, ids=[f"{n}-{c[0]}" for n, c in enumerate(CHECKED, 1)]
)
def test_block_runs(language: str, code: str, place: Path) -> None:
    words = {
        "bash": ["bash", "-euo", "pipefail", "-c", code],
        "python": [sys.executable, "-W", "error", "-c", code],
    }[language]
    env = {
        **os.environ,
        "PATH": f"{place / '.programs'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(place),
    }
    made = subprocess.run(
        words, cwd=place, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
