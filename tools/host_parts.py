"""Parts that several models have in common: in memory once, while any of them is there.

Models that are loaded from the same weights, such as SAM 2 for pictures and for films, hold the
same encoder. Whoever comes first brings it and is charged for it; when it leaves, the next holder
is. Only parts without state of their own may be shared: their holders work at the same time. Knows
nothing of what the parts compute.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import Any

from tools.device import nbytes


@dataclass
class _Held:
    """A part and who holds it."""

    part: weakref.ref[Any]
    size: int
    """Bytes when it came: a holder may be about to change it when it is asked."""
    holders: list[weakref.ref[Any]]
    """The first is charged."""


class Parts:
    """Who holds what. Thread-safe; keeps nothing alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def join(self, key: str, holder: Any) -> Any | None:
        """The part that goes by `key`, which `holder` holds from now on; None where there is none.

        For those who need not load what others have.
        """
        with self._lock:
            known = next((whole for name, whole, _ in self._living() if name == key), None)
            if known is not None:
                self._held[key].holders.append(weakref.ref(holder))
            return known

    def share(self, key: str, holder: Any, part: Any) -> Any:
        """The part that goes by `key`: that of others where it is alike, else `part`, for others.

        `holder` holds it until it is released or gone.
        """
        with self._lock:
            known = next((whole for name, whole, _ in self._living() if name == key), None)
            if known is None:
                self._held[key] = _Held(weakref.ref(part), nbytes(part), [weakref.ref(holder)])
            elif known is part or _alike(known, part):
                self._held[key].holders.append(weakref.ref(holder))
                return known
            return part

    def release(self, holder: Any) -> None:
        """The holder leaves."""
        with self._lock:
            self._drop(holder)

    def withdraw(self, holder: Any) -> bool:
        """Take back what nobody else holds, before it is moved; False where somebody else does."""
        with self._lock:
            for _, _, holders in self._living():
                if len(holders) > 1 and any(h is holder for h in holders):
                    return False
            self._drop(holder)
            return True

    def lent(self, holder: Any) -> int:
        """Bytes of what it holds for others as well, or would, and is charged for."""
        with self._lock:
            return sum(
                self._held[key].size for key, _, holders in self._living() if holders[0] is holder
            )

    def borrowed(self, holder: Any) -> int:
        """Bytes of what it holds but another is charged for."""
        with self._lock:
            return sum(
                self._held[key].size
                for key, _, holders in self._living()
                if holders[0] is not holder and any(h is holder for h in holders)
            )

    def _living(self) -> list[tuple[str, Any, list[Any]]]:
        """Keys, parts and holders that are still there; what is gone is forgotten."""
        found = []
        for key, held in list(self._held.items()):
            there = [(ref, h) for ref in held.holders if (h := ref()) is not None]
            whole = held.part()
            if whole is None or not there:
                del self._held[key]
                continue
            held.holders = [ref for ref, _ in there]
            found.append((key, whole, [h for _, h in there]))
        return found

    def _drop(self, holder: Any) -> None:
        for held in self._held.values():
            held.holders = [ref for ref in held.holders if ref() is not holder]
        self._living()


PARTS = Parts()
"""Those of this process."""


def _alike(one: Any, other: Any) -> bool:
    """Whether two networks have the same class, shapes, number format and place."""

    def shape(module: Any) -> list[tuple[Any, ...]]:
        return [(name, p.shape, p.dtype, p.device) for name, p in module.named_parameters()]

    return type(one) is type(other) and shape(one) == shape(other)
