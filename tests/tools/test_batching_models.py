"""Captioners and embedders answer several calls at once as they answer each alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from checkpoints.blip import build_blip2_opt, build_blip2_t5, build_caption, build_vqa
from checkpoints.dinov2 import build_dinov2
from checkpoints.florence2 import build_florence2, scene
from checkpoints.kosmos2 import build_kosmos2
from checkpoints.siglip import build_clip, build_siglip2
from fake_models import Gate, Task, hosted, until

from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.errors import BadArguments, Cancelled, ToolError
from tools.models import blip, dinov2, florence2, kosmos2, siglip
from tools.types import Boxes, Embeddings, Image, Labels

GO = CancelToken()
EMPTY = ""


@dataclass(frozen=True)
class Family:
    """A model, how it is made, and the calls its tests make of it."""

    spec: ModelSpec
    build: Callable[..., Any]
    step: tuple[type, str]
    """The method through which everything goes that is computed together."""
    calls: Callable[[list[Image]], list[tuple[str, tuple[Any, ...]]]]
    named: dict[str, Any]
    bad: int | None = None
    """Number of the call that is refused."""


def region(image: Image, *boxes: tuple[float, float, float, float]) -> Boxes:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Boxes(image.frame, xyxy, ("a",) * len(boxes), np.ones(len(boxes), np.float32))


def described(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    """Captions, and descriptions of none, one and two parts."""
    first, second, third = images
    boxes = ((10.0, 10.0, 50.0, 40.0), (30.0, 20.0, 70.0, 70.0))
    return [
        ("caption", (first,)),
        ("describe_region", (second, region(second, *boxes))),
        ("describe_region", (first, region(first))),
        ("caption", (third,)),
        ("describe_region", (third, region(third, boxes[1]))),
    ]


def places(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    first, second, third = images
    return [
        *described(images),
        ("ground", (first, "the red box")),
        ("ground", (second, EMPTY)),
        ("ground", (third, "a dog")),
        ("dense_captions", (first,)),
        ("read_text", (first,)),
        ("read_text", (second, "word")),
    ]


def questions(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    asked = ["is it red?", "how many dogs are there in it?", EMPTY, "is it blue?"]
    return [("vqa", (image, text)) for image, text in zip([*images, images[0]], asked, strict=True)]


def both(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    return [*questions(images), *described(images)]


def looks(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    first, second, third = images
    return [
        ("embed", (first,)),
        ("embed", ("a red box",)),
        ("embed", (EMPTY,)),
        ("embed", ([second, third],)),
        ("embed", ("dog",)),
        ("classify", (third,)),
        ("tag", (second,)),
    ]


def seen(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    return [("embed", (images[0],)), ("embed", ("dog",)), ("embed", (images[1:],))]


def referred(images: list[Image]) -> list[tuple[str, tuple[Any, ...]]]:
    first, second, third = images
    return [
        *described(images),
        ("caption", (second, "detailed")),
        ("ground", (first, "the red box")),
        ("ground", (second, EMPTY)),
        ("ground", (third, "the red dog")),
        ("ground", (first, "a dog")),
    ]


SPEAKS = (blip._Speaks, "_say")
FAMILIES = {
    "florence2": Family(florence2.BASE, build_florence2, (florence2.Florence2, "_say"), places, {}, 6),
    "blip": Family(blip.BLIP_BASE, build_caption, SPEAKS, described, {}),
    "blip vqa": Family(blip.BLIP_VQA, build_vqa, SPEAKS, questions, {}, 2),
    "blip2 opt": Family(blip.BLIP2_OPT, build_blip2_opt, SPEAKS, both, {}, 2),
    "blip2 t5": Family(blip.BLIP2_FLAN, build_blip2_t5, SPEAKS, both, {}, 2),
    "kosmos2": Family(kosmos2.MODEL, build_kosmos2, (kosmos2.Kosmos2, "_say"), referred, {}, 7),
    "clip": Family(siglip.CLIP, build_clip, (siglip.TwoTowers, "_pictures"), looks, {"labels": ("red", "dog")}, 2),
    "siglip2": Family(siglip.SIGLIP2, build_siglip2, (siglip.TwoTowers, "_pictures"), looks, {"labels": ("red", "dog")}, 2),
    "dinov2": Family(dinov2.BASE, build_dinov2, (dinov2.Dinov2, "_look"), seen, {}, 1),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _short_answers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blip, "MAX_TOKENS", 8)
        patch.setattr(florence2, "MAX_TOKENS", 24)
        patch.setattr(kosmos2, "MAX_TOKENS", 8)
        yield


@pytest.fixture(scope="module", params=list(FAMILIES))
def family(request, hub) -> Family:
    found = FAMILIES[request.param]
    hub(found.spec.weights, found.build)
    return found


@pytest.fixture(scope="module")
def model(family) -> Any:
    return family.spec.load()


@pytest.fixture
def images(rng) -> list[Image]:
    noise = [rng.integers(0, 255, (80 + 8 * n, 100, 3), np.uint8) for n in range(2)]
    return [Image.as_root(pixels, f"{n}.png") for n, pixels in enumerate([scene(), *noise])]


def ask(model: Any, family: Family, ability: str, args: tuple[Any, ...]) -> Any:
    """What one call answers alone, or its error."""
    call = getattr(model, ability, None) or model
    try:
        return call(*args, cancel=GO, **family.named)
    except ToolError as error:
        return error


def same(one: Any, other: Any) -> None:
    """Words and names exactly; numbers as near as sums in another order come out."""
    assert type(one) is type(other)
    if isinstance(one, ToolError):
        assert one.line() == other.line()
    elif isinstance(one, Embeddings):
        assert (one.names, one.model) == (other.names, other.model)
        assert one.vectors == pytest.approx(other.vectors, abs=1e-6)
    elif isinstance(one, Labels):
        assert (one.texts, one.of) == (other.texts, other.of)
        assert one.scores == pytest.approx(other.scores, abs=1e-6)
    elif hasattr(one, "scores"):
        assert one.labels == other.labels
        assert one.xyxy == pytest.approx(other.xyxy, abs=1e-3)
        assert one.scores == pytest.approx(other.scores, abs=1e-5)
    else:
        assert getattr(one, "value", one) == getattr(other, "value", other)


def test_calls_of_a_batch_are_answered_as_alone(model, family, images):
    calls = family.calls(images)
    together = model.batch(calls, cancel=GO, **family.named)
    assert len(together) == len(calls)
    for (ability, args), answer in zip(calls, together, strict=True):
        same(answer, ask(model, family, ability, args))
    refused = [n for n, answer in enumerate(together) if isinstance(answer, ToolError)]
    assert refused == ([] if family.bad is None else [family.bad])


def test_what_waits_is_computed_together(model, family, images, monkeypatch):
    kind, name = family.step
    whole, gate, sizes = getattr(kind, name), Gate(), []

    def step(self: Any, what: list[Any], *rest: Any) -> Any:
        sizes.append(len(what))
        if len(sizes) == 1:
            gate(what, cancel=GO)
        return whole(self, what, *rest)

    ability, named = family.calls(images)[0][0], family.named
    tail = ("is it red?",) if ability == "vqa" else ()
    alone = [ask(model, family, ability, (image, *tail)) for image in images]
    monkeypatch.setattr(kind, name, step)
    with hosted(replace(family.spec, load=lambda: model), budget_mb=1e5) as host:
        use = lambda image: host.use(ability, image, *tail, **named)  # noqa: E731
        first = Task(lambda: use(images[0]))
        gate.wait()
        tasks = []
        for image in images:
            tasks.append(Task(lambda image=image: use(image)))
            until(lambda: host.stats().models[0].queued == len(tasks))
        gate.out.set()
        same(first.result(), alone[0])
        for task, answer in zip(tasks, alone, strict=True):
            same(task.result(), answer)
    assert sizes == [1, 3]


def test_a_stopped_batch_does_not_begin(model, family, images):
    stop = CancelToken()
    stop.cancel()
    with pytest.raises(Cancelled):
        model.batch(family.calls(images)[:1], cancel=stop, **family.named)


def test_more_than_fit_are_answered_in_groups(hub, images, monkeypatch):
    hub(florence2.BASE.weights, build_florence2)
    model, sizes = florence2.BASE.load(), []
    whole = florence2.Florence2._say
    monkeypatch.setattr(
        florence2.Florence2, "_say", lambda self, q, c: sizes.append(len(q)) or whole(self, q, c)
    )
    boxes = [(x, 5.0, x + 20.0, 40.0) for x in range(0, 70, 7)]
    said = model.describe_region(images[0], region(images[0], *boxes), cancel=GO)
    assert len(said) == 10
    assert sizes == [8, 2]
    with pytest.raises(BadArguments, match="letters"):
        model.ground(images[0], EMPTY, cancel=GO)
