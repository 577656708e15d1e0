"""Secrets through the whole command: nothing that it writes or says holds one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from llm_server import Fault, Reply, Server, error
from PIL import Image
from thinking import CANARY

ROOT = Path(__file__).parents[2]
SECRETS = (CANARY, CANARY[:14], "hunter2pw", "querysecret1")
ECHO = f"echo {CANARY}, Bearer {CANARY}, hunter2pw, ?sig=querysecret1"


@pytest.mark.parametrize(
    ("script", "code", "status"),
    [
        ([error(500, ECHO), Reply(calls=[("answer", {"text": "I cannot tell.", "status": "cannot", "images": None})])], 0, "cannot"),
        ([error(401, ECHO)], 1, "failed"),
    ],
)  # fmt: skip
def test_no_secret_is_written_or_said(
    llm_server: Server, tmp_path: Path, script: list[Fault | Reply], code: int, status: str
) -> None:
    Image.new("RGB", (64, 48), "red").save(tmp_path / "a.png")
    llm_server.script, llm_server.answer = list(script), script[-1]
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "home"), "OCELLI_MODEL": "tiny",
        "OPENAI_BASE_URL": f"{llm_server.url.replace('//', '//me:hunter2pw@')}?sig=querysecret1",
        "OPENAI_API_KEY": CANARY, "OPENAI_LOG": "debug",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "agent", "ask", "Who is it?", "a.png", "--json",
         "--planner", "tools", "--route", "chain"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["status"] == status
    assert len(llm_server.seen) >= len(script)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "trace.jsonl" and "127.0.0.1" in path.read_text() for path in files)
    written = b"".join(path.read_bytes() for path in files)
    for secret in SECRETS:
        assert secret.encode() not in written
        assert secret not in done.stdout + done.stderr
    trace = next(path for path in files if path.name == "trace.jsonl").read_text()
    assert code or "asked again after" in trace
