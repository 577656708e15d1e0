"""Encoded pictures of a multimodal model, kept by their content.

A picture is encoded once, however many questions are asked about it: the encoder is most of the
work of a short answer. Knows nothing of prompts, replies or families.
"""

from __future__ import annotations

import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Callable
from types import MethodType
from typing import Any

MAX_KEPT = 256_000_000
"""Bytes of encoded pictures that are kept."""

Divide = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""Arguments of ``get_image_features`` to the tensors of each picture, or part of one, alone."""


class Features:
    """While entered, the model's ``get_image_features`` encodes only what is not kept."""

    def __init__(self, model: Any, divide: Divide) -> None:
        self._model, self._divide = model, divide
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._kind: Any = None
        """Class of the encoder's output."""
        self._joined = False
        """Whether its deep layers hold all pictures in one tensor, as older libraries have them."""

    def forget(self) -> None:
        """Keep nothing any more."""
        self._kept.clear()

    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return sum(_nbytes(part) for part in self._kept.values())

    def __enter__(self) -> None:
        def kept(*args: Any, **given: Any) -> Any:
            return self._features(*args, **given)

        # generation looks at which arguments it takes
        kept.__signature__ = inspect.signature(self._encoder)  # type: ignore[attr-defined]
        self._model.get_image_features = kept

    def __exit__(self, *exception: object) -> None:
        del self._model.get_image_features
        while self._kept and self.nbytes() > MAX_KEPT:
            self._kept.popitem(last=False)

    @property
    def _encoder(self) -> Any:
        return MethodType(type(self._model).get_image_features, self._model)

    def _features(self, *args: Any, **given: Any) -> Any:
        named = inspect.signature(self._encoder).bind(*args, **given).arguments
        named = {**named, **named.pop("kwargs", {})}
        parts = self._divide(named)
        keys = [_key(part) for part in parts]
        new = {k: p for k, p in zip(keys, parts, strict=True) if k not in self._kept}
        if new:
            tensors = {name: _join([p[name] for p in new.values()]) for name in parts[0]}
            output = self._encoder(**{**named, **tensors, "return_dict": True})
            self._kind = type(output)
            self._joined = any(hasattr(layer, "shape") for layer in _deep(output))
            self._kept.update(zip(new, _divided(output, len(new)), strict=True))
        for key in keys:
            self._kept.move_to_end(key)
        known = [self._kept[key] for key in keys]
        made = {name: _join([k[name] for k in known]) for name in known[0]}
        if self._joined:
            made["deepstack_features"] = [
                _join(list(layer)) for layer in made["deepstack_features"]
            ]
        return self._kind(**made)


def _deep(output: Any) -> Any:
    """What the deep layers of the encoder saw, one by one; of most models nothing."""
    layers = getattr(output, "deepstack_features", None)
    return () if layers is None else layers


def _divided(output: Any, count: int) -> list[dict[str, Any]]:
    """What a model made of `count` pictures, one by one."""
    whole = {"pooler_output": output.pooler_output}
    if getattr(output, "deepstack_features", None) is not None:
        lengths = [len(part) for part in output.pooler_output]
        whole["deepstack_features"] = [
            layer.split(lengths) if hasattr(layer, "shape") else tuple(layer)
            for layer in _deep(output)
        ]
    if count == 1:
        return [whole]
    return [{name: _row(value, i) for name, value in whole.items()} for i in range(count)]


def _row(value: Any, i: int) -> Any:
    """Of one picture: a row of a tensor, an item of a tuple, that of each layer in a list."""
    return [_row(layer, i) for layer in value] if isinstance(value, list) else value[i : i + 1]


def _join(values: list[Any]) -> Any:
    """The opposite of `_row`."""
    import torch

    first = values[0]
    if isinstance(first, list):
        return [_join(list(layers)) for layers in zip(*values, strict=True)]
    if isinstance(first, tuple):
        return tuple(item for value in values for item in value)
    return torch.cat(values) if len(values) > 1 else first


def _key(part: dict[str, Any]) -> str:
    """Hash of all the tensors of a picture."""
    import torch

    digest = hashlib.sha256()
    for name in sorted(part):
        if (tensor := part[name]) is not None:
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.contiguous().cpu().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _nbytes(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_nbytes(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(_nbytes(item) for item in value)
    return int(value.nbytes)
