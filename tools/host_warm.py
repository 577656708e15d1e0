"""Loading as a profile wants it: networks compiled, and a tiny call before the first real one.

The first call on a card chooses kernels and takes workspaces, which costs as much as many calls. A
warm-up that fails is no failure: the real call will tell. Knows nothing of hosts or profiles.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tools.catalog import ANY, ModelSpec
from tools.context import CancelToken
from tools.errors import OcelliError
from tools.neural import Opening, opened_with
from tools.types import Boxes, Image

LOG = logging.getLogger(__name__)
SIDE = 64
"""Of the grey picture, pixels."""


def prepared(spec: ModelSpec, *, compiled: bool, warmed: bool) -> Callable[[], Any]:
    """What loads a model in this way."""

    def load() -> Any:
        with opened_with(Opening(compile=compiled)):
            model = spec.load()
        if warmed:
            warm_up(spec, model)
        return model

    return load if compiled or warmed else spec.load


def warm_up(spec: ModelSpec, model: Any) -> bool:
    """Make one tiny call; False where none of the model's abilities is known here or it failed."""
    ability = next((a for a in spec.abilities if a in _calls()), None)
    if ability is None:
        return False
    labels = ("thing",) if spec.labels == ANY else spec.labels[:1]
    args, more = _calls()[ability]
    named = more | ({"labels": labels} if spec.labels else {})
    if ability == "generate":
        named |= _steering(labels[0] if labels else "text")
    try:
        spec.bound(model, ability)(*args, cancel=CancelToken(), **named)
    except (
        OcelliError,
        ArithmeticError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        LOG.info("%s did not warm up: %s", spec.name, error)
        return False
    return True


@cache
def _calls() -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    """Arguments of a tiny call of each ability that has one."""
    image = Image.as_root(np.full((SIDE, SIDE, 3), 127, np.uint8))
    corners = np.array([[SIDE / 4, SIDE / 4, SIDE * 3 / 4, SIDE * 3 / 4]], np.float32)
    box = Boxes(image.frame, corners, ("thing",), np.ones(1, np.float32))
    hole = np.zeros((SIDE, SIDE), np.bool_)
    hole[SIDE // 4 : SIDE // 2, SIDE // 4 : SIDE // 2] = True
    return {
        "detect": ((image,), {}),
        "segment": ((image,), {"region": box}),
        "depth": ((image,), {}),
        "caption": ((image,), {}),
        "vqa": ((image, "?"), {}),
        "read_document": ((image,), {}),
        "pose": ((image,), {"people": box}),
        "repaint": ((image, hole, "grey"), {"steps": 1}),
        "edit_by_instruction": ((image, hole, "grey"), {"steps": 1}),
        "generate": (("grey",), {"steps": 1}),
    }


def _steering(label: str) -> dict[str, Any]:
    """What a pipeline that makes pictures is steered by, besides words."""
    (image,), more = _calls()["segment"]
    known = {"text": {}, "subject": {"subject": image}, "layout": {"layout": more["region"]}}
    return known.get(label, {"control": image})
