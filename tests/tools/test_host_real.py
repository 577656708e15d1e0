"""Real networks of a few channels on the host: out of memory, many threads, the way to host memory."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints.dfine import build_dfine
from checkpoints.diffusion import SIDE, build_sd_inpaint
from checkpoints.grounding_dino import build_grounding_dino
from checkpoints.sam2 import build_sam2
from fake_models import Events, Task, hosted, until

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import OutOfMemory
from tools.garage import _off
from tools.host import Host
from tools.host_events import Evicted, Retried
from tools.host_swap import pack
from tools.models import dfine, grounding_dino, sam2_hf, sd_inpaint
from tools.types import Boxes, Image

THREADS = 16
NO_STOP = CancelToken()
PHRASES = (("cat", "red mug"), ("bus",), ("a wheel", "window", "cat"), ("red mug", "cat"))


@pytest.fixture(scope="module", autouse=True)
def _weights(hub):
    hub(dfine.NANO.weights, build_dfine)
    hub(sam2_hf.TINY.weights, build_sam2)
    hub(grounding_dino.TINY.weights, build_grounding_dino)
    hub(sd_inpaint.SD15_INPAINT, build_sd_inpaint)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    rng = np.random.default_rng(3)
    sizes = ((SIDE, SIDE), (60, 90), (90, 60), (48, 64), (33, 70), (64, 64))
    return [Image.as_root(rng.integers(0, 255, (*size, 3), np.uint8)) for size in sizes]


def box(image: Image, share: float) -> Boxes:
    w, h = image.size_wh
    corners = np.array([[0, 0, w * share, h * share], [w / 4, h / 4, w, h]], np.float32)
    return Boxes(image.frame, corners, ("a", "b"), np.ones(2, np.float32))


# --- out of memory inside a forward ---------------------------------------------------------------


class Full:
    """Makes the next forwards of a network run out of memory."""

    def __init__(self, spec: ModelSpec) -> None:
        self.times = self.forwards = 0
        self.forwards_of: list[int] = []
        """Pictures in each."""
        self.entered, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.spec = replace(spec, load=lambda: self.watched(spec))

    def watched(self, spec: ModelSpec) -> Any:
        model = spec.load()
        model._model.register_forward_pre_hook(self.before, with_kwargs=True)
        return model

    def hold(self) -> None:
        """The next forward waits until the gate is open."""
        self.gate.clear()

    def before(self, module: Any, inputs: Any, named: dict[str, Any]) -> None:
        self.forwards += 1
        self.forwards_of.append(len(named["pixel_values"]))
        if not self.gate.is_set():
            self.entered.set()
            assert self.gate.wait(20)
            return
        if self.times:
            self.times -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nGPU 0")


@pytest.fixture
def crowded(images) -> Iterator[tuple[Host, Full, Events, Boxes]]:
    """A detector that may be told to run out of memory, an idle SAM 2 beside it, a first answer."""
    full, events = Full(dfine.NANO), Events()
    with hosted(full.spec, sam2_hf.TINY, budget_mb=4000, on_event=events) as host:
        first = look(host, images[1])
        host.use("segment", images[1], region=box(images[1], 0.5))
        yield host, full, events, first


def look(host: Host, image: Image) -> Boxes:
    found = host.use("detect", image, labels=dfine.COCO, min_score=0.01)
    assert len(found)
    return found


def test_out_of_memory_makes_room_and_the_answer_is_the_same(crowded, images):
    host, full, events, first = crowded
    full.times, full.forwards = 1, 0
    again = look(host, images[1])
    assert full.forwards == 2
    (retried,) = [event for event in events if isinstance(event, Retried)]
    assert retried.evicted == ("sam2-tiny",)
    assert ("Evicted", "sam2-tiny") in events.names(Evicted)
    assert host.stats().resident == ("dfine-nano",)
    assert again.labels == first.labels
    assert again.xyxy.tobytes() == first.xyxy.tobytes()
    assert again.scores.tobytes() == first.scores.tobytes()


def test_twice_out_of_memory_is_one_line_with_a_mend(crowded, images):
    host, full, _, first = crowded
    full.times, full.forwards = 2, 0
    with pytest.raises(OutOfMemory) as caught:
        look(host, images[1])
    assert full.forwards == 2
    line = caught.value.line()
    assert line.startswith("dfine-nano ran out of memory: OutOfMemoryError: CUDA out of memory")
    assert "smaller model first in the profile" in line
    assert "\n" not in line
    assert look(host, images[1]).xyxy.tobytes() == first.xyxy.tobytes()


def test_a_batch_that_is_too_large_is_answered_one_by_one(crowded, images):
    host, full, events, _ = crowded
    alone = [look(host, image).xyxy.tobytes() for image in images]
    full.hold()
    tasks = [Task(lambda: look(host, images[0]))]
    assert full.entered.wait(20)
    tasks += [Task(lambda i=i: look(host, i)) for i in images[1:]]
    until(lambda: sum(model.queued for model in host.stats().models) == len(images) - 1)
    full.times = 1
    full.gate.set()
    assert [task.result().xyxy.tobytes() for task in tasks] == alone
    assert full.forwards_of[-len(images) :] == [len(images) - 1, *[1] * (len(images) - 1)]
    assert not [event for event in events if isinstance(event, Retried)]


# --- sixteen threads ------------------------------------------------------------------------------

Call = Callable[[Host], Any]


def segment(image: Image, share: float) -> Call:
    return lambda host: host.use("segment", image, region=box(image, share)).masks.tobytes()


def find(image: Image, phrases: tuple[str, ...]) -> Call:
    def call(host: Host) -> Any:
        found = host.use("detect", image, labels=phrases, min_score=0.01)
        return found.labels, found.xyxy.tobytes(), found.scores.tobytes()

    return call


def paint(image: Image, seed: int, prompt: str) -> Call:
    hole = np.zeros(image.pixels.shape[:2], np.bool_)
    hole[4:20, 6 + seed : 24] = True

    def call(host: Host) -> Any:
        made = host.use("repaint", image, hole, prompt, seed=seed, steps=3)
        return made.pixels.tobytes()

    return call


def sam2_calls(images: list[Image]) -> list[Call]:
    """More pictures than the model keeps features of."""
    assert len(images) > sam2_hf.KEPT
    return [segment(image, share) for image in images for share in (0.3, 0.5, 0.8)]


def finding_calls(images: list[Image]) -> list[Call]:
    return [find(image, phrases) for image in images[:4] for phrases in PHRASES]


def painting_calls(images: list[Image]) -> list[Call]:
    return [
        paint(image, seed, prompt)
        for image in images[:2]
        for seed in (0, 5)
        for prompt in ("a red bus", "a wheel")
    ]


@pytest.mark.parametrize(
    ("spec", "make"),
    [
        pytest.param(sam2_hf.TINY, sam2_calls, id="sam2"),
        pytest.param(grounding_dino.TINY, finding_calls, id="open-vocabulary"),
        pytest.param(sd_inpaint.SMALL, painting_calls, id="diffusion"),
    ],
)
def test_sixteen_threads_get_what_one_gets(spec, make, images):
    calls = make(images)
    with hosted(spec, budget_mb=9000) as host:
        serial = [call(host) for call in calls]
    assert len(set(serial)) > len(calls) // 2, "the calls hardly differ: a mix-up would not show"
    ready = threading.Barrier(THREADS)

    def answers(number: int) -> list[Any]:
        order = list(range(len(calls)))
        random.Random(number).shuffle(order)
        ready.wait()
        mine: dict[int, Any] = {n: calls[n](host) for n in order[: 1 + len(calls) // 3]}
        return [(n, mine[n] == serial[n]) for n in sorted(mine)]

    with hosted(spec, budget_mb=9000) as host:
        tasks = [Task(lambda n=n: answers(n)) for n in range(THREADS)]
        for task in tasks:
            assert all(same for _, same in task.result())
        assert host.stats().loads == 1


# --- to host memory and back ----------------------------------------------------------------------


@pytest.mark.parametrize("block", [1 << 12, 1 << 26], ids=["many blocks", "one block"])
@pytest.mark.parametrize("spec", [sam2_hf.TINY, sd_inpaint.SMALL], ids=["network", "pipeline"])
def test_packed_weights_come_back_as_they_were(spec, block):
    model = spec.load()
    part = next(iter(vars(model).values()))
    modules = [
        m for m in getattr(part, "components", {"": part}).values() if hasattr(m, "parameters")
    ]
    tensors = [t for m in modules for t in (*m.parameters(), *m.buffers())]
    before = [(id(t), t.dtype, t.stride(), t.detach().clone()) for t in tensors]
    back = pack(model, block)
    assert back is not None
    assert all(t.numel() == 0 for t in tensors)
    back()
    after = [t for m in modules for t in (*m.parameters(), *m.buffers())]
    for (same, dtype, stride, want), got in zip(before, after, strict=True):
        assert id(got) == same
        assert (got.dtype, got.stride()) == (dtype, stride)
        assert torch.equal(got, want)


def test_tied_weights_stay_tied_and_are_packed_once():
    class Tied:
        def __init__(self) -> None:
            self.net = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 8))
            self.net[1].weight = self.net[0].weight
            whole = torch.arange(32.0)
            self.net.register_buffer("left", whole[:16])
            self.net.register_buffer("right", whole[16:].view(4, 4).T)

    model = Tied()
    back = pack(model, 1 << 10)
    assert back is not None
    back()
    with torch.no_grad():
        model.net[0].weight.fill_(3)
        model.net.left[0] = 7
    assert (model.net[1].weight == 3).all()
    assert model.net.right.tolist() == torch.arange(16.0, 32.0).view(4, 4).T.tolist()
    assert (
        model.net.left.untyped_storage().data_ptr() == model.net.right.untyped_storage().data_ptr()
    )


def test_a_model_without_networks_is_not_packed():
    assert pack(object()) is None


def test_on_a_processor_nothing_is_parked():
    assert _off(sam2_hf.TINY.load()) is None


def test_a_packed_model_keeps_no_features_and_answers_the_same(images, monkeypatch):
    monkeypatch.setattr(
        "tools.garage.here", lambda: type("Card", (), {"is_gpu": True, "name": "cpu"})
    )
    model = sam2_hf.TINY.load()
    ask = {"region": box(images[1], 0.5), "cancel": NO_STOP}
    want = model.segment(images[1], **ask).masks
    bare = sam2_hf.TINY.load().nbytes()
    assert model.nbytes() > bare
    back = _off(model)
    assert back is not None
    assert model.nbytes() == 0
    back()
    assert model.nbytes() >= bare
    np.testing.assert_array_equal(model.segment(images[1], **ask).masks, want)
