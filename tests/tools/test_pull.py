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

from agent import listing
from tools import adapters, pickles, weights
from tools.catalog import discover
from tools.models import sd_control
from tools.pins import pins
from tools.profiles import load_profile
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
        self.offer(REPO)
        self.older: tuple[str, ...] = ()
        self.digest = hashlib.sha256(BODY).hexdigest()
        """What the hub tells of each large file."""
        self.status = 200
        self.fetched: list[str] = []

    def offer(self, repo: str) -> None:
        """Be the home of `repo`, whose newest commit is the one that is pinned, if any is."""
        self.repo = repo
        self.commit = pins().get(repo, COMMIT)


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
            self._refuse(hub.status, {403: "GatedRepo", 404: "RepoNotFound"}.get(hub.status, ""))
            return
        if path.startswith("/api/") and not path.startswith(f"/api/models/{hub.repo}"):
            self._refuse(404, "RepoNotFound")
            return
        asked = path.partition("/revision/")[2] or "main"
        if asked not in ("main", hub.commit, *hub.older):
            self._refuse(404, "RevisionNotFound")
            return
        commit = hub.commit if asked == "main" else asked
        if path.startswith(f"/api/models/{hub.repo}"):
            lfs = {"sha256": hub.digest, "size": len(BODY), "pointerSize": 130}
            siblings = [
                {"rfilename": name, "size": len(data), "blobId": "b" * 40}
                | ({"lfs": lfs} if name.endswith((".safetensors", ".pt")) else {})
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
            data = json.dumps({"id": hub.repo, "sha": commit, "siblings": siblings}).encode()
            self._send(data, {"Content-Type": "application/json"}, body)
            return
        commit, _, name = path.removeprefix(f"/{hub.repo}/resolve/").partition("/")
        data = hub.files[name]
        if body:
            hub.fetched.append(name)
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        self._send(data, {"ETag": etag, "X-Repo-Commit": commit, "X-Linked-Etag": etag}, body)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

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


def pull(
    server: Hub, cache: Path, *args: str, program: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """The command, or another program, in a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "OCELLI_"))}
    env |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_DISABLE_XET": "1",
        **more,
    }
    command = ["-c", program] if program else ["-m", "agent", "models", "pull"]
    return subprocess.run(
        [sys.executable, *command, *(args or ["dfine-nano"])],
        capture_output=True, text=True, env=env, timeout=120,
    )  # fmt: skip


def placed(server: Hub, cache: Path) -> list[str]:
    """The files that lie in the cache; those of one content are fetched once."""
    folder = cache / f"models--{server.repo.replace('/', '--')}" / "snapshots" / server.commit
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_what_is_fetched_makes_the_model_ready(hub_server, tmp_path, monkeypatch):
    done = pull(hub_server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "checked 1 files" in done.stderr
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = weights.folder(REPO)
    assert {p.name for p in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert weights.commit(REPO) == hub_server.commit[:12]
    assert sorted(hub_server.fetched) == ["config.json", "model.safetensors"]
    assert pull(hub_server, tmp_path).returncode == 0
    assert len(hub_server.fetched) == 2, "what is here is not fetched again"


def test_what_is_loaded_changes_only_when_asked_for(hub_server, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert pull(hub_server, tmp_path).returncode == 0
    first = hub_server.commit
    hub_server.commit, hub_server.older = "c" * 40, (first,)
    hub_server.files["model.safetensors"] = BODY + b" "
    hub_server.digest = hashlib.sha256(BODY + b" ").hexdigest()
    hub_server.fetched.clear()
    assert pull(hub_server, tmp_path).returncode != 0, "the old commit has another file now"
    assert weights.commit(REPO) == first[:12]
    done = pull(hub_server, tmp_path, "dfine-nano", "--revision", "main")
    assert done.returncode == 0, done.stderr
    assert weights.commit(REPO) == "c" * 12
    row = next(r for r in listing.model_rows(discover()) if r.name == "dfine-nano")
    assert row.commits == ("c" * 12,)
    hub_server.older = ()
    done = pull(hub_server, tmp_path, "dfine-nano", "--revision", first)
    assert done.returncode != 0
    assert "--revision main" in done.stderr


def test_the_pins_are_written_from_what_the_hub_has(hub_server, tmp_path):
    """In a copy of the file; repositories that the hub does not have keep what they had."""
    file, other = tmp_path / "pins.toml", "b" * 40
    file.write_text(f'# Head.\n"some/model" = "{other}"\n')
    program = f"from pathlib import Path; from tools import pins; pins.FILE = Path({str(file)!r}); "
    program += "import sys; sys.argv = ['pins']; pins.main()"
    done = pull(hub_server, tmp_path, program=program)
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert text.startswith("# Head.\n")
    assert f'"{REPO}" = "{hub_server.commit}"\n' in text
    assert f'"some/model" = "{other}"\n' in text


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


@pytest.fixture
def yolo(hub_server):
    """The hub with a repository of several pickles, the digest of one of them known."""
    hub_server.offer("Ultralytics/YOLO11")
    hub_server.files = {name: BODY for name in ("README.md", "yolo11n.pt", "yolo11m.pt")}
    hub_server.digest = pickles.KNOWN["yolo11n.pt"]
    return hub_server


def test_a_pickle_is_fetched_only_where_its_digest_is_the_published_one(yolo, tmp_path):
    done = pull(yolo, tmp_path, "yolo11m")
    assert done.returncode != 0
    assert "nobody has vouched for" in done.stderr
    assert pickles.ALLOWED in done.stderr
    assert yolo.fetched == [], "it is refused before a byte of it is fetched"
    done = pull(yolo, tmp_path, "yolo11n")
    assert yolo.fetched == ["yolo11n.pt"]
    assert done.returncode != 0, "what came is not what the hub said"
    assert "not what the hub says" in done.stderr


def test_a_pickle_that_a_person_allows_is_fetched_alone(yolo, tmp_path, monkeypatch):
    yolo.digest = hashlib.sha256(BODY).hexdigest()
    done = pull(yolo, tmp_path, "yolo11m", **{pickles.ALLOWED: "1"})
    assert done.returncode == 0, done.stderr
    assert yolo.fetched == ["yolo11m.pt"]
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    models = discover().models
    assert weights.is_here(yolo.repo, files=models["yolo11m"].files)
    assert not weights.is_here(yolo.repo, files=models["yolo11n"].files)


def test_of_a_shared_repository_a_model_fetches_its_own_files(hub_server, tmp_path):
    eyes = "models/image_encoder"
    hub_server.offer(sd_control.SUBJECT)
    hub_server.files = {
        name: BODY
        for name in (
            "models/ip-adapter_sd15.safetensors", "models/ip-adapter-plus_sd15.safetensors",
            f"{eyes}/model.safetensors", f"{eyes}/pytorch_model.bin", f"{eyes}/config.json",
            "sdxl_models/image_encoder/model.safetensors", "ip-adapter_sd15.safetensors",
        )
    }  # fmt: skip
    alone = "from tools.models.sd_control import LIKE; from tools.pull import pull; "
    alone += "from dataclasses import replace; "
    alone += "pull(replace(LIKE, weights='none'))"
    done = pull(hub_server, tmp_path, program=alone)
    assert done.returncode == 0, done.stderr
    assert placed(hub_server, tmp_path) == [
        f"{eyes}/config.json", f"{eyes}/model.safetensors", "models/ip-adapter_sd15.safetensors",
    ]  # fmt: skip


def test_a_file_that_a_model_needs_and_the_hub_lacks_is_named(yolo, tmp_path):
    del yolo.files["yolo11n.pt"]
    done = pull(yolo, tmp_path, "yolo11n")
    assert done.returncode != 0
    assert "offers no yolo11n.pt" in done.stderr


def test_a_learned_style_is_fetched_by_its_hub_id(hub_server, tmp_path, monkeypatch):
    hub_server.offer("somebody/crayon")
    hub_server.files = {
        "README.md": b"#",
        "a.safetensors": BODY,
        "pytorch_lora_weights.safetensors": BODY,
        "checkpoint-500/model.safetensors": BODY,
        "pytorch_lora_weights.bin": b"a pickle",
    }
    done = pull(hub_server, tmp_path, "somebody/crayon")
    assert done.returncode == 0, done.stderr
    assert placed(hub_server, tmp_path) == ["a.safetensors", "pytorch_lora_weights.safetensors"]
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert adapters._file("somebody/crayon").name == "pytorch_lora_weights.safetensors"
    hub_server.files = {"learned_embeds.bin": b"a pickle"}
    done = pull(hub_server, tmp_path / "other", "somebody/crayon")
    assert done.returncode != 0
    assert "offers no safetensors" in done.stderr


def test_a_repository_in_half_precision_only_is_fetched_as_it_is():
    names = [
        "model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16-00001-of-00002.safetensors",
        "text_encoder/model.fp16-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.fp16.json",
    ]  # fmt: skip
    assert chosen(names) == names
    whole = ["unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"]
    assert chosen([*names, *whole]) == [*names[:2], *whole]


def test_a_part_whose_only_weights_are_pickles_is_named(hub_server, tmp_path):
    hub_server.files |= {
        "model_index.json": b"{}",
        "unet/model.safetensors": BODY,
        "vae/diffusion_pytorch_model.bin": b"a pickle",
        "safety_checker/pytorch_model.bin": b"a pickle",
    }
    done = pull(hub_server, tmp_path)
    assert done.returncode != 0
    assert "offers no safetensors in vae" in done.stderr
    assert hub_server.fetched == []


def test_without_names_no_restricted_model_is_chosen():
    catalog = discover()
    profile = load_profile("embedded")
    chosen_ones = listing.wanted([], catalog, profile)
    assert {m.ability for m in chosen_ones} > {"caption", "depth"}
    assert all(m.permissive for m in chosen_ones)


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
