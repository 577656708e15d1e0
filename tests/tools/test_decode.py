"""The limits of decoding, and what happens when its process misbehaves."""

from __future__ import annotations

import concurrent.futures
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from corpus import SIZE, encoded, png, scan_bomb, scene

import tools.decode
from tools.errors import InputError
from tools.ingest import Limits, ingest


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        ingest(source, **options)
    return caught.value.line()


def test_pdf_pages_stop_at_the_limits() -> None:
    data = encoded(scene(72, 72), "PDF", save_all=True, append_images=[scene(72, 72)] * 4)
    images = ingest(data, limits=Limits(max_pages=2))
    assert len(images) == 2
    assert dict(images[0].info)["pages"] == "5, first 2 used"
    few = ingest(data, limits=Limits(max_pixels=3 * 200 * 200))
    assert len(few) == 3
    small = ingest(data, limits=Limits(max_pixels=99 * 99))
    assert [image.size_wh for image in small] == [(99, 99)]


def test_pages_before_a_broken_one_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = 'print(\'{"width": 1, "height": 1, "facts": [["pages", "3"]]}\\nabc\', end=\'\')'
    for last in ("", '; print(\'{"refused": "is damaged"}\')', "; import os; os.abort()"):
        (tmp_path / "decode_worker.py").write_text(f"{page}; import sys; sys.stdout.flush(){last}")
        monkeypatch.setattr(tools.decode, "__file__", str(tmp_path / "decode.py"))
        (image,) = ingest(b"%PDF-1.4")
        assert image.pixels.tobytes() == b"abc"
        assert dict(image.info)["pages"] == "3, first 1 used"


def test_limits_are_read_from_the_header() -> None:
    data = encoded(scene(), "PNG")
    assert "limit" in refusal(data, limits=Limits(max_pixels=1000))
    assert "MiB" in refusal(data, limits=Limits(max_bytes=10))
    exact = Limits(max_pixels=SIZE[0] * SIZE[1], max_bytes=len(data))
    assert ingest(data, limits=exact)[0].size_wh == SIZE


def test_a_picture_of_48_megapixels_passes() -> None:
    image = ingest(png(8000, 6000, 1, 0, bytes(1001 * 6000)))[0]
    assert image.size_wh == (8000, 6000)


def test_memory_limit_holds() -> None:
    data = png(8800, 8800, 1, 0, bytes(1101 * 8800))
    line = refusal(data, limits=Limits(memory_mb=200))
    assert "memory" in line or "broke" in line


def test_time_limit_holds_and_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(tools.decode.subprocess, "Popen", Recorded)
    line = refusal(scan_bomb(), limits=Limits(seconds=0.5))
    assert "longer than 0.5 s" in line
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_a_broken_decoder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for body, words in (
        ("import os; os.abort()", "signal"),
        ("raise SystemExit(3)", "exit 3"),
        ("print('garbage')", "exit 0"),
        ("print('{\"done\": true}')", "exit 0"),
        ('print(\'{"width": -1, "height": 5}\')', "exit 0"),
        ('print(\'{"width": 60000, "height": 60000}\')', "exit 0"),
        ("print('[' * 200000)", "exit 0"),
    ):
        (tmp_path / "decode_worker.py").write_text(body)
        monkeypatch.setattr(tools.decode, "__file__", str(tmp_path / "decode.py"))
        line = refusal(encoded(scene(), "PNG"))
        assert "broke the PNG decoder" in line
        assert words in line


def test_the_worker_can_write_no_file_and_start_no_program(tmp_path: Path) -> None:
    target = tmp_path / "written"
    script = f"""
import sys; sys.path[:0] = {sys.path!r}
import socket, subprocess
from tools.decode_worker import forbid_side_effects
forbid_side_effects()
for act in (lambda: open({str(target)!r}, "w"), lambda: subprocess.Popen(["true"]),
            lambda: socket.create_connection(("127.0.0.1", 9))):
    try:
        act()
    except PermissionError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["refused"] * 3
    assert not target.exists()


def test_many_threads_get_their_own_pictures() -> None:
    sizes = [(10 + n, 20) for n in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        images = pool.map(lambda wh: ingest(encoded(scene(*wh), "PNG"))[0], sizes)
    assert [image.size_wh for image in images] == sizes
