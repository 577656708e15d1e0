"""Every benchmark is declared fully, and its questions are well made."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from evals import registry
from evals.benchmarks import starter
from evals.score import Outcome, score
from evals.tasks import Task, check_tasks
from tools.errors import ConfigError, SpecError


@pytest.fixture(params=registry.names())
def benchmark(request: pytest.FixtureRequest) -> registry.Benchmark:
    return registry.find(request.param)


def test_is_declared_fully(benchmark: registry.Benchmark) -> None:
    assert "Source:" in benchmark.doc
    assert "Example:" in benchmark.doc
    assert benchmark.version
    assert benchmark.licence


def test_its_pictures_are_there_and_its_ids_are_its_own(
    benchmark: registry.Benchmark, tmp_path: Path
) -> None:
    tasks = check_tasks(benchmark.samples(tmp_path), benchmark.name)
    for task in tasks:
        for path in task.images:
            with Image.open(path) as picture:
                picture.verify()
        assert task.needs


def right_words(task: Task) -> str:
    parts = task.answer if isinstance(task.answer, list) else [task.answer]
    return ", ".join(map(str, parts)) or "I cannot say."


def test_the_right_answer_is_right_and_another_is_not(
    benchmark: registry.Benchmark, tmp_path: Path
) -> None:
    for task in benchmark.samples(tmp_path):
        if task.answer_type == "image_edit":
            same = (Path(task.images[0]),)
            assert score(task, "done", same).value == 0, f"{task.id}: the original passes"
            continue
        status = task.expect or "answered"
        assert benchmark.score(task, Outcome(right_words(task), status)).value == 1, task.id
        wrong = Outcome("xyzzy 987654", "answered")
        assert benchmark.score(task, wrong).value == 0, task.id


def test_an_unknown_name_is_refused_with_a_near_one() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.find("startr")
    assert caught.value.hint == "Did you mean 'starter'?"


def test_a_module_that_lacks_a_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = ModuleType("evals.benchmarks.starter", "Source: none")
    monkeypatch.setattr(registry.importlib, "import_module", lambda name: empty)
    with pytest.raises(SpecError, match="VERSION, LICENCE, samples, score"):
        registry.find("starter")


def test_another_picture_inside_a_package_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(starter.SHA256, "coins.png", "0" * 64)
    with pytest.raises(ConfigError, match=r"coins\.png"):
        starter.samples(tmp_path)


def test_the_drawn_examples_are_the_ones_that_are_shipped() -> None:
    import evals.examples
    from evals.examples.make import pictures

    for name, picture in pictures().items():
        with Image.open(Path(evals.examples.__file__).parent / name) as shipped:
            assert shipped.size == picture.size
