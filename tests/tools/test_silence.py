"""Nothing reports home: a model that ran leaves no file beside what was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import numpy as np
from tools.context import CancelToken
from tools.models.rapidocr import load
from tools.types import Image
load()(Image.as_root(np.full((64, 200, 3), 255, np.uint8)), cancel=CancelToken())
"""


def test_reading_text_leaves_no_trace_of_the_machine(tmp_path: Path) -> None:
    loud = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}  # the first silences it too
    known = {k: v for k, v in os.environ.items() if k not in loud}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**known, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
