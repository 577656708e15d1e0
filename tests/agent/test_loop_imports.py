"""What importing costs, seen in ``sys.modules`` of a new process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "cv2", "gradio", "langgraph", "rapidocr", "onnxruntime")


def loaded_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize("code", ["import agent", "from agent import Agent, Answer, Settings"])
def test_importing_loads_nothing_heavy(code: str) -> None:
    assert not loaded_after(code).intersection(HEAVY)


def test_import_agent_alone_loads_next_to_nothing() -> None:
    assert not {"numpy", "pydantic", "agent.run"}.intersection(loaded_after("import agent"))


def test_only_the_loop_and_its_saver_know_langgraph() -> None:
    knowing = set()
    for path in [*(ROOT / "agent").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(n.split(".")[0] == "langgraph" for n in names):
                knowing.add(path.relative_to(ROOT).as_posix())
    assert knowing == {"agent/loop.py", "agent/saver.py"}
