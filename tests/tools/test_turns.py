"""Many go together, one goes alone, nobody overtakes, and what opens weights keeps to it."""

from __future__ import annotations

import threading

import pytest
from checkpoints.diffusion import build_control, build_sd
from checkpoints.sam2 import build_sam2_video
from fake_models import Task, until

from tools.context import CancelToken
from tools.errors import Cancelled
from tools.models import sam2_hf, sd_control
from tools.turns import OPENING, Turns

GO = CancelToken()


def test_who_wants_to_change_it_is_not_kept_waiting_by_newcomers():
    turns, order = Turns(), []

    def change():
        with turns.alone(GO):
            order.append("change")

    def work():
        with turns.together(GO):
            order.append("work")

    with turns.together(GO):
        with turns.together(GO):
            pass
        changing = Task(change)
        until(lambda: turns._wanting == 1)
        working = Task(work)
        assert not order
    changing.result()
    working.result()
    assert order == ["change", "work"]
    stop = CancelToken()
    stop.cancel()
    with turns.together(GO), pytest.raises(Cancelled), turns.alone(stop):
        pass
    with turns.together(stop):
        order.append("nobody waits any more")


@pytest.mark.parametrize("alone", [False, True], ids=["a network", "a pipeline"])
def test_a_network_is_opened_beside_another_but_not_beside_a_pipeline(hub, alone):
    hub(sam2_hf.TINY.weights, build_sam2_video)
    hub(sd_control.EDGES.parts[0], build_control)
    hub(sd_control.SD15.repo, build_sd)
    inside, go_on, opened = threading.Event(), threading.Event(), threading.Event()
    other = Turns.alone if alone else Turns.together

    def hold():
        with other(OPENING):
            inside.set()
            assert go_on.wait(20)

    def load():
        sam2_hf.TINY.load()
        opened.set()

    holding = Task(hold)
    assert inside.wait(20)
    loading = Task(load)
    if alone:
        assert not opened.wait(0.3)
    else:
        assert opened.wait(20)
        painting = Task(sd_control.EDGES.load)
        until(lambda: OPENING._wanting == 1)
        assert painting.is_alive()
    go_on.set()
    holding.result()
    loading.result()


def test_networks_made_while_pipelines_open_have_their_weights(hub):
    """Without turns the parameters of some would be left on no device."""
    hub(sam2_hf.TINY.weights, build_sam2_video)
    hub(sd_control.EDGES.parts[0], build_control)
    hub(sd_control.LINES.parts[0], build_control)
    hub(sd_control.SD15.repo, build_sd)
    for _ in range(3):
        specs = (sd_control.EDGES, sam2_hf.TINY, sd_control.LINES, sam2_hf.TINY)
        made = [task.result() for task in [Task(spec.load) for spec in specs]]
        for model in made:
            whole = getattr(model, "_pipeline", None)
            parts = whole.components.values() if whole else [model._model]
            modules = [part for part in parts if hasattr(part, "parameters")]
            assert modules
            assert not any(p.is_meta for module in modules for p in module.parameters())
            model.close()
