"""What two models have in common is in memory once, charged once, and never moved under the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from checkpoints.sam2 import build_sam2_video
from fake_models import hosted, until

from tools.context import CancelToken
from tools.device import nbytes
from tools.garage import _off
from tools.host_parts import PARTS, Parts
from tools.models import sam2_hf, sam2_video
from tools.types import Boxes, Image
from tools.weights import folder

NO_STOP = CancelToken()


@pytest.fixture(scope="module", autouse=True)
def _weights(hub):
    return hub(sam2_hf.TINY.weights, build_sam2_video)


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 120, 3), np.uint8))


def box(image: Image) -> Boxes:
    corners = np.array([[10, 20, 70, 80]], np.float32)
    return Boxes(image.frame, corners, ("x",), np.ones(1, np.float32))


def linear(width: int = 4) -> torch.nn.Module:
    return torch.nn.Linear(width, width)


def test_the_first_brings_it_and_is_charged():
    parts, first, second = Parts(), linear(), linear()
    mine = linear()
    assert parts.share("encoder", first, mine) is mine
    assert parts.share("encoder", second, linear()) is mine
    assert (parts.borrowed(first), parts.borrowed(second)) == (0, nbytes(mine))
    parts.release(first)
    assert parts.borrowed(second) == 0


def test_what_is_there_is_joined_without_bringing_any():
    parts, first, second, mine = Parts(), linear(), linear(), linear()
    assert parts.join("encoder", second) is None
    parts.share("encoder", first, mine)
    assert parts.join("encoder", second) is mine
    assert (parts.borrowed(first), parts.borrowed(second)) == (0, nbytes(mine))
    parts.release(first)
    assert (parts.borrowed(second), parts.join("encoder", first)) == (0, mine)


def test_only_what_is_alike_is_shared():
    parts, holders = Parts(), [linear(), linear(), linear()]
    mine, wider, other = linear(), linear(5), linear()
    parts.share("encoder", holders[0], mine)
    assert parts.share("encoder", holders[1], wider) is wider
    assert parts.share("decoder", holders[2], other) is other


def test_nothing_is_kept_alive():
    parts = Parts()
    holder, mine = linear(), linear()
    parts.share("encoder", holder, mine)
    del holder, mine
    later = linear()
    assert parts.share("encoder", linear(), later) is later


def test_what_another_holds_is_not_withdrawn():
    parts, first, second, mine = Parts(), linear(), linear(), linear()
    parts.share("encoder", first, mine)
    parts.share("encoder", second, linear())
    assert not parts.withdraw(first)
    parts.release(second)
    assert parts.withdraw(first)
    later = linear()
    assert parts.share("encoder", second, later) is later


def test_films_and_pictures_share_an_encoder_and_answer_as_alone(image):
    alone = sam2_hf.TINY.load().segment(image, region=box(image), cancel=NO_STOP).masks
    films = sam2_video.TINY.load()
    pictures = sam2_hf.TINY.load()
    assert pictures._model.vision_encoder is films._model.vision_encoder
    shared = nbytes(films._model.vision_encoder)
    assert pictures.nbytes() == nbytes(pictures._model) - shared
    got = pictures.segment(image, region=box(image), cancel=NO_STOP).masks
    np.testing.assert_array_equal(got, alone)


def test_a_model_whose_part_another_uses_is_not_parked(monkeypatch):
    card = type("Card", (), {"is_gpu": True, "name": "cpu"})
    monkeypatch.setattr("tools.garage.here", lambda: card)
    films, pictures = sam2_video.TINY.load(), sam2_hf.TINY.load()
    assert _off(films) is None
    assert all(p.numel() for p in pictures._model.parameters())
    films.close()
    back = _off(pictures)
    assert back is not None
    assert sam2_video.TINY.load()._model.vision_encoder is not pictures._model.vision_encoder
    back()


def test_the_host_charges_it_once_and_then_the_one_that_stays():
    specs = [
        replace(spec, memory_mb=1.0, weights_mb=0.5) for spec in (sam2_video.TINY, sam2_hf.TINY)
    ]
    with hosted(*specs, budget_mb=100) as host:
        with host.lease("sam2-video-tiny"), host.lease("sam2-tiny"):
            charged = {model.name: model.mb for model in host.stats().models}
            residents = {e.name: e for e in host._residence._ledger.residents()}
        whole = nbytes(sam2_hf.TINY.load()._model) / 1e6
        assert charged["sam2-tiny"] < whole + 0.5
        films = residents["sam2-video-tiny"]
        host._residence._ledger.leave(films)
        assert films.payload.close(20)
        until(lambda: host.stats().models[0].mb == pytest.approx(whole + 0.5, abs=1e-3))
        assert host.stats().resident == ("sam2-tiny",)
    here = str(folder(sam2_hf.TINY.weights).resolve())
    assert not [key for key, *_ in PARTS._living() if key.startswith(here)]
