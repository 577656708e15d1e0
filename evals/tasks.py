"""The task file (JSON lines): one question with its pictures and its checked answer a line.

Refuses what could spoil a run before it starts: lines that cannot be read, ids given twice,
pictures outside the folder, nothing at all. Knows nothing of agents, scores or results.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tools.errors import ConfigError

AnswerType = Literal["exact", "contains", "number", "set", "box", "image_edit"]


class Task(BaseModel):
    """One question and what counts as right. Keys it does not know are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1, max_length=200)
    images: tuple[str, ...] = ()
    """Paths, as written in the file: relative to its folder."""
    question: str = Field(min_length=1)
    answer: Any
    """A string; a number for ``number``; a list for ``set`` and ``box``."""
    answer_type: AnswerType
    needs: tuple[str, ...] = ()
    """Abilities the question calls for; the summary counts by them."""
    source: str = ""
    licence: str = ""
    tier: str = ""
    """A class of the data set's own, such as ``classic`` or ``neural``."""
    accept: tuple[str, ...] = ()
    """Other right wordings of `answer`."""
    accept_map: dict[str, tuple[str, ...]] = {}
    """Other right wordings of each member of a ``set``."""
    tolerance: float = 0.0
    """How far a ``number`` may be off."""
    iou_min: float = 0.5
    """Intersection over union a ``box`` must reach."""
    checks: tuple[dict[str, Any], ...] = ()
    """What an ``image_edit`` must fulfil; all of them."""
    expect: Literal["", "answered", "cannot"] = ""
    """How the turn must end, where that is part of being right."""

    @model_validator(mode="before")
    @classmethod
    def _one_picture(cls, data: Any) -> Any:
        if isinstance(data, dict) and "image" in data:
            rest = {k: v for k, v in data.items() if k != "image"}
            return {"images": [data["image"]], **rest}
        return data

    @model_validator(mode="after")
    def _answer_fits(self) -> Task:
        if not self.images:
            raise ValueError("it names no picture: give 'image' or 'images'")
        if self.answer_type == "image_edit" and not self.checks:
            raise ValueError("'image_edit' needs 'checks'")
        if self.answer_type == "number":
            float(self.answer)
        if self.answer_type in ("set", "box") and not isinstance(self.answer, list):
            raise ValueError(f"the answer of {self.answer_type!r} must be a list")
        if self.answer_type == "box" and len([float(v) for v in self.answer]) != 4:
            raise ValueError("the answer of 'box' must be [x1, y1, x2, y2]")
        return self


def load_tasks(path: Path, images: Path | None = None) -> list[Task]:
    """The tasks of a file, their pictures as absolute paths below its folder (or `images`).

    Raises:
        ConfigError: a line cannot be used, an id comes twice, a picture lies outside, or the
            file is empty.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(f"cannot read task file {str(path)!r}: {error.strerror}") from None
    folder = (images or path.parent).resolve()
    tasks = [_task(line, path, n) for n, line in enumerate(lines, 1) if line.strip()]
    placed = [t.model_copy(update={"images": _inside(t, folder)}) for t in tasks]
    return check_tasks(placed, str(path))


def check_tasks(tasks: Sequence[Task], where: str) -> list[Task]:
    """The tasks as they are, when there are any and no two share an id.

    Raises:
        ConfigError: otherwise.
    """
    if not tasks:
        raise ConfigError(f"{where!r} holds no tasks", hint="One JSON object a line is expected")
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise ConfigError(f"{where!r} has the id {task.id!r} twice", hint="Rename one")
        seen.add(task.id)
    return list(tasks)


def _task(line: bytes, path: Path, number: int) -> Task:
    try:
        return Task.model_validate(json.loads(line))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(p) for p in fault["loc"])
        why = f"{place}: {fault['msg']}" if place else fault["msg"]
    except (ValueError, RecursionError) as error:
        why = str(error)
    raise ConfigError(f"line {number} of task file {str(path)!r} cannot be used: {why}")


def _inside(task: Task, folder: Path) -> tuple[str, ...]:
    paths = []
    for name in task.images:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise ConfigError(
                f"task {task.id!r} names a picture outside {str(folder)!r}: {name!r}",
                hint="Pass the folder that holds the pictures with --images",
            )
        paths.append(str(path))
    return tuple(paths)


def fingerprint(tasks: Sequence[Task], config: dict[str, Any]) -> str:
    """Hex digest of the questions, the bytes of their pictures, and the configuration."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode())
    for task in tasks:
        row = task.model_dump(exclude={"images"})
        digest.update(json.dumps(row, sort_keys=True).encode())
        for name in task.images:
            digest.update(_content(Path(name)))
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b"missing"
