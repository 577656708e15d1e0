"""A folder of pictures is indexed once, goes on where it was stopped, and survives damage."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from tools import index
from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled, ConfigError, InputError
from tools.index import PictureIndex
from tools.types import Embeddings, Image

COLORS = {"red": (250, 20, 20), "green": (20, 250, 20), "blue": (20, 20, 250)}


class MeanColor:
    """Embeds a picture as its mean colour and a text as the colour it names; counts pictures."""

    def __init__(self, model: str = "mean@1") -> None:
        self.model, self.seen = model, 0

    def __call__(self, what: str | list[Image]) -> Embeddings:
        if isinstance(what, str):
            rows, names = [COLORS.get(what, (1, 1, 1))], [what]
        else:
            self.seen += len(what)
            rows = [image.pixels.reshape(-1, 3).mean(axis=0) for image in what]
            names = [image.name for image in what]
        vectors = np.asarray(rows, np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Embeddings(vectors, tuple(names), self.model)


def read(path: Path) -> Image:
    """Pillow in this process: quick, where the decoder is not what is tested."""
    try:
        with PilImage.open(path) as opened:
            return Image.as_root(np.asarray(opened.convert("RGB")), path.name)
    except OSError as error:
        raise InputError(f"{path.name!r} is no picture") from error


def draw(path: Path, color: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PilImage.new("RGB", (6, 5), color).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, color in COLORS.items():
        draw(tmp_path / "pictures" / "deep" / f"{name}.png", color)
    return tmp_path / "pictures"


@pytest.fixture
def made(tmp_path: Path) -> PictureIndex:
    return PictureIndex(tmp_path / "index")


def test_pictures_are_found_by_text_and_by_picture(made, folder):
    embed = MeanColor()
    done = made.update(folder, embed, read=read)
    assert (done.added, done.known, dict(done.failed)) == (3, 0, {})
    for name in COLORS:
        found = made.search(embed(name), limit=2)
        assert found.texts[0] == f"deep/{name}.png"
        assert len(found.texts) == 2
        assert found.scores[0] == pytest.approx(1, abs=1e-3)


def test_vectors_are_unit_and_kept_as_half(made, folder, tmp_path):
    embed = MeanColor()
    made.update(folder, embed, read=read)
    again = PictureIndex(tmp_path / "index").vectors()
    assert again.model == "mean@1"
    assert again.vectors.dtype == np.float32
    assert np.linalg.norm(again.vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    with np.load(next((tmp_path / "index" / "vectors").glob("*.npz"))) as part:
        assert part["vectors"].dtype == np.float16


def test_nothing_is_looked_at_twice(made, folder):
    embed = MeanColor()
    made.update(folder, embed, read=read)
    (folder / "deep" / "red.png").rename(folder / "moved.png")
    (folder / "copy.png").write_bytes((folder / "moved.png").read_bytes())
    done = made.update(folder, embed, read=read)
    assert (done.added, done.known, embed.seen) == (0, 3, 3)
    assert set(made.vectors().names) == {
        "copy.png", "moved.png", "deep/green.png", "deep/blue.png",
    }  # fmt: skip


def test_what_changed_is_looked_at_again_and_what_went_is_gone(made, folder):
    embed = MeanColor()
    made.update(folder, embed, read=read)
    draw(folder / "deep" / "red.png", COLORS["blue"])
    os.utime(folder / "deep" / "red.png", ns=(1, 1))
    (folder / "deep" / "green.png").unlink()
    made.update(folder, embed, read=read)
    assert set(made.vectors().names) == {"deep/red.png", "deep/blue.png"}
    assert set(made.search(embed("blue")).scores > 0.99) == {True}


def test_a_stopped_update_goes_on_where_it_ended(made, folder, monkeypatch):
    monkeypatch.setattr(index, "BATCH", 1)
    embed, stop = MeanColor(), CancelToken()

    def stop_at_second(path: Path) -> Image:
        if embed.seen:
            stop.cancel()
        return read(path)

    with pytest.raises(Cancelled):
        made.update(folder, embed, read=stop_at_second, cancel=stop)
    assert embed.seen == 1
    assert len(made.vectors().names) == 1
    done = made.update(folder, embed, read=read)
    assert (done.added, done.known, embed.seen) == (2, 1, 3)


def test_files_that_are_no_pictures_are_told_and_left_out(made, folder):
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("nothing")
    draw(folder / ".hidden" / "x.png", (0, 0, 0))
    done = made.update(folder, MeanColor(), read=read)
    assert list(done.failed) == ["broken.jpg"]
    assert len(made.vectors().names) == 3


def test_files_are_decoded_safely_when_nothing_is_said(made, folder):
    assert made.update(folder, MeanColor()).added == 3


def test_damage_costs_only_what_is_damaged(made, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "BATCH", 1)
    embed = MeanColor()
    made.update(folder, embed, read=read)
    part = next((tmp_path / "index" / "vectors").glob("*.npz"))
    part.write_bytes(part.read_bytes()[:-9])
    (tmp_path / "index" / "vectors" / "tmp-left").write_bytes(b"half")
    assert len(made.vectors().names) == 2
    done = made.update(folder, embed, read=read)
    assert (done.added, done.known) == (1, 2)
    assert not list((tmp_path / "index").rglob("tmp-*"))
    (tmp_path / "index" / "files.json").write_text("{")
    assert len(made.vectors().names) == 0
    assert made.update(folder, embed, read=read).added == 0


def test_many_parts_become_one(made, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "BATCH", 1)
    monkeypatch.setattr(index, "MAX_PARTS", 2)
    embed = MeanColor()
    made.update(folder, embed, read=read)
    assert len(list((tmp_path / "index" / "vectors").glob("*.npz"))) == 1
    assert made.search(embed("green")).texts[0] == "deep/green.png"
    assert made.update(folder, embed, read=read).added == 0


def test_another_model_has_vectors_of_its_own(made, folder):
    made.update(folder, MeanColor(), read=read)
    other = MeanColor("mean@2")
    with pytest.raises(BadArguments, match="do not compare"):
        made.search(other("red"))
    assert made.update(folder, other, read=read).added == 3
    assert made.search(other("red")).texts[0] == "deep/red.png"


def test_an_empty_index_finds_nothing(made, tmp_path):
    assert made.search(MeanColor()("red")).texts == ()
    (tmp_path / "empty").mkdir()
    assert made.update(tmp_path / "empty", MeanColor(), read=read).added == 0
    assert made.search(MeanColor()("red")).texts == ()


def test_places_that_cannot_be(tmp_path, made):
    with pytest.raises(InputError, match="no folder"):
        made.update(tmp_path / "nowhere", MeanColor(), read=read)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        PictureIndex(tmp_path / "file")
