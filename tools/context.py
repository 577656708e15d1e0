"""What a tool is handed when it runs: models by ability, a stop signal, a way to report progress.

Knows nothing of who hosts the models or who listens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tools.errors import Cancelled, MissingModel


class CancelToken:
    """Set once by whoever stops a run, polled by whatever works for it. Thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask everything that holds this token to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the run was stopped."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise where the run was stopped.

        Raises:
            Cancelled: it was.
        """
        if self._event.is_set():
            raise Cancelled("stopped by the user")


class Models(Protocol):
    """Where tools get their models from; ``tools/host.py`` is the real one."""

    def use(
        self, ability: str, *args: Any, labels: tuple[str, ...], cancel: CancelToken, **kwargs: Any
    ) -> Any:
        """Call the first ready model of `ability` that knows `labels`; the next when it fails.

        A model is called as ``model(*args, cancel=cancel, **kwargs)``, and with ``labels=labels``
        where its spec declares labels.

        Raises:
            MissingModel: none is ready or none knows the labels.
            ToolError: the last one that was tried failed.
        """


@dataclass(frozen=True)
class ToolContext:
    """Handed to every tool as its first argument."""

    models: Models
    cancel: CancelToken = field(default_factory=CancelToken)
    report: Callable[[str, float], None] = lambda message, share: None
    """Progress: a few words and a share from 0 to 1."""
    show: Callable[[Any], None] = lambda pixels: None
    """A rough, small picture (H, W, 3) of what is being made; goes with the next `report`."""

    def use(self, ability: str, *args: Any, labels: tuple[str, ...] = (), **kwargs: Any) -> Any:
        """Call the first ready model that can do `ability` (and find `labels`)."""
        self.cancel.check()
        return self.models.use(ability, *args, labels=labels, cancel=self.cancel, **kwargs)

    def another(self, ability: str, *args: Any, labels: tuple[str, ...] = (), **kwargs: Any) -> Any:
        """As `use`, by the next ready model after the one that `use` asks first: a second witness.

        Raises:
            MissingModel: there is no second one.
        """
        first: Callable[..., Any] = getattr(self.models, "first", lambda *asked: None)
        spec = first(ability, labels)
        if spec is None or first(ability, labels, (spec.name,)) is None:
            raise MissingModel(f"no second model here can do {ability!r}")
        return self.use(ability, *args, labels=labels, skip=(spec.name,), **kwargs)
