"""Weights are found where they lie, and damaged ones are told from whole ones."""

from __future__ import annotations

import json
import struct

import pytest

from tools import pins, weights
from tools.catalog import discover
from tools.errors import SetupError


def saved(path, length=8, declared=8):
    header = json.dumps({"x": {"dtype": "U8", "shape": [declared], "data_offsets": [0, declared]}})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + b"\0" * length)
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_the_commit_that_is_loaded_does_not_move_by_itself(cache, monkeypatch):
    base, first, pinned, moved = cache / "models--a--b", "c" * 40, "d" * 40, "e" * 40
    assert weights.find("a/b") is None
    pins.note(base, first)
    assert weights.find("a/b") is None, "its files are not here"
    for commit in (first, pinned, moved):
        saved(base / "snapshots" / commit / "model.safetensors")
    (base / "refs" / "main").write_text(moved)
    assert weights.folder("a/b") == base / "snapshots" / first
    assert weights.commit("a/b") == first[:12]
    (base / "refs" / "ocelli").unlink()
    assert weights.find("a/b") == base / "snapshots" / moved
    monkeypatch.setattr(weights, "pins", lambda: {"a/b": pinned})
    assert weights.find("a/b") == base / "snapshots" / pinned
    pins.note(base, "../../elsewhere")
    assert weights.find("a/b") == base / "snapshots" / pinned, "a ref is a commit, never a path"


def test_pins_are_commits_of_repositories_that_models_come_from():
    repos = {repo for model in discover().models.values() for repo in model.repos}
    assert set(pins.pins()) <= repos
    assert all(pins.COMMIT.fullmatch(commit) for commit in pins.pins().values())


def test_a_repository_is_here_where_all_that_is_named_of_it_is(cache, tmp_path, monkeypatch):
    monkeypatch.setenv(weights.OWN, str(tmp_path / "own"))
    saved(tmp_path / "own" / "a" / "b" / "deep" / "model.safetensors")
    assert weights.is_here("a/b")
    assert weights.is_here("a/b", files=("a/b/deep/*.safetensors", "other/c/x.pt"))
    assert not weights.is_here("a/b", files=("a/b/deep/*.safetensors", "a/b/*.safetensors"))
    assert not weights.is_here("c/d", files=())
    assert weights.patterns("a/b", ("a/b/x", "a/bc/y")) == ("x",)


def test_ones_own_folder_goes_first(cache, tmp_path, monkeypatch):
    monkeypatch.setenv(weights.OWN, str(tmp_path / "own"))
    saved(tmp_path / "own" / "b" / "model.safetensors")
    assert weights.folder("a/b") == tmp_path / "own" / "b"
    saved(tmp_path / "own" / "a" / "b" / "model.safetensors")
    assert weights.folder("a/b") == tmp_path / "own" / "a" / "b"


def test_absent_weights_name_the_command(cache):
    with pytest.raises(SetupError, match="a/b are not on this machine") as caught:
        weights.folder("a/b")
    assert "ocelli models pull" in caught.value.hint


@pytest.mark.parametrize(
    ("length", "declared"),
    [(7, 8), (9, 8), (0, 8)],  # cut, too long, header only
)
def test_a_file_of_another_length_is_not_whole(tmp_path, length, declared):
    assert not weights.whole(saved(tmp_path / "x.safetensors", length, declared))


@pytest.mark.parametrize(
    "data",
    [b"", b"\1", b"\xff" * 8, struct.pack("<Q", 4) + b"nope", struct.pack("<Q", 2) + b"[]"],
)
def test_what_is_no_safetensors_is_not_whole(tmp_path, data):
    (tmp_path / "x.safetensors").write_bytes(data)
    assert not weights.whole(tmp_path / "x.safetensors")


def test_a_whole_file_is_whole(tmp_path):
    assert weights.whole(saved(tmp_path / "x.safetensors"))
