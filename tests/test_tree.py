"""The file tree in the README names every file of the packages, and none that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("agent", "tools", "evals")
MARK = "<!-- tree -->"
BRANCHES = "│├└─ \u00a0"
"""What stands before a name."""


def tree(text: str) -> dict[str, str]:
    """Path to clause, from the indented block after the mark; folders end in a slash."""
    block = text.split(MARK, 1)[1].split("```", 2)[1].split("\n", 1)[1]
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in block.splitlines():
        bare = line.lstrip(BRANCHES)
        if not bare:
            continue
        depth = len(line) - len(bare)
        name, _, clause = bare.partition(" ")
        above = [(d, n) for d, n in above if d < depth]
        path = "".join(n for _, n in above) + name
        found[path] = clause.strip(" #·—-")
        if name.endswith("/"):
            above.append((depth, name))
    return found


def files(folder: Path) -> Iterator[Path]:
    """Files that belong to the repository, `__init__.py` aside."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith((".", "__pycache__")) for part in parts)
        if path.is_file() and not hidden and path.name != "__init__.py" and path.suffix != ".pyc":
            yield path.relative_to(ROOT)


def missing(named: set[str]) -> list[str]:
    """Files that are not named; a folder named without any of its files stands for them all."""
    closed = {
        name for name in named
        if name.endswith("/") and not any(n != name and n.startswith(name) for n in named)
    }  # fmt: skip
    return [
        str(path)
        for package in PACKAGES
        for path in files(ROOT / package)
        if path.as_posix() not in named
        and not any(f"{parent.as_posix()}/" in closed for parent in path.parents)
    ]


@pytest.fixture(scope="module")
def named() -> dict[str, str]:
    return tree((ROOT / "README.md").read_text(encoding="utf-8"))


def test_every_file_is_named(named: dict[str, str]) -> None:
    assert missing(set(named)) == []


def test_every_name_is_there(named: dict[str, str]) -> None:
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_name_has_its_clause(named: dict[str, str]) -> None:
    assert [name for name, clause in named.items() if not clause] == []


def test_the_tree_is_read_as_people_read_it() -> None:
    text = f"x\n{MARK}\n```text\na/   all of a\n├── b.py  is b\n└── c/    holds\n    └── d.py  is d\ne.py  is e\n```\n"
    assert tree(text) == {"a/": "all of a", "a/b.py": "is b", "a/c/": "holds", "a/c/d.py": "is d", "e.py": "is e"}  # fmt: skip


def test_a_forgotten_file_is_found() -> None:
    assert "agent/cli.py" in missing({"agent/", "agent/run.py"})
    assert "agent/cli.py" not in missing({"agent/"})
