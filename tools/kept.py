"""The last few of what is costly to make and often wanted again: features of a picture.

Knows nothing of models: it is told how to make what it does not have.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any


class Kept:
    """Tensors by name, least recently used first to go. For one thread: a model has one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[str, list[Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._made)

    def get(self, key: str, make: Callable[[], list[Any]]) -> list[Any]:
        """What goes by `key`, made now where it is not kept."""
        if key not in self._made:
            self._made[key] = make()
        self._made.move_to_end(key)
        while len(self._made) > self._most:
            self._made.popitem(last=False)
        return self._made[key]

    def forget(self) -> None:
        """Keep nothing any more."""
        self._made.clear()

    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return sum(int(tensor.nbytes) for made in self._made.values() for tensor in made)
