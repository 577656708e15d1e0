"""The terms of a stay: the times a host grants, one request to a model, a lease on a resident.

Knows nothing of how models are loaded, evicted or called (``tools/residence.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.actor import Actor
from tools.catalog import ModelSpec
from tools.context import CancelToken
from tools.host_events import HostEvent
from tools.host_victims import Entry
from tools.job import Shared

Listener = Callable[[HostEvent], None]


@dataclass(frozen=True)
class Limits:
    """Times in seconds after which the host stops hoping. None: never."""

    call: float | None = 300.0
    """A model may work on one call, unless the caller says otherwise."""
    load: float | None = 900.0
    """A model may take to load."""
    idle: float | None = 900.0
    """An unused model stays resident."""
    grace: float = 10.0
    """A call may go on after its caller has left, before its actor is given up."""


@dataclass(frozen=True)
class Request:
    """One call on one model."""

    spec: ModelSpec
    run: Callable[[Any, CancelToken], Any]
    """What to do with the loaded model."""
    cancel: CancelToken
    seconds: float | None = None
    """How long the model may work on it once it has begun; None: the host's limit."""
    told: Listener | None = None
    """Hears the events of this call, besides the host's own listener."""
    holding: bool = False
    """The caller holds a lease, so it must not wait for another one."""
    shared: Shared | None = None
    """What it may be answered together with."""


class Tenancy:
    """A resident kept from leaving. Thread-safe."""

    def __init__(self, entry: Entry[Actor]) -> None:
        self.entry = entry
        self.lock = threading.Lock()
