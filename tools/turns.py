"""Turns at a thing that many threads may use as it is, but only one alone may change.

Whoever waits to change it goes before those who come later. Knows nothing of the thing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tools.context import CancelToken

LOOK_SECONDS = 0.05
"""How often one who waits looks whether it was stopped."""
NEVER = CancelToken()
"""Stops nobody."""


class Turns:
    """Who may go now: many together, or one alone. Thread-safe, not re-entrant."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._together = 0
        self._alone = False
        self._wanting = 0
        """How many wait to be alone."""

    @contextlib.contextmanager
    def together(self, cancel: CancelToken = NEVER) -> Iterator[None]:
        """Use it beside others.

        Raises:
            Cancelled: stopped before its turn came.
        """
        with self._wake:
            while self._alone or self._wanting:
                cancel.check()
                self._wake.wait(LOOK_SECONDS)
            self._together += 1
        try:
            yield
        finally:
            with self._wake:
                self._together -= 1
                self._wake.notify_all()

    @contextlib.contextmanager
    def alone(self, cancel: CancelToken = NEVER) -> Iterator[None]:
        """Change it while nobody else uses it.

        Raises:
            Cancelled: stopped before its turn came.
        """
        with self._wake:
            self._wanting += 1
            try:
                while self._alone or self._together:
                    cancel.check()
                    self._wake.wait(LOOK_SECONDS)
                self._alone = True
            finally:
                self._wanting -= 1
                self._wake.notify_all()
        try:
            yield
        finally:
            with self._wake:
                self._alone = False
                self._wake.notify_all()


OPENING = Turns()
"""At the opening of weights in this process. While ``diffusers`` or ``peft`` opens any, the
parameters of every network that any thread makes are left without a device: so they open alone."""
