"""What must survive crashes: whole lines, no doubles, no mixing, no two writers."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evals.results import RESULTS, Record, Results, read_whole, write_atomically
from tools.errors import ConfigError, SetupError


def record(name: str = "a", **more: Any) -> Record:
    return Record(**{"id": name, "score": 1.0, "answer": "x", "reason": "r", "status": "answered", **more})  # fmt: skip


def line(name: str = "a") -> bytes:
    return record(name).model_dump_json().encode() + b"\n"


def opened(folder: Path, mark: str = "f", *, resume: bool = False) -> Results:
    return Results(folder, {"fingerprint": mark, "starts": [mark]}, resume=resume)


def test_a_result_is_on_the_disk_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    with opened(tmp_path) as results:
        path = tmp_path / RESULTS
        monkeypatch.setattr(os, "fsync", lambda file: synced.append(path.stat().st_size))
        results.add(record())
        assert synced == [len(path.read_bytes())] == [path.stat().st_size]
        assert [r.id for r in results.records] == ["a"]


@pytest.mark.parametrize(
    "tail",
    [b"", b"{", line("b")[:-1], line("b")[:20], b"\0" * 4096, line("b")[:10] + b"\0\0", b"\n\n"],
    ids=["none", "brace", "no newline", "half", "nuls", "half and nuls", "empty lines"],
)
def test_a_torn_tail_is_cut(tail: bytes, tmp_path: Path) -> None:
    with opened(tmp_path) as results:
        results.add(record("a"))
    path = tmp_path / RESULTS
    path.write_bytes(path.read_bytes() + tail)
    with opened(tmp_path, resume=True) as results:
        assert [r.id for r in results.records] == ["a"]
        results.add(record("c"))
    found, end = read_whole(path.read_bytes(), "x")
    assert [r.id for r in found] == ["a", "c"]
    assert end == path.stat().st_size


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (line("a") + b"{half\n" + line("b"), "damaged in the middle, at line 2"),
        (line("a") + line("a"), "'a' twice"),
    ],
)
def test_damage_that_no_crash_makes_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_whole(data, "x")


def test_a_used_folder_wants_resume(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with pytest.raises(ConfigError, match="already holds an evaluation"), opened(tmp_path):
        pass


def test_another_experiment_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    with opened(tmp_path) as results:
        results.add(record())
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with (
        pytest.raises(ConfigError, match="another experiment"),
        opened(tmp_path, "other", resume=True),
    ):
        pass
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_results_without_a_manifest_are_refused(tmp_path: Path) -> None:
    (tmp_path / RESULTS).write_bytes(line())
    with pytest.raises(ConfigError, match="another experiment"), opened(tmp_path, resume=True):
        pass


def test_each_start_is_noted(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with opened(tmp_path, resume=True) as results:
        assert results.manifest["starts"] == ["f", "f"]


def test_a_second_writer_is_kept_out_and_the_first_goes_on(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom evals.results import Results\n"
        "from tools.errors import ConfigError\n"
        "try:\n"
        f"    with Results(Path({str(tmp_path)!r}), {{'fingerprint': 'f', 'starts': []}},"
        " resume=True): pass\n"
        "except ConfigError as error:\n    sys.exit(error.line())\n"
    )
    with opened(tmp_path) as results:
        second = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        assert "another evaluation is writing" in second.stderr
        results.add(record())
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 0


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    script = (
        "import os, signal\nfrom pathlib import Path\nfrom evals.results import Results\n"
        f"Results(Path({str(tmp_path)!r}), {{'fingerprint': 'f', 'starts': []}},"
        " resume=False).__enter__()\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], timeout=60, check=False)
    with opened(tmp_path, resume=True) as results:
        results.add(record())


def test_a_full_disk_ends_by_name_and_leaves_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite

    def half(file: int, data: bytes, offset: int) -> int:
        real(file, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(tmp_path) as results:
        results.add(record("a"))
        monkeypatch.setattr(os, "pwrite", half)
        with pytest.raises(SetupError, match=r"results\.jsonl.*No space left"):
            results.add(record("b"))
        assert (tmp_path / RESULTS).read_bytes().count(b"\n") == 1
        monkeypatch.undo()
        results.add(record("c"))
    found, _ = read_whole((tmp_path / RESULTS).read_bytes(), "x")
    assert [r.id for r in found] == ["a", "c"]


def test_a_short_write_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: real(file, data[:7], at))
    with opened(tmp_path) as results:
        results.add(record("a"))
    assert (tmp_path / RESULTS).read_bytes().endswith(b"}\n")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot make"), opened(tmp_path / "file" / "out"):
        pass


def test_odd_characters_keep_the_file_readable(tmp_path: Path) -> None:
    with opened(tmp_path) as results:
        results.add(record(answer="a\ud800b\nc\x1b[31m\u2028"))
    found, _ = read_whole((tmp_path / RESULTS).read_bytes(), "x")
    assert found[0].answer == "a?b\nc\x1b[31m\u2028"
    assert (tmp_path / RESULTS).read_bytes().count(b"\n") == 1


def test_an_atomic_write_leaves_the_old_file_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.json"
    write_atomically(path, "old")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(SetupError, match=r"summary\.json.*No space"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]
