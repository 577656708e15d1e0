"""How networks are opened: attention and number format by device, compiled and warmed on demand."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from checkpoints.dfine import build_dfine
from checkpoints.sam2 import build_sam2
from fake_models import Memory, fails, fake, hosted

from tools import packages
from tools.catalog import discover
from tools.context import CancelToken
from tools.device import Device, Gauge
from tools.errors import ConfigError
from tools.host import Host
from tools.host_warm import prepared, warm_up
from tools.models import dfine, sam2_hf
from tools.neural import Opening, attention, open_model, opened_with
from tools.profiles import Profile, load_profile
from tools.types import Boxes, Image

CPU = Device("cpu", torch.float32)
CARD = Device("cuda:0", torch.bfloat16)
NO_STOP = CancelToken()


@pytest.fixture(scope="module")
def repo(hub):
    hub(dfine.NANO.weights, build_dfine)
    hub(sam2_hf.TINY.weights, build_sam2)
    return dfine.NANO.weights


@pytest.fixture
def image(rng) -> Image:
    return Image.as_root(rng.integers(0, 255, (90, 120, 3), np.uint8))


@pytest.mark.parametrize(
    ("sdpa", "flash", "device", "installed", "chosen"),
    [
        (True, True, CARD, True, ""),
        (True, False, CPU, False, ""),
        (False, True, CARD, True, "flash_attention_2"),
        (False, True, CARD, False, ""),  # the package is not there
        (False, True, CPU, True, ""),  # flash attention wants a card
        (False, True, Device("cuda:0", torch.float32), True, ""),  # and half precision
        (False, False, CARD, True, ""),
    ],
)
def test_attention_is_chosen_by_class_and_device(
    monkeypatch, sdpa, flash, device, installed, chosen
):
    monkeypatch.setattr(packages, "installed", lambda name: installed)
    kind = SimpleNamespace(_supports_sdpa=sdpa, _supports_flash_attn=flash)
    assert attention(kind, device).get("attn_implementation", "") == chosen


def test_classes_that_look_up_the_real_one_are_left_to_the_library():
    from transformers import AutoModel

    assert attention(AutoModel, CPU) == {}


def test_a_real_model_gets_it_in_the_devices_number_format(repo):
    from transformers import DFineForObjectDetection

    model = open_model(DFineForObjectDetection, repo)
    assert model.config._attn_implementation == "sdpa"
    assert model.dtype == torch.float32
    assert not model.training


def test_a_model_may_insist_on_another_attention(repo):
    from transformers import DFineForObjectDetection

    model = open_model(DFineForObjectDetection, repo, attn_implementation="eager")
    assert model.config._attn_implementation == "eager"


def test_nothing_is_compiled_unless_asked(repo, monkeypatch):
    done = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: done.append(self))
    dfine.NANO.load()
    assert done == []
    with opened_with(Opening(compile=True)):
        model = dfine.NANO.load()
    dfine.NANO.load()  # the wish ends with its block
    assert done == [model._model]


def test_a_compiled_model_answers_the_same(repo, monkeypatch, image):
    plain = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", functools.partialmethod(plain, backend="eager"))
    ask = {"labels": dfine.COCO, "cancel": NO_STOP, "min_score": 0.01}
    want = dfine.NANO.load()(image, **ask)
    made = prepared(dfine.NANO, compiled=True, warmed=False)()
    assert made._model._compiled_call_impl is not None
    got = made(image, **ask)
    assert len(want)
    assert got.labels == want.labels
    np.testing.assert_allclose(got.xyxy, want.xyxy, atol=1e-3)


def test_a_profile_says_what_is_compiled_and_warmed(tmp_path, repo, monkeypatch):
    compiled, warmed = [], []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compiled.append(type(self)))
    path = tmp_path / "mine.toml"
    path.write_text('budget_mb = 4000\ncompile = ["dfine-nano"]\nwarm_up = ["sam2-tiny"]\n')
    catalog = discover()
    profile = load_profile(path, catalog=catalog)
    original = sam2_hf.Sam2.segment
    monkeypatch.setattr(
        sam2_hf.Sam2,
        "segment",
        lambda self, shown, **more: warmed.append(shown.size_wh) or original(self, shown, **more),
    )
    with Host(catalog, profile) as host, host.lease("dfine-nano"), host.lease("sam2-tiny"):
        pass
    assert [kind.__name__ for kind in compiled] == ["DFineForObjectDetection"]
    assert warmed == [(64, 64)]


@pytest.mark.parametrize("key", ["compile", "warm_up"])
def test_a_profile_with_an_unknown_model_is_refused(tmp_path, key):
    path = tmp_path / "mine.toml"
    path.write_text(f'budget_mb = 4000\n{key} = ["dfine-nan"]\n')
    with pytest.raises(ConfigError, match=f"unknown model 'dfine-nan' under '{key}'") as caught:
        load_profile(path)
    assert "dfine-nano" in caught.value.hint


def test_a_star_means_all_models():
    profile = Profile("p", 10, warmed=("*",))
    spec = fake("a", 1, Memory(), ability="depth")
    seen: list[object] = []
    spec = type(spec)(**{**vars(spec), "load": lambda: lambda image, cancel: seen.append(image)})
    profile.loader(spec)()
    assert len(seen) == 1


def test_a_warm_up_that_fails_is_no_failure():
    bad = fake("a", 1, Memory(), fails(RuntimeError("no kernel")), ability="depth")
    assert not warm_up(bad, bad.load())
    with hosted(bad) as host, host.lease("a"):
        assert host.stats().resident == ("a",)


def test_an_ability_without_a_tiny_call_is_left_cold():
    spec = fake("a", 1, Memory(), fails(AssertionError("called")), ability="metaphysics")
    assert not warm_up(spec, spec.load())


# --- what calls take ----------------------------------------------------------------------------


class Card:
    """An allocator's statistics, moved by hand."""

    def __init__(self):
        self.now = self.top = 0

    def take(self, count):
        self.now += count
        self.top = max(self.top, self.now)

    def memory_allocated(self):
        return self.now

    def max_memory_allocated(self):
        return self.top

    def reset_peak_memory_stats(self):
        self.top = self.now


def test_the_gauge_tells_the_worst_moment_and_what_stays():
    card = Card()
    card.take(1000)
    with Gauge(card).watching() as taken:
        card.take(70)
        card.take(-50)
    assert (taken.peak, taken.kept) == (70, 20)


def test_work_side_by_side_is_not_told_apart():
    card = Card()
    gauge = Gauge(card)
    with gauge.watching() as first:
        with gauge.watching() as second:
            card.take(5)
        card.take(5)
    assert first.peak is second.peak is None
    with gauge.watching() as alone:
        card.take(5)
    assert alone.peak == 5


def test_a_model_is_charged_for_what_its_calls_take_and_keeps_that_name(monkeypatch):
    card = Card()
    monkeypatch.setattr("tools.actor.GAUGE", Gauge(card))

    def greedy(value, *, cancel, **more):
        card.take(50_000_000)
        card.take(-50_000_000)
        return value

    memory = Memory()
    specs = [fake("a", 30, memory, greedy), fake("b", 30, memory)]
    with hosted(*specs) as host:
        host.use("b", 1)
        host.use("a", 1)
        sizes = {}
        while not sizes.get("a", 0) > 30:  # told after the answer is out
            sizes = {model.name: model.mb for model in host.stats().models}
        assert sizes["a"] == pytest.approx(50)
        assert host.stats().charged_mb == pytest.approx(80)


def test_boxes_of_a_warm_up_are_never_an_answer(repo, image):
    spec = sam2_hf.TINY
    made = prepared(spec, compiled=False, warmed=True)()
    box = Boxes(image.frame, np.array([[5, 5, 60, 60]], np.float32), ("x",), np.ones(1, np.float32))
    want = spec.load().segment(image, region=box, cancel=NO_STOP)
    got = made.segment(image, region=box, cancel=NO_STOP)
    np.testing.assert_array_equal(got.masks, want.masks)
