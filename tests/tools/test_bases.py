"""Models on one base hold it once, paint as alone, side by side too, and leak nothing into it."""

from __future__ import annotations

import functools
import importlib.util
import random
import threading
from dataclasses import replace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from checkpoints.diffusion import SIDE, build_concept, build_control, build_lora, build_sd
from fake_models import Task, hosted, until

from tools.context import CancelToken
from tools.device import nbytes
from tools.diffusion import is_network
from tools.errors import Cancelled
from tools.garage import _off
from tools.host_parts import PARTS
from tools.host_warm import prepared, warm_up
from tools.models import sd_control, sd_inpaint
from tools.types import Image
from tools.weights import folder

GO = CancelToken()
STYLE, CONCEPT = "somebody/crayon", "sd-concepts-library/cat-toy"
NETWORKS = ("unet", "vae", "text_encoder")
needs_peft = pytest.mark.skipif(
    importlib.util.find_spec("peft") is None, reason="needs the package peft"
)


def build_other_control(folder):
    """A ControlNet that steers otherwise."""
    build_control(folder)
    net = diffusers.ControlNetModel.from_pretrained(folder)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(1.7)
    net.save_pretrained(folder)


@pytest.fixture(scope="module", autouse=True)
def _weights(hub):
    hub(sd_control.SD15.repo, build_sd)
    hub(sd_control.EDGES.parts[0], build_control)
    hub(sd_control.LINES.parts[0], build_other_control)
    hub(sd_inpaint.SD15_CONTROL, build_control)
    hub(STYLE, build_lora)
    hub(CONCEPT, build_concept)


@pytest.fixture
def sketch(rng) -> Image:
    return Image.as_root((rng.random((SIDE, SIDE, 1)) > 0.8) * np.uint8([255, 255, 255]))


@pytest.fixture
def models():
    made = [spec.load() for spec in (sd_control.EDGES, sd_control.LINES, sd_control.SMALL)]
    yield made
    for model in made:
        model.close()


def drawn(model, label: str, sketch: Image | None = None, **more: Any) -> bytes:
    made = model(
        "a bus", labels=(label,), control=sketch, steps=2, cancel=GO, **{"seed": 3, **more}
    )
    return bytes(made.pixels.tobytes())


def shared() -> list[str]:
    """What is shared of the base."""
    here = str(folder(sd_control.SD15.repo).resolve())
    return [key for key, *_ in PARTS._living() if key.startswith(here)]


def small(*specs, files_mb=0.5):
    """The specs as small as their weights here."""
    return [replace(spec, memory_mb=1.0, weights_mb=files_mb) for spec in specs]


def test_the_base_is_shared_and_what_calls_change_is_not(models):
    edges, lines, plain = (model._pipeline for model in models)
    for name in NETWORKS:
        assert getattr(edges, name) is getattr(lines, name) is getattr(plain, name)
    for name in ("scheduler", "tokenizer", "controlnet"):
        assert getattr(edges, name) is not getattr(lines, name)


def test_a_base_is_read_from_disk_once_though_two_open_it_at_a_time(monkeypatch):
    read = []
    own = diffusers.UNet2DConditionModel.from_pretrained.__func__
    monkeypatch.setattr(
        diffusers.UNet2DConditionModel,
        "from_pretrained",
        classmethod(lambda cls, *args, **more: read.append(1) or own(cls, *args, **more)),
    )
    tasks = [Task(spec.load) for spec in (sd_control.EDGES, sd_control.LINES)]
    made = [task.result() for task in tasks]
    assert made[0]._pipeline.unet is made[1]._pipeline.unet
    assert len(read) == 1
    for model in made:
        model.close()


def test_each_paints_as_alone(sketch):
    alone = {}
    for spec in (sd_control.EDGES, sd_control.LINES):
        model = spec.load()
        alone[spec.name] = drawn(model, spec.labels[0], sketch)
        model.close()
        del model
    assert len(set(alone.values())) == 2
    both = [spec.load() for spec in (sd_control.EDGES, sd_control.LINES)]
    assert both[0]._pipeline.unet is both[1]._pipeline.unet
    assert drawn(both[0], "edges", sketch) == alone["sd15-edges"]
    assert drawn(both[1], "lines", sketch) == alone["sd15-lines"]
    for model in both:
        model.close()


def calls(sketch: Image, *more: dict[str, str]):
    """What a host is asked, of four models on one base."""
    hole = np.zeros((SIDE, SIDE), np.bool_)
    hole[8:20, 10:24] = True

    def repainted(host, seed):
        made = host.use("repaint", sketch, hole, "a bus", seed=seed, steps=2)
        return made.pixels.tobytes()

    def made(host, label, seed, extra):
        shown = None if label == "text" else sketch
        asked = {"seed": seed, "steps": 2, "control": shown, **extra}
        return host.use("generate", "a bus", labels=(label,), **asked).pixels.tobytes()

    return [
        *(
            lambda host, a=(label, seed, extra): made(host, *a)
            for label in ("edges", "lines", "text")
            for seed in (1, 2)
            for extra in ({}, *more)
        ),
        *(lambda host, seed=seed: repainted(host, seed) for seed in (1, 2)),
    ]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param([], id="plain"),
        pytest.param([{"concept": CONCEPT}], id="with a learned word"),
        pytest.param([{"style": STYLE}], id="with a learned style", marks=needs_peft),
    ],
)
@pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning")
def test_eight_threads_on_one_base_get_what_one_gets(sketch, more):
    asked = calls(sketch, *more)
    specs = small(sd_control.EDGES, sd_control.LINES, sd_control.SMALL, sd_inpaint.CONTROL)
    with hosted(*specs, budget_mb=100) as host:
        serial = [call(host) for call in asked]
    assert len(set(serial)) == len(asked), "a mix-up would not show"
    ready = threading.Barrier(8)

    def answers(number: int) -> list[bool]:
        order = random.Random(number).sample(range(len(asked)), len(asked) // 2)
        ready.wait()
        return [asked[n](host) == serial[n] for n in order]

    with hosted(*specs, budget_mb=100) as host:
        tasks = [Task(lambda n=n: answers(n)) for n in range(8)]
        assert all(all(task.result()) for task in tasks)
        assert host.stats().loads == len(specs)


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning")
@pytest.mark.parametrize(
    "brought",
    [{"concept": CONCEPT}, pytest.param({"style": STYLE}, marks=needs_peft)],
    ids=["word", "style"],
)
def test_what_one_is_lent_is_not_seen_by_the_others(models, sketch, brought):
    edges, lines, _ = models
    before = drawn(lines, "lines", sketch)
    lent = drawn(edges, "edges", sketch, **brought)
    assert drawn(lines, "lines", sketch) == before
    assert drawn(edges, "edges", sketch) != lent


def test_nobody_begins_while_a_base_is_changed(models, sketch, monkeypatch):
    """The painter that was lent a word is stopped amid its steps, and another is asked."""
    edges, lines, _ = models
    inside, go_on = threading.Event(), threading.Event()

    def pause(step):
        inside.set()
        assert go_on.wait(20)

    lending = Task(lambda: drawn(edges, "edges", sketch, concept=CONCEPT, on_step=pause))
    assert inside.wait(20)
    begun = threading.Event()
    waiting = Task(lambda: drawn(lines, "lines", sketch, on_step=lambda step: begun.set()))
    assert not begun.wait(1.0)
    stop = CancelToken()
    stopped = Task(lambda: lines("x", labels=("lines",), control=sketch, cancel=stop))
    stop.cancel()
    with pytest.raises(Cancelled):
        stopped.result()
    go_on.set()
    lending.result()
    assert waiting.result() == drawn(lines, "lines", sketch)
    assert begun.is_set()


@pytest.mark.parametrize("files_mb", [0.5, 2.0], ids=["", "files larger than what is loaded"])
def test_the_host_charges_the_base_once_and_keeps_it_for_the_one_that_stays(sketch, files_mb):
    specs = small(sd_control.EDGES, sd_control.LINES, files_mb=files_mb)
    with hosted(*specs, budget_mb=100) as host:
        first = host.use("generate", "a bus", labels=("edges",), control=sketch, steps=2, seed=3)
        second = host.use("generate", "a bus", labels=("lines",), control=sketch, steps=2, seed=3)
        assert (first.pixels != second.pixels).any()
        charged = {model.name: model.mb for model in host.stats().models}
        assert len(shared()) == len(NETWORKS)
        alone = sd_control.SMALL.load()
        base = nbytes(*(getattr(alone._pipeline, name) for name in NETWORKS)) / 1e6
        assert alone.nbytes() == 0, "all that it has is charged to the first"
        lines = sd_control.LINES.load()
        net = nbytes(lines._pipeline.controlnet) / 1e6
        alone.close()
        lines.close()
        room = 0.5 if files_mb < 1 else 1.0 - base - net
        assert charged["sd15-edges"] == pytest.approx(base + net + room, abs=1e-6)
        assert charged["sd15-lines"] == pytest.approx(net + room, abs=1e-6)
        residents = {e.name: e for e in host._residence._ledger.residents()}
        host._residence._ledger.leave(residents["sd15-edges"])
        assert residents["sd15-edges"].payload.close(20)
        until(lambda: host.stats().models[0].mb == pytest.approx(charged["sd15-edges"], abs=1e-6))
        assert host.stats().resident == ("sd15-lines",)
        again = host.use("generate", "a bus", labels=("lines",), control=sketch, steps=2, seed=3)
        assert (again.pixels == second.pixels).all()
        assert host.stats().loads == 2
    assert not shared()


def test_what_is_shared_is_not_made_room_for_once_more(sketch):
    """The one that has it stays, where the rest of the other fits beside it."""
    specs = small(sd_control.EDGES, sd_control.LINES)

    def drawn_by(host, *labels):
        for label in labels:
            host.use("generate", "a bus", labels=(label,), control=sketch, steps=2, seed=3)
        stats = host.stats()
        assert stats.peak_mb <= stats.budget_mb
        return {m.name: m.mb for m in stats.models if m.name in stats.resident}, stats.loads

    with hosted(*specs, budget_mb=100) as host:
        charged, _ = drawn_by(host, "edges", "lines")
    lent = charged["sd15-edges"] - charged["sd15-lines"]
    declared = specs[1].memory_mb
    fits = charged["sd15-edges"] + declared - lent
    with hosted(*specs, budget_mb=fits + 0.5 * lent) as host:
        resident, loads = drawn_by(host, "edges", "lines", "edges", "lines")
        assert (resident, loads) == (charged, 2)
    with hosted(*specs, budget_mb=fits - 0.2 * lent) as host:
        resident, loads = drawn_by(host, "edges", "lines")
        assert set(resident) == {"sd15-lines"}
        assert resident["sd15-lines"] == pytest.approx(charged["sd15-edges"], abs=1e-6)


def test_a_base_that_others_work_on_is_not_parked_and_a_parked_one_is_not_joined(
    models, sketch, monkeypatch
):
    card = type("Card", (), {"is_gpu": True, "name": "cpu"})
    monkeypatch.setattr("tools.garage.here", lambda: card)
    edges, lines, plain = models
    before = drawn(edges, "edges", sketch)
    assert _off(edges) is None
    plain.close()
    lines.close()
    back = _off(edges)
    assert back is not None
    fresh = sd_control.LINES.load()
    assert fresh._pipeline.unet is not edges._pipeline.unet
    assert all(weight.numel() for weight in fresh._pipeline.unet.parameters())
    fresh.close()
    back()
    assert drawn(edges, "edges", sketch) == before


@pytest.mark.parametrize(
    "spec", [sd_control.SMALL, sd_control.EDGES, sd_inpaint.CONTROL], ids=lambda spec: spec.name
)
def test_a_pipeline_is_warmed_with_one_step_of_its_own_kind(spec, monkeypatch):
    steps = []
    own = diffusers.UNet2DConditionModel.forward

    def counted(self, *args, **more):
        steps.append(self)
        return own(self, *args, **more)

    monkeypatch.setattr(diffusers.UNet2DConditionModel, "forward", counted)
    model = spec.load()
    try:
        assert warm_up(spec, model)
    finally:
        model.close()
    assert len(steps) == 1


def test_of_a_pipeline_the_network_of_the_steps_is_compiled(sketch, monkeypatch):
    plain = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", functools.partialmethod(plain, backend="eager"))
    want = sd_control.SMALL.load()
    there = drawn(want, "text")
    want.close()
    made = prepared(sd_control.SMALL, compiled=True, warmed=False)()
    try:
        parts = {n: p for n, p in made._pipeline.components.items() if is_network(p)}
        compiled = {n for n, part in parts.items() if part._compiled_call_impl is not None}
        assert compiled == {"unet"}
        pixels = [np.frombuffer(d, np.uint8).astype(int) for d in (there, drawn(made, "text"))]
        assert np.abs(pixels[0] - pixels[1]).max() <= 1
    finally:
        made.close()
