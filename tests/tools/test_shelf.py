"""Caps, holds, crashes and company: what becomes of the files under a store."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from store_samples import assert_same, files, noise, used

from tools.errors import ToolFailed
from tools.locks import locked
from tools.store import ArtefactLost, Store


def test_the_least_recently_used_leave_first(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=200_000, memory_bytes=0)
    kept = store.put(noise(0))
    lost = store.put(noise(1))
    for seed in range(2, 12):
        store.get(kept)
        store.put(noise(seed))
        assert used(tmp_path) <= 200_000
    assert kept in store
    assert lost not in store


def test_what_is_held_stays_until_it_is_released(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=150_000, memory_bytes=0)
    held = store.put(noise(0), hold=True)
    store.hold(held)
    for release in (False, True, True):
        if release:
            store.release(held)
        for seed in range(1, 9):
            store.put(noise(seed + 10 * release))
        assert (held in store) or release
    store.release(held)
    assert held not in store


def test_what_another_process_holds_stays_until_it_dies(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from tools.store import Store
from tools.types import Image
pixels = np.random.default_rng(0).integers(0, 255, (100, 100, 3), np.uint8)
store = Store(Path(sys.argv[1]))
print(store.put(Image.as_root(pixels), hold=True), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        held = other.stdout.readline().strip()
        store = Store(tmp_path, max_bytes=150_000, memory_bytes=0)
        for seed in range(1, 9):
            store.put(noise(seed))
        assert held in store
        other.kill()
        other.wait()
    for seed in range(11, 19):
        store.put(noise(seed))
    assert held not in store
    Store(tmp_path)
    assert list((tmp_path / "holds").iterdir()) == []


def test_an_artefact_larger_than_the_store_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=10_000)
    with pytest.raises(ToolFailed, match="the store takes"):
        store.put(noise(1))
    assert files(tmp_path) == []


WRITER = """
import sys
from pathlib import Path
import numpy as np
from tools.store import Store
from tools.types import Image
store = Store(Path(sys.argv[1]), max_bytes=int(sys.argv[3]))
for seed in range(int(sys.argv[2]), 10**9):
    pixels = np.random.default_rng(seed).integers(0, 255, (100, 100, 3), np.uint8)
    print(seed, store.put(Image.as_root(pixels, f"noise {seed}")), flush=True)
"""


def writer(root: Path, first: int, max_bytes: int = 1 << 30) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(first), str(max_bytes)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize("lines", [1, 7, 20])
def test_kill_9_loses_nothing_that_was_stored(tmp_path: Path, lines: int) -> None:
    with writer(tmp_path, 0) as process:
        assert process.stdout is not None
        stored = [process.stdout.readline().split() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        stored += [line.split() for line in process.stdout.read().splitlines()]
    store = Store(tmp_path)
    assert not [p for p in files(tmp_path) if p.name.startswith("tmp-")]
    for seed, sha in stored:
        assert_same(store.get(sha), noise(int(seed)))


def test_an_unfinished_file_is_swept_and_never_served(tmp_path: Path) -> None:
    sha = Store(tmp_path).put(noise(1))
    (path,) = files(tmp_path, ".bin")
    stray = path.with_name("tmp-0123456789abcdef")
    stray.write_bytes(b"half a pict")
    store = Store(tmp_path)
    assert not stray.exists()
    assert sha in store


def test_files_of_a_living_writer_are_not_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(noise(1))
    stray = files(tmp_path, ".bin")[0].with_name("tmp-0123456789abcdef")
    stray.write_bytes(b"being written")
    with locked(tmp_path / "lock", exclusive=False):  # as a writer does
        Store(tmp_path)
        assert stray.exists()
    Store(tmp_path)
    assert not stray.exists()


def test_two_processes_share_a_full_store(tmp_path: Path) -> None:
    cap = 600_000
    with writer(tmp_path, 0, cap) as one, writer(tmp_path, 0, cap) as two:
        assert one.stdout is not None
        assert two.stdout is not None
        seen = [pipe.readline().split() for _ in range(60) for pipe in (one.stdout, two.stdout)]
        one.kill()
        two.kill()
    store = Store(tmp_path, max_bytes=cap)
    found = 0
    for seed, sha in seen:
        try:
            assert_same(store.get(sha), noise(int(seed)))
            found += 1
        except ArtefactLost:
            continue
    store.put(noise(-1 % 2**31))
    assert used(tmp_path) <= cap * 1.3
    assert found >= 2


def test_threads_share_a_full_store(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=400_000, memory_bytes=60_000)
    faults: list[str] = []

    def work(first: int) -> None:
        for seed in range(first, first + 30):
            image = noise(seed % 17)
            sha = store.put(image, hold=True)
            if not np.array_equal(store.get(sha).pixels, image.pixels):  # type: ignore[attr-defined]
                faults.append(sha)
            store.release(sha)

    threads = [threading.Thread(target=work, args=(n * 5,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    store.put(noise(99))
    assert used(tmp_path) <= 400_000
