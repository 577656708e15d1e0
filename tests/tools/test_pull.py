"""Weights are fetched from a hub that speaks the real protocol, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools import weights
from tools.pull import chosen

REPO = "ustc-community/dfine-nano-coco"
COMMIT = "a" * 40
BODY = b"\x02\0\0\0\0\0\0\0{}"
"""An empty safetensors file."""


class Hub(ThreadingHTTPServer):
    """A repository, and how it misbehaves."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {
            "config.json": b"{}",
            "model.safetensors": BODY,
            "pytorch_model.bin": b"a pickle",
            "modeling.py": b"raise SystemExit",
        }
        self.digest = hashlib.sha256(BODY).hexdigest()
        self.status = 200
        self.fetched: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        hub = self.server
        path = self.path.split("?")[0]
        if hub.status != 200:
            self.send_response(hub.status)
            if code := {403: "GatedRepo", 404: "RepoNotFound"}.get(hub.status):
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path.startswith(f"/api/models/{REPO}"):
            lfs = {"sha256": hub.digest, "size": len(BODY), "pointerSize": 130}
            siblings = [
                {"rfilename": name, "size": len(data), "blobId": "b" * 40}
                | ({"lfs": lfs} if name.endswith(".safetensors") else {})
                for name, data in hub.files.items()
            ]
            if "/tree/" in path:
                tree = [
                    {"type": "file", "path": s["rfilename"], "size": s["size"], "oid": "b" * 40}
                    | ({"lfs": {**s["lfs"], "oid": s["lfs"]["sha256"]}} if "lfs" in s else {})
                    for s in siblings
                ]
                self._send(json.dumps(tree).encode(), {"Content-Type": "application/json"}, body)
                return
            data = json.dumps({"id": REPO, "sha": COMMIT, "siblings": siblings}).encode()
            self._send(data, {"Content-Type": "application/json"}, body)
            return
        name = path.rsplit("/", 1)[-1]
        data = hub.files[name]
        if body:
            hub.fetched.append(name)
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        self._send(data, {"ETag": etag, "X-Repo-Commit": COMMIT, "X-Linked-Etag": etag}, body)

    def _send(self, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def hub_server():
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def pull(server: Hub, cache: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "OCELLI_"))}
    env |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_DISABLE_XET": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "agent", "models", "pull", *(args or ["dfine-nano"])],
        capture_output=True, text=True, env=env, timeout=120,
    )  # fmt: skip


def test_what_is_fetched_makes_the_model_ready(hub_server, tmp_path, monkeypatch):
    done = pull(hub_server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "checked 1 files" in done.stderr
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = weights.folder(REPO)
    assert {p.name for p in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert weights.commit(REPO) == COMMIT[:12]
    assert sorted(hub_server.fetched) == ["config.json", "model.safetensors"]
    assert pull(hub_server, tmp_path).returncode == 0
    assert len(hub_server.fetched) == 2, "what is here is not fetched again"


def test_a_file_that_is_not_what_the_hub_says_is_refused(hub_server, tmp_path):
    hub_server.digest = "0" * 64
    done = pull(hub_server, tmp_path)
    assert done.returncode != 0
    assert "model.safetensors of" in done.stderr
    assert "not what the hub says" in done.stderr
    assert "Traceback" not in done.stderr


def test_pickles_alone_are_not_fetched(hub_server, tmp_path):
    del hub_server.files["model.safetensors"]
    done = pull(hub_server, tmp_path)
    assert done.returncode != 0
    assert "offers no safetensors" in done.stderr
    assert hub_server.fetched == []


@pytest.mark.parametrize(
    ("status", "said"),
    [(403, "Accept its licence"), (404, "Check the name"), (500, "cannot be fetched")],
)
def test_a_hub_that_refuses_is_told_in_one_line(hub_server, tmp_path, status, said):
    hub_server.status = status
    done = pull(hub_server, tmp_path)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_name_names_near_ones(hub_server, tmp_path):
    done = pull(hub_server, tmp_path, "dfine-nan")
    assert done.returncode != 0
    assert "Did you mean dfine-nano" in done.stderr


def test_of_a_staged_repository_only_what_is_loaded_is_chosen():
    names = [
        "model_index.json", "v1-5-pruned.safetensors", "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.bin",
        "tokenizer/merges.txt", "unet/config.json", "README.md",
    ]  # fmt: skip
    assert chosen(names) == [
        "model_index.json", "unet/diffusion_pytorch_model.safetensors", "tokenizer/merges.txt",
        "unet/config.json",
    ]  # fmt: skip
