"""Who may import whom, and what must stay out of memory until it is needed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("agent", "tools", "evals", "prompts", "app")
MAY_IMPORT = {
    "tools": {"tools"},
    "agent": {"agent", "tools", "prompts"},
    "evals": {"evals", "agent", "tools"},
    "prompts": {"prompts"},
}
HEAVY = (
    "torch", "torchvision", "transformers", "diffusers", "datasets", "cv2", "gradio", "rapidocr",
    "onnxruntime", "zxingcpp", "skimage", "imagehash", "pypdfium2", "langgraph", "langchain_core",
    "openai", "scipy", "matplotlib",
)  # fmt: skip


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """(module, line) of every import of a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield node.module or "", node.lineno


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in files(package)
        for module, line in imports(path)
        if (top := module.split(".")[0]) in OURS and top not in MAY_IMPORT[package]
    ]
    assert not wrong


def test_abilities_do_not_know_one_another_nor_the_models() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in files("tools/experts")
        for module, line in imports(path)
        if module.startswith(("tools.experts", "tools.models"))
    ]
    assert not wrong


def test_only_the_loop_and_its_saver_know_langgraph() -> None:
    knowing = {
        path.relative_to(ROOT).as_posix()
        for package in MAY_IMPORT
        for path in files(package)
        for module, _ in imports(path)
        if module.split(".")[0].startswith("langgraph")
    }
    assert knowing <= {"agent/loop.py", "agent/saver.py"}


def test_nobody_imports_the_app() -> None:
    assert not [
        path
        for package in MAY_IMPORT
        for path in files(package)
        for module, _ in imports(path)
        if module == "app"
    ]


def loaded_by(statement: str) -> set[str]:
    """The heavy packages in memory after `statement` in a fresh interpreter."""
    code = (
        f"import sys, json\n{statement}\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import tools.catalog; tools.catalog.discover()",
        "import tools.host, tools.graph, tools.graph_svg, tools.profiles",
        "from tools.profiles import load_profile; load_profile('auto')",
        "import agent",
        "from agent import Agent, Settings",
        "import agent.cli",
        "import evals",
    ],
)
def test_nothing_heavy_is_loaded_by(statement: str) -> None:
    assert loaded_by(statement) == set()


def test_the_check_itself_sees_a_heavy_import() -> None:
    assert loaded_by("import zxingcpp") == {"zxingcpp"}
