"""What each model is charged: its measured weights, and the room that its calls were seen to take.

A spec declares a size; what the card's allocator says of loads and calls corrects it upwards and is
remembered after the model has left. Knows nothing of budgets or of who is resident.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import Any

from tools.catalog import ModelSpec
from tools.device import Taken

STEP_MB = 16.0
"""Smaller changes are not worth a word."""


@dataclass
class _Size:
    weights: float
    room: float
    """Declared, or seen where that is more."""
    borrowed: float = 0.0
    """Weights that another is charged for while it is resident."""
    kept: float = 0.0
    """What calls left behind since the model was loaded: features of pictures, workspaces."""

    @property
    def mb(self) -> float:
        return self.weights + self.room + max(0.0, self.kept)

    @property
    def alone(self) -> float:
        """What it takes where nobody has what it could borrow, and nothing is kept yet."""
        return self.weights + self.borrowed + self.room


class Sizes:
    """Sizes of models in megabytes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: dict[str, _Size] = {}
        self._told: dict[str, float] = {}
        self._borrowers: dict[str, tuple[weakref.ref[Any], int]] = {}
        """Models that may share parts, and the bytes that others are charged for."""
        self._lenders: dict[str, tuple[str, weakref.ref[Any]]] = {}
        """Models that others of the same weights share parts of, by those weights."""

    def wanted(self, spec: ModelSpec, most: float) -> float:
        """What a model that is not resident will take, `most` at most once it was loaded."""
        with self._lock:
            size = self._sizes.get(spec.name)
            return spec.memory_mb if size is None else min(size.alone, most)

    def beside(self, spec: ModelSpec) -> tuple[str, float] | None:
        """A model whose parts it can share, and what it will take then; None where there is none.

        Before it was ever loaded it is taken to share all that is there to be shared.
        """
        with self._lock:
            name, ref = self._lenders.get(spec.weights, ("", None))
            lender = ref() if ref is not None else None
            if lender is None or name == spec.name:
                return None
            lent, size = lender.lent() / 1e6, self._sizes.get(spec.name)
        if size is None:
            return (name, max(0.0, spec.memory_mb - lent)) if lent else None
        return (name, size.alone - min(lent, size.borrowed or lent)) if lent else None

    def returned(self, spec: ModelSpec) -> None:
        """A model came back from host memory, where it keeps nothing but its weights."""
        with self._lock:
            if (size := self._sizes.get(spec.name)) is not None:
                size.kept = 0.0
                self._told[spec.name] = size.mb

    def loaded(self, spec: ModelSpec, model: Any) -> float:
        """What a model that has just been loaded is charged."""
        mb = measured_mb(spec, model)
        tells = getattr(model, "nbytes", None)
        weights = float(tells()) / 1e6 if callable(tells) else min(spec.weights_mb, mb)
        with self._lock:
            before = self._sizes.get(spec.name)
            room = max(mb - weights, before.room if before else 0.0)
            self._sizes[spec.name] = size = _Size(weights, room)
            self._told[spec.name] = size.mb
            if callable(borrowed := getattr(model, "borrowed", None)):
                self._borrowers[spec.name] = weakref.ref(model), (others := int(borrowed()))
                size.borrowed = others / 1e6
            if callable(lent := getattr(model, "lent", None)) and lent():
                self._lenders[spec.weights] = spec.name, weakref.ref(model)
            return size.mb

    def gone(self, name: str) -> dict[str, float]:
        """A model has left: what those are charged now that keep something of what it brought."""
        with self._lock:
            self._borrowers.pop(name, None)
            charges = {}
            for heir, (ref, before) in list(self._borrowers.items()):
                model = ref()
                now = model.borrowed() if model is not None else before
                if now < before:
                    self._borrowers[heir] = ref, now
                    size = self._sizes[heir]
                    size.weights += (before - now) / 1e6
                    size.borrowed = now / 1e6
                    self._told[heir] = charges[heir] = self._sizes[heir].mb
            return charges

    def worked(self, spec: ModelSpec, taken: Taken) -> float | None:
        """What it is charged after a call, None where that is as before."""
        with self._lock:
            size = self._sizes.get(spec.name)
            if size is None or taken.peak is None:
                return None
            size.kept += (taken.kept or 0) / 1e6
            size.room = max(size.room, taken.peak / 1e6)
            if abs(size.mb - self._told[spec.name]) < STEP_MB:
                return None
            self._told[spec.name] = size.mb
            return size.mb


def measured_mb(spec: ModelSpec, model: Any) -> float:
    """What a loaded model is charged: its measured weights and the declared room to work in.

    A model tells the bytes of its weights by ``nbytes()``; one that does not is charged as its
    spec declares.
    """
    tells = getattr(model, "nbytes", None)
    if not callable(tells):
        return spec.memory_mb
    weights = float(tells()) / 1e6
    borrowed = getattr(model, "borrowed", None)
    whole = weights + (float(borrowed()) / 1e6 if callable(borrowed) else 0.0)
    room = spec.memory_mb - spec.weights_mb  # the files may hold more than is loaded
    return weights + (room if room > 0 else max(0.0, spec.memory_mb - whole))
