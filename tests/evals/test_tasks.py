from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.tasks import Task, fingerprint, load_tasks
from tools.errors import ConfigError


def row(**more: Any) -> dict[str, Any]:
    base = {"id": "a", "image": "a.png", "question": "q?", "answer": "x", "answer_type": "exact"}
    return {**base, **more}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def test_reads_one_or_several_pictures_below_its_folder(tmp_path: Path) -> None:
    several = row(id="b", images=["p/1.png", "p/2.png"])
    del several["image"]
    one, two = load_tasks(write(tmp_path / "t.jsonl", row(tier="classic", judge="x"), several))
    assert one.images == (str(tmp_path / "a.png"),)
    assert one.tier == "classic"
    assert two.images == (str(tmp_path / "p/1.png"), str(tmp_path / "p/2.png"))


def test_blank_lines_are_no_tasks(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", row())
    path.write_bytes(b"\n" + path.read_bytes() + b"\n  \n")
    assert [t.id for t in load_tasks(path)] == ["a"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "holds no tasks"),
        ([row(), row()], "has the id 'a' twice"),
        ([row(image="../other/a.png")], "a picture outside"),
        ([row(image="/etc/a.png")], "a picture outside"),
        ([row(answer_type="guess")], "line 1"),
        ([row(), row(id="b", answer_type="number", answer="many")], "line 2"),
        ([row(answer_type="set", answer="x")], "must be a list"),
        ([row(answer_type="box", answer=[1, 2, 3])], "must be [x1, y1, x2, y2]"),
        ([row(answer_type="image_edit")], "needs 'checks'"),
        ([{k: v for k, v in row().items() if k != "image"}], "names no picture"),
        ([row(question="")], "question"),
    ],
)
def test_refuses_in_one_line(rows: list[dict[str, Any]], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_tasks(write(tmp_path / "t.jsonl", *rows))
    assert said in caught.value.line()
    assert "\n" not in caught.value.line()


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b"[" * 100_000, b"NaN"])
def test_a_line_that_is_no_task_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content + b"\n")
    with pytest.raises(ConfigError, match="line 1 of task file"):
        load_tasks(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.jsonl.*No such file"):
        load_tasks(tmp_path / "no.jsonl")


def test_pictures_may_lie_in_another_folder_that_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", row())
    assert load_tasks(path, tmp_path / "pictures")[0].images == (str(tmp_path / "pictures/a.png"),)


def test_fingerprint_covers_questions_pictures_and_settings(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"one")
    asked = Task.model_validate(row(image=str(picture)))
    first = fingerprint([asked], {"profile": "a"})
    assert fingerprint([asked], {"profile": "a"}) == first
    assert fingerprint([asked], {"profile": "b"}) != first
    assert fingerprint([asked.model_copy(update={"answer": "y"})], {"profile": "a"}) != first
    picture.write_bytes(b"two")
    assert fingerprint([asked], {"profile": "a"}) != first
